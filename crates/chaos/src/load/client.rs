//! One customer's requests, and what their answers mean.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use super::pool::Scene;
use crate::{
    history::{Answer, Call, Outcome, Seen},
    stack::Customer,
};

/// Longer than the server lets any request take.
const PATIENCE: Duration = Duration::from_secs(40);

/// Where requests go when they are made by a customer.
pub(super) struct Api {
    http: Client,
    token: String,
    customer: i64,
    /// Both fronts: the name of the server and where its wire begins.
    fronts: Vec<(String, String)>,
}

impl Api {
    pub(super) fn of(scene: &Scene, customer: &Customer) -> anyhow::Result<Self> {
        let http = Client::builder().no_proxy().timeout(PATIENCE).build()?;
        let fronts = scene.system.links.iter().filter_map(|link| {
            let server = link.name.strip_prefix("front/")?;
            Some((server.to_owned(), format!("http://{}", link.address)))
        });
        let (token, fronts) = (customer.token.clone(), fronts.collect());
        Ok(Self { http, token, customer: customer.id, fronts })
    }

    /// Makes a call and writes down what became of it.
    pub(super) async fn call(
        &self,
        scene: &Scene,
        front: usize,
        call: Call,
    ) -> anyhow::Result<Answer> {
        let turn = front % self.fronts.len().max(1);
        let Some((server, url)) = self.fronts.get(turn) else { return Ok(Answer::unknown()) };
        let request = self.request(url, &call);
        let number = scene.history.invoke(self.customer, server, call.clone())?;
        let answer = send(request, &call).await;
        if answer.outcome == Outcome::Ok {
            scene.served.count(server);
        }
        scene.history.answer(number, answer.clone())?;
        Ok(answer)
    }

    /// Reads a page that changes nothing.
    pub(super) async fn page(&self, path: &str) -> anyhow::Result<Value> {
        let (_, url) = self.fronts.first().ok_or_else(|| anyhow::anyhow!("no front"))?;
        let request = self.http.get(format!("{url}{path}")).bearer_auth(&self.token);
        Ok(request.send().await?.json::<Value>().await?)
    }

    fn request(&self, url: &str, call: &Call) -> RequestBuilder {
        let get = |path: &str| self.http.get(format!("{url}/v1{path}"));
        let act = |path: &str, order: i64| {
            self.http.post(format!("{url}/v1/orders/{path}")).json(&json!({ "id": order }))
        };
        let request = match call {
            Call::Buy { key, body } => {
                let post = self.http.post(format!("{url}/v1/orders/create"));
                post.header("idempotency-key", key).json(body)
            }
            Call::Cancel { order } => act("cancel", *order),
            Call::Finish { order } => act("finish", *order),
            Call::Resend { order } => act("resend", *order),
            Call::Read { order } => get(&format!("/orders/{order}")),
            Call::List => get("/orders?limit=50"),
            Call::Balance
            | Call::Topup { .. }
            | Call::Refund { .. }
            | Call::Dispute { .. }
            | Call::Drill { .. } => get("/balance"),
        };
        request.bearer_auth(&self.token)
    }
}

async fn send(request: RequestBuilder, call: &Call) -> Answer {
    let Ok(response) = request.send().await else { return Answer::unknown() };
    let status = response.status().as_u16();
    // Half an answer is none.
    let Ok(text) = response.text().await else { return Answer::unknown() };
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    let mut answer = Answer { status: Some(status), ..Answer::unknown() };
    body["error"]["code"].as_str().unwrap_or_default().clone_into(&mut answer.code);
    answer.outcome = outcome(status, &answer.code, &body);
    if answer.outcome == Outcome::Ok {
        answer.orders = seen(&body["data"]);
        answer.failed = body["data"]["failed_count"].as_u64().unwrap_or(0);
        if matches!(call, Call::Buy { .. }) {
            let mut hasher = DefaultHasher::new();
            text.hash(&mut hasher);
            answer.hash = hasher.finish();
        }
    }
    answer
}

/// What an answer tells about this call. Being told to wait or to come back tells nothing about
/// the key that was sent.
fn outcome(status: u16, code: &str, body: &Value) -> Outcome {
    match status {
        200 if body["success"] == true => Outcome::Ok,
        409 if code == "REQUEST_IN_PROGRESS" => Outcome::Unknown,
        429 => Outcome::Unknown,
        400..=499 if !code.is_empty() => Outcome::Fail,
        _ => Outcome::Unknown,
    }
}

fn seen(data: &Value) -> Vec<Seen> {
    let one = std::slice::from_ref(data);
    let orders = data.as_array().or_else(|| data["orders"].as_array());
    let orders = orders.map_or(one, Vec::as_slice).iter();
    orders.filter_map(order).collect()
}

fn order(order: &Value) -> Option<Seen> {
    Some(Seen {
        id: order["id"].as_i64().or_else(|| order["order_id"].as_i64())?,
        status: order["status"].as_str()?.to_owned(),
        amount: order["amount"].as_i64(),
        phone: order["phone_number"].as_str().map(str::to_owned),
        text: order["otp_message"].as_str().map(str::to_owned),
        revision: order["sms_revision"].as_i64().unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_an_answer_leaves_open() {
        let fine = json!({ "success": true });
        assert_eq!(outcome(200, "", &fine), Outcome::Ok);
        assert_eq!(outcome(200, "", &Value::Null), Outcome::Unknown);
        assert_eq!(outcome(409, "REQUEST_IN_PROGRESS", &Value::Null), Outcome::Unknown);
        assert_eq!(outcome(409, "INSUFFICIENT_BALANCE", &Value::Null), Outcome::Fail);
        assert_eq!(outcome(422, "PROVIDER_ERROR", &Value::Null), Outcome::Fail);
        assert_eq!(outcome(429, "RATE_LIMIT_EXCEEDED", &Value::Null), Outcome::Unknown);
        assert_eq!(outcome(503, "SERVICE_UNAVAILABLE", &Value::Null), Outcome::Unknown);
        // Not one of ours: nobody knows what stood behind it.
        assert_eq!(outcome(404, "", &Value::Null), Outcome::Unknown);
    }

    #[test]
    fn sees_orders_in_every_shape() {
        let one = json!({ "id": 1, "status": "ACTIVE", "amount": 5 });
        let cancelled = json!({ "order_id": 2, "status": "CANCELED", "refund_amount": 5 });
        let ids = |data: &Value| seen(data).iter().map(|it| it.id).collect::<Vec<_>>();
        assert_eq!(ids(&one), [1]);
        assert_eq!(ids(&cancelled), [2]);
        assert_eq!(ids(&json!([one, one])), [1, 1]);
        assert_eq!(ids(&json!({ "orders": [one] })), [1]);
        assert_eq!(ids(&json!({ "balance": 1 })), [0; 0]);
    }
}
