//! Which offer is asked first, and which next.

use crate::{
    catalog::Offer,
    ids::{CarrierId, CatalogProductId, ProductId},
    money::Amount,
};

/// What a customer wants to buy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Exactly this price tier.
    Product(ProductId),
    /// Anything for this country × service that keeps the limits.
    Catalog {
        /// The umbrella.
        id: CatalogProductId,
        /// Lowest acceptable price.
        min_price: Option<Amount>,
        /// Highest acceptable price.
        max_price: Option<Amount>,
        /// Only this mobile network.
        carrier: Option<CarrierId>,
    },
}

/// How to choose among fitting offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// Lowest price first; equal prices by the operator's priority.
    #[default]
    Cheapest,
    /// Highest delivery rate first, then lowest price.
    BestSuccess,
}

/// Puts offers in the order in which they are asked.
///
/// `prefer` is soft: offers of that provider come first, others still follow.
pub fn rank(mut offers: Vec<Offer>, policy: Policy, prefer: Option<&str>) -> Vec<Offer> {
    offers.sort_by(|a, b| {
        let preferred = |o: &Offer| prefer.is_some_and(|p| o.provider_code.eq_ignore_ascii_case(p));
        let by_success = match policy {
            Policy::Cheapest => std::cmp::Ordering::Equal,
            Policy::BestSuccess => b.success_per_mille.cmp(&a.success_per_mille),
        };
        preferred(b)
            .cmp(&preferred(a))
            .then(by_success)
            .then(a.price.cmp(&b.price))
            .then(a.priority.cmp(&b.priority))
            .then(a.product.cmp(&b.product))
    });
    offers
}
