use std::fmt;

use crate::decimal::Decimal;

/// Why a call was refused. Prints as the protocol's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    NoKey,
    BadKey,
    BadAction,
    BadService,
    NoNumbers,
    NoBalance,
    /// Carries the least price that would be accepted.
    WrongMaxPrice(Decimal),
    OrderAlreadyExists,
    WrongActivationId,
    RenewNotAvailable,
    NoActivation,
    NoActivations,
    BadStatus,
    EarlyCancelDenied,
    OperatorsNotFound,
    WrongDate,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoKey => "NO_KEY",
            Self::BadKey => "BAD_KEY",
            Self::BadAction => "BAD_ACTION",
            Self::BadService => "BAD_SERVICE",
            Self::NoNumbers => "NO_NUMBERS",
            Self::NoBalance => "NO_BALANCE",
            Self::WrongMaxPrice(least) => return write!(f, "WRONG_MAX_PRICE:{least}"),
            Self::OrderAlreadyExists => "ORDER_ALREADY_EXISTS",
            Self::WrongActivationId => "WRONG_ACTIVATION_ID",
            Self::RenewNotAvailable => "RENEW_ACTIVATION_NOT_AVAILABLE",
            Self::NoActivation => "NO_ACTIVATION",
            Self::NoActivations => "NO_ACTIVATIONS",
            Self::BadStatus => "BAD_STATUS",
            Self::EarlyCancelDenied => "EARLY_CANCEL_DENIED",
            Self::OperatorsNotFound => "OPERATORS_NOT_FOUND",
            Self::WrongDate => "WRONG_DATE",
        })
    }
}
