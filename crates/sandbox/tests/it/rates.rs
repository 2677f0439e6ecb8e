use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::Sandbox;

async fn ask(sandbox: &Sandbox) -> reqwest::Result<(u16, String)> {
    let response = sandbox.http.get(format!("{}/rates/usd-idr", sandbox.base)).send().await?;
    let status = response.status().as_u16();
    Ok((status, response.text().await?))
}

async fn rate(sandbox: &Sandbox) -> Value {
    let (status, text) = ask(sandbox).await.unwrap();
    assert_eq!(status, 200);
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn tells_what_a_dollar_costs() {
    let sandbox = Sandbox::start().await;
    let told = rate(&sandbox).await;
    assert_eq!(
        [&told["result"], &told["base_code"], &told["rates"]],
        [&json!("success"), &json!("USD"), &json!({ "USD": 1, "IDR": 16123.45 })]
    );
    let now = i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap();
    let age = now - told["time_last_update_unix"].as_i64().unwrap();
    assert!((3600..3660).contains(&age), "{age}");

    sandbox.control("rates", json!({ "age_seconds": 600_000 })).await;
    let stale = rate(&sandbox).await["time_last_update_unix"].as_i64().unwrap();
    assert!(now - stale >= 600_000);
    for nonsense in [json!(0), json!(-16000), json!(1e300), json!("16123")] {
        sandbox.control("rates", json!({ "usd_idr": nonsense })).await;
        assert_eq!(rate(&sandbox).await["rates"]["IDR"], nonsense);
    }
}

#[tokio::test]
async fn fails_on_demand() {
    let sandbox = Sandbox::start().await;
    let once = async |fault: &str, value: Value| {
        let faults = json!({ "faults": { fault: value, "remaining": 1 } });
        sandbox.control("rates", faults).await;
        ask(&sandbox).await
    };
    assert_eq!(once("http_500", json!(true)).await.unwrap().0, 500);
    assert!(once("drop", json!(true)).await.is_err());
    for fault in ["garbage", "truncated"] {
        let (status, text) = once(fault, json!(true)).await.unwrap();
        assert_eq!(status, 200);
        assert!(serde_json::from_str::<Value>(&text).is_err(), "{text}");
    }
    let (_, refused) = once("refused", json!(true)).await.unwrap();
    assert!(refused.contains("quota-reached"));
    let (_, missing) = once("missing", json!(true)).await.unwrap();
    assert!(!missing.contains("IDR"));
    let started = Instant::now();
    once("latency_ms", json!(50)).await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(50));
    assert_eq!(rate(&sandbox).await["result"], "success");
    let unknown = json!({ "faults": { "colour": 1 } });
    assert_eq!(sandbox.try_control("rates", unknown).await.0, 400);
}
