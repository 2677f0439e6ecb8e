//! What the states of a session and of its payment mean together.

use domain::gateways::PaymentStatus;

/// How a payment stands. `intent` is missing before the customer has chosen how to pay. Nothing for
/// words that are not documented: guessing could lose money either way.
pub(super) fn judge(
    session: Option<&str>,
    payment: &str,
    intent: Option<&str>,
) -> Option<PaymentStatus> {
    Some(match (session, payment, intent) {
        (_, "paid" | "no_payment_required", _) | (_, "unpaid", Some("succeeded")) => {
            PaymentStatus::Settled
        }
        (Some("open" | "complete" | "expired"), "unpaid", Some("processing")) => {
            PaymentStatus::Processing
        }
        (Some("open"), "unpaid", _) => PaymentStatus::Open,
        (Some("expired"), "unpaid", _) => PaymentStatus::Expired,
        (Some("complete"), "unpaid", Some("requires_payment_method")) => PaymentStatus::Failed,
        (Some("complete"), "unpaid", Some("canceled")) => PaymentStatus::Canceled,
        // A voucher that still has to be paid, for instance.
        (Some("complete"), "unpaid", _) => PaymentStatus::Processing,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use PaymentStatus::{Canceled, Expired, Failed, Open, Processing, Settled};

    use super::*;

    const INTENTS: [Option<&str>; 8] = [
        None,
        Some("requires_payment_method"),
        Some("requires_confirmation"),
        Some("requires_action"),
        Some("requires_capture"),
        Some("processing"),
        Some("succeeded"),
        Some("canceled"),
    ];

    /// Every combination of documented words, the columns in the order of [`INTENTS`].
    #[test]
    fn each_combination_has_its_meaning() {
        let waits = Processing;
        for (session, payment, expected) in [
            ("open", "unpaid", [Open, Open, Open, Open, Open, waits, Settled, Open]),
            ("complete", "unpaid", [waits, Failed, waits, waits, waits, waits, Settled, Canceled]),
            (
                "expired",
                "unpaid",
                [Expired, Expired, Expired, Expired, Expired, waits, Settled, Expired],
            ),
            ("open", "paid", [Settled; 8]),
            ("complete", "paid", [Settled; 8]),
            ("expired", "paid", [Settled; 8]),
            ("open", "no_payment_required", [Settled; 8]),
            ("complete", "no_payment_required", [Settled; 8]),
            ("expired", "no_payment_required", [Settled; 8]),
        ] {
            for (intent, expected) in INTENTS.into_iter().zip(expected) {
                let outcome = judge(Some(session), payment, intent);
                assert_eq!(outcome, Some(expected), "{session} {payment} {intent:?}");
            }
        }
    }

    #[test]
    fn words_nobody_documented_mean_nothing() {
        for (session, payment) in [
            (Some("frozen"), "unpaid"),
            (None, "unpaid"),
            (Some("complete"), "half_paid"),
            (Some("complete"), ""),
            (Some("complete"), "PAID"),
        ] {
            assert_eq!(judge(session, payment, None), None, "{session:?} {payment}");
        }
        assert_eq!(judge(Some("complete"), "half_paid", Some("succeeded")), None);
    }
}
