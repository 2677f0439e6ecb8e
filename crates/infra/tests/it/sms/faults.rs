use domain::providers::{
    AcquireError, CancelOutcome, Listing, NumberProvider, ProviderError, Refusal, UpstreamStatus,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{HASTY, PATIENT, adapter, answered, id, market::Market, refused, wanted};

/// How many numbers the provider believes to have sold us.
async fn sold(market: &Market) -> usize {
    market.books().await["activations"].as_array().unwrap().len()
}

async fn listed(market: &Market) -> usize {
    match market.provider().active().await {
        Ok(Listing::Complete(list)) => list.len(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_answer_that_never_comes_leaves_the_outcome_open() {
    let market = Market::open().await;
    market.faults(json!({"timeout_after_commit": true})).await;
    let outcome = market.provider_within(HASTY).acquire(&wanted("wa", "6", "5")).await;
    assert!(!answered(&outcome));
    assert_eq!((sold(&market).await, listed(&market).await), (1, 1));
}

#[tokio::test]
async fn a_connection_cut_after_the_sale_leaves_the_outcome_open() {
    let market = Market::open().await;
    market.faults(json!({"drop_after_commit": true})).await;
    let outcome = market.provider().acquire(&wanted("wa", "6", "5")).await;
    assert!(!answered(&outcome));
    assert_eq!((sold(&market).await, listed(&market).await), (1, 1), "asked once only");
}

#[tokio::test]
async fn a_broken_answer_leaves_the_outcome_open_whether_or_not_it_sold() {
    for fault in ["http_500", "html_body", "empty_body", "garbage_body"] {
        for after_commit in [false, true] {
            let market = Market::open().await;
            let actions = ["getNumberV2", "getNumber"];
            let plan = json!({fault: true, "after_commit": after_commit, "actions": actions});
            market.faults(plan).await;
            let outcome = market.provider().acquire(&wanted("wa", "6", "5")).await;
            assert!(answered(&outcome), "{fault}");
            assert_eq!(sold(&market).await, usize::from(after_commit), "{fault}");
            assert_eq!(listed(&market).await, usize::from(after_commit), "{fault}");
        }
    }
}

#[tokio::test]
async fn a_refusal_is_definite() {
    let market = Market::open().await;
    let minimum = domain::money::Cost::parse("0.77");
    let refusals: [(Value, Refusal); 3] = [
        (json!({"no_numbers": true}), Refusal::OutOfStock),
        (json!({"no_balance": true}), Refusal::UpstreamBalance),
        (json!({"wrong_price": 0.77}), Refusal::PriceTooLow { minimum }),
    ];
    for (fault, refusal) in refusals {
        market.faults(fault).await;
        let outcome = market.provider().acquire(&wanted("wa", "6", "5")).await;
        assert_eq!(outcome, refused(refusal));
    }
    assert_eq!(sold(&market).await, 0);
}

#[tokio::test]
async fn nobody_listening_was_not_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let provider = adapter(&url, "key-alpha", PATIENT);
    let outcome = provider.acquire(&wanted("wa", "6", "5")).await;
    assert_eq!(outcome, refused(Refusal::NotAsked("no connection")));
    assert_eq!(provider.status(&id("1")).await, Err(ProviderError::Unavailable("no connection")));
}

#[tokio::test]
async fn a_dearer_sale_is_told_with_its_cost() {
    let market = Market::open().await;
    market.faults(json!({"price_multiplier": 2})).await;
    let activation = market.provider().acquire(&wanted("wa", "6", "5")).await.unwrap();
    let sold = market.books().await["activations"][0]["cost_usd"].to_string();
    assert_eq!(activation.cost, domain::money::Cost::parse(sold.trim_matches('"')));
}

#[tokio::test]
async fn questions_without_an_answer_are_unavailable() {
    let market = Market::open().await;
    for fault in ["http_500", "html_body", "empty_body", "garbage_body"] {
        market.faults(json!({ fault: true })).await;
        let provider = market.provider();
        assert!(unavailable(&provider.status(&id("1")).await), "{fault}");
        assert!(unavailable(&provider.cancel(&id("1")).await), "{fault}");
        assert!(unavailable(&provider.finish(&id("1")).await), "{fault}");
        assert!(unavailable(&provider.resend(&id("1")).await), "{fault}");
        assert!(unavailable(&provider.active().await), "{fault}");
        assert!(unavailable(&provider.catalog().await), "{fault}");
        assert!(unavailable(&provider.balance().await), "{fault}");
    }
}

fn unavailable<T>(outcome: &Result<T, ProviderError>) -> bool {
    matches!(outcome, Err(ProviderError::Unavailable(_)))
}

#[tokio::test]
async fn a_cancellation_whose_answer_was_lost_is_repeated_safely() {
    let market = Market::open().await;
    let sold = market.provider().acquire(&wanted("wa", "6", "5")).await.unwrap();
    market.advance(120).await;
    market.faults(json!({"drop_after_commit": true, "remaining": 1})).await;
    let provider = market.provider();
    assert!(unavailable(&provider.cancel(&sold.external_id).await));
    assert_eq!(provider.cancel(&sold.external_id).await, Ok(CancelOutcome::Canceled));
    let books = market.books().await;
    assert_eq!(books["refunded_usd"], books["charged_usd"]);
}

#[tokio::test]
async fn a_code_is_not_lost_for_the_text_that_does_not_come() {
    let market = Market::open().await;
    let sold = market.provider().acquire(&wanted("wa", "6", "5")).await.unwrap();
    market.sms(sold.external_id.as_str(), "Your code is 482913").await;
    let code_only = UpstreamStatus::Received { code: Some("482913".into()), text: None };
    for fault in ["timeout_after_commit", "drop_after_commit", "http_500", "garbage_body"] {
        market.faults(json!({fault: true, "actions": ["getStatusV2"]})).await;
        let found = market.provider_within(HASTY).status(&sold.external_id).await;
        assert_eq!(found.as_ref(), Ok(&code_only), "{fault}");
    }
}

#[tokio::test]
async fn errors_never_show_the_address_with_its_key() {
    let market = Market::open().await;
    market.faults(json!({"drop_after_commit": true})).await;
    let Err(error) = market.provider().acquire(&wanted("wa", "6", "5")).await else {
        panic!("sold")
    };
    let AcquireError::Unknown { .. } = &error else { panic!("{error:?}") };
    assert!(!format!("{error:?} {error}").contains("key-alpha"));
}
