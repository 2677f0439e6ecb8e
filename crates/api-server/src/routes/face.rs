//! How each version of the contract writes money.

use std::sync::Arc;

use axum::{
    extract::{FromRef, FromRequestParts},
    http::request::Parts,
};
use domain::{
    fault::Code,
    money::Currency,
    rates::{ExchangeRate, Places, Rate},
    time::Timestamp,
};
use http_kit::{ApiError, Reply};
use serde::Serialize;

use super::route::{Declared, Version};
use crate::openapi::{Book, Described, Schema, described};

/// The side of a response or request that has money in it. A handler asks for it when it shows or
/// takes any, and for nothing else: what has no money in it works without an exchange rate.
///
/// On `/v2` the rate is read once, so that one response uses one rate throughout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    /// Whole rupiah.
    Rupiah,
    /// Dollars beside rupiah.
    Dollars(Rate),
}

impl<S> FromRequestParts<S> for Face
where
    S: Send + Sync,
    Arc<dyn ExchangeRate>: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match parts.extensions.get::<Declared>().map(|declared| declared.version) {
            Some(Version::V1) => Ok(Self::Rupiah),
            Some(Version::V2) => {
                let rate = Arc::<dyn ExchangeRate>::from_ref(state).current().await?;
                Ok(Self::Dollars(rate.ok_or_else(|| ApiError::new(Code::FxRateUnavailable))?))
            }
            None => Err(ApiError::new(Code::InternalError)),
        }
    }
}

impl Face {
    /// A price, what an order cost, or a refund.
    pub(crate) fn price(self, rupiah: i64) -> MoneyBody {
        self.money(rupiah, Places::Price)
    }

    /// What a wallet holds.
    pub(crate) fn balance(self, rupiah: i64) -> MoneyBody {
        self.money(rupiah, Places::Balance)
    }

    fn money(self, rupiah: i64, places: Places) -> MoneyBody {
        match self {
            Self::Rupiah => MoneyBody::Rupiah(rupiah),
            Self::Dollars(rate) => MoneyBody::Dollars {
                amount: rate.idr_per_usd.dollars(rupiah, places),
                currency: Currency::Usd.code(),
                canonical_amount: rupiah,
                canonical_currency: Currency::Idr.code(),
            },
        }
    }

    /// The rate at which dollars are shown, if they are.
    pub(crate) const fn rate(self) -> Option<Rate> {
        match self {
            Self::Rupiah => None,
            Self::Dollars(rate) => Some(rate),
        }
    }

    /// The same for what is shown later: at the rate of that moment, or at the last one known.
    pub(crate) async fn renewed(self, rate: &dyn ExchangeRate) -> Self {
        match self {
            Self::Rupiah => self,
            Self::Dollars(_) => rate.current().await.ok().flatten().map_or(self, Self::Dollars),
        }
    }

    /// The receipt of the rate, where one is used.
    pub(crate) fn receipt(self) -> Option<Receipted<()>> {
        self.rate().map(|rate| Receipted { rest: (), fx: Some(rate.into()) })
    }

    /// `data` with the receipt of the rate, where one was used.
    pub(crate) fn reply<T>(self, data: T) -> Reply<T, Receipted<()>> {
        Reply::new(data).with_meta_if_any(self.receipt())
    }

    /// The same with more to say about `data`.
    pub(crate) fn reply_with<T, M>(self, data: T, meta: M) -> Reply<T, Receipted<M>> {
        let fx = self.rate().map(FxBody::from);
        Reply::new(data).with_meta(Receipted { rest: meta, fx })
    }
}

/// An amount as its version writes it.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum MoneyBody {
    Rupiah(i64),
    Dollars {
        amount: String,
        currency: &'static str,
        canonical_amount: i64,
        canonical_currency: &'static str,
    },
}

impl Described for MoneyBody {
    fn schema(book: &mut Book) -> Schema {
        let rupiah = |about| Schema::integer().format("int64").about(about).example(4_000_i64);
        match book.version {
            Version::V1 => rupiah("Whole rupiah."),
            Version::V2 => book.schema("Money", |_| {
                let dollars = "Rounded half up: to four decimals for prices and refunds, to two \
                               for balances.";
                let decimal = Schema::text().with("pattern", r"^-?\d+\.\d{2,4}$");
                let code = |currency: Currency| Schema::text().one_of([currency.code()]);
                Schema::object()
                    .about("Dollars beside rupiah; rupiah is what counts.")
                    .property("amount", decimal.about(dollars).example("0.2500"), true)
                    .property("currency", code(Currency::Usd), true)
                    .property("canonical_amount", rupiah("The same in whole rupiah."), true)
                    .property("canonical_currency", code(Currency::Idr), true)
            }),
        }
    }
}

/// What is said about an answer, with the rate it used.
#[derive(Serialize)]
pub(crate) struct Receipted<M> {
    #[serde(flatten)]
    rest: M,
    #[serde(skip_serializing_if = "Option::is_none")]
    fx: Option<FxBody>,
}

described! {
    /// The receipt of a rate.
    #[derive(Serialize)]
    pub(crate) struct FxBody as "Rate" {
        /// What is given in what.
        pair: &'static str => |it| it.one_of([FxBody::PAIR]),
        /// Rupiah for a dollar.
        rate: i64 => |it| it.at_least(1).example(16_000_i64),
        /// When it was published; null for a rate that is set by hand.
        rate_as_of: Option<Timestamp>,
    }
}

impl FxBody {
    /// The only pair there is: what providers charge in against what customers pay in.
    pub(crate) const PAIR: &'static str = "USD/IDR";
}

impl From<Rate> for FxBody {
    fn from(Rate { idr_per_usd, as_of }: Rate) -> Self {
        Self { pair: Self::PAIR, rate: idr_per_usd.get(), rate_as_of: as_of }
    }
}
