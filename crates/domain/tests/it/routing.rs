//! Which offer is asked first, and which next.

use domain::{
    catalog::Offer,
    ids::{CatalogProductId, ProductId, ProviderId},
    money::{Amount, Cost},
    orders::Quote,
    routing::{Policy, rank},
};
use testkit::Outcome;

/// Product, provider, price, priority, deliveries of a thousand.
fn offer((product, code, price, priority, success): (i64, &str, i64, i32, i32)) -> Outcome<Offer> {
    Ok(Offer {
        product: ProductId::new(product),
        catalog_product: CatalogProductId::new(1),
        carrier: None,
        carrier_name: None,
        price: Amount::new(price).ok_or("a price")?,
        quote: Quote {
            provider: ProviderId::new(product),
            service: "wa".to_owned(),
            country: "6".to_owned(),
            cost: Cost::default(),
            again: None,
        },
        provider_code: code.to_owned(),
        priority,
        success_per_mille: success,
    })
}

fn ranked(policy: Policy, prefer: Option<&str>) -> Outcome<Vec<i64>> {
    let offers = [
        (1, "alpha", 30, 2, 500),
        (2, "beta", 30, 1, 400),
        (3, "gamma", 20, 9, 100),
        (4, "delta", 90, 1, 900),
        (5, "beta", 30, 2, 500),
        (6, "beta", 10, 2, 0),
    ];
    let offers = offers.into_iter().map(offer).collect::<Outcome<Vec<_>>>()?;
    Ok(rank(offers, policy, prefer).iter().map(|offer| offer.product.get()).collect())
}

#[test]
fn cheapest_first_then_by_priority_then_by_age() -> Outcome {
    assert_eq!(ranked(Policy::Cheapest, None)?, [6, 3, 2, 1, 5, 4]);
    Ok(())
}

#[test]
fn best_success_first_then_cheapest() -> Outcome {
    assert_eq!(ranked(Policy::BestSuccess, None)?, [4, 1, 5, 2, 3, 6]);
    Ok(())
}

#[test]
fn preferred_provider_first_and_others_after() -> Outcome {
    assert_eq!(ranked(Policy::Cheapest, Some("Beta"))?, [6, 2, 5, 3, 1, 4]);
    assert_eq!(ranked(Policy::BestSuccess, Some("gamma"))?, [3, 4, 1, 5, 2, 6]);
    assert_eq!(ranked(Policy::Cheapest, Some("nobody"))?, [6, 3, 2, 1, 5, 4]);
    Ok(())
}
