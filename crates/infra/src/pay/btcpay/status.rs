//! What the states of an invoice mean, together with how sure the coins are.

use domain::gateways::PaymentStatus;

/// The coins that an invoice counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coins {
    /// There are none.
    None,
    /// Some can still be taken back by whoever sent them, or nobody knows.
    Pending,
    /// All are confirmed.
    Final,
}

/// How much has arrived for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrived {
    Nothing,
    /// What was asked for; more than that may not be sure yet.
    Asked,
    /// All that is paid.
    Paid,
}

/// How a payment stands. Nothing for states that are not documented.
///
/// The server never settles an invoice that was paid late or in part: there the coins decide. A
/// person's word that an invoice is settled brings no coins, and the word that it is not takes
/// them away.
pub(super) fn judge(
    status: &str,
    additional: &str,
    coins: Coins,
) -> Option<(PaymentStatus, Arrived)> {
    Some(match (status, additional, coins) {
        ("New", _, Coins::None) => (PaymentStatus::Open, Arrived::Nothing),
        ("New", _, _) => (PaymentStatus::Short, Arrived::Nothing),
        ("Invalid", "Marked", _) => (PaymentStatus::Canceled, Arrived::Nothing),
        ("Processing", _, _)
        | ("Settled", "Marked", Coins::Pending)
        | ("Expired" | "Invalid", _, Coins::Pending) => {
            (PaymentStatus::Processing, Arrived::Nothing)
        }
        ("Settled", _, Coins::None) => (PaymentStatus::Settled, Arrived::Nothing),
        ("Settled", _, Coins::Pending) => (PaymentStatus::Settled, Arrived::Asked),
        ("Settled" | "Expired" | "Invalid", _, Coins::Final) => {
            (PaymentStatus::Settled, Arrived::Paid)
        }
        ("Expired", _, Coins::None) => (PaymentStatus::Expired, Arrived::Nothing),
        ("Invalid", _, Coins::None) => (PaymentStatus::Failed, Arrived::Nothing),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use PaymentStatus::{Canceled, Expired, Failed, Open, Processing, Settled, Short};

    use super::*;

    const ADDITIONAL: [&str; 5] = ["None", "PaidPartial", "PaidLate", "PaidOver", "Marked"];
    const COINS: [Coins; 3] = [Coins::None, Coins::Pending, Coins::Final];

    fn all(status: &str, additional: &str) -> [Option<(PaymentStatus, Arrived)>; 3] {
        COINS.map(|coins| judge(status, additional, coins))
    }

    /// Every combination of documented words; the columns are in the order of [`COINS`].
    #[test]
    fn each_combination_has_its_meaning() {
        use Arrived::{Asked, Nothing, Paid};
        for additional in ADDITIONAL {
            let is_marked = additional == "Marked";
            for (status, expected) in [
                ("New", [(Open, Nothing), (Short, Nothing), (Short, Nothing)]),
                ("Processing", [(Processing, Nothing); 3]),
                ("Expired", [(Expired, Nothing), (Processing, Nothing), (Settled, Paid)]),
                if is_marked {
                    ("Settled", [(Settled, Nothing), (Processing, Nothing), (Settled, Paid)])
                } else {
                    ("Settled", [(Settled, Nothing), (Settled, Asked), (Settled, Paid)])
                },
                if is_marked {
                    ("Invalid", [(Canceled, Nothing); 3])
                } else {
                    ("Invalid", [(Failed, Nothing), (Processing, Nothing), (Settled, Paid)])
                },
            ] {
                assert_eq!(all(status, additional), expected.map(Some), "{status} {additional}");
            }
        }
    }

    #[test]
    fn words_nobody_documented_mean_nothing() {
        for status in ["", "new", "SETTLED", "Paid", "complete"] {
            assert_eq!(all(status, "None"), [None; 3], "{status}");
        }
        // One that is added later changes nothing of what the coins say.
        assert_eq!(all("Expired", "InventedLater"), all("Expired", "PaidLate"));
    }
}
