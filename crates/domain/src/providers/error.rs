use crate::{money::Cost, time::Timestamp};

/// Why there is no number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AcquireError {
    /// A definite no: nothing was sold, the next offer may be tried.
    #[error("the provider refused: {0}")]
    Refused(#[source] Refusal),
    /// Nobody knows whether a number was sold: settle, neither refund nor retry.
    #[error("the outcome of the purchase is unknown: {reason}")]
    Unknown {
        /// What happened instead of an answer, without upstream text.
        reason: &'static str,
        /// True when the provider did answer, so that it is not still at work on the purchase.
        answered: bool,
    },
}

/// A definite refusal to sell, or a call that never reached the provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// None free now.
    #[error("out of stock")]
    OutOfStock,
    /// The price rose above what we offered.
    #[error("costs more than offered")]
    PriceTooLow {
        /// The least accepted price, where the provider says so.
        minimum: Option<Cost>,
    },
    /// Our balance with the provider is used up.
    #[error("our balance with the provider is used up")]
    UpstreamBalance,
    /// The provider blocks us for a while.
    #[error("the provider blocks us")]
    UpstreamBlocked {
        /// Until when, where the provider says so.
        until: Option<Timestamp>,
    },
    /// Our key is not accepted.
    #[error("the provider does not accept our key")]
    UpstreamAuth,
    /// It does not know the country or service we asked for.
    #[error("the provider does not know what we asked for")]
    Mapping,
    /// Its database failed before anything was sold.
    #[error("the provider failed before selling")]
    Transient,
    /// A refusal in words we do not know.
    #[error("refused for a reason we do not know")]
    Rejected,
    /// Never asked: breaker open, too many calls in flight, or no connection.
    #[error("not asked: {0}")]
    NotAsked(&'static str),
}

/// Why a question about an activation has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// No answer, or not one we understand; asking again later may help.
    #[error("no usable answer from the provider: {0}")]
    Unavailable(&'static str),
    /// The provider refuses this call for good: key, mapping, unknown action.
    #[error("the provider refuses the call: {0}")]
    Refused(&'static str),
}
