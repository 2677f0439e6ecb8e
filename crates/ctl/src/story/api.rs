use anyhow::Context as _;
use serde_json::{Value, json};

use super::stage::{Stage, rupiah};

/// What the customer wants, in words and as the API takes it.
const SERVICE: &str = "WhatsApp";
const COUNTRY: &str = "Indonesia";

/// What the customer chose.
pub(super) struct Product {
    pub(super) id: i64,
    pub(super) name: String,
}

/// An order as the customer sees it.
pub(super) struct Order {
    pub(super) id: i64,
    pub(super) phone: String,
    pub(super) price: i64,
}

impl Order {
    pub(super) fn read(body: &Value) -> anyhow::Result<Self> {
        Ok(Self {
            id: integer(body, "/id")?,
            phone: text(body, "/phone_number")?,
            price: integer(body, "/amount")?,
        })
    }
}

/// Looks around and chooses.
pub(super) async fn browse(stage: &Stage) -> anyhow::Result<Product> {
    let countries = list(stage, "/v1/catalog/countries").await?;
    let services = list(stage, "/v1/catalog/services").await?;
    let country = named(&countries, COUNTRY)?;
    let service = named(&services, SERVICE)?;
    let path = format!("/v1/catalog/products?country_id={country}&platform_id={service}");
    let products = list(stage, &path).await?;
    let cheapest = products.first().context("nothing is on sale for it")?;
    let product =
        Product { id: integer(cheapest, "/catalog_product_id")?, name: text(cheapest, "/name")? };
    let price = rupiah(integer(cheapest, "/price")?);
    let (services, countries) = (services.len(), countries.len());
    stage
        .tell(&format!(
            "browses {services} services in {countries} countries, likes {} from {price}",
            product.name
        ))
        .await?;
    Ok(product)
}

/// Buys one number.
pub(super) async fn buy(stage: &Stage, product: &Product) -> anyhow::Result<Order> {
    let body = json!({ "catalog_product_id": product.id });
    let answer = stage.api.post("/v1/orders/create", &body).await?;
    let first = answer.pointer("/data/orders/0");
    Order::read(first.with_context(|| format!("no order in {answer}"))?)
}

/// The sandbox's provider that rented out this number.
pub(super) async fn seller(stage: &Stage, order: &Order) -> anyhow::Result<String> {
    let world = stage.sandbox.get("/control/state?newest=20").await?;
    let providers = world.get("providers").and_then(Value::as_object);
    let digits = order.phone.trim_start_matches('+');
    let sold = |provider: &Value| {
        let activations = provider.get("activations").and_then(Value::as_array);
        activations.is_some_and(|list| {
            list.iter().any(|one| one.get("phone").and_then(Value::as_str) == Some(digits))
        })
    };
    let found = providers.into_iter().flatten().find(|(_, provider)| sold(provider));
    found.map(|(name, _)| name.clone()).context("no provider of the sandbox sold this number")
}

async fn list(stage: &Stage, path: &str) -> anyhow::Result<Vec<Value>> {
    let body = stage.api.get(path).await?;
    let list = body.get("data").and_then(Value::as_array);
    list.cloned().with_context(|| format!("{path} gave no list"))
}

fn named(list: &[Value], name: &str) -> anyhow::Result<i64> {
    let found = list.iter().find(|one| one.get("name").and_then(Value::as_str) == Some(name));
    integer(found.with_context(|| format!("{name} is not on sale"))?, "/id")
}

pub(super) fn integer(body: &Value, at: &str) -> anyhow::Result<i64> {
    body.pointer(at).and_then(Value::as_i64).with_context(|| format!("no number {at} in {body}"))
}

pub(super) fn text(body: &Value, at: &str) -> anyhow::Result<String> {
    let found = body.pointer(at).and_then(Value::as_str);
    Ok(found.with_context(|| format!("no text {at} in {body}"))?.to_owned())
}
