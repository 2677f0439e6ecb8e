use crate::fault::Code;

/// Why an order never got a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailReason {
    /// Every provider asked was out of stock or above the price.
    NoOffer,
    /// The providers asked refused or failed.
    Provider,
    /// The next offer was dearer than the wallet allows.
    Balance,
    /// The outcome stayed unknown until it could be ruled out that a number was sold.
    Unsettled,
}

impl FailReason {
    /// The name as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoOffer => "no_offer",
            Self::Provider => "provider",
            Self::Balance => "balance",
            Self::Unsettled => "unsettled",
        }
    }

    /// Reads a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::NoOffer, Self::Provider, Self::Balance, Self::Unsettled]
            .into_iter()
            .find(|reason| reason.as_str() == text)
    }

    /// The code a customer gets for it.
    pub const fn code(self) -> Code {
        match self {
            Self::NoOffer => Code::NoOfferAvailable,
            Self::Provider | Self::Unsettled => Code::ProviderError,
            Self::Balance => Code::InsufficientBalance,
        }
    }
}

/// The state as a name; the public contract knows five of the seven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Not public.
    Reserving,
    /// Waits for its first SMS.
    Active,
    /// Has an SMS.
    OtpReceived,
    /// Ended with an SMS.
    Completed,
    /// Ended early, refunded.
    Canceled,
    /// Window over, refunded.
    Expired,
    /// Not public.
    Failed,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Reserving,
        Self::Active,
        Self::OtpReceived,
        Self::Completed,
        Self::Canceled,
        Self::Expired,
        Self::Failed,
    ];

    /// The name as stored and, for the public ones, as on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reserving => "RESERVING",
            Self::Active => "ACTIVE",
            Self::OtpReceived => "OTP_RECEIVED",
            Self::Completed => "COMPLETED",
            Self::Canceled => "CANCELED",
            Self::Expired => "EXPIRED",
            Self::Failed => "FAILED",
        }
    }

    /// Reads a stored name, or a typed one in any case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str().eq_ignore_ascii_case(text))
    }

    /// True for the states that customers know.
    pub const fn is_public(self) -> bool {
        !matches!(self, Self::Reserving | Self::Failed)
    }

    /// True once nothing changes any more.
    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Reserving | Self::Active | Self::OtpReceived)
    }
}

/// Somebody else was faster: the order no longer stands where this step starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an order that is {from:?} cannot be {step}")]
pub struct IllegalTransition {
    /// Where it stands.
    pub from: Status,
    /// What was tried.
    pub step: &'static str,
}
