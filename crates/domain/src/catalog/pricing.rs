//! From a provider's price to ours.

use crate::{
    money::{Amount, Cost},
    rates::Rate,
};

/// How costs become prices; set by the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pricing {
    /// Whole rupiah per US dollar, where no rate is published.
    pub idr_per_usd: i64,
    /// What is added, in hundredths of a percent of the cost.
    pub markup_basis_points: u32,
}

impl Pricing {
    /// The same at `rate`, where there is one.
    #[must_use]
    pub fn at(self, rate: Option<Rate>) -> Self {
        let idr_per_usd = rate.map_or(self.idr_per_usd, |rate| rate.idr_per_usd.get());
        Self { idr_per_usd, ..self }
    }

    /// The customer's price: cost plus markup, rounded up to a whole rupiah, at least one.
    ///
    /// Nothing when it leaves the range of an [`Amount`].
    pub fn price(&self, cost: Cost) -> Option<Amount> {
        let factor = i128::from(self.markup_basis_points).checked_add(10_000)?;
        let exact = i128::from(cost.micros())
            .checked_mul(i128::from(self.idr_per_usd))?
            .checked_mul(factor)?;
        let unit: i128 = 1_000_000 * 10_000;
        let rounded = exact.checked_add(unit - 1)?.checked_div(unit)?;
        i64::try_from(rounded.max(1)).ok().and_then(Amount::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_round_up_in_our_favour() {
        let pricing = Pricing { idr_per_usd: 16_000, markup_basis_points: 2_500 };
        let price = |text| pricing.price(Cost::parse(text).unwrap()).map(Amount::get);
        assert_eq!(price("0.25"), Some(5_000));
        assert_eq!(price("0.00001"), Some(1));
        assert_eq!(price("0"), Some(1));
        assert_eq!(price("0.250001"), Some(5_001));
    }
}
