use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::{client::Api, pool::Scene};
use crate::{random::Random, stack::Customer};

/// How many tiers are bought: few, so that purchases of one thing meet.
const VARIETY: usize = 6;

/// What can be bought, by its published ids.
pub(super) struct Goods(Vec<(i64, i64)>);

impl Goods {
    /// The cheapest tiers on sale.
    pub(super) async fn look(scene: &Scene, customer: &Customer) -> anyhow::Result<Self> {
        let api = Api::of(scene, customer)?;
        let page = api.page("/v1/catalog/products?limit=50&sort=price_asc").await?;
        let products = page["data"].as_array().with_context(|| format!("no catalogue: {page}"))?;
        let id = |product: &Value, key: &str| product[key].as_i64();
        let found = products
            .iter()
            .filter_map(|product| Some((id(product, "id")?, id(product, "catalog_product_id")?)));
        let goods: Vec<_> = found.take(VARIETY).collect();
        ensure!(!goods.is_empty(), "nothing is on sale: {page}");
        Ok(Self(goods))
    }

    /// A request for one or a few of something.
    pub(super) fn wish(&self, random: &mut Random) -> Value {
        let (product, catalog) = random.pick(&self.0).copied().unwrap_or_default();
        let mut wish = if random.chance(30) {
            json!({ "product_id": product })
        } else {
            json!({ "catalog_product_id": catalog })
        };
        if random.chance(15) {
            wish["quantity"] = json!(random.between(2, 4));
        }
        wish
    }
}
