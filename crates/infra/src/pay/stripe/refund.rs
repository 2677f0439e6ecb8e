//! Money given back: what we ask for and what we are told.

use std::collections::BTreeMap;

use domain::{
    gateways::{GatewayError, RefundReport, RefundRequest, RefundState},
    ids::RefundId,
};
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::{
    minor::{self, Rest},
    session::is_id,
};

/// The body that gives back `request` out of the payment `intent`.
pub(super) fn creation_form(request: &RefundRequest, intent: &str) -> Option<String> {
    let amount = minor::from_money(request.amount, Rest::Dropped)?.to_string();
    let mut form = Serializer::new(String::new());
    form.append_pair("payment_intent", intent)
        .append_pair("amount", &amount)
        .append_pair("metadata[refund_id]", &request.refund.to_string())
        .append_pair("metadata[topup_id]", &request.topup.to_string());
    Some(form.finish())
}

/// A refund as Stripe shows it.
#[derive(Debug, Deserialize)]
pub(super) struct Refund {
    pub(super) id: String,
    amount: i64,
    currency: String,
    status: Option<String>,
    metadata: Option<BTreeMap<String, String>>,
}

impl Refund {
    /// Our reference when it was ours.
    pub(super) fn reference(&self) -> Option<RefundId> {
        RefundId::parse(self.metadata.as_ref()?.get("refund_id")?)
    }

    /// How it stands. Parts of a rupiah, which only an operator at Stripe can give back, count as
    /// whole ones: never less than what has left.
    pub(super) fn report(self) -> Result<RefundReport, GatewayError> {
        let amount = minor::to_money(self.amount, &self.currency, Rest::Raised)
            .filter(|_| is_id(&self.id))
            .ok_or(GatewayError::Refused("a refund is not readable"))?;
        let state = state(self.status.as_deref());
        Ok(RefundReport { refund: self.reference(), id: self.id, amount, state })
    }
}

/// A word that is not documented counts as money that has left.
fn state(status: Option<&str>) -> RefundState {
    match status {
        Some("succeeded") => RefundState::Done,
        Some("failed" | "canceled") => RefundState::Failed,
        _ => RefundState::Pending,
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        ids::TopupId,
        money::{Amount, Money},
    };
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;

    const REFUND: &str = "0198c2d1-0000-7000-8000-0000000000aa";
    const TOPUP: &str = "0198c2d1-0000-7000-8000-000000000001";

    fn idr(units: i64) -> Money {
        Money::idr(Amount::new(units).unwrap())
    }

    fn request(amount: Money) -> RefundRequest {
        RefundRequest {
            refund: RefundId::parse(REFUND).unwrap(),
            topup: TopupId::new(Uuid::parse_str(TOPUP).unwrap()),
            payment_id: "cs_test_1".to_owned(),
            amount,
        }
    }

    fn report(name: &str, value: Value) -> Result<RefundReport, GatewayError> {
        let mut refund = json!({
            "id": "re_1",
            "object": "refund",
            "amount": 1_000_000,
            "currency": "idr",
            "status": "succeeded",
            "metadata": { "refund_id": REFUND },
        });
        refund[name] = value;
        serde_json::from_value::<Refund>(refund).unwrap().report()
    }

    #[test]
    fn asks_for_a_refund_as_documented() {
        let form = creation_form(&request(idr(10_000)), "pi_1").unwrap();
        let read: Vec<(String, String)> =
            url::form_urlencoded::parse(form.as_bytes()).into_owned().collect();
        let expected = [
            ("payment_intent", "pi_1"),
            ("amount", "1000000"),
            ("metadata[refund_id]", REFUND),
            ("metadata[topup_id]", TOPUP),
        ];
        assert_eq!(read, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn gives_back_whole_cents() {
        let usd = |micros| Money::usd(Amount::new(micros).unwrap());
        let form = creation_form(&request(usd(3_159_999)), "pi_1").unwrap();
        assert!(form.contains("&amount=315&"), "{form}");
        assert_eq!(creation_form(&request(usd(9_999)), "pi_1"), None);
    }

    #[test]
    fn each_status_has_its_meaning() {
        for (status, expected) in [
            (json!("pending"), RefundState::Pending),
            (json!("requires_action"), RefundState::Pending),
            (json!("succeeded"), RefundState::Done),
            (json!("failed"), RefundState::Failed),
            (json!("canceled"), RefundState::Failed),
            (json!("invented_later"), RefundState::Pending),
            (json!(null), RefundState::Pending),
        ] {
            let report = report("status", status.clone()).unwrap();
            assert_eq!(report.state, expected, "{status}");
            assert_eq!(report.refund, RefundId::parse(REFUND));
        }
    }

    #[test]
    fn a_refund_made_by_hand_has_no_reference_of_ours() {
        for metadata in [json!(null), json!({}), json!({ "refund_id": "7" })] {
            assert_eq!(report("metadata", metadata).unwrap().refund, None);
        }
    }

    #[test]
    fn counts_at_least_what_has_left() {
        assert_eq!(report("amount", json!(1_000_001)).unwrap().amount, idr(10_001));
        for (name, value) in [
            ("amount", json!(0)),
            ("amount", json!(-100)),
            ("currency", json!("eur")),
            ("id", json!("re 1")),
        ] {
            assert!(report(name, value.clone()).is_err(), "{name} {value}");
        }
    }
}
