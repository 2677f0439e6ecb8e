use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::support::Sandbox;

async fn json_of(sandbox: &Sandbox, query: &str) -> Value {
    serde_json::from_str(&sandbox.ask(query).await).unwrap()
}

async fn receive(sandbox: &Sandbox, id: u64, code: &str) {
    let text = format!("Your code is {code}");
    sandbox.control("sms", json!({ "activation_id": id, "text": text })).await;
}

#[tokio::test]
async fn answers_tokens_without_a_newline() {
    let sandbox = Sandbox::start().await;
    let reply = sandbox.request("getBalance").send().await.unwrap();
    assert_eq!(reply.headers()[CONTENT_TYPE], "text/plain; charset=utf-8");
    assert_eq!(reply.headers()["content-length"], "23");
    assert_eq!(reply.bytes().await.unwrap(), "ACCESS_BALANCE:10000.00");
}

#[tokio::test]
async fn refuses_wrong_keys_and_actions() {
    let sandbox = Sandbox::start().await;
    let url = format!("{}/p/beta/stubs/handler_api.php", sandbox.base);
    for (query, token) in [
        ("", "NO_KEY"),
        ("?action=getBalance", "NO_KEY"),
        ("?api_key=key-alpha&action=getBalance", "BAD_KEY"),
        ("?api_key=key-beta", "BAD_ACTION"),
        ("?api_key=key-beta&action=getbalance", "BAD_ACTION"),
        ("?api_key=key-beta&action=getBalance", "ACCESS_BALANCE:10000.00"),
    ] {
        let reply = sandbox.http.get(format!("{url}{query}")).send().await.unwrap();
        assert_eq!(reply.status(), 200);
        assert_eq!(reply.text().await.unwrap(), token, "{query}");
    }
}

#[tokio::test]
async fn takes_parameters_from_query_and_form() {
    let sandbox = Sandbox::start().await;
    let url = format!("{}/p/alpha/stubs/handler_api.php", sandbox.base);
    let in_form =
        sandbox.http.post(&url).form(&[("api_key", "key-alpha"), ("action", "getBalance")]);
    let with_stream = sandbox
        .http
        .post(format!("{url}?api_key=key-alpha&action+=getBalance"))
        .header(CONTENT_TYPE, "application/octet-stream");
    for request in [in_form, with_stream] {
        let reply = request.send().await.unwrap().text().await.unwrap();
        assert_eq!(reply, "ACCESS_BALANCE:10000.00");
    }
}

#[tokio::test]
async fn sells_numbers_and_charges_for_them() {
    let sandbox = Sandbox::start().await;
    let prices = json_of(&sandbox, "getPrices&service=wa&country=6").await;
    let (cost, count) = (&prices["6"]["wa"]["cost"], prices["6"]["wa"]["count"].as_u64().unwrap());
    let reply = sandbox.ask("getNumber&service=wa&country=6").await;
    let [token, id, phone] = reply.split(':').collect::<Vec<_>>().try_into().unwrap();
    assert_eq!(token, "ACCESS_NUMBER");
    assert!(id.parse::<i32>().unwrap() > 0);
    assert!(phone.starts_with("628") && phone.len() == 12, "{phone}");
    let alpha = sandbox.alpha().await;
    assert_eq!(&alpha["charged_usd"], cost);
    assert_eq!(&alpha["activations"][0]["cost_usd"], cost);
    assert_eq!(alpha["activations"][0]["phone"], phone);
    let after = json_of(&sandbox, "getNumbersStatus&country=6").await;
    assert_eq!(after["wa"], count - 1);
}

#[tokio::test]
async fn prints_the_second_purchase_reply_as_documented() {
    let sandbox = Sandbox::start().await;
    let query = "getNumberV2&service=tg&country=2&operator=foo,tele2&orderId=o-1";
    let reply = sandbox.ask(query).await;
    let sold = &sandbox.alpha().await["activations"][0];
    let time = sold["created_at"].as_str().unwrap().replace('T', " ");
    let expected = format!(
        "{{\"activationId\":{},\"phoneNumber\":{},\"activationCost\":{},\"currency\":840,\
         \"countryCode\":\"2\",\"canGetAnotherSms\":\"1\",\"activationTime\":\"{}\",\
         \"activationOperator\":\"tele2\"}}",
        sold["id"],
        sold["phone"],
        sold["cost_usd"],
        &time[..19],
    );
    assert_eq!(reply, expected);
    assert_eq!(sandbox.ask(query).await, "ORDER_ALREADY_EXISTS");
    assert_eq!(sandbox.alpha().await["activations"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn refuses_purchases_with_the_documented_tokens() {
    let sandbox = Sandbox::start().await;
    let cost = json_of(&sandbox, "getPrices").await["0"]["wa"]["cost"].as_f64().unwrap();
    assert_eq!(sandbox.ask("getNumber&country=6").await, "BAD_SERVICE");
    assert_eq!(sandbox.ask("getNumber&service=zz&country=6").await, "BAD_SERVICE");
    assert_eq!(sandbox.ask("getNumber&service=wa&country=5").await, "NO_NUMBERS");
    assert_eq!(
        sandbox.ask("getNumber&service=wa&country=0&maxPrice=0.01").await,
        format!("WRONG_MAX_PRICE:{cost:.2}")
    );
    sandbox.control("providers/alpha", json!({ "balance_usd": 0.01 })).await;
    assert_eq!(sandbox.ask("getNumber&service=wa").await, "NO_BALANCE");
    sandbox.control("providers/alpha", json!({ "balance_usd": 5, "stock": 1 })).await;
    let exact = format!("getNumber&service=wa&country=0&maxPrice={cost}");
    assert!(sandbox.ask(&exact).await.starts_with("ACCESS_NUMBER:"));
    assert_eq!(sandbox.ask(&exact).await, "NO_NUMBERS");
}

#[tokio::test]
async fn walks_from_the_first_code_to_the_end() {
    let sandbox = Sandbox::start().await;
    let id = sandbox.buy().await;
    let status = format!("getStatus&id={id}");
    let set = |wanted: &str| format!("setStatus&id={id}&status={wanted}");
    assert_eq!(sandbox.ask(&status).await, "STATUS_WAIT_CODE");
    assert_eq!(sandbox.ask(&set("1")).await, "ACCESS_READY");
    assert_eq!(sandbox.ask(&set("3")).await, "BAD_STATUS");
    receive(&sandbox, id, "12345").await;
    assert_eq!(sandbox.ask(&status).await, "STATUS_OK:12345");
    assert_eq!(sandbox.ask(&set("8")).await, "BAD_STATUS");
    assert_eq!(sandbox.ask(&set("3")).await, "ACCESS_RETRY_GET");
    assert_eq!(sandbox.ask(&status).await, "STATUS_WAIT_RETRY:12345");
    receive(&sandbox, id, "67890").await;
    assert_eq!(sandbox.ask(&status).await, "STATUS_OK:67890");
    let full = format!("getFullSms&id={id}");
    assert_eq!(sandbox.ask(&full).await, "FULL_SMS:Your code is 67890");
    assert_eq!(sandbox.ask(&set("6")).await, "ACCESS_ACTIVATION");
    assert_eq!(sandbox.ask(&set("6")).await, "ACCESS_ACTIVATION");
    assert_eq!(sandbox.ask(&set("8")).await, "BAD_STATUS");
    assert_eq!(sandbox.ask(&status).await, "STATUS_CANCEL");
    let alpha = sandbox.alpha().await;
    assert_eq!(alpha["refunded_usd"], 0.0);
    assert_eq!(alpha["activations"][0]["status"], "FINISHED");
}

#[tokio::test]
async fn refuses_early_cancellation_and_refunds_a_later_one_once() {
    let sandbox = Sandbox::start().await;
    let id = sandbox.buy().await;
    let cancel = format!("setStatus&id={id}&status=8");
    assert_eq!(sandbox.ask(&cancel).await, "EARLY_CANCEL_DENIED");
    assert_eq!(sandbox.ask(&format!("setStatus&id={id}&status=6")).await, "EARLY_CANCEL_DENIED");
    sandbox.advance(119).await;
    assert_eq!(sandbox.ask(&cancel).await, "EARLY_CANCEL_DENIED");
    sandbox.advance(1).await;
    assert_eq!(sandbox.ask(&cancel).await, "ACCESS_CANCEL");
    assert_eq!(sandbox.ask(&format!("setStatus&id={id}&status=-1")).await, "ACCESS_CANCEL");
    assert_eq!(sandbox.ask(&format!("getStatus&id={id}")).await, "STATUS_CANCEL");
    let alpha = sandbox.alpha().await;
    assert_eq!(alpha["refunded_usd"], alpha["charged_usd"]);
    assert_eq!(alpha["balance_usd"], 10000.0);
    let (status, answer) =
        sandbox.try_control("sms", json!({ "activation_id": id, "text": "code 1234" })).await;
    assert_eq!((status, answer), (409, json!({ "error": "the activation has ended" })));
}

#[tokio::test]
async fn expires_with_refund_unless_a_code_came() {
    let sandbox = Sandbox::start().await;
    let (silent, served) = (sandbox.buy().await, sandbox.buy().await);
    receive(&sandbox, served, "12345").await;
    sandbox.advance(1199).await;
    assert_eq!(sandbox.ask(&format!("getStatus&id={silent}")).await, "STATUS_WAIT_CODE");
    sandbox.advance(1).await;
    assert_eq!(sandbox.ask(&format!("getStatus&id={silent}")).await, "STATUS_CANCEL");
    let alpha = sandbox.alpha().await;
    assert_eq!(alpha["activations"][0]["status"], "FINISHED");
    assert_eq!(alpha["activations"][1]["status"], "EXPIRED");
    assert_eq!(alpha["refunded_usd"], alpha["activations"][1]["cost_usd"]);
}

#[tokio::test]
async fn refuses_unknown_activations_and_statuses() {
    let sandbox = Sandbox::start().await;
    let id = sandbox.buy().await;
    for (query, token) in [
        ("getStatus".to_owned(), "WRONG_ACTIVATION_ID"),
        ("getStatus&id=abc".to_owned(), "WRONG_ACTIVATION_ID"),
        ("getStatus&id=5".to_owned(), "NO_ACTIVATION"),
        ("getStatus&id=99999999999999".to_owned(), "NO_ACTIVATION"),
        ("setStatus&id=5&status=8".to_owned(), "NO_ACTIVATION"),
        (format!("setStatus&id={id}&status=2"), "BAD_STATUS"),
        (format!("setStatus&id={id}"), "BAD_STATUS"),
    ] {
        assert_eq!(sandbox.ask(&query).await, token, "{query}");
    }
}

#[tokio::test]
async fn lists_active_and_past_activations() {
    let sandbox = Sandbox::start().await;
    assert_eq!(sandbox.ask("getActiveActivations").await, "NO_ACTIVATIONS");
    let (first, second) = (sandbox.buy().await, sandbox.buy().await);
    receive(&sandbox, first, "12345").await;
    let active = json_of(&sandbox, "getActiveActivations").await;
    let rows = active["activeActivations"].as_array().unwrap();
    assert_eq!(active["status"], "success");
    assert_eq!(rows[0]["activationId"], second.to_string());
    assert_eq!((&rows[0]["smsCode"], &rows[0]["activationStatus"]), (&Value::Null, &json!("4")));
    assert_eq!(rows[1]["smsCode"], json!(["12345"]));
    assert_eq!(rows[1]["activationStatus"], "2");
    assert_eq!(rows[1]["countryName"], "Indonesia");

    sandbox.ask(&format!("setStatus&id={first}&status=6")).await;
    let active = json_of(&sandbox, "getActiveActivations").await;
    assert_eq!(active["activeActivations"].as_array().unwrap().len(), 1);
    let history = json_of(&sandbox, "getHistory").await;
    assert_eq!(history[0]["cost"], 0.0);
    assert_eq!(
        (&history[1]["status"], &history[1]["sms"]),
        (&json!("6"), &json!("Your code is 12345"))
    );
    assert!(history[1]["cost"].as_f64().unwrap() > 0.0);
    assert_eq!(sandbox.ask("getHistory&limit=1&offset=2").await, "[]");
    assert_eq!(sandbox.ask("getHistory&start=2&end=1").await, "WRONG_DATE");
    assert_eq!(sandbox.ask("getHistory&start=x").await, "WRONG_DATE");
}

#[tokio::test]
async fn shows_the_message_in_the_second_status_reply() {
    let sandbox = Sandbox::start().await;
    let id = sandbox.buy().await;
    let query = format!("getStatusV2&id={id}");
    assert_eq!(sandbox.ask(&query).await, r#"{"verificationType":0,"sms":null,"call":null}"#);
    receive(&sandbox, id, "12345").await;
    let status = json_of(&sandbox, &query).await;
    assert_eq!(status["sms"]["code"], "12345");
    assert_eq!(status["sms"]["text"], "Your code is 12345");
    assert_eq!(status["sms"]["dateTime"].as_str().unwrap().len(), 19);
}

#[tokio::test]
async fn describes_its_catalogue() {
    let sandbox = Sandbox::start().await;
    let countries = json_of(&sandbox, "getCountries").await;
    assert_eq!(countries.as_object().unwrap().len(), 8);
    assert_eq!(
        countries["187"],
        json!({ "id": 187, "rus": "США", "eng": "USA", "chn": "美国", "visible": 1, "retry": 1,
                "rent": 0, "multiService": 0 })
    );
    let services = json_of(&sandbox, "getServicesList").await;
    assert_eq!(services["status"], "success");
    assert_eq!(services["services"][0], json!({ "code": "wa", "name": "WhatsApp" }));
    assert_eq!(
        sandbox.ask("getOperators&country=43").await,
        r#"{"status":"success","countryOperators":{"43":["telekom","vodafone"]}}"#
    );
    assert_eq!(sandbox.ask("getOperators&country=1").await, "OPERATORS_NOT_FOUND");
    assert_eq!(sandbox.ask("getPrices&service=zz").await, "{}");
}

#[tokio::test]
async fn repeats_itself_for_the_same_seed() {
    let (one, two) = (Sandbox::start().await, Sandbox::start().await);
    let query = "getNumber&service=am&country=22";
    let first = one.ask(query).await;
    assert_eq!(first, two.ask(query).await);
    assert_eq!(one.ask("getPrices").await, two.ask("getPrices").await);
    two.control("reset", json!({})).await;
    assert_eq!(first, two.ask(query).await);
    two.control("reset", json!({ "seed": 2 })).await;
    assert_ne!(first, two.ask(query).await);
}

#[tokio::test]
async fn rents_a_finished_number_again() {
    let sandbox = Sandbox::start().await;
    let id = sandbox.buy().await;
    let check = format!("checkExtraActivation&activationId={id}");
    let again = format!("getExtraActivation&activationId={id}");
    for query in [&check, &again] {
        assert_eq!(sandbox.ask(query).await, "RENEW_ACTIVATION_NOT_AVAILABLE", "{query}");
    }
    for query in ["getExtraActivation", "checkExtraActivation&activationId=1"] {
        assert_eq!(sandbox.ask(query).await, "WRONG_ACTIVATION_ID", "{query}");
    }
    receive(&sandbox, id, "1234").await;
    sandbox.ask(&format!("setStatus&status=6&id={id}")).await;
    let before = sandbox.alpha().await;
    let sold = &before["activations"][0];
    let told = json_of(&sandbox, &check).await;
    assert_eq!((&told["status"], &told["cost"]), (&json!("success"), &sold["cost_usd"]));
    assert_eq!(told["phone"].to_string(), sold["phone"].as_str().unwrap());

    let reply = sandbox.ask(&again).await;
    let [token, fresh, phone] = reply.split(':').collect::<Vec<_>>().try_into().unwrap();
    assert_eq!((token, phone), ("ACCESS_NUMBER", sold["phone"].as_str().unwrap()));
    assert_ne!(fresh, id.to_string());
    assert_eq!(sandbox.ask(&format!("getStatus&id={fresh}")).await, "STATUS_WAIT_CODE");
    assert_eq!(sandbox.ask(&again).await, "RENEW_ACTIVATION_NOT_AVAILABLE");
    let charged = |books: &Value| books["charged_usd"].as_f64().unwrap();
    let twice = charged(&sandbox.alpha().await);
    assert!((twice - 2.0 * charged(&before)).abs() < 1e-9, "{twice}");
}
