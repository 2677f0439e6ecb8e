//! Between the columns of `orders` and the domain's states.

use domain::{
    ids::{CarrierId, CatalogProductId, ExternalId, OrderId, ProductId, ProviderId, UserId},
    money::{Amount, Cost},
    orders::{Again, Delivery, FailReason, Lease, Order, OrderState, Quote, Status},
    providers::PhoneNumber,
    store::StoreError,
    time::{Day, Timestamp},
};

use super::{
    Postgres, error,
    vault::{DayKeys, Message, Place, Stored},
};

/// A row of `orders`.
pub(super) struct OrderRow {
    pub(super) id: i64,
    pub(super) user_id: i64,
    pub(super) product_id: i64,
    pub(super) catalog_product_id: i64,
    pub(super) carrier_id: Option<i64>,
    pub(super) attempt: i16,
    pub(super) price: i64,
    pub(super) provider_id: i64,
    pub(super) external_service: String,
    pub(super) external_country: String,
    pub(super) cost_micros: i64,
    pub(super) again_activation: Option<String>,
    pub(super) again_phone: Option<String>,
    pub(super) state: String,
    pub(super) attempted_at: Timestamp,
    pub(super) failed_reason: Option<String>,
    pub(super) external_id: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) activated_at: Option<Timestamp>,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) cancel_from: Option<Timestamp>,
    pub(super) resend_from: Option<Timestamp>,
    pub(super) sms_revision: i32,
    pub(super) otp_day: Option<Day>,
    pub(super) otp_code_sealed: Option<Vec<u8>>,
    pub(super) otp_message_sealed: Option<Vec<u8>>,
    pub(super) otp_code: Option<String>,
    pub(super) otp_message: Option<String>,
    pub(super) otp_received_at: Option<Timestamp>,
    pub(super) canceled_at: Option<Timestamp>,
    pub(super) upstream_open: bool,
    pub(super) created_at: Timestamp,
    pub(super) changed_at: Timestamp,
}

/// A checked query that answers with rows of `orders`: the text around the list of columns.
macro_rules! query_orders {
    ($head:literal, $tail:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            $crate::postgres::order_row::OrderRow,
            $head
                + " id, user_id, product_id, catalog_product_id, carrier_id, attempt, price,
                    provider_id, external_service, external_country, cost_micros, again_activation,
                    again_phone, state, attempted_at, failed_reason, external_id, phone,
                    activated_at, expires_at, cancel_from, resend_from, sms_revision, otp_day,
                    otp_code_sealed, otp_message_sealed, otp_code, otp_message, otp_received_at,
                    canceled_at, upstream_open, created_at, changed_at "
                + $tail
            $(, $argument)*
        )
    };
}
pub(super) use query_orders;

impl OrderRow {
    /// The order, its message opened with the key of its day.
    pub(super) fn open(mut self, keys: &DayKeys) -> Result<Order, StoreError> {
        let id = self.id;
        let bad = |what: &str| error::corrupt("orders", id, what);
        let message = self.stored().open(keys, &Place::order(id)).map_err(|_| bad("message"))?;
        let row = &self;
        Ok(Order {
            id: OrderId::new(row.id),
            user: UserId::new(row.user_id),
            product: ProductId::new(row.product_id),
            catalog_product: CatalogProductId::new(row.catalog_product_id),
            carrier: row.carrier_id.map(CarrierId::new),
            attempt: row.attempt,
            price: Amount::new(row.price).ok_or_else(|| bad("price"))?,
            quote: Quote {
                provider: ProviderId::new(row.provider_id),
                service: row.external_service.clone(),
                country: row.external_country.clone(),
                cost: Cost::from_micros(row.cost_micros).ok_or_else(|| bad("cost"))?,
                again: again(row).map_err(bad)?,
            },
            state: state(row, message).ok_or_else(|| bad("state does not fit its columns"))?,
            upstream_open: row.upstream_open,
            created_at: row.created_at,
            changed_at: row.changed_at,
        })
    }

    fn stored(&mut self) -> Stored {
        Stored {
            day: self.otp_day,
            code_sealed: self.otp_code_sealed.take(),
            text_sealed: self.otp_message_sealed.take(),
            code: self.otp_code.take(),
            text: self.otp_message.take(),
        }
    }
}

fn state(row: &OrderRow, message: Message) -> Option<OrderState> {
    Some(match Status::parse(&row.state)? {
        Status::Reserving => OrderState::Reserving { attempted_at: row.attempted_at },
        Status::Active => OrderState::Active { lease: lease(row)? },
        Status::OtpReceived => {
            OrderState::Delivered { lease: lease(row)?, delivery: delivery(row, message)? }
        }
        Status::Completed => {
            OrderState::Completed { lease: lease(row)?, delivery: delivery(row, message)? }
        }
        Status::Canceled => OrderState::Canceled { lease: lease(row)?, at: row.canceled_at? },
        Status::Expired => OrderState::Expired { lease: lease(row)? },
        Status::Failed => {
            OrderState::Failed { reason: FailReason::parse(row.failed_reason.as_deref()?)? }
        }
    })
}

fn again(row: &OrderRow) -> Result<Option<Again>, &'static str> {
    let (Some(activation), Some(phone)) = (&row.again_activation, &row.again_phone) else {
        return Ok(None);
    };
    let again = ExternalId::parse(activation).zip(PhoneNumber::parse(phone));
    let again = again.map(|(activation, phone)| Again { activation, phone });
    again.ok_or("number asked for again").map(Some)
}

fn lease(row: &OrderRow) -> Option<Lease> {
    Some(Lease {
        external_id: ExternalId::parse(row.external_id.as_deref()?)?,
        phone: PhoneNumber::parse(row.phone.as_deref()?)?,
        activated_at: row.activated_at?,
        expires_at: row.expires_at?,
        cancel_from: row.cancel_from?,
        resend_from: row.resend_from,
    })
}

fn delivery(row: &OrderRow, message: Message) -> Option<Delivery> {
    Some(Delivery {
        revision: row.sms_revision,
        code: message.code,
        text: message.text,
        first_at: row.otp_received_at?,
    })
}

impl Postgres {
    /// All of them, or the first that is impossible.
    pub(super) async fn opened(&self, rows: Vec<OrderRow>) -> Result<Vec<Order>, StoreError> {
        let days = rows.iter().filter_map(|row| row.otp_day);
        let keys = self.vault.keys(&self.pool, days).await?;
        rows.into_iter().map(|row| row.open(&keys)).collect()
    }
}
