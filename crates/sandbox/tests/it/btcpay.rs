mod webhook;

use reqwest::{Method, RequestBuilder};
use sandbox::{BtcpayConfig, Config};
use serde_json::{Value, json};

use crate::support::{Receiver, Sandbox};

async fn wired(receiver: &Receiver) -> Sandbox {
    let btcpay =
        BtcpayConfig { webhook_url: Some(receiver.url.clone()), ..BtcpayConfig::default() };
    let sandbox = Sandbox::with(Config { btcpay, ..Config::default() }).await;
    sandbox.control("btcpay", json!({ "second_ms": 0 })).await;
    sandbox
}

/// A call with the right key to the right store.
fn request(sandbox: &Sandbox, method: Method, path: &str) -> RequestBuilder {
    let url = format!("{}/btcpay/api/v1/stores/SandboxStore/{path}", sandbox.base);
    sandbox.http.request(method, url).header("authorization", "token btcpay_sandbox")
}

async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn get(sandbox: &Sandbox, path: &str) -> Value {
    let (status, object) = answer(request(sandbox, Method::GET, path)).await;
    assert_eq!(status, 200, "{path}: {object}");
    object
}

async fn post(sandbox: &Sandbox, path: &str, body: &Value) -> (u16, Value) {
    answer(request(sandbox, Method::POST, path).json(body)).await
}

/// What a shop asks for.
fn wanted(order: &str) -> Value {
    json!({
        "amount": "25.00",
        "currency": "USD",
        "metadata": { "orderId": order, "itemDesc": "Balance top-up" },
        "checkout": {
            "speedPolicy": "MediumSpeed",
            "expirationMinutes": 30,
            "monitoringMinutes": 1440,
            "paymentMethods": ["BTC-CHAIN", "BTC-LN"],
            "paymentTolerance": 0,
            "redirectURL": "https://shop.test/topups/top_01",
            "redirectAutomatically": true,
        },
        "additionalSearchTerms": ["user_42"],
    })
}

/// Opens an invoice and returns its id.
async fn invoice(sandbox: &Sandbox, order: &str) -> String {
    let (status, created) = post(sandbox, "invoices", &wanted(order)).await;
    assert_eq!(status, 200, "{created}");
    created["id"].as_str().unwrap().to_owned()
}

/// Lets a control act on an invoice; its state afterwards, and the types of the events.
async fn act(sandbox: &Sandbox, path: &str, mut body: Value, id: &str) -> (String, Vec<String>) {
    body["invoice_id"] = json!(id);
    let answer = sandbox.control(&format!("btcpay/{path}"), body).await;
    let invoice = &answer["invoice"];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let state = format!("{}/{}", text(&invoice["status"]), text(&invoice["additionalStatus"]));
    let events = answer["events"].as_array().unwrap().iter();
    (state, events.map(|event| text(&event["type"])).collect())
}

async fn order(sandbox: &Sandbox, order: &str) -> Value {
    sandbox.truth("btcpay", order).await
}

#[tokio::test]
async fn opens_and_finds_invoices() {
    let sandbox = Sandbox::start().await;
    let (status, created) = post(&sandbox, "invoices", &wanted("top_01")).await;
    assert_eq!(status, 200, "{created}");
    let id = created["id"].as_str().unwrap();
    for (field, value) in [
        ("storeId", json!("SandboxStore")),
        ("amount", json!("25.00")),
        ("paidAmount", json!("0")),
        ("currency", json!("USD")),
        ("type", json!("Standard")),
        ("status", json!("New")),
        ("additionalStatus", json!("None")),
        ("checkoutLink", json!(format!("{}/i/{id}", sandbox.base))),
        ("metadata", json!({ "orderId": "top_01", "itemDesc": "Balance top-up" })),
    ] {
        assert_eq!(created[field], value, "{field}");
    }
    let seconds = |field: &str| created[field].as_i64().unwrap();
    assert_eq!(seconds("expirationTime") - seconds("createdTime"), 30 * 60);
    assert_eq!(seconds("monitoringExpiration") - seconds("expirationTime"), 24 * 3600);
    assert_eq!(get(&sandbox, &format!("invoices/{id}")).await, created);

    // The same document again makes another invoice, so one has to look first.
    let again = invoice(&sandbox, "top_01").await;
    invoice(&sandbox, "top_02").await;
    let found = get(&sandbox, "invoices?orderId=top_01").await;
    let found: Vec<_> = found.as_array().unwrap().iter().map(|it| it["id"].clone()).collect();
    assert_eq!(found, [json!(again), json!(id)]);
    assert_eq!(get(&sandbox, "invoices?orderId=top_99").await, json!([]));
    assert_eq!(get(&sandbox, "invoices?orderId=top_01&orderId=top_02").await[2]["id"], id);
    assert_eq!(get(&sandbox, "invoices?skip=1&take=1").await[0]["id"], again);
    assert_eq!(get(&sandbox, "invoices?status=Settled").await, json!([]));
    assert_eq!(get(&sandbox, "invoices?endDate=1").await, json!([]));
}

#[tokio::test]
async fn refuses_what_the_server_would_not_take() {
    let sandbox = Sandbox::start().await;
    for (member, value) in [
        ("amount", json!("-1")),
        ("amount", json!("ten")),
        ("currency", json!("XXX")),
        ("colour", json!("red")),
        ("checkout", json!({ "paymentMethods": ["BTC"] })),
        ("checkout", json!({ "expirationMinutes": 0 })),
        ("checkout", json!({ "paymentTolerance": 101 })),
        ("checkout", json!({ "speedPolicy": "Fast" })),
    ] {
        let mut document = wanted("top_01");
        document[member] = value;
        let (status, refused) = post(&sandbox, "invoices", &document).await;
        assert_eq!(status, 400, "{member}: {refused}");
        assert!(refused[0]["message"].is_string() && refused[0]["path"].is_string());
    }
    let text = request(&sandbox, Method::POST, "invoices").body("amount=1");
    assert_eq!(answer(text).await.0, 400);
    for (path, key, expected) in [
        ("stores/SandboxStore/invoices", "token other", (401, "unauthenticated")),
        ("stores/SandboxStore/invoices", "Bearer btcpay_sandbox", (401, "unauthenticated")),
        ("stores/Another/invoices", "token btcpay_sandbox", (403, "missing-permission")),
        ("stores/SandboxStore/invoices/x", "token btcpay_sandbox", (404, "invoice-not-found")),
        ("stores/SandboxStore/rates", "token btcpay_sandbox", (404, "not-found")),
        ("pull-payments/x", "token btcpay_sandbox", (404, "pullpayment-not-found")),
    ] {
        let url = format!("{}/btcpay/api/v1/{path}", sandbox.base);
        let (status, refused) = answer(sandbox.http.get(url).header("authorization", key)).await;
        assert_eq!((status, refused["code"].as_str().unwrap()), expected, "{path}");
    }
    sandbox.control("btcpay", json!({ "keys": ["new", "btcpay_sandbox"] })).await;
    get(&sandbox, "invoices").await;
    assert_eq!(order(&sandbox, "top_01").await, json!(null));
}

#[tokio::test]
async fn confirms_what_was_paid_before_it_settles() {
    let sandbox = Sandbox::start().await;
    let id = invoice(&sandbox, "top_01").await;
    let (state, events) = act(&sandbox, "pay", json!({ "unconfirmed": true }), &id).await;
    assert_eq!(state, "Processing/None");
    assert_eq!(events, ["InvoiceReceivedPayment", "InvoiceProcessing"]);
    let methods = get(&sandbox, &format!("invoices/{id}/payment-methods")).await;
    let chain = &methods[0];
    assert_eq!(
        [&chain["paymentMethodId"], &chain["rate"], &chain["due"], &chain["amount"]],
        [&json!("BTC-CHAIN"), &json!("61234.57"), &json!("0.00000000"), &json!("0.00040827")]
    );
    let payment = &chain["payments"][0];
    assert_eq!(
        [&payment["value"], &payment["status"]],
        [&json!("0.00040827"), &json!("Processing")]
    );
    assert_eq!(methods[1]["payments"], json!([]));
    let pending = order(&sandbox, "top_01").await;
    assert_eq!([&pending["paid"], &pending["unconfirmed"]], [&json!("0"), &json!("25.0002378939")]);

    let (state, events) = act(&sandbox, "confirm", json!({}), &id).await;
    assert_eq!(state, "Settled/None");
    assert_eq!(events, ["InvoicePaymentSettled", "InvoiceSettled"]);
    // Coins come in whole satoshis: a little more than asked for, which is no excess.
    let settled = get(&sandbox, &format!("invoices/{id}")).await;
    assert_eq!(settled["paidAmount"], "25.0002378939");
    let paid = order(&sandbox, "top_01").await;
    assert_eq!(
        [&paid["amount"], &paid["paid"], &paid["refunded"]],
        [&json!("25.00"), &json!("25.0002378939"), &json!("0")]
    );
}

#[tokio::test]
async fn falls_back_when_a_payment_is_spent_twice() {
    let sandbox = Sandbox::start().await;
    let id = invoice(&sandbox, "top_01").await;
    act(&sandbox, "pay", json!({ "unconfirmed": true }), &id).await;
    let (state, events) = act(&sandbox, "double_spend", json!({}), &id).await;
    assert_eq!((state.as_str(), events.len()), ("New/None", 0));
    let path = format!("invoices/{id}/payment-methods");
    assert_eq!(get(&sandbox, &path).await[0]["payments"], json!([]));
    let all = get(&sandbox, &format!("{path}?onlyAccountedPayments=false")).await;
    assert_eq!(all[0]["payments"][0]["status"], "Invalid");
    let lightning = json!({ "method": "BTC-LN", "unconfirmed": true });
    assert_eq!(act(&sandbox, "pay", lightning, &id).await.0, "Settled/None");
    assert_eq!(sandbox.try_control("btcpay/confirm", json!({ "invoice_id": id })).await.0, 409);

    // Nobody mines it: the server stops looking.
    let stuck = invoice(&sandbox, "top_02").await;
    act(&sandbox, "pay", json!({ "unconfirmed": true }), &stuck).await;
    sandbox.advance(30 * 60).await;
    assert_eq!(get(&sandbox, &format!("invoices/{stuck}")).await["status"], "Processing");
    sandbox.advance(24 * 3600).await;
    assert_eq!(get(&sandbox, &format!("invoices/{stuck}")).await["status"], "Invalid");
    let stopped = invoice(&sandbox, "top_03").await;
    act(&sandbox, "pay", json!({ "unconfirmed": true }), &stopped).await;
    let (state, events) = act(&sandbox, "stop_watching", json!({}), &stopped).await;
    assert_eq!((state.as_str(), events), ("Invalid/None", vec!["InvoiceInvalid".to_owned()]));
}

#[tokio::test]
async fn takes_too_little_too_much_and_twice() {
    let sandbox = Sandbox::start().await;
    let less = invoice(&sandbox, "less").await;
    assert_eq!(act(&sandbox, "pay", json!({ "kind": "under" }), &less).await.0, "New/PaidPartial");
    let rest = act(&sandbox, "pay", json!({}), &less).await;
    assert_eq!(rest.0, "Settled/None");
    assert_eq!(get(&sandbox, &format!("invoices/{less}")).await["paidAmount"], "25.0002378939");

    let more = invoice(&sandbox, "more").await;
    let (state, events) = act(&sandbox, "pay", json!({ "kind": "over" }), &more).await;
    assert_eq!(state, "Settled/PaidOver");
    assert_eq!(events[1..], ["InvoiceProcessing", "InvoicePaymentSettled", "InvoiceSettled"]);
    assert_eq!(order(&sandbox, "more").await["paid"], "27.5004453870");

    let twice = invoice(&sandbox, "twice").await;
    let second = json!({ "kind": "second", "invoice_id": twice });
    assert_eq!(sandbox.try_control("btcpay/pay", second).await.0, 409);
    act(&sandbox, "pay", json!({}), &twice).await;
    let (state, events) = act(&sandbox, "pay", json!({ "kind": "second" }), &twice).await;
    assert_eq!(state, "Settled/None");
    assert_eq!(events, ["InvoiceReceivedPayment", "InvoicePaymentSettled"]);
    assert_eq!(get(&sandbox, &format!("invoices/{twice}")).await["paidAmount"], "50.0004757878");
    let own = json!({ "value": "0.00000001" });
    act(&sandbox, "pay", own, &twice).await;
    assert_eq!(order(&sandbox, "twice").await["paid"], "50.0010881335");
}

#[tokio::test]
async fn never_settles_by_itself_what_came_late() {
    let sandbox = Sandbox::start().await;
    let late = invoice(&sandbox, "late").await;
    let (state, events) = act(&sandbox, "pay", json!({ "kind": "late" }), &late).await;
    assert_eq!(state, "Expired/PaidLate");
    assert_eq!(
        events,
        [
            "InvoiceExpired",
            "InvoiceReceivedPayment",
            "InvoicePaidAfterExpiration",
            "InvoicePaymentSettled"
        ]
    );
    assert_eq!(order(&sandbox, "late").await["paid"], "25.0002378939");
    let (status, marked) =
        post(&sandbox, &format!("invoices/{late}/status"), &json!({ "status": "Settled" })).await;
    assert_eq!((status, &marked["additionalStatus"]), (200, &json!("Marked")));

    let part = invoice(&sandbox, "part").await;
    act(&sandbox, "pay", json!({ "kind": "under" }), &part).await;
    let (state, events) = act(&sandbox, "expire", json!({}), &part).await;
    assert_eq!(state, "Expired/PaidPartial");
    assert_eq!(events, ["InvoiceExpired", "InvoiceExpiredPaidPartial"]);
    assert_eq!(act(&sandbox, "pay", json!({}), &part).await.0, "Expired/PaidLate");

    let none = invoice(&sandbox, "none").await;
    sandbox.advance(30 * 60).await;
    assert_eq!(get(&sandbox, &format!("invoices/{none}")).await["status"], "Expired");
    let (state, events) = act(&sandbox, "invalidate", json!({}), &none).await;
    assert_eq!((state.as_str(), events), ("Invalid/Marked", vec!["InvoiceInvalid".to_owned()]));
    let again = json!({ "status": "Invalid" });
    assert_eq!(post(&sandbox, &format!("invoices/{none}/status"), &again).await.0, 400);
}

#[tokio::test]
async fn puts_refunds_aside_until_they_are_claimed() {
    let sandbox = Sandbox::start().await;
    let id = invoice(&sandbox, "top_01").await;
    let path = format!("invoices/{id}/refund");
    let custom = json!({
        "refundVariant": "Custom", "customAmount": "10.00", "customCurrency": "USD",
        "name": "back_01", "description": "asked for", "payoutMethodId": "BTC-CHAIN",
    });
    let (status, refused) = post(&sandbox, &path, &custom).await;
    assert_eq!((status, &refused["code"]), (400, &json!("non-refundable")));
    act(&sandbox, "pay", json!({ "kind": "over" }), &id).await;
    let (status, pull) = post(&sandbox, &path, &custom).await;
    assert_eq!(status, 200, "{pull}");
    assert_eq!(
        [&pull["amount"], &pull["currency"], &pull["name"]],
        [&json!("10.00"), &json!("USD"), &json!("back_01")]
    );
    for (variant, amount, currency) in [
        ("RateThen", "0.00044910", "BTC"),
        ("Fiat", "27.50", "USD"),
        ("OverpaidAmount", "0.00004083", "BTC"),
    ] {
        let (_, pull) = post(&sandbox, &path, &json!({ "refundVariant": variant })).await;
        let got = [&pull["amount"], &pull["currency"]];
        assert_eq!(got, [&json!(amount), &json!(currency)], "{variant}");
    }
    let nothing = json!({ "refundVariant": "Custom" });
    assert_eq!(post(&sandbox, &path, &nothing).await.0, 400);
    let all = get(&sandbox, "pull-payments?includeArchived=true").await;
    assert_eq!((all.as_array().unwrap().len(), &all[3]["name"]), (4, &json!("back_01")));

    let pull_id = pull["id"].as_str().unwrap();
    let public = format!("{}/btcpay/api/v1/pull-payments/{pull_id}", sandbox.base);
    let payouts = format!("{public}/payouts");
    assert_eq!(answer(sandbox.http.get(&payouts)).await.1, json!([]));
    let claim = json!({ "pull_payment_id": pull_id });
    let waiting = json!({ "pull_payment_id": pull_id, "state": "AwaitingPayment" });
    sandbox.control("btcpay/claim", waiting).await;
    assert_eq!(answer(sandbox.http.get(&payouts)).await.1[0]["state"], "AwaitingPayment");
    assert_eq!(order(&sandbox, "top_01").await["refunded"], "0");
    sandbox.control("btcpay/claim", claim.clone()).await;
    assert_eq!(sandbox.try_control("btcpay/claim", claim.clone()).await.0, 409);
    assert_eq!(answer(sandbox.http.get(&payouts)).await.1[0]["state"], "Completed");
    assert_eq!(answer(sandbox.http.get(&public)).await.1, pull);
    assert_eq!(order(&sandbox, "top_01").await["refunded"], "10.00");
    assert_eq!(sandbox.try_control("btcpay/archive", claim).await.0, 409);
    for other in [0, 1, 2] {
        let withdrawn = json!({ "pull_payment_id": all[other]["id"] });
        sandbox.control("btcpay/archive", withdrawn).await;
    }
    assert_eq!(get(&sandbox, "pull-payments?includeArchived=true").await[0]["archived"], true);
    assert_eq!(get(&sandbox, "pull-payments").await, json!([pull]));
    let left = order(&sandbox, "top_01").await;
    assert_eq!([&left["refunded"], &left["promised"]], [&json!("10.00"), &json!("0")]);
}

#[tokio::test]
async fn loses_the_reply_to_what_it_has_done() {
    let sandbox = Sandbox::start().await;
    for fault in ["drop_after_commit", "http_500_after_commit", "garbage_after_commit"] {
        let faults = json!({ "only": "create", fault: true, "remaining": 1 });
        sandbox.control("btcpay", json!({ "faults": faults })).await;
        assert_eq!(get(&sandbox, &format!("invoices?orderId={fault}")).await, json!([]));
        let sent = request(&sandbox, Method::POST, "invoices").json(&wanted(fault)).send().await;
        let useful = match sent {
            Ok(response) => response.status() == 200 && response.json::<Value>().await.is_ok(),
            Err(_) => false,
        };
        assert!(!useful, "{fault}");
        let found = get(&sandbox, &format!("invoices?orderId={fault}")).await;
        assert_eq!(found.as_array().unwrap().len(), 1, "{fault}");
    }
    sandbox.control("btcpay", json!({ "faults": { "http_500": true, "remaining": 1 } })).await;
    assert_eq!(post(&sandbox, "invoices", &wanted("not done")).await.0, 500);
    assert_eq!(get(&sandbox, "invoices?orderId=not%20done").await, json!([]));
}

#[tokio::test]
async fn pays_through_the_page_of_the_invoice() {
    let sandbox = Sandbox::start().await;
    let id = invoice(&sandbox, "top_01").await;
    let url = format!("{}/i/{id}", sandbox.base);
    let page = sandbox.http.get(&url).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("0.00040827 BTC due for USD 25.00, New"), "{page}");
    let browser = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let paid = browser.post(&url).send().await.unwrap();
    assert_eq!(paid.headers()["location"], "https://shop.test/topups/top_01");
    assert_eq!(get(&sandbox, &format!("invoices/{id}")).await["status"], "Settled");
    assert_eq!(browser.post(&url).send().await.unwrap().status(), 409);
}
