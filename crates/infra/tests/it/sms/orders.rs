use domain::{
    money::Cost,
    providers::{
        AcquireError, Activation, CancelOutcome, Listing, NumberProvider, ProviderError, Refusal,
        SmsText, UpstreamStatus,
    },
};
use serde_json::json;

use super::{PATIENT, adapter, answered, id, market::Market, refused, wanted};

async fn bought(market: &Market) -> Activation {
    market.provider().acquire(&wanted("wa", "6", "5")).await.unwrap()
}

fn received(code: &str, text: &str) -> UpstreamStatus {
    UpstreamStatus::Received { code: Some(code.into()), text: Some(SmsText::new(text)) }
}

#[tokio::test]
async fn a_number_is_what_the_provider_sold() {
    let market = Market::open().await;
    let activation = bought(&market).await;
    let sold = market.books().await["activations"][0].take();
    assert_eq!(activation.external_id.as_str(), sold["id"].to_string());
    assert_eq!(activation.phone.reveal(), sold["phone"]);
    let cost = sold["cost_usd"].as_f64().map(|cost| cost.to_string());
    assert_eq!(activation.cost, Cost::parse(&cost.unwrap()));
}

#[tokio::test]
async fn a_message_comes_with_its_code_and_text() {
    let market = Market::open().await;
    let provider = market.provider();
    let Activation { external_id, .. } = bought(&market).await;
    assert_eq!(provider.status(&external_id).await, Ok(UpstreamStatus::Waiting));
    market.sms(external_id.as_str(), "Your code is 482913").await;
    let first = received("482913", "Your code is 482913");
    assert_eq!(provider.status(&external_id).await, Ok(first));
    assert_eq!(provider.resend(&external_id).await, Ok(()));
    assert_eq!(provider.status(&external_id).await, Ok(UpstreamStatus::Waiting));
    market.sms(external_id.as_str(), "Now it is 77012").await;
    let second = received("77012", "Now it is 77012");
    assert_eq!(provider.status(&external_id).await, Ok(second));
    assert_eq!(provider.finish(&external_id).await, Ok(()));
    assert_eq!(provider.status(&external_id).await, Ok(UpstreamStatus::Ended));
    assert_eq!(provider.finish(&external_id).await, Ok(()), "safe to repeat");
}

#[tokio::test]
async fn a_number_is_given_back_once_it_is_old_enough() {
    let market = Market::open().await;
    let provider = market.provider();
    let Activation { external_id, .. } = bought(&market).await;
    assert_eq!(provider.cancel(&external_id).await, Ok(CancelOutcome::TooEarly));
    market.advance(120).await;
    for _ in 0..2 {
        assert_eq!(provider.cancel(&external_id).await, Ok(CancelOutcome::Canceled));
    }
    let books = market.books().await;
    assert_eq!(books["refunded_usd"], books["charged_usd"]);
    assert_eq!(provider.status(&external_id).await, Ok(UpstreamStatus::Ended));
}

#[tokio::test]
async fn an_expired_number_counts_as_given_back() {
    let market = Market::open().await;
    let Activation { external_id, .. } = bought(&market).await;
    market.advance(1201).await;
    let outcome = market.provider().cancel(&external_id).await;
    assert_eq!(outcome, Ok(CancelOutcome::Canceled));
}

#[tokio::test]
async fn a_number_with_a_message_is_not_given_back() {
    let market = Market::open().await;
    let Activation { external_id, .. } = bought(&market).await;
    market.advance(120).await;
    market.sms(external_id.as_str(), "Your code is 482913").await;
    let outcome = market.provider().cancel(&external_id).await;
    assert_eq!(outcome, Ok(CancelOutcome::Delivered));
}

#[tokio::test]
async fn a_number_nobody_knows_is_missing() {
    let market = Market::open().await;
    let provider = market.provider();
    let stranger = id("1999999999");
    assert_eq!(provider.status(&stranger).await, Ok(UpstreamStatus::Missing));
    assert_eq!(provider.cancel(&stranger).await, Ok(CancelOutcome::Missing));
    assert_eq!(provider.finish(&stranger).await, Ok(()));
    assert!(matches!(provider.resend(&stranger).await, Err(ProviderError::Refused(_))));
}

#[tokio::test]
async fn a_number_still_waiting_is_not_sent_again() {
    let market = Market::open().await;
    let Activation { external_id, .. } = bought(&market).await;
    let outcome = market.provider().resend(&external_id).await;
    assert!(matches!(outcome, Err(ProviderError::Refused(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_refusal_says_what_is_missing() {
    let market = Market::open().await;
    let provider = market.provider();
    let too_low = provider.acquire(&wanted("wa", "6", "0.000001")).await;
    let listed = provider.catalog().await.unwrap().offers;
    let offer = listed.iter().find(|it| it.country == "6" && it.service == "wa").unwrap();
    assert_eq!(too_low, refused(Refusal::PriceTooLow { minimum: Some(offer.cost) }));
    assert_eq!(provider.acquire(&wanted("zz", "6", "5")).await, refused(Refusal::Mapping));
    market.control("providers/alpha", json!({"balance_usd": 0})).await;
    let broke = provider.acquire(&wanted("wa", "6", "5")).await;
    assert_eq!(broke, refused(Refusal::UpstreamBalance));
    market.control("providers/alpha", json!({"stock": 0})).await;
    assert_eq!(provider.acquire(&wanted("wa", "6", "5")).await, refused(Refusal::OutOfStock));
}

#[tokio::test]
async fn a_wrong_key_is_told_without_telling_it() {
    let market = Market::open().await;
    let provider = adapter(&market.base_url(), "hunter2-key", PATIENT);
    let Err(AcquireError::Refused(refusal)) = provider.acquire(&wanted("wa", "6", "5")).await
    else {
        panic!("sold")
    };
    assert_eq!(refusal, Refusal::UpstreamAuth);
    let error = provider.status(&id("1")).await.unwrap_err();
    assert!(matches!(error, ProviderError::Refused(_)));
    assert!(!format!("{refusal:?} {refusal} {error:?} {error}").contains("hunter2"));
}

#[tokio::test]
async fn a_finished_number_is_rented_again_under_another_id() {
    let market = Market::open().await;
    let provider = market.provider();
    let first = bought(&market).await;
    let gone = Err(ProviderError::Refused("the number is not to be had again"));
    assert_eq!(provider.reactivation_cost(&first.external_id).await, gone, "it still runs");
    assert_eq!(provider.reactivate(&first.external_id).await, refused(Refusal::OutOfStock));
    market.sms(first.external_id.as_str(), "Your code is 482913").await;
    provider.finish(&first.external_id).await.unwrap();

    assert_eq!(provider.reactivation_cost(&first.external_id).await.ok(), first.cost);
    let second = provider.reactivate(&first.external_id).await.unwrap();
    assert_eq!(second.phone, first.phone);
    assert_ne!(second.external_id, first.external_id);
    assert_eq!(provider.status(&second.external_id).await, Ok(UpstreamStatus::Waiting));
    let Ok(Listing::Complete(list)) = provider.active().await else { panic!("no list") };
    assert_eq!(list.len(), 1);
    assert_eq!(list[0].activation.phone, first.phone);
    assert_eq!(provider.reactivate(&first.external_id).await, refused(Refusal::OutOfStock));
    market.sms(second.external_id.as_str(), "Your code is 77012").await;
    let told = received("77012", "Your code is 77012");
    assert_eq!(provider.status(&second.external_id).await, Ok(told));
    let unknown = provider.reactivate(&id("1")).await;
    assert_eq!(unknown, refused(Refusal::OutOfStock));
}

#[tokio::test]
async fn a_lost_answer_to_renting_again_is_an_unknown_outcome() {
    let market = Market::open().await;
    let first = bought(&market).await;
    market.sms(first.external_id.as_str(), "Your code is 482913").await;
    market.provider().finish(&first.external_id).await.unwrap();
    let faults =
        json!({"drop_after_commit": true, "actions": ["getExtraActivation"], "remaining": 1});
    market.faults(faults).await;
    let outcome = market.provider().reactivate(&first.external_id).await;
    assert!(!answered(&outcome));
    let Ok(Listing::Complete(list)) = market.provider().active().await else { panic!("no list") };
    assert_eq!(list[0].activation.phone, first.phone, "it was sold");
    market.faults(json!({"no_balance": true})).await;
    let outcome = market.provider().reactivate(&first.external_id).await;
    assert_eq!(outcome, refused(Refusal::UpstreamBalance));
}
