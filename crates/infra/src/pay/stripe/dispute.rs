//! Payers who want their money back from their bank.

use domain::gateways::{DisputeReport, DisputeState, GatewayError};
use serde::Deserialize;

use super::{
    minor::{self, Rest},
    session::is_id,
};

/// A dispute as Stripe shows it.
#[derive(Debug, Deserialize)]
pub(super) struct Dispute {
    pub(super) id: String,
    amount: i64,
    currency: String,
    status: String,
    /// Money that the dispute took from our account, and brought back.
    balance_transactions: Option<Vec<Movement>>,
}

#[derive(Debug, Deserialize)]
struct Movement {
    /// Negative when it was taken.
    amount: i64,
}

impl Dispute {
    /// How it stands.
    pub(super) fn report(self) -> Result<DisputeReport, GatewayError> {
        let amount = minor::to_money(self.amount, &self.currency, Rest::Raised)
            .filter(|_| is_id(&self.id))
            .ok_or(GatewayError::Refused("a dispute is not readable"))?;
        let state = self.state();
        Ok(DisputeReport { id: self.id, amount, state })
    }

    fn state(&self) -> DisputeState {
        match self.status.as_str() {
            "warning_needs_response" | "warning_under_review" => DisputeState::Inquiry,
            "needs_response" | "under_review" | "appeal_needs_response" | "appeal_under_review" => {
                DisputeState::Open
            }
            "lost" => DisputeState::Lost,
            // Settled before it became a chargeback. Where that was done with our money, it shows.
            "prevented" if self.is_charged() => DisputeState::Lost,
            "won" | "warning_closed" | "prevented" => DisputeState::Won,
            _ if self.is_charged() => DisputeState::Open,
            _ => DisputeState::Inquiry,
        }
    }

    fn is_charged(&self) -> bool {
        let movements = self.balance_transactions.iter().flatten();
        movements.map(|it| i128::from(it.amount)).sum::<i128>() < 0
    }
}

#[cfg(test)]
mod tests {
    use domain::money::{Amount, Money};
    use serde_json::{Value, json};

    use super::*;

    fn dispute(change: impl FnOnce(&mut Value)) -> Result<DisputeReport, GatewayError> {
        let mut dispute = json!({
            "id": "dp_1",
            "object": "dispute",
            "amount": 5_000_000,
            "currency": "idr",
            "status": "needs_response",
        });
        change(&mut dispute);
        serde_json::from_value::<Dispute>(dispute).unwrap().report()
    }

    #[test]
    fn each_status_has_its_meaning() {
        for (status, expected) in [
            ("warning_needs_response", DisputeState::Inquiry),
            ("warning_under_review", DisputeState::Inquiry),
            ("warning_closed", DisputeState::Won),
            ("needs_response", DisputeState::Open),
            ("under_review", DisputeState::Open),
            ("appeal_needs_response", DisputeState::Open),
            ("appeal_under_review", DisputeState::Open),
            ("won", DisputeState::Won),
            ("lost", DisputeState::Lost),
            ("prevented", DisputeState::Won),
            ("invented_later", DisputeState::Inquiry),
        ] {
            let report = dispute(|it| it["status"] = json!(status)).unwrap();
            let amount = Money::idr(Amount::new(50_000).unwrap());
            let expected = DisputeReport { id: "dp_1".to_owned(), amount, state: expected };
            assert_eq!(report, expected, "{status}");
        }
    }

    /// Where the word does not say who has the money, the account does.
    #[test]
    fn money_that_was_taken_is_seen() {
        for (movements, prevented, unknown) in [
            (json!([{ "amount": -5_000_000 }]), DisputeState::Lost, DisputeState::Open),
            (
                json!([{ "amount": -5_000_000 }, { "amount": 5_000_000 }]),
                DisputeState::Won,
                DisputeState::Inquiry,
            ),
            (json!([]), DisputeState::Won, DisputeState::Inquiry),
            (json!(null), DisputeState::Won, DisputeState::Inquiry),
        ] {
            for (status, expected) in [("prevented", prevented), ("invented_later", unknown)] {
                let report = dispute(|it| {
                    it["status"] = json!(status);
                    it["balance_transactions"] = movements.clone();
                });
                assert_eq!(report.unwrap().state, expected, "{status} {movements}");
            }
        }
    }

    #[test]
    fn refuses_what_it_cannot_book() {
        for (name, value) in [
            ("amount", json!(0)),
            ("amount", json!(-1)),
            ("currency", json!("eur")),
            ("id", json!("")),
        ] {
            let outcome = dispute(|it| it[name] = value.clone());
            assert!(matches!(outcome, Err(GatewayError::Refused(_))), "{name} {value}");
        }
    }
}
