use std::{fmt, time::Duration};

use uuid::Uuid;

use crate::{
    ids::{OrderId, UserId},
    outbox::EventKind,
    tasks::Subject,
    time::Timestamp,
};

/// Names a message to its receiver, the same in every attempt: `msg_` and 32 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(Uuid);

impl MessageId {
    const PREFIX: &str = "msg_";

    /// Wraps a stored or fresh id.
    pub const fn new(raw: Uuid) -> Self {
        Self(raw)
    }

    /// The raw id.
    pub const fn get(self) -> Uuid {
        self.0
    }

    /// Reads what [`fmt::Display`] writes, and no other spelling of it.
    pub fn parse(text: &str) -> Option<Self> {
        let id = Self(Uuid::try_parse(text.strip_prefix(Self::PREFIX)?).ok()?);
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", Self::PREFIX, self.0.simple())
    }
}

/// One event for one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its name, also for its receiver.
    pub id: MessageId,
    /// Whose endpoint.
    pub user: UserId,
    /// What it tells of.
    pub about: About,
    /// When that happened.
    pub at: Timestamp,
    /// After this it is worth nothing any more.
    pub expires_at: Option<Timestamp>,
    /// What became of it.
    pub state: MessageState,
    /// Attempts made in all.
    pub attempts: u32,
    /// Attempts made since it was stored, or last asked for again.
    pub round: u32,
    /// Whether its owner asked for it again.
    pub trigger: Trigger,
}

/// What a message tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Something that happened to an order.
    Order {
        /// What.
        event: EventKind,
        /// To which one.
        order: OrderId,
        /// The number of the SMS, where it tells of one.
        revision: Option<i32>,
        /// From when a further SMS could be asked for, as it was when the message was stored: of
        /// all that a body shows, this alone may change afterwards.
        resend_from: Option<Timestamp>,
    },
    /// Nothing: the customer tries the endpoint.
    Test,
}

impl About {
    /// The name of a trial on the wire.
    pub const TEST: &'static str = "webhook.test";

    /// The name on the wire.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Order { event, .. } => event.as_str(),
            Self::Test => Self::TEST,
        }
    }

    /// Whether endpoints are told of such events.
    pub const fn is_told(event: EventKind) -> bool {
        match event {
            EventKind::OrderActive => false,
            EventKind::OrderOtpReceived
            | EventKind::OrderCompleted
            | EventKind::OrderExpired
            | EventKind::OrderCanceled => true,
        }
    }
}

impl Message {
    /// How long after the end of its order's window a code is still told.
    pub const CODE_GRACE: Duration = Duration::from_hours(1);

    /// The subject of the task that delivers it: whose it is leads, so that a worker can tell how
    /// busy an endpoint is without reading anything.
    pub fn subject(&self) -> Option<Subject> {
        Subject::parse(&format!("{}:{}", self.user, self.id))
    }

    /// Reads the id out of what [`Self::subject`] made.
    pub fn id_of(subject: &Subject) -> Option<MessageId> {
        MessageId::parse(subject.as_str().split_once(':')?.1)
    }

    /// Its owner asks for it again: all attempts are ahead of it, and it does not grow old.
    pub fn replay(&mut self) {
        self.state = MessageState::Waiting;
        self.round = 0;
        self.trigger = Trigger::Replay;
        self.expires_at = None;
    }
}

macro_rules! words {
    ($(#[doc = $doc:literal])+ $name:ident {
        $($(#[doc = $of:literal])+ $variant:ident = $text:literal,)+
    }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[doc = $of])+ $variant,)+ }

        impl $name {
            /// The name as stored and shown.
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

words! {
    /// What became of a message.
    MessageState {
        /// Its next attempt is ahead.
        Waiting = "waiting",
        /// Acknowledged.
        Delivered = "delivered",
        /// Every attempt failed.
        Failed = "failed",
        /// It was worth nothing any more.
        Expired = "expired",
        /// There was no endpoint to send it to any more, or it was a trial that nobody answered.
        Dropped = "dropped",
    }
}

words! {
    /// Why an attempt was made.
    Trigger {
        /// Its time had come.
        Schedule = "schedule",
        /// The customer asked for the message again.
        Replay = "replay",
        /// The customer tried the endpoint.
        Test = "test",
    }
}

/// How sending ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SendOutcome {
    /// The server answered with this status.
    Answered(u16),
    /// No answer came in time.
    TimedOut,
    /// No connection, or one that broke.
    Unreachable,
    /// Its certificate is not one that we believe, or not that of the name we called.
    Untrusted,
    /// The address is one that we do not call.
    Blocked,
}

impl SendOutcome {
    /// Whether the server took the message.
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Answered(200..=299))
    }

    /// Whether the server says that it will never want one again.
    pub const fn is_gone(self) -> bool {
        matches!(self, Self::Answered(410))
    }

    /// The status, if any came.
    pub const fn status(self) -> Option<u16> {
        match self {
            Self::Answered(status) => Some(status),
            _ => None,
        }
    }

    /// One word, as stored, shown and counted.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered(200..=299) => "delivered",
            Self::Answered(300..=399) => "redirected",
            Self::Answered(_) => "refused",
            Self::TimedOut => "timed_out",
            Self::Unreachable => "unreachable",
            Self::Untrusted => "untrusted",
            Self::Blocked => "blocked",
        }
    }
}

/// One try to deliver a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Which message.
    pub message: MessageId,
    /// Whose.
    pub user: UserId,
    /// Which try of it, from 1.
    pub number: u32,
    /// Why it was made.
    pub trigger: Trigger,
    /// The server's name, without the rest of its address.
    pub host: String,
    /// One word for how it ended, see [`SendOutcome::as_str`].
    pub outcome: String,
    /// What the server answered.
    pub status: Option<u16>,
    /// How long it took.
    pub took: Duration,
    /// The beginning of what the server answered, where it was text.
    pub response: Option<String>,
    /// When the next try is due, if there is one.
    pub next_at: Option<Timestamp>,
    /// When it ended.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> MessageId {
        MessageId::new(Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_000a))
    }

    #[test]
    fn ids_have_one_spelling() {
        assert_eq!(id().to_string(), "msg_0193000000007000800000000000000a");
        assert_eq!(MessageId::parse(&id().to_string()), Some(id()));
        for bad in ["", "msg_", "0193000000007000800000000000000a"] {
            assert_eq!(MessageId::parse(bad), None, "{bad}");
        }
        let upper = "msg_0193000000007000800000000000000A";
        assert_eq!(MessageId::parse(upper), None);
        assert_eq!(MessageId::parse("msg_01930000-0000-7000-8000-00000000000a"), None);
    }

    #[test]
    fn only_2xx_acknowledges() {
        for status in [200, 204, 299] {
            assert!(SendOutcome::Answered(status).is_success());
        }
        for status in [100, 199, 300, 302, 400, 410, 500] {
            assert!(!SendOutcome::Answered(status).is_success(), "{status}");
        }
        assert!(!SendOutcome::TimedOut.is_success());
    }
}
