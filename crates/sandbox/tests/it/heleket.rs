mod callbacks;
mod calls;
mod payments;

use reqwest::RequestBuilder;
use sandbox::sign_heleket;
use serde_json::{Value, json};

use crate::support::{Received, Receiver, Sandbox};

const KEY: &str = "heleket_sandbox";

/// A signed call; `path` follows `/v1/`.
fn call_with(sandbox: &Sandbox, key: &str, path: &str, body: &str) -> RequestBuilder {
    let url = format!("{}/heleket/v1/{path}", sandbox.base);
    sandbox
        .http
        .post(url)
        .header("merchant", "5a9d0c1e-0000-4000-8000-000000000001")
        .header("sign", sign_heleket(key, body.as_bytes()))
        .header("content-type", "application/json")
        .body(body.to_owned())
}

async fn call(sandbox: &Sandbox, path: &str, body: &Value) -> (u16, Value) {
    let response = call_with(sandbox, KEY, path, &body.to_string()).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

fn invoice(order_id: &str, receiver: &Receiver) -> Value {
    json!({
        "amount": "20", "currency": "USD", "order_id": order_id, "url_callback": receiver.url,
        "url_success": "https://shop.test/ok", "additional_data": "a/b",
    })
}

async fn create(sandbox: &Sandbox, order_id: &str, receiver: &Receiver) -> Value {
    let (status, answer) = call(sandbox, "payment", &invoice(order_id, receiver)).await;
    assert_eq!((status, &answer["state"]), (200, &json!(0)), "{answer}");
    answer["result"].clone()
}

async fn info(sandbox: &Sandbox, order_id: &str) -> Value {
    let (status, answer) = call(sandbox, "payment/info", &json!({ "order_id": order_id })).await;
    assert_eq!(status, 200, "{answer}");
    answer["result"].clone()
}

async fn truth(sandbox: &Sandbox, order_id: &str) -> Value {
    let url = format!("{}/control/heleket/truth", sandbox.base);
    let truth: Value = sandbox.http.get(url).send().await.unwrap().json().await.unwrap();
    let orders = truth["orders"].as_array().unwrap();
    orders.iter().find(|order| order["order_id"] == order_id).unwrap().clone()
}

/// A sandbox whose callbacks are repeated without delay.
async fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start().await;
    sandbox.control("heleket", json!({ "callback_retry_ms": 1 })).await;
    sandbox
}

/// The text before the signature, which is the last member, and the signature.
fn cut(letter: &Received) -> (String, String) {
    let body = std::str::from_utf8(&letter.body).unwrap();
    let (head, tail) = body.rsplit_once(",\"sign\":\"").unwrap();
    (format!("{head}}}"), tail.strip_suffix("\"}").unwrap().to_owned())
}

fn is_signed(letter: &Received, key: &str) -> bool {
    let (text, sign) = cut(letter);
    sign == sign_heleket(key, text.as_bytes())
}

/// The states the next callbacks tell of; each has to be genuine.
async fn states<const N: usize>(receiver: &mut Receiver) -> [String; N] {
    let mut states = Vec::new();
    for _ in 0..N {
        let letter = receiver.next().await;
        assert!(is_signed(&letter, KEY));
        states.push(letter.json()["status"].as_str().unwrap().to_owned());
    }
    states.try_into().unwrap()
}
