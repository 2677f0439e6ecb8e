//! The one shape in which every use case reports failure.

use std::time::Duration;

use crate::abuse::Ban;

/// Implemented by every public error enum of the domain.
///
/// One total function per edge (HTTP, task retry, …) maps it, so a new error cannot be forgotten.
pub trait Fault: std::error::Error + Send + Sync + 'static {
    /// Stable, documented, machine-readable identifier.
    fn code(&self) -> Code;

    /// What to tell the caller; never shows internals, identifiers of others or upstream texts.
    fn public_message(&self) -> String {
        self.code().default_message().to_owned()
    }

    /// Whole seconds after which a retry makes sense, where known.
    fn retry_after(&self) -> Option<Duration> {
        None
    }

    /// Until when the caller is stopped; nothing unless the code is [`Code::TempBannedAbuseGuard`].
    fn ban(&self) -> Option<Ban> {
        None
    }

    /// Which inputs were refused and why; empty unless the code is [`Code::ValidationError`].
    fn fields(&self) -> Vec<FieldFault> {
        Vec::new()
    }
}

/// A refused input field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldFault {
    /// Name of the field or parameter as the caller wrote it.
    pub field: String,
    /// What is wrong with it, in words.
    pub message: String,
}

impl FieldFault {
    /// Names `field` and what is wrong with it.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

macro_rules! codes {
    ($(
        $(#[doc = $doc:literal])+
        $variant:ident = $text:literal, $class:ident, $message:literal,
            $retry:ident, $advice:literal;
    )+) => {
        /// The stable error codes of the public contract.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $variant,)+ }

        impl Code {
            /// Every code, in the order of the contract.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The identifier on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// What the caller can do about it.
            pub const fn class(self) -> FaultClass {
                match self { $(Self::$variant => FaultClass::$class,)+ }
            }

            /// A sentence that is true whenever the code is.
            pub const fn default_message(self) -> &'static str {
                match self { $(Self::$variant => $message,)+ }
            }

            /// When it is used, for the documentation.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_start(),)+ }
            }

            /// Whether the same request may succeed later.
            pub const fn retry(self) -> Retry {
                match self { $(Self::$variant => Retry::$retry,)+ }
            }

            /// What its reader had best do, for the documentation.
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$variant => $advice,)+ }
            }
        }
    };
}

codes! {
    /// No token, or one that is not valid.
    Unauthorized = "UNAUTHORIZED", Unauthenticated, "A valid API token is required",
        No, "Send `Authorization: Bearer <token>` with a token that is neither expired nor revoked.";
    /// Known caller, not allowed.
    Forbidden = "FORBIDDEN", Forbidden, "This is not allowed for your account",
        No, "The message says what is missing: a scope of the token, an address on its list, or an \
             account in good standing. Use another token or ask us.";
    /// Does not exist or belongs to somebody else.
    NotFound = "NOT_FOUND", NotFound, "Not found",
        No, "Check the id, the path and the method; with 405 the path exists for other methods.";
    /// The request itself is malformed.
    ValidationError = "VALIDATION_ERROR", Invalid, "The request is not valid",
        No, "Correct what `details` lists: each entry names a field and what is wrong with it.";
    /// An upstream supplier refused or failed.
    ProviderError = "PROVIDER_ERROR", Invalid, "The number supplier refused or failed",
        Later, "A purchase was not charged, any other call changed nothing. Try again in a moment, \
                or buy another product.";
    /// Nothing on sale fits the request.
    NoOfferAvailable = "NO_OFFER_AVAILABLE", Invalid, "No offer fits this request now",
        Later, "Nothing was charged. Look at the catalog again, widen the price limits, or choose \
                another product.";
    /// The same idempotency key came with another request.
    IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED", Invalid,
        "This idempotency key was used with a different request",
        No, "Use a new key for each purchase, and the old one only to repeat the same request.";
    /// The wallet holds less than the price.
    InsufficientBalance = "INSUFFICIENT_BALANCE", Conflict, "Not enough balance",
        No, "Top up, or buy something cheaper.";
    /// The order's state does not allow it.
    Conflict = "CONFLICT", Conflict, "The current state does not allow this",
        No, "Read the order: its `can_…` flags say what it allows now.";
    /// The supplier's minimum-cancel window is still open.
    CancelTooEarly = "CANCEL_TOO_EARLY", Conflict, "This order cannot be canceled yet",
        Later, "Wait until the order's `cancel_available_at`.";
    /// The first request with this idempotency key is still running.
    RequestInProgress = "REQUEST_IN_PROGRESS", Conflict,
        "The first request with this idempotency key is still running",
        Later, "Repeat the same request with the same key until it gives the answer of the first.";
    /// The body is larger than the limit.
    PayloadTooLarge = "PAYLOAD_TOO_LARGE", TooLarge, "The request body is too large",
        No, "Send at most one mebibyte.";
    /// Ordinary throttling, or a cap on unfinished orders or on cancels in a day.
    RateLimitExceeded = "RATE_LIMIT_EXCEEDED", Throttled, "Too many requests",
        Later, "Wait as long as `Retry-After` says; `RateLimit` shows what is left before it comes \
                to that.";
    /// The failure-rate tripwire stopped the account for a while.
    TempBannedAbuseGuard = "TEMP_BANNED_ABUSE_GUARD", Throttled,
        "Temporarily stopped after too many failed orders",
        Later, "Wait until `details.until`; buy where codes arrive, and let orders finish rather \
                than canceling them.";
    /// Anything unexpected.
    InternalError = "INTERNAL_ERROR", Internal, "Something went wrong on our side",
        Later, "Try again with the same idempotency key; tell us the `x-request-id` if it stays.";
    /// A dependency is down.
    ServiceUnavailable = "SERVICE_UNAVAILABLE", Unavailable,
        "The service is temporarily unavailable",
        Later, "Try again after `Retry-After`, or with growing pauses where it is absent. Repeat a \
                purchase with the same idempotency key: it is never charged twice.";
    /// No exchange rate to show prices with.
    FxRateUnavailable = "FX_RATE_UNAVAILABLE", Unavailable, "No exchange rate is available",
        Later, "Try again later; `/v1` shows the same in rupiah and needs no rate.";
}

/// Whether the same request may succeed later, without anything else being changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retry {
    /// It will be refused again.
    No,
    /// It may, after a pause.
    Later,
}

/// What the reader of an error can do; each edge maps it once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultClass {
    /// Correct the request.
    Invalid,
    /// Log in.
    Unauthenticated,
    /// Ask for permission.
    Forbidden,
    /// Look elsewhere.
    NotFound,
    /// Look at the present state first.
    Conflict,
    /// Send less.
    TooLarge,
    /// Wait.
    Throttled,
    /// Retry later.
    Unavailable,
    /// Report it; the logs know more.
    Internal,
}
