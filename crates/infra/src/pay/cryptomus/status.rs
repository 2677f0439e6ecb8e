//! The gateway's words for where a payment stands.

use domain::gateways::PaymentStatus;

/// What one of the words means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) status: PaymentStatus,
    pub(super) arrived: Arrived,
    /// Whether all that arrived has gone back.
    pub(super) is_refunded: bool,
}

/// How much has arrived for good, compared with what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrived {
    Nothing,
    Less,
    All,
    More,
    /// The word does not say.
    Unsaid,
}

/// What `word` means; nothing for words that we do not know, as any guess could cost money.
pub(super) fn judge(word: &str, is_final: bool) -> Option<Standing> {
    use Arrived::{All, Less, More, Nothing, Unsaid};
    use PaymentStatus::{Expired, Failed, Locked, Open, Processing, Settled, Short};
    let (status, arrived) = match (word, is_final) {
        ("check" | "process", _) => (Open, Nothing),
        // Called paid, but not for good yet; or on its way back, which may still come to nothing.
        ("confirm_check" | "refund_process", _) | ("paid" | "paid_over", false) => {
            (Processing, Nothing)
        }
        ("wrong_amount_waiting" | "wrong_amount", false) => (Short, Less),
        ("wrong_amount_waiting" | "wrong_amount", true) => (Settled, Less),
        ("paid", true) => (Settled, All),
        ("paid_over", true) => (Settled, More),
        ("cancel", _) => (Expired, Nothing),
        ("fail" | "system_fail", _) => (Failed, Nothing),
        ("locked", _) => (Locked, Nothing),
        ("refund_paid" | "refund_fail", _) => (Settled, Unsaid),
        _ => return None,
    };
    // A refund that failed can be tried again under the same name. Only its success is for good.
    Some(Standing { status, arrived, is_refunded: word == "refund_paid" })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All words of the documentation, each with both values of `is_final`.
    #[test]
    fn each_word_has_its_meaning() {
        use Arrived::{All, Less, More, Nothing, Unsaid};
        use PaymentStatus::{Expired, Failed, Locked, Open, Processing, Settled, Short};
        let plain = |status, arrived| Some(Standing { status, arrived, is_refunded: false });
        let refunded = Some(Standing { status: Settled, arrived: Unsaid, is_refunded: true });
        let open = plain(Open, Nothing);
        let processing = plain(Processing, Nothing);
        for (word, passing, last) in [
            ("check", open, open),
            ("process", open, open),
            ("confirm_check", processing, processing),
            ("paid", processing, plain(Settled, All)),
            ("paid_over", processing, plain(Settled, More)),
            ("wrong_amount_waiting", plain(Short, Less), plain(Settled, Less)),
            ("wrong_amount", plain(Short, Less), plain(Settled, Less)),
            ("cancel", plain(Expired, Nothing), plain(Expired, Nothing)),
            ("fail", plain(Failed, Nothing), plain(Failed, Nothing)),
            ("system_fail", plain(Failed, Nothing), plain(Failed, Nothing)),
            ("locked", plain(Locked, Nothing), plain(Locked, Nothing)),
            ("refund_process", processing, processing),
            ("refund_fail", plain(Settled, Unsaid), plain(Settled, Unsaid)),
            ("refund_paid", refunded, refunded),
        ] {
            assert_eq!((judge(word, false), judge(word, true)), (passing, last), "{word}");
        }
    }

    #[test]
    fn other_words_mean_nothing() {
        for word in ["", "Paid", "PAID", " paid", "paid ", "settled", "refund", "finished"] {
            assert_eq!((judge(word, false), judge(word, true)), (None, None), "{word}");
        }
    }
}
