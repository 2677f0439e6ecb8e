use std::time::Duration;

use domain::{
    gateways::{
        CheckoutRequest, GatewayError, PaymentGateway, PaymentRef, PaymentReport, PaymentStatus,
        RefundRequest, RefundState, VerifyError,
    },
    ids::{RefundId, TopupId},
    money::{Amount, Money},
};
use infra::pay::cryptomus::{Cryptomus, CryptomusService, CryptomusSettings};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{World, topup};

const KEY: &str = "heleket_sandbox";

/// What happens to an invoice, in turn, each with its details.
type Acts<'a> = &'a [(&'a str, Value)];

impl World {
    fn heleket(&self, change: impl FnOnce(&mut CryptomusSettings)) -> Cryptomus {
        let mut settings = CryptomusSettings {
            service: CryptomusService::Heleket,
            api_base: format!("{}/heleket", self.base),
            merchant: "5a9d0c1e-0000-4000-8000-000000000001".to_owned(),
            api_keys: vec![KEY.into()],
            livemode: false,
            callback_url: self.hook.clone(),
            return_url: "https://app.example/back".to_owned(),
            success_url: "https://app.example/ok".to_owned(),
            lifetime: Duration::from_hours(1),
            timeout: Duration::from_secs(2),
        };
        change(&mut settings);
        Cryptomus::new(settings).unwrap()
    }

    /// Lets something happen to the invoice of `topup`.
    async fn act(&self, topup: TopupId, act: &str, mut with: Value) {
        with["order_id"] = json!(topup.to_string());
        self.control(&format!("heleket/{act}"), with).await;
    }

    /// How the payment for `topup` is reported, by either of its names.
    async fn report(&self, topup: TopupId) -> PaymentReport {
        let heleket = self.heleket(|_| {});
        let report = heleket.fetch(&PaymentRef::Topup(topup)).await.unwrap().unwrap();
        let by_id = PaymentRef::Payment(report.payment_id.clone());
        assert_eq!(heleket.fetch(&by_id).await.unwrap(), Some(report.clone()));
        assert_eq!(report.topup, Some(topup));
        report
    }
}

fn usd(micros: i64) -> Money {
    Money::usd(Amount::new(micros).unwrap())
}

fn request(number: u128) -> CheckoutRequest {
    CheckoutRequest { topup: topup(number), charge: usd(25_000_000) }
}

/// A decimal of the sandbox in millionths, by whole digits only.
fn micros(text: &Value) -> Option<Money> {
    let (whole, fraction) = text.as_str().unwrap().split_once('.').unwrap();
    let micros = format!("{whole}{fraction:0<6}").parse().unwrap();
    Amount::new(micros).map(Money::usd)
}

#[tokio::test]
async fn opens_a_page_once_per_topup() {
    let world = World::start().await;
    let heleket = world.heleket(|_| {});
    let checkout = heleket.create_checkout(&request(1)).await.unwrap();
    assert!(checkout.url.contains(&checkout.payment_id), "{checkout:?}");
    assert!(checkout.expires_at.is_some());
    assert_eq!(heleket.create_checkout(&request(1)).await.unwrap(), checkout);
    let other = CheckoutRequest { charge: usd(26_000_000), ..request(1) };
    let outcome = heleket.create_checkout(&other).await;
    assert_eq!(
        outcome,
        Err(GatewayError::Refused("it opened another payment than asked for")),
        "the same reference never stands for another sum"
    );
    let report = world.report(topup(1)).await;
    assert_eq!(report.payment_id, checkout.payment_id);
    assert_eq!((report.status, report.charge), (PaymentStatus::Open, Some(usd(25_000_000))));
    assert_eq!((report.received, &report.refunds[..]), (None, &[][..]));
}

#[tokio::test]
async fn an_answer_that_was_lost_opens_no_second_page() {
    for fault in [
        "drop",
        "http_500",
        "timeout_after_commit",
        "drop_after_commit",
        "http_500_after_commit",
        "garbage_after_commit",
    ] {
        let world = World::start().await;
        let faults = json!({ "only": "create", fault: true, "remaining": 2 });
        world.control("heleket", json!({ "faults": faults })).await;
        let heleket = world.heleket(|it| it.timeout = Duration::from_millis(500));
        let checkout = heleket.create_checkout(&request(1)).await.unwrap();
        assert_eq!(world.report(topup(1)).await.payment_id, checkout.payment_id, "{fault}");
        let state = world.control("heleket", json!({})).await;
        assert_eq!(state["faults"]["remaining"], 0, "{fault}: two tries were hit");
    }
}

#[tokio::test]
async fn a_gateway_that_stays_away_is_unavailable() {
    let world = World::start().await;
    let heleket = world.heleket(|it| it.timeout = Duration::from_millis(500));
    for (fault, why) in [
        ("drop", "the connection broke"),
        ("http_500", "it failed"),
        ("timeout_after_commit", "it did not answer in time"),
        ("garbage_after_commit", "the answer is not readable"),
    ] {
        world.control("heleket", json!({ "faults": { fault: true } })).await;
        let unavailable = GatewayError::Unavailable(why);
        let (request, payment) = (request(1), PaymentRef::Topup(topup(1)));
        let calls = (heleket.create_checkout(&request), heleket.fetch(&payment));
        let (created, fetched) = tokio::join!(calls.0, calls.1);
        assert_eq!((created, fetched), (Err(unavailable.clone()), Err(unavailable)), "{fault}");
    }
}

#[tokio::test]
async fn a_wrong_key_and_an_unknown_payment_are_told_apart() {
    let world = World::start().await;
    let stranger = world.heleket(|it| it.api_keys = vec!["other".into()]);
    let refused = Err(GatewayError::Refused("our key is not accepted"));
    assert_eq!(stranger.create_checkout(&request(1)).await.map(|_| ()), refused);
    let payment = PaymentRef::Topup(topup(1));
    assert_eq!(stranger.fetch(&payment).await.map(|_| ()), refused);
    let heleket = world.heleket(|_| {});
    for payment in [
        payment,
        PaymentRef::Payment("70b8db5c-b952-406d-af26-4e1c34c27f15".to_owned()),
        PaymentRef::Payment("no/such\"id".to_owned()),
        PaymentRef::Alias("pi_1".to_owned()),
    ] {
        assert_eq!(heleket.fetch(&payment).await, Ok(None), "{payment}");
    }
}

/// All that can happen to money, and what the gateway's own books say of it.
#[tokio::test]
async fn what_arrived_is_what_the_gateway_has_in_its_books() {
    let world = World::start().await;
    world.control("heleket", json!({ "payer_rate": "1.07" })).await;
    let heleket = world.heleket(|_| {});
    let cases: [(&str, Acts<'_>, PaymentStatus); 8] = [
        ("exact", &[("pay", json!({}))], PaymentStatus::Settled),
        ("over", &[("pay", json!({ "kind": "over" }))], PaymentStatus::Settled),
        (
            "in parts",
            &[("pay", json!({ "amount": "10" })), ("pay", json!({}))],
            PaymentStatus::Settled,
        ),
        (
            "under",
            &[("pay", json!({ "kind": "under" })), ("expire", json!({}))],
            PaymentStatus::Settled,
        ),
        ("late", &[("pay", json!({ "kind": "late" }))], PaymentStatus::Settled),
        (
            "second",
            &[("pay", json!({})), ("pay", json!({ "kind": "second" }))],
            PaymentStatus::Settled,
        ),
        ("short", &[("pay", json!({ "amount": "7.77" }))], PaymentStatus::Short),
        (
            "late part",
            &[("expire", json!({})), ("pay", json!({ "amount": "3.21" }))],
            PaymentStatus::Settled,
        ),
    ];
    for (number, (case, acts, status)) in (1..).zip(cases) {
        heleket.create_checkout(&request(number)).await.unwrap();
        for (act, with) in acts {
            world.act(topup(number), act, with.clone()).await;
        }
        let report = world.report(topup(number)).await;
        let truth = world.truth("heleket", topup(number)).await;
        assert_eq!(report.received, micros(&truth["paid"]), "{case}: {truth}");
        assert_eq!((report.status, report.charge), (status, Some(usd(25_000_000))), "{case}");
        assert_eq!(report.payment_id, truth["uuid"], "{case}");
    }
}

#[tokio::test]
async fn nothing_is_received_before_it_is_final() {
    let world = World::start().await;
    let heleket = world.heleket(|_| {});
    let cases: [(Acts<'_>, PaymentStatus); 7] = [
        (&[("process", json!({}))], PaymentStatus::Open),
        (&[("pay", json!({ "unconfirmed": true }))], PaymentStatus::Processing),
        (&[("pay", json!({ "unconfirmed": true })), ("revert", json!({}))], PaymentStatus::Open),
        (&[("expire", json!({}))], PaymentStatus::Expired),
        (&[("fail", json!({}))], PaymentStatus::Failed),
        (&[("system_fail", json!({}))], PaymentStatus::Failed),
        (&[("pay", json!({})), ("lock", json!({}))], PaymentStatus::Locked),
    ];
    for (number, (acts, status)) in (1..).zip(cases) {
        heleket.create_checkout(&request(number)).await.unwrap();
        for (act, with) in acts {
            world.act(topup(number), act, with.clone()).await;
        }
        let report = world.report(topup(number)).await;
        assert_eq!((report.status, report.received), (status, None), "{acts:?}");
    }
    world.act(topup(7), "unlock", json!({})).await;
    assert_eq!(world.report(topup(7)).await.received, Some(usd(25_000_000)));
}

/// However often it is tried, money goes back once, when the gateway's books say so.
#[tokio::test]
async fn a_refund_made_at_the_gateway_is_reported_when_it_is_done() {
    let world = World::start().await;
    let heleket = world.heleket(|_| {});
    let checkout = heleket.create_checkout(&request(1)).await.unwrap();
    world.act(topup(1), "pay", json!({ "kind": "over" })).await;
    for (act, status) in [
        ("refund", PaymentStatus::Processing),
        ("refund_fail", PaymentStatus::Settled),
        ("refund", PaymentStatus::Processing),
    ] {
        world.act(topup(1), act, json!({})).await;
        let report = world.report(topup(1)).await;
        assert_eq!((report.status, &report.refunds[..]), (status, &[][..]), "{act}");
    }
    world.act(topup(1), "refund_paid", json!({})).await;
    let report = world.report(topup(1)).await;
    let [refund] = &report.refunds[..] else { panic!("{report:?}") };
    assert_eq!(refund.id, format!("{}:refund", checkout.payment_id));
    assert_eq!((refund.state, refund.amount), (RefundState::Done, usd(27_500_000)));
    assert_eq!(report.received, Some(refund.amount));
    let truth = world.truth("heleket", topup(1)).await;
    assert_eq!(micros(&truth["refunded"]), Some(refund.amount));
}

/// It could only send the money to where it came from, which is often not the payer's.
#[tokio::test]
async fn refunds_are_left_to_people() {
    let world = World::start().await;
    let refund = RefundRequest {
        refund: RefundId::new(Uuid::from_u128(1)),
        topup: topup(1),
        payment_id: "u-1".to_owned(),
        amount: usd(1_000_000),
    };
    let outcome = world.heleket(|_| {}).refund(&refund).await;
    assert!(matches!(outcome, Err(GatewayError::Refused(_))), "{outcome:?}");
}

#[tokio::test]
async fn genuine_notifications_name_the_payment_and_others_are_refused() {
    let world = World::start().await;
    world.control("heleket", json!({ "keys": [KEY, "older"] })).await;
    let heleket =
        world.heleket(|it| it.api_keys = vec!["newer".into(), KEY.into(), "older".into()]);
    let checkout = world.heleket(|_| {}).create_checkout(&request(1)).await.unwrap();
    world.act(topup(1), "pay", json!({})).await;
    let notice = world.verify_last(&heleket).unwrap().unwrap();
    assert_eq!(notice.payment, PaymentRef::Payment(checkout.payment_id.clone()));
    assert_eq!(notice.event_kind, "paid");
    for (deliver, is_repeat) in [
        ("fresh", true),
        ("duplicate", true),
        ("unescaped", true),
        ("sign_first", true),
        ("old_secret", false),
    ] {
        world.redeliver("heleket", topup(1), deliver).await;
        let again = world.verify_last(&heleket).unwrap().unwrap();
        assert_eq!(again.payment, notice.payment, "{deliver}");
        assert_eq!(again.event_id == notice.event_id, is_repeat, "{deliver}");
    }
    for (deliver, expected) in [
        ("tampered", VerifyError::Mismatch),
        ("wrong_secret", VerifyError::Mismatch),
        ("unsigned", VerifyError::Malformed),
        ("bad_sign", VerifyError::Malformed),
    ] {
        world.redeliver("heleket", topup(1), deliver).await;
        assert_eq!(world.verify_last(&heleket), Err(expected), "{deliver}");
    }
}

/// A signed lie, as a stolen key allows: it is believed in nothing but which payment to look at.
#[tokio::test]
async fn what_a_notification_claims_is_not_what_is_reported() {
    let world = World::start().await;
    let heleket = world.heleket(|_| {});
    let checkout = heleket.create_checkout(&request(1)).await.unwrap();
    world.act(topup(1), "pay", json!({ "unconfirmed": true })).await;
    let lie = json!({
        "order_id": topup(1).to_string(),
        "alter": { "status": "paid", "is_final": true, "payment_amount_usd": "9999.00" },
    });
    world.control("heleket/deliver", lie).await;
    let notice = world.verify_last(&heleket).unwrap().unwrap();
    assert_eq!(notice.payment, PaymentRef::Payment(checkout.payment_id));
    let report = heleket.fetch(&notice.payment).await.unwrap().unwrap();
    assert_eq!((report.status, report.received), (PaymentStatus::Processing, None));
}

#[tokio::test]
async fn a_payment_may_be_heard_of_before_its_page_is_known() {
    let world = World::start().await;
    world.control("heleket", json!({ "faults": { "before_reply_callback": true } })).await;
    let heleket = world.heleket(|_| {});
    let checkout = heleket.create_checkout(&request(1)).await.unwrap();
    assert!(world.received() > 0);
    let notice = world.verify_last(&heleket).unwrap().unwrap();
    assert_eq!(notice.payment, PaymentRef::Payment(checkout.payment_id));
    assert_eq!(world.report(topup(1)).await.received, Some(usd(25_000_000)));
}

#[tokio::test]
async fn a_changed_charge_is_seen() {
    let world = World::start().await;
    let heleket = world.heleket(|_| {});
    for (number, change, charge) in [
        (1, json!({ "amount": "2.50" }), Some(usd(2_500_000))),
        (2, json!({ "currency": "EUR" }), None),
    ] {
        heleket.create_checkout(&request(number)).await.unwrap();
        world.act(topup(number), "alter", change.clone()).await;
        world.act(topup(number), "pay", json!({})).await;
        assert_eq!(world.report(topup(number)).await.charge, charge, "{change}");
    }
}

#[tokio::test]
async fn a_genuine_notification_of_an_unknown_payment_leads_nowhere() {
    let world = World::start().await;
    let heleket = world.heleket(|_| {});
    let invented = json!({ "url": world.hook, "order_id": "somebody-elses", "amount": "20" });
    world.control("heleket/invent", invented).await;
    let notice = world.verify_last(&heleket).unwrap().unwrap();
    assert_eq!(heleket.fetch(&notice.payment).await, Ok(None));
}
