use crate::{
    ids::{TopupId, UserId},
    ledger::Gateway,
    money::{Amount, Money},
    time::Timestamp,
};

/// A customer's intent to pay in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topup {
    /// Our reference, shown to the gateway.
    pub id: TopupId,
    /// Who pays.
    pub user: UserId,
    /// Through whom.
    pub gateway: Gateway,
    /// What is credited when all of [`Self::charge`] arrives, in whole rupiah.
    pub amount: Amount,
    /// What the gateway is asked to charge, in its currency.
    pub charge: Money,
    /// Where it stands.
    pub state: TopupState,
    /// The gateway's id of the payment, once known.
    pub payment_id: Option<String>,
    /// Where the customer pays.
    pub checkout_url: Option<String>,
    /// What an operator should look at; nothing in most lives.
    pub flag: Option<TopupFlag>,
    /// What an operator has dealt with.
    pub resolved: Vec<TopupFlag>,
    /// When its gateway is asked again if nobody tells us anything; nothing when all is said.
    pub poll_at: Option<Timestamp>,
    /// When it was started.
    pub created_at: Timestamp,
}

impl Topup {
    /// What `received` is worth to the customer: all of the amount for all of the charge, and in
    /// proportion otherwise, rounded down. Nothing when it leaves the range of an [`Amount`], or
    /// is in another currency.
    pub fn worth(&self, received: Money) -> Option<Amount> {
        if received.currency != self.charge.currency {
            return None;
        }
        share(self.amount, received.amount, self.charge.amount)
    }

    /// Tells the operator of something that has happened now.
    pub(super) const fn raise(&mut self, flag: TopupFlag) {
        self.flag = Some(flag);
    }

    /// Tells the operator of something that lasts, unless they have dealt with it.
    pub(super) fn point_out(&mut self, flag: TopupFlag) {
        if !self.resolved.contains(&flag) {
            self.flag = Some(flag);
        }
    }
}

/// `part` of `whole`, applied to `amount` and rounded down.
pub(super) fn share(amount: Amount, part: Amount, whole: Amount) -> Option<Amount> {
    let exact = i128::from(amount.get()).checked_mul(i128::from(part.get()))?;
    let units = exact.checked_div(i128::from(whole.get()))?;
    i64::try_from(units).ok().and_then(Amount::new)
}

macro_rules! stored_words {
    ($(#[doc = $doc:literal])+ $name:ident {
        $($(#[doc = $item:literal])+ $variant:ident = $text:literal,)+
    }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[doc = $item])+ $variant,)+ }

        impl $name {
            /// All there are.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name as stored.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// Reads a stored name.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}
pub(super) use stored_words;

stored_words! {
    /// Where a top-up stands. Money that arrives late still credits.
    TopupState {
        /// Stored; the gateway may not know of it yet.
        Created = "CREATED",
        /// The customer can pay.
        Pending = "PENDING",
        /// Less than asked for arrived; the rest can still be paid.
        Underpaid = "UNDERPAID",
        /// The customer did their part; the money is not final yet.
        Processing = "PROCESSING",
        /// Credited.
        Paid = "PAID",
        /// The payment window closed.
        Expired = "EXPIRED",
        /// The payment failed.
        Failed = "FAILED",
        /// The customer or the operator gave up.
        Canceled = "CANCELED",
        /// Credited, and a part of it given back.
        PartiallyRefunded = "PARTIALLY_REFUNDED",
        /// Credited, and all of it given back.
        Refunded = "REFUNDED",
        /// The payer's bank has taken the money back for now.
        Disputed = "DISPUTED",
        /// The payer's bank has taken the money back for good.
        Lost = "LOST",
        /// Something does not fit; for the operator.
        Review = "REVIEW",
    }
}

impl TopupState {
    /// Whether nothing more is expected to happen by itself.
    pub const fn is_settled(self) -> bool {
        !matches!(self, Self::Created | Self::Pending | Self::Underpaid | Self::Processing)
    }

    /// Whether money of it has been credited, wherever it is now.
    pub const fn is_credited(self) -> bool {
        matches!(
            self,
            Self::Paid | Self::PartiallyRefunded | Self::Refunded | Self::Disputed | Self::Lost
        )
    }
}

stored_words! {
    /// Why an operator should look at a top-up.
    TopupFlag {
        /// Less than asked for arrived; it was credited in proportion.
        Short = "SHORT",
        /// More than asked for arrived; all of it was credited.
        Over = "OVER",
        /// The money came after the window had closed.
        Late = "LATE",
        /// More than one payment was made for it.
        Second = "SECOND",
        /// What arrived is too little to be credited.
        Dust = "DUST",
        /// The gateway was told to charge another amount or currency than we asked for.
        Mismatch = "MISMATCH",
        /// The gateway keeps the money back.
        Locked = "LOCKED",
        /// The gateway took back what it had called final.
        Undone = "UNDONE",
        /// The payer asked their bank; no money moved yet.
        Inquiry = "INQUIRY",
        /// More went back to the payer than had come; the difference is our loss.
        Excess = "EXCESS",
    }
}
