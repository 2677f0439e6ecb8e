use axum::{extract::State, http::HeaderMap};
use domain::{
    fault::FieldFault,
    ids::{CarrierId, CatalogProductId, ProductId, UserId},
    money::Amount,
    orders::{
        IdempotencyKey, RequestKey,
        place::{PlaceCommand, PlaceOrders, Placed},
    },
    routing::{Policy, Wanted},
};
use http_kit::{ApiError, Reply, ValidJson};
use runtime::Supervisor;
use serde::{Deserialize, Serialize};

use super::body::BoughtBody;
use crate::{auth::CurrentUser, detached::detached};

/// Carries the idempotency key.
const KEY: &str = "idempotency-key";
/// Longer than any provider's short name.
const MAX_PROVIDER: usize = 64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    product_id: Option<i64>,
    catalog_product_id: Option<i64>,
    max_price: Option<i64>,
    min_price: Option<i64>,
    prefer_provider: Option<String>,
    policy: Option<String>,
    operator_id: Option<i64>,
    quantity: Option<i64>,
}

#[derive(Serialize)]
pub(crate) struct Response {
    orders: Vec<BoughtBody>,
    failed_count: u32,
}

impl From<Placed> for Response {
    fn from(Placed { mut orders, failed }: Placed) -> Self {
        // A repeat reads the orders back; both answers list them in the same order.
        orders.sort_by_key(|view| view.order.id);
        Self { orders: orders.into_iter().map(BoughtBody::from).collect(), failed_count: failed }
    }
}

/// Buys numbers.
pub(crate) async fn create(
    State(place_orders): State<PlaceOrders>,
    State(supervisor): State<Supervisor>,
    user: CurrentUser,
    headers: HeaderMap,
    ValidJson(request): ValidJson<Request>,
) -> Result<Reply<Response>, ApiError> {
    let command = request.command(user.id, &headers)?;
    let work = async move { place_orders.execute(command).await };
    let placed = detached(&supervisor, "place-orders", work).await??;
    Ok(Reply::new(placed.into()))
}

impl Request {
    fn command(self, user: UserId, headers: &HeaderMap) -> Result<PlaceCommand, ApiError> {
        let mut faults = Faults::default();
        let key = faults.key(headers);
        let wanted = self.wanted(&mut faults);
        let policy = faults.policy(self.policy.as_deref());
        let prefer = faults.provider(self.prefer_provider);
        let quantity = faults.quantity(self.quantity);
        let (Some(wanted), true) = (wanted, faults.0.is_empty()) else {
            return Err(ApiError::validation(&faults.0));
        };
        let mut command = PlaceCommand { user, wanted, policy, prefer, quantity, key: None };
        command.key = key.map(|key| RequestKey {
            key,
            operation: "create",
            fingerprint: fingerprint(&command),
        });
        Ok(command)
    }

    fn wanted(&self, faults: &mut Faults) -> Option<Wanted> {
        let product = faults.id("product_id", self.product_id);
        let catalog = faults.id("catalog_product_id", self.catalog_product_id);
        let carrier = faults.id("operator_id", self.operator_id);
        let min_price = faults.price("min_price", self.min_price);
        let max_price = faults.price("max_price", self.max_price);
        if min_price.zip(max_price).is_some_and(|(min, max)| min > max) {
            faults.add("min_price", "must not exceed max_price");
        }
        match (self.product_id, self.catalog_product_id) {
            (Some(_), None) => {
                self.refuse_routing(faults);
                product.map(|id| Wanted::Product(ProductId::new(id)))
            }
            (None, Some(_)) => catalog.map(|id| Wanted::Catalog {
                id: CatalogProductId::new(id),
                min_price,
                max_price,
                carrier: carrier.map(CarrierId::new),
            }),
            (Some(_), Some(_)) => {
                faults.add("product_id", "must not be given together with catalog_product_id");
                None
            }
            (None, None) => {
                faults.add("product_id", "is required unless catalog_product_id is given");
                None
            }
        }
    }

    /// A price tier leaves nothing to choose.
    fn refuse_routing(&self, faults: &mut Faults) {
        for (field, given) in [
            ("max_price", self.max_price.is_some()),
            ("min_price", self.min_price.is_some()),
            ("prefer_provider", self.prefer_provider.is_some()),
            ("policy", self.policy.is_some()),
            ("operator_id", self.operator_id.is_some()),
        ] {
            if given {
                faults.add(field, "is only for orders by catalog_product_id");
            }
        }
    }
}

/// Everything the request asks for; free text comes last, so that no two requests look alike.
fn fingerprint(command: &PlaceCommand) -> String {
    let PlaceCommand { wanted, policy, prefer, quantity, .. } = command;
    let wanted = match wanted {
        Wanted::Product(id) => format!("product={id}"),
        Wanted::Catalog { id, min_price, max_price, carrier } => {
            let number = |number: Option<i64>| number.map(|n| n.to_string()).unwrap_or_default();
            let min = number(min_price.map(Amount::get));
            let max = number(max_price.map(Amount::get));
            let carrier = number(carrier.map(CarrierId::get));
            format!("catalog={id};min={min};max={max};carrier={carrier}")
        }
    };
    let policy = match policy {
        Policy::Cheapest => "cheapest",
        Policy::BestSuccess => "best_success",
    };
    let prefer = prefer.as_deref().unwrap_or_default();
    format!("{wanted};policy={policy};quantity={quantity};prefer={prefer}")
}

/// Everything wrong with a request, so that a caller need not find it out one by one.
#[derive(Default)]
struct Faults(Vec<FieldFault>);

impl Faults {
    fn add(&mut self, field: &str, message: impl Into<String>) {
        self.0.push(FieldFault::new(field, message));
    }

    fn key(&mut self, headers: &HeaderMap) -> Option<IdempotencyKey> {
        let value = headers.get(KEY)?;
        let key = value.to_str().ok().and_then(IdempotencyKey::parse);
        if key.is_none() {
            self.add(KEY, "must be 1 to 128 of A-Z, a-z, 0-9, _ and -");
        }
        key
    }

    fn id(&mut self, field: &str, id: Option<i64>) -> Option<i64> {
        let good = id.filter(|id| *id > 0);
        if good.is_none() && id.is_some() {
            self.add(field, "must be a positive integer");
        }
        good
    }

    fn price(&mut self, field: &str, price: Option<i64>) -> Option<Amount> {
        let good = price.and_then(Amount::new);
        if good.is_none() && price.is_some() {
            self.add(field, format!("must be 1 to {} rupiah", Amount::MAX));
        }
        good
    }

    fn policy(&mut self, policy: Option<&str>) -> Policy {
        match policy {
            None | Some("cheapest") => Policy::Cheapest,
            Some("best_success") => Policy::BestSuccess,
            Some(_) => {
                self.add("policy", "must be cheapest or best_success");
                Policy::default()
            }
        }
    }

    /// In lower case, because case makes no difference.
    fn provider(&mut self, provider: Option<String>) -> Option<String> {
        let provider = provider?;
        if !(1..=MAX_PROVIDER).contains(&provider.len()) {
            self.add("prefer_provider", format!("must be 1 to {MAX_PROVIDER} characters"));
        }
        Some(provider.to_ascii_lowercase())
    }

    fn quantity(&mut self, quantity: Option<i64>) -> u32 {
        let most = PlaceOrders::MAX_QUANTITY;
        let good = quantity.map_or(Some(1), |quantity| u32::try_from(quantity).ok());
        good.filter(|quantity| (1..=most).contains(quantity)).unwrap_or_else(|| {
            self.add("quantity", format!("must be 1 to {most}"));
            1
        })
    }
}
