use serde_json::json;

use crate::support::Sandbox;

#[tokio::test]
async fn shows_the_books_of_every_provider() {
    let sandbox = Sandbox::start().await;
    sandbox.buy().await;
    sandbox.ask("getBalance").await;
    let state = sandbox.state().await;
    assert_eq!(state["seed"], 1);
    assert_eq!(state["providers"].as_object().unwrap().len(), 3);
    let alpha = &state["providers"]["alpha"];
    assert_eq!(alpha["calls"], json!({ "getBalance": 1, "getNumber": 1 }));
    assert_eq!(alpha["callback_url"], json!(null));
    assert_eq!(alpha["activations"][0]["status"], "WAITING");
    assert_eq!(state["providers"]["beta"]["activations"], json!([]));
}

#[tokio::test]
async fn changes_settings_while_running() {
    let sandbox = Sandbox::start().await;
    let id = sandbox.buy().await;
    sandbox.control("providers/alpha", json!({ "min_cancel_seconds": 0 })).await;
    assert_eq!(sandbox.ask(&format!("setStatus&id={id}&status=8")).await, "ACCESS_CANCEL");
    let other = sandbox.buy().await;
    sandbox.control("providers/alpha", json!({ "lifetime_seconds": 0 })).await;
    assert_eq!(sandbox.ask(&format!("getStatus&id={other}")).await, "STATUS_CANCEL");
    sandbox.control("providers/alpha", json!({ "api_key": "new" })).await;
    assert_eq!(sandbox.ask("getBalance").await, "BAD_KEY");
}

#[tokio::test]
async fn adds_a_provider_dearer_than_the_others() {
    let sandbox = Sandbox::start().await;
    sandbox.control("providers", json!({ "name": "delta" })).await;
    let price = async |provider: &str| {
        let url = format!(
            "{}/p/{provider}/stubs/handler_api.php?api_key=key-{provider}&action=getPrices",
            sandbox.base
        );
        let prices = sandbox.http.get(url).send().await.unwrap();
        prices.json::<serde_json::Value>().await.unwrap()["6"]["wa"]["cost"].as_f64().unwrap()
    };
    assert!(price("delta").await > price("gamma").await);
    let (status, _) = sandbox.try_control("providers", json!({ "name": "delta" })).await;
    assert_eq!(status, 409);
    let (status, _) = sandbox.try_control("providers", json!({ "name": "a/b" })).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn explains_what_is_wrong_with_a_request() {
    let sandbox = Sandbox::start().await;
    for (path, body, status) in [
        ("providers/nobody", json!({}), 404),
        ("providers/alpha", json!({ "colour": 1 }), 400),
        ("clock/advance", json!({}), 400),
        ("clock/advance", json!({ "seconds": -1 }), 400),
        ("nothing", json!({}), 404),
        ("state", json!({}), 405),
        ("stripe", json!({ "webhook_secrets": [""] }), 400),
    ] {
        let (got, answer) = sandbox.try_control(path, body).await;
        assert_eq!(got, status, "{path}");
        assert!(answer["error"].is_string(), "{path}: {answer}");
    }
}
