/// What a provider complains about, across all dialects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    OutOfStock,
    PriceTooLow,
    Balance,
    Blocked,
    Auth,
    UnknownAction,
    Mapping,
    /// Failed before doing anything.
    Transient,
    /// Failed at an unknown point.
    Broken,
    TooEarly,
    Delivered,
    /// The activation's state does not allow it.
    NotAllowed,
    Missing,
    NothingActive,
    /// A refusal in words we do not know.
    Other,
}

/// Upper-case forms of every known word; blanks are written as underscores.
const WORDS: [(Signal, &[&str]); 14] = [
    (
        Signal::OutOfStock,
        &[
            "NO_NUMBERS",
            "NO_NUMBER",
            "NO_FREE_PHONES",
            "NO_PROVIDERS",
            "OUT_OF_STOCK",
            "NOT_AVAILABLE",
            "RENEW_ACTIVATION_NOT_AVAILABLE",
            "NEW_ACTIVATION_IMPOSSIBLE",
            "SIM_OFFLINE",
            // Not sold at all, or not to us: nothing that waiting or asking for others changes.
            "SERVICE_NOT_AVAILABLE",
            "WHATSAPP_NOT_AVAILABLE",
            "SERVICE_UNAVAILABLE_REGION",
            "NO_YULA_MAIL",
            "THE_SERVICE_IS_PROHIBITED_FOR_SALE_BY_ADMINISTRATION",
        ],
    ),
    (Signal::PriceTooLow, &["WRONG_MAX_PRICE", "BAD_MAX_PRICE"]),
    (
        Signal::Balance,
        &[
            "NO_BALANCE",
            "NO_BALANCE_FORWARD",
            "NO_MONEY",
            "NOT_ENOUGH_BALANCE",
            "NOT_ENOUGH_USER_BALANCE",
            "INSUFFICIENT_BALANCE",
        ],
    ),
    (
        Signal::Blocked,
        &[
            "BANNED",
            "CHANNELS_LIMIT",
            "ACCOUNT_INACTIVE",
            "NOT_ENOUGH_RATING",
            "RATE_LIMIT",
            "RATE_LIMITED",
            "TOO_MANY_REQUESTS",
        ],
    ),
    (
        Signal::Auth,
        &[
            "BAD_KEY",
            "NO_KEY",
            "WRONG_KEY",
            "INVALID_KEY",
            "BAD_API_KEY",
            "INVALID_API_KEY",
            "WRONG_API_KEY",
            "NO_ACCESS",
            "UNAUTHORIZED",
        ],
    ),
    (
        Signal::UnknownAction,
        &["BAD_ACTION", "WRONG_ACTION", "NO_ACTION", "UNKNOWN_ACTION", "INVALID_ACTION"],
    ),
    (
        Signal::Mapping,
        &[
            "BAD_SERVICE",
            "WRONG_SERVICE",
            "SERVICE_IS_INCORRECT",
            "BAD_COUNTRY",
            "WRONG_COUNTRY",
            "COUNTRY_IS_INCORRECT",
            "BAD_VALUES",
            "BAD_FIXED_PRICE",
            "WRONG_EXCEPTION_PHONE",
            "UNPROCESSABLE_ENTITY",
        ],
    ),
    (Signal::Transient, &["ERROR_SQL", "SQL_ERROR"]),
    (Signal::Broken, &["SERVER_ERROR", "INTERNAL_ERROR", "INTERNAL_SERVER_ERROR", "ERROR"]),
    (Signal::TooEarly, &["EARLY_CANCEL_DENIED", "TOO_EARLY", "YOU_NEED_TO_WAIT_TIME"]),
    (Signal::Delivered, &["OTP_RECEIVED", "NEW_OTP_RECEIVED", "ORDER_HAS_SMS"]),
    (
        Signal::NotAllowed,
        &[
            "BAD_STATUS",
            "INCORECT_STATUS",
            "ACTIVATION_NOT_ACTIVE",
            "FREE_CANCELLATION_EXPIRED",
            "ALREADY_FINISH",
            "ALREADY_CANCEL",
            "CANT_CANCEL",
            "ORDER_EXPIRED",
        ],
    ),
    (
        Signal::Missing,
        &[
            "NO_ACTIVATION",
            "NOT_FOUND",
            "WRONG_ACTIVATION_ID",
            "INVALID_ACTIVATION_ID",
            "ORDER_NOT_FOUND",
        ],
    ),
    (Signal::NothingActive, &["NO_ACTIVATIONS"]),
];

/// Parts of tokens by which an unknown one shows that it is a refusal.
const NEGATIONS: [&str; 14] = [
    "NO",
    "NOT",
    "BAD",
    "WRONG",
    "INVALID",
    "ERROR",
    "DENIED",
    "BANNED",
    "BLOCKED",
    "FORBIDDEN",
    "LIMIT",
    "EXCEED",
    "UNAVAILABLE",
    "REQUIRED",
];

/// What a known word means, however it is written.
pub(super) fn known(word: &str) -> Option<Signal> {
    let normal: String = word.trim().trim_end_matches('.').to_ascii_uppercase().replace(' ', "_");
    // Web servers say "Not Found" about their own pages.
    if normal == "NOT_FOUND" && word != "NOT_FOUND" {
        return None;
    }
    // With details behind a colon, as the JSON forms of some tokens have them.
    let normal = normal.split(':').next().unwrap_or_default();
    WORDS.iter().find(|(_, words)| words.contains(&normal)).map(|(signal, _)| *signal)
}

/// An unknown token is taken for a refusal only when it sounds like one: a purchase must not be
/// repeated elsewhere because of a new word for success.
pub(super) fn refusal_like(head: &str) -> Option<Signal> {
    let success = head.starts_with("ACCESS_") || head.starts_with("STATUS_");
    let refuses = head.split('_').any(|part| NEGATIONS.contains(&part));
    (refuses && !success).then_some(Signal::Other)
}
