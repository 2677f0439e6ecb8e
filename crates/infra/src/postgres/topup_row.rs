//! Rows of top-ups and of what is kept beside them.

use domain::{
    ids::{RefundId, TopupId, UserId},
    ledger::Gateway,
    money::{Amount, Currency, Money},
    store::StoreError,
    time::Timestamp,
    topups::{
        PaymentRecord, Refund, RefundProgress, Resolution, Reversal, ReversalKind, ReversalState,
        Topup, TopupFlag, TopupState,
    },
};
use uuid::Uuid;

use super::error;

/// Reads a sum that is stored in two columns.
fn money(currency: &str, amount: i64) -> Option<Money> {
    Some(Money { currency: Currency::parse(currency)?, amount: Amount::new(amount)? })
}

pub(super) struct TopupRow {
    pub(super) id: Uuid,
    pub(super) user_id: i64,
    pub(super) gateway: String,
    pub(super) amount: i64,
    pub(super) charge_currency: String,
    pub(super) charge_amount: i64,
    pub(super) state: String,
    pub(super) payment_id: Option<String>,
    pub(super) checkout_url: Option<String>,
    pub(super) flag: Option<String>,
    pub(super) resolved: Vec<String>,
    pub(super) poll_at: Option<Timestamp>,
    pub(super) created_at: Timestamp,
}

impl TryFrom<TopupRow> for Topup {
    type Error = StoreError;

    fn try_from(row: TopupRow) -> Result<Self, StoreError> {
        let bad = |what| error::corrupt("topups", row.id, what);
        let flag = |text: &str| TopupFlag::parse(text).ok_or_else(|| bad("flag"));
        Ok(Self {
            id: TopupId::new(row.id),
            user: UserId::new(row.user_id),
            gateway: Gateway::parse(&row.gateway).ok_or_else(|| bad("gateway"))?,
            amount: Amount::new(row.amount).ok_or_else(|| bad("amount"))?,
            charge: money(&row.charge_currency, row.charge_amount).ok_or_else(|| bad("charge"))?,
            state: TopupState::parse(&row.state).ok_or_else(|| bad("state"))?,
            payment_id: row.payment_id,
            checkout_url: row.checkout_url,
            flag: row.flag.as_deref().map(flag).transpose()?,
            resolved: row.resolved.iter().map(|text| flag(text)).collect::<Result<_, _>>()?,
            poll_at: row.poll_at,
            created_at: row.created_at,
        })
    }
}

pub(super) struct PaymentRow {
    pub(super) gateway: String,
    pub(super) payment_id: String,
    pub(super) topup_id: Uuid,
    pub(super) received: i64,
    pub(super) credited: i64,
    pub(super) returned: i64,
    pub(super) reversed: i64,
}

impl TryFrom<PaymentRow> for PaymentRecord {
    type Error = StoreError;

    fn try_from(row: PaymentRow) -> Result<Self, StoreError> {
        let gateway = Gateway::parse(&row.gateway);
        let gateway =
            gateway.ok_or_else(|| error::corrupt("payments", &row.payment_id, "gateway"))?;
        Ok(Self {
            gateway,
            payment_id: row.payment_id,
            topup: TopupId::new(row.topup_id),
            received: row.received,
            credited: row.credited,
            returned: row.returned,
            reversed: row.reversed,
        })
    }
}

pub(super) struct ReversalRow {
    pub(super) gateway: String,
    pub(super) kind: String,
    pub(super) id: String,
    pub(super) topup_id: Uuid,
    pub(super) payment_id: String,
    pub(super) currency: String,
    pub(super) amount: i64,
    pub(super) taken: i64,
    pub(super) given: i64,
    pub(super) state: String,
}

impl TryFrom<ReversalRow> for Reversal {
    type Error = StoreError;

    fn try_from(row: ReversalRow) -> Result<Self, StoreError> {
        let bad = |what| error::corrupt("payment_reversals", &row.id, what);
        Ok(Self {
            gateway: Gateway::parse(&row.gateway).ok_or_else(|| bad("gateway"))?,
            topup: TopupId::new(row.topup_id),
            kind: ReversalKind::parse(&row.kind).ok_or_else(|| bad("kind"))?,
            amount: money(&row.currency, row.amount).ok_or_else(|| bad("amount"))?,
            taken: row.taken,
            given: row.given,
            state: ReversalState::parse(&row.state).ok_or_else(|| bad("state"))?,
            payment_id: row.payment_id,
            id: row.id,
        })
    }
}

pub(super) struct RefundRow {
    pub(super) id: Uuid,
    pub(super) topup_id: Uuid,
    pub(super) payment_id: String,
    pub(super) amount: i64,
    pub(super) given: i64,
    pub(super) value_currency: String,
    pub(super) value_amount: i64,
    pub(super) operator: String,
    pub(super) approver: String,
    pub(super) reason: String,
    pub(super) state: String,
    pub(super) gateway_refund_id: Option<String>,
    pub(super) claim_url: Option<String>,
    pub(super) created_at: Timestamp,
}

impl TryFrom<RefundRow> for Refund {
    type Error = StoreError;

    fn try_from(row: RefundRow) -> Result<Self, StoreError> {
        let bad = |what| error::corrupt("topup_refunds", row.id, what);
        Ok(Self {
            id: RefundId::new(row.id),
            topup: TopupId::new(row.topup_id),
            payment_id: row.payment_id,
            amount: Amount::new(row.amount).ok_or_else(|| bad("amount"))?,
            given: row.given,
            value: money(&row.value_currency, row.value_amount).ok_or_else(|| bad("value"))?,
            operator: row.operator,
            approver: row.approver,
            reason: row.reason,
            state: RefundProgress::parse(&row.state).ok_or_else(|| bad("state"))?,
            gateway_refund_id: row.gateway_refund_id,
            claim_url: row.claim_url,
            created_at: row.created_at,
        })
    }
}

pub(super) struct ResolutionRow {
    pub(super) topup_id: Uuid,
    pub(super) flag: String,
    pub(super) operator: String,
    pub(super) note: String,
    pub(super) at: Timestamp,
}

impl TryFrom<ResolutionRow> for Resolution {
    type Error = StoreError;

    fn try_from(row: ResolutionRow) -> Result<Self, StoreError> {
        let bad = || error::corrupt("topup_resolutions", row.topup_id, "flag");
        Ok(Self {
            topup: TopupId::new(row.topup_id),
            flag: TopupFlag::parse(&row.flag).ok_or_else(bad)?,
            operator: row.operator,
            note: row.note,
            at: row.at,
        })
    }
}

/// Turns rows into what they stand for.
pub(super) fn read_all<R, T: TryFrom<R, Error = StoreError>>(
    rows: Vec<R>,
) -> Result<Vec<T>, StoreError> {
    rows.into_iter().map(T::try_from).collect()
}
