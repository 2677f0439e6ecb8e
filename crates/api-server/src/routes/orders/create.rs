use axum::extract::{FromRef, State};
use domain::{
    fault::Code,
    ids::{CarrierId, CatalogProductId, ProductId},
    orders::{
        RequestKey,
        place::{PlaceCommand, PlaceOrders, Placed},
    },
    routing::{Policy, Wanted},
};
use http_kit::{ApiError, Reply, ValidJson};
use runtime::Supervisor;
use serde::{Deserialize, Serialize};

use super::{body::BoughtBody, faults::Faults, key::KeyHeader, limit::Limit};
use crate::{
    auth::CurrentUser,
    detached::detached,
    limits::Tab,
    openapi::{About, Group, described},
    routes::face::{Face, Receipted},
    state::AppState,
};

described! {
    /// Either a price tier, or a country and service with wishes about the tier.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(crate) struct Request as "Purchase" {
        /// Exactly this tier; then only `quantity` may stand beside it.
        product_id: Option<i64> => |it| it.at_least(1),
        /// Whichever tier of this country and service fits best.
        catalog_product_id: Option<i64> => |it| it.at_least(1),
        /// The most that one number may cost.
        max_price: Option<Limit>,
        /// Nothing cheaper than this.
        min_price: Option<Limit>,
        /// The code of a supplier that comes first where it can; upper or lower case.
        prefer_provider: Option<String> => |it| it.longest(64),
        /// What fits best: the cheapest, or where codes arrive most often.
        policy: Option<String> => |it| it.one_of(["cheapest", "best_success"]),
        /// Only numbers of this mobile network.
        operator_id: Option<i64> => |it| it.at_least(1),
        /// How many numbers.
        quantity: Option<i64> => |it| it.at_least(1).at_most(PlaceOrders::MAX_QUANTITY).usually(1),
    }
}

described! {
    /// What was bought. Where something was, failures are refunded and counted.
    #[derive(Serialize)]
    pub(crate) struct Response as "Bought" {
        /// One for each number.
        orders: Vec<BoughtBody>,
        /// How many numbers could not be had.
        failed_count: u32,
    }
}

pub(crate) const ABOUT: About = About {
    id: "createOrders",
    group: Group::Orders,
    summary: "Buy numbers",
    text: "Of several numbers as many are bought as can be had; if none can, the whole call fails.",
    fails: &[
        Code::ProviderError,
        Code::NoOfferAvailable,
        Code::IdempotencyKeyReused,
        Code::InsufficientBalance,
        Code::Conflict,
        Code::RequestInProgress,
        Code::TempBannedAbuseGuard,
    ],
};

impl Response {
    /// What was bought, with the receipt of the rate that the first answer used.
    pub(super) fn reply(placed: Placed) -> Reply<Self, Receipted<()>> {
        let Placed { mut orders, failed, shown_at } = placed;
        let face = shown_at.map_or(Face::Rupiah, Face::Dollars);
        // A repeat reads the orders back; both answers list them in the same order.
        orders.sort_by_key(|view| view.order.id);
        let orders = orders.into_iter().map(|view| BoughtBody::new(view, face)).collect();
        face.reply(Self { orders, failed_count: failed })
    }
}

/// What buying takes besides its request.
pub(crate) struct Buying {
    place_orders: PlaceOrders,
    supervisor: Supervisor,
}

impl FromRef<AppState> for Buying {
    fn from_ref(state: &AppState) -> Self {
        Self { place_orders: PlaceOrders::from_ref(state), supervisor: Supervisor::from_ref(state) }
    }
}

/// Buys numbers.
pub(crate) async fn create(
    State(Buying { place_orders, supervisor }): State<Buying>,
    user: CurrentUser,
    (face, tab): (Face, Tab),
    key: KeyHeader,
    ValidJson(request): ValidJson<Request>,
) -> Result<Reply<Response, Receipted<()>>, ApiError> {
    let command = request.command(user, face, &key)?;
    // The first number is paid for with the request.
    tab.charge(command.quantity.saturating_sub(1)).await?;
    let work = async move { place_orders.execute(command).await };
    let placed = detached(&supervisor, "place-orders", work).await??;
    Ok(Response::reply(placed))
}

impl Request {
    fn command(
        self,
        caller: CurrentUser,
        face: Face,
        key: &KeyHeader,
    ) -> Result<PlaceCommand, ApiError> {
        let mut faults = Faults::default();
        let key = faults.key(key);
        let wanted = self.wanted(&mut faults, face);
        let policy = faults.policy(self.policy.as_deref());
        let prefer = faults.provider(self.prefer_provider.as_deref());
        let quantity = faults.quantity(self.quantity);
        faults.none()?;
        // Nothing is wanted only where a fault says why.
        let wanted = wanted.ok_or_else(|| ApiError::validation(&[]))?;
        let shown_at = face.rate();
        let CurrentUser { id: user, mode, .. } = caller;
        let mut command =
            PlaceCommand { user, mode, wanted, policy, prefer, quantity, key: None, shown_at };
        command.key = key.map(|key| RequestKey {
            key,
            operation: "create",
            fingerprint: self.fingerprint(&command),
        });
        Ok(command)
    }

    fn wanted(&self, faults: &mut Faults, face: Face) -> Option<Wanted> {
        let product = faults.id("product_id", self.product_id);
        let catalog = faults.id("catalog_product_id", self.catalog_product_id);
        let carrier = faults.id("operator_id", self.operator_id);
        let min_price = faults.price("min_price", self.min_price.as_ref(), Limit::least(face));
        let max_price = faults.price("max_price", self.max_price.as_ref(), Limit::most(face));
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

    /// Everything the request asks for; free text comes last, so that no two requests look alike.
    /// Limits stand as they were written: what they are in rupiah moves with the dollar.
    fn fingerprint(&self, command: &PlaceCommand) -> String {
        let PlaceCommand { wanted, policy, prefer, quantity, .. } = command;
        let wanted = match wanted {
            Wanted::Product(id) => format!("product={id}"),
            Wanted::Catalog { id, carrier, .. } => {
                let limit = |limit: &Option<Limit>| {
                    limit.as_ref().map(Limit::canonical).unwrap_or_default()
                };
                let (min, max) = (limit(&self.min_price), limit(&self.max_price));
                let carrier = carrier.map(|id| id.to_string()).unwrap_or_default();
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
}
