use std::{fmt, time::Duration};

use crate::ids::{InboxId, OrderId, RefundId, TopupId};

macro_rules! task_kinds {
    ($($(#[doc = $doc:literal])+ $variant:ident = $text:literal;)+) => {
        /// What is to be done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum TaskKind { $($(#[doc = $doc])+ $variant,)+ }

        impl TaskKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name as stored, in metrics and in logs.
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

task_kinds! {
    /// Tell a provider that an order is over. The subject is the order.
    CloseUpstream = "order.close_upstream";
    /// Act on a stored callback of a provider. The subject is its row.
    ConfirmSms = "sms.confirm";
    /// Ask a gateway what became of a payment.
    ConfirmPayment = "payment.confirm";
    /// Give a payment back through its gateway.
    SendRefund = "refund.send";
    /// Send a message to a customer's server. The subject is the customer and the message.
    DeliverHook = "webhook.deliver";
    /// Prove that tasks are done, in time and once.
    Canary = "canary";
}

impl fmt::Display for TaskKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a task is about: an id, or a few of them. Shown to operators, so never anything secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject(String);

impl Subject {
    /// Longest subject.
    pub const MAX_LEN: usize = 200;

    /// Accepts 1 to 200 visible ASCII characters.
    pub fn parse(raw: &str) -> Option<Self> {
        let fits = (1..=Self::MAX_LEN).contains(&raw.len());
        (fits && raw.bytes().all(|b| b.is_ascii_graphic())).then(|| Self(raw.to_owned()))
    }

    /// The text as stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number, where the subject is nothing else.
    pub fn as_number(&self) -> Option<i64> {
        self.0.parse().ok()
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! subjects {
    ($($id:ty),+) => {$(
        impl From<$id> for Subject {
            fn from(id: $id) -> Self {
                Self(id.to_string())
            }
        }
    )+};
}

subjects!(OrderId, InboxId, TopupId, RefundId);

/// A task to be stored. While it lives there is one per kind and subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTask {
    /// What is to be done.
    pub kind: TaskKind,
    /// With what.
    pub subject: Subject,
    /// How long it waits at least, on the clock of the storage: one that workers share.
    pub delay: Duration,
}

impl NewTask {
    /// To be done as soon as it is committed.
    pub fn new(kind: TaskKind, subject: impl Into<Subject>) -> Self {
        Self { kind, subject: subject.into(), delay: Duration::ZERO }
    }

    /// The same, later.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }
}
