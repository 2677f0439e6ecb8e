mod callbacks;
mod calls;

use std::collections::BTreeMap;

use reqwest::RequestBuilder;
use sandbox::{DuitkuAlgorithm, sign_duitku};
use serde_json::{Value, json};

use crate::support::{Received, Receiver, Sandbox};

const MERCHANT: &str = "DSANDBOX";
const KEY: &str = "duitku_sandbox";
const MD5: DuitkuAlgorithm = DuitkuAlgorithm::Md5;

/// `path` follows `/webapi/api/merchant/`.
fn post(sandbox: &Sandbox, path: &str, body: &Value) -> RequestBuilder {
    let url = format!("{}/duitku/webapi/api/merchant/{path}", sandbox.base);
    sandbox.http.post(url).json(body)
}

async fn call(sandbox: &Sandbox, path: &str, body: &Value) -> (u16, Value) {
    let response = post(sandbox, path, body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

fn inquiry(order_id: &str, receiver: &Receiver) -> Value {
    json!({
        "merchantCode": MERCHANT, "paymentAmount": 25_000, "paymentMethod": "SP",
        "merchantOrderId": order_id, "productDetails": "Balance top-up & more",
        "email": "buyer@shop.test", "callbackUrl": receiver.url,
        "returnUrl": "https://shop.test/back?a=1", "expiryPeriod": 60,
        "signature": sign_duitku(MD5, KEY, &[MERCHANT, order_id, "25000"]),
    })
}

async fn open(sandbox: &Sandbox, order_id: &str, receiver: &Receiver) -> Value {
    let (status, answer) = call(sandbox, "v2/inquiry", &inquiry(order_id, receiver)).await;
    assert_eq!((status, &answer["statusCode"]), (200, &json!("00")), "{answer}");
    answer
}

fn question(order_id: &str) -> Value {
    let signature = sign_duitku(MD5, KEY, &[MERCHANT, order_id]);
    json!({ "merchantCode": MERCHANT, "merchantOrderId": order_id, "signature": signature })
}

async fn code(sandbox: &Sandbox, order_id: &str) -> String {
    let (status, answer) = call(sandbox, "transactionStatus", &question(order_id)).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["merchantOrderId"], order_id);
    answer["statusCode"].as_str().unwrap().to_owned()
}

async fn truth(sandbox: &Sandbox, order_id: &str) -> Vec<Value> {
    let url = format!("{}/control/duitku/truth", sandbox.base);
    let truth: Value = sandbox.http.get(url).send().await.unwrap().json().await.unwrap();
    let orders = truth["orders"].as_array().unwrap().iter();
    orders.filter(|order| order["order_id"] == order_id).cloned().collect()
}

async fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start().await;
    sandbox.control("duitku", json!({ "callback_retry_ms": 1 })).await;
    sandbox
}

fn form(letter: &Received) -> BTreeMap<String, String> {
    assert_eq!(letter.headers["content-type"], "application/x-www-form-urlencoded");
    url::form_urlencoded::parse(&letter.body).into_owned().collect()
}

fn is_signed(form: &BTreeMap<String, String>, algorithm: DuitkuAlgorithm, key: &str) -> bool {
    let parts = ["merchantCode", "amount", "merchantOrderId"].map(|name| &*form[name]);
    form["signature"] == sign_duitku(algorithm, key, &parts)
}

/// The result in the next callback, which has to be genuine.
async fn result(receiver: &mut Receiver) -> String {
    let form = form(&receiver.next().await);
    assert!(is_signed(&form, MD5, KEY));
    form["resultCode"].clone()
}
