use std::time::Duration;

use crate::{
    ids::{ExternalId, InboxId, ProviderId},
    providers::{SmsCode, SmsText},
    time::Timestamp,
};

/// A provider's report of one SMS, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    /// Whose report.
    pub provider: ProviderId,
    /// For which activation.
    pub external_id: ExternalId,
    /// The provider's idea of the code.
    pub code: Option<SmsCode>,
    /// The message.
    pub text: SmsText,
    /// The provider's own time stamp: names the message, tells no time we could trust.
    pub received_at: String,
}

impl Callback {
    /// How long whoever took it in has for acting on it, before its task does.
    pub const HEAD_START: Duration = Duration::from_secs(2);
}

/// A report that is stored and will not be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCallback {
    /// Its row.
    pub id: InboxId,
    /// What came.
    pub callback: Callback,
    /// What became of it.
    pub state: CallbackState,
}

/// What became of a stored callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallbackState {
    /// Not acted on yet.
    Pending,
    /// Its message is stored with an order.
    Applied,
    /// It told of a message that was stored already.
    Known,
    /// It came after its order had ended, or to a number of no order.
    Late,
    /// Given up by an earlier version; like [`Self::Pending`] otherwise.
    Parked,
}

impl CallbackState {
    /// Whether something may still become of it.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Parked)
    }

    /// The name as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Applied => "APPLIED",
            Self::Known => "KNOWN",
            Self::Late => "LATE",
            Self::Parked => "PARKED",
        }
    }

    /// Reads a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Applied, Self::Known, Self::Late, Self::Parked]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// One SMS on its way to an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingSms {
    /// The code, recognised by us or named by the provider.
    pub code: Option<SmsCode>,
    /// The message; a bare code where the provider gives no more.
    pub text: SmsText,
    /// How it came.
    pub source: MessageSource,
}

/// How a message came to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageSource {
    /// The provider called.
    Callback,
    /// We asked.
    Poll,
}

impl MessageSource {
    /// The name as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Callback => "callback",
            Self::Poll => "poll",
        }
    }

    /// Reads a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Callback, Self::Poll].into_iter().find(|source| source.as_str() == text)
    }
}

/// A message stored with an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMessage {
    /// Its number within the order, from 1.
    pub revision: i32,
    /// The code in it.
    pub code: Option<SmsCode>,
    /// The message; nothing once it was forgotten.
    pub text: Option<SmsText>,
    /// How it came.
    pub source: MessageSource,
    /// When it was stored.
    pub at: Timestamp,
}
