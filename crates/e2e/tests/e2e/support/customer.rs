//! A customer of the public API.

use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::{
    events::Events,
    http::Reply,
    wait::{SOON, eventually},
};

/// Somebody with a wallet and a token.
#[derive(Clone)]
pub(crate) struct Customer {
    pub(crate) email: String,
    pub(crate) id: i64,
    pub(crate) token: String,
    /// The api-server in use.
    pub(crate) url: String,
    pub(super) http: Client,
}

/// What was bought.
#[derive(Debug, Clone)]
pub(crate) struct Bought {
    pub(crate) id: i64,
    pub(crate) phone: String,
    pub(crate) amount: i64,
    pub(crate) body: Value,
}

impl Bought {
    pub(crate) fn of(order: &Value) -> Self {
        Self {
            id: order["id"].as_i64().unwrap(),
            phone: order["phone_number"].as_str().unwrap().to_owned(),
            amount: order["amount"].as_i64().unwrap(),
            body: order.clone(),
        }
    }
}

impl Customer {
    /// The same customer at another replica.
    pub(crate) fn at(&self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self.clone() }
    }

    pub(crate) async fn try_get(&self, path: &str) -> reqwest::Result<Reply> {
        let request = self.http.get(format!("{}{path}", self.url)).bearer_auth(&self.token);
        Reply::read(request.send().await?).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.try_get(path).await.unwrap()
    }

    /// An error when no answer came back whole.
    pub(crate) async fn try_post(
        &self,
        path: &str,
        key: Option<&str>,
        body: &Value,
    ) -> reqwest::Result<Reply> {
        let mut request = self.http.request(Method::POST, format!("{}{path}", self.url));
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let sent = request.bearer_auth(&self.token).json(body).send().await?;
        Reply::read(sent).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.try_post(path, None, &body).await.unwrap()
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Reply {
        let request = self.http.request(Method::PATCH, format!("{}{path}", self.url));
        Reply::read(request.bearer_auth(&self.token).json(&body).send().await.unwrap())
            .await
            .unwrap()
    }

    /// Asks for what `body` describes.
    pub(crate) async fn create(&self, key: Option<&str>, body: &Value) -> Reply {
        self.try_post("/v1/orders/create", key, body).await.unwrap()
    }

    /// Buys one number, which has to work.
    pub(crate) async fn buy(&self, body: &Value) -> Bought {
        Bought::of(&self.create(None, body).await.data()["orders"][0])
    }

    pub(crate) async fn balance(&self) -> i64 {
        self.get("/v1/balance").await.data()["balance"].as_i64().unwrap()
    }

    pub(crate) async fn order(&self, id: i64) -> Value {
        self.get(&format!("/v1/orders/{id}")).await.data()
    }

    pub(crate) async fn orders(&self) -> Vec<Value> {
        let Value::Array(orders) = self.get("/v1/orders?limit=100").await.data() else {
            panic!("orders are no list")
        };
        orders
    }

    pub(crate) async fn cancel(&self, id: i64) -> Reply {
        self.post("/v1/orders/cancel", json!({ "id": id })).await
    }

    pub(crate) async fn finish(&self, id: i64) -> Reply {
        self.post("/v1/orders/finish", json!({ "id": id })).await
    }

    /// Waits until an order is in that status and returns it.
    pub(crate) async fn order_in(&self, id: i64, status: &str) -> Value {
        let what = format!("order {id} is {status}");
        eventually(&what, SOON, async || {
            let order = self.order(id).await;
            if order["status"] == status { Ok(order) } else { Err(order) }
        })
        .await
    }

    /// Waits until an order has a code and returns it.
    pub(crate) async fn order_with_code(&self, id: i64, code: &str) -> Value {
        let what = format!("order {id} has its code");
        eventually(&what, SOON, async || {
            let order = self.order(id).await;
            if order["otp_code"] == code { Ok(order) } else { Err(order) }
        })
        .await
    }

    /// Opens the stream of events, after the event with that id if there is one.
    pub(crate) async fn events(&self, after: Option<&str>) -> Events {
        let mut request = self.http.get(format!("{}/v1/orders/stream", self.url));
        if let Some(id) = after {
            request = request.header("last-event-id", id);
        }
        Events::of(request.bearer_auth(&self.token).send().await.unwrap())
    }

    /// Finds the cheapest tier of a service in a country: `(product, catalog product, price)`.
    pub(crate) async fn cheapest(&self, service: &str, country: &str) -> Product {
        let find = async |list: &str, code: &str| {
            let list = self.get(&format!("/v1/catalog/{list}")).await.data();
            let mut entries = list.as_array().unwrap().iter();
            let found = entries.find(|entry| entry["code"] == code);
            found.unwrap_or_else(|| panic!("no {code} in {list}"))["id"].as_i64().unwrap()
        };
        let (platform, country) =
            (find("services", service).await, find("countries", country).await);
        let path = format!(
            "/v1/catalog/products?country_id={country}&platform_id={platform}&sort=price_asc"
        );
        let products = self.get(&path).await.data();
        Product {
            id: products[0]["id"].as_i64().unwrap(),
            catalog: products[0]["catalog_product_id"].as_i64().unwrap(),
            price: products[0]["price"].as_i64().unwrap(),
            tiers: products.as_array().unwrap().clone(),
        }
    }
}

/// Something on sale.
#[derive(Debug, Clone)]
pub(crate) struct Product {
    pub(crate) id: i64,
    /// The umbrella that purchases are routed against.
    pub(crate) catalog: i64,
    pub(crate) price: i64,
    /// All tiers of the umbrella, the cheapest first.
    pub(crate) tiers: Vec<Value>,
}

impl Product {
    /// The request for one of whatever is cheapest.
    pub(crate) fn any(&self) -> Value {
        json!({ "catalog_product_id": self.catalog })
    }

    /// The request for one of exactly this tier.
    pub(crate) fn exactly(&self) -> Value {
        json!({ "product_id": self.id })
    }
}
