//! The one shape in which every use case reports failure.

use std::time::Duration;

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
        $variant:ident = $text:literal, $class:ident, $message:literal;
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
        }
    };
}

codes! {
    /// No token, or one that is not valid.
    Unauthorized = "UNAUTHORIZED", Unauthenticated, "A valid API token is required";
    /// Known caller, not allowed.
    Forbidden = "FORBIDDEN", Forbidden, "This is not allowed for your account";
    /// Does not exist or belongs to somebody else.
    NotFound = "NOT_FOUND", NotFound, "Not found";
    /// The request itself is malformed.
    ValidationError = "VALIDATION_ERROR", Invalid, "The request is not valid";
    /// An upstream supplier refused or failed.
    ProviderError = "PROVIDER_ERROR", Invalid, "The number supplier refused or failed";
    /// Nothing on sale fits the request.
    NoOfferAvailable = "NO_OFFER_AVAILABLE", Invalid, "No offer fits this request now";
    /// The same idempotency key came with another request.
    IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED", Invalid,
        "This idempotency key was used with a different request";
    /// The wallet holds less than the price.
    InsufficientBalance = "INSUFFICIENT_BALANCE", Conflict, "Not enough balance";
    /// The order's state does not allow it.
    Conflict = "CONFLICT", Conflict, "The current state does not allow this";
    /// The supplier's minimum-cancel window is still open.
    CancelTooEarly = "CANCEL_TOO_EARLY", Conflict, "This order cannot be canceled yet";
    /// The first request with this idempotency key is still running.
    RequestInProgress = "REQUEST_IN_PROGRESS", Conflict,
        "The first request with this idempotency key is still running";
    /// The body is larger than the limit.
    PayloadTooLarge = "PAYLOAD_TOO_LARGE", TooLarge, "The request body is too large";
    /// Ordinary throttling.
    RateLimitExceeded = "RATE_LIMIT_EXCEEDED", Throttled, "Too many requests";
    /// The failure-rate tripwire stopped the account for a while.
    TempBannedAbuseGuard = "TEMP_BANNED_ABUSE_GUARD", Throttled,
        "Temporarily stopped after too many failed orders";
    /// Anything unexpected.
    InternalError = "INTERNAL_ERROR", Internal, "Something went wrong on our side";
    /// A dependency is down.
    ServiceUnavailable = "SERVICE_UNAVAILABLE", Unavailable,
        "The service is temporarily unavailable";
    /// No exchange rate to show prices with.
    FxRateUnavailable = "FX_RATE_UNAVAILABLE", Unavailable, "No exchange rate is available";
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
