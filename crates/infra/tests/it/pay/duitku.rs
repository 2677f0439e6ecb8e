use std::time::Duration;

use domain::{
    gateways::{
        CheckoutRequest, GatewayError, PaymentGateway, PaymentRef, PaymentReport, PaymentStatus,
        RefundRequest, VerifyError,
    },
    ids::{RefundId, TopupId},
    money::{Amount, Money},
};
use infra::pay::duitku::{Duitku, DuitkuAlgorithm, DuitkuSettings};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{World, topup};

const KEY: &str = "duitku_sandbox";

/// What happens to a payment, in turn, each with its details.
type Acts<'a> = &'a [(&'a str, Value)];

impl World {
    fn duitku(&self, change: impl FnOnce(&mut DuitkuSettings)) -> Duitku {
        let mut settings = DuitkuSettings {
            api_base: format!("{}/duitku", self.base),
            merchant_code: sandbox::DuitkuConfig::default().merchant_code,
            api_keys: vec![KEY.into()],
            algorithm: DuitkuAlgorithm::Md5,
            livemode: false,
            payment_method: "SP".to_owned(),
            shop_name: "Switchboard".to_owned(),
            email: "shop@example.com".to_owned(),
            callback_url: self.hook.clone(),
            return_url: "https://app.example/ok".to_owned(),
            expiry: Duration::from_hours(1),
            timeout: Duration::from_secs(2),
        };
        change(&mut settings);
        Duitku::new(settings).unwrap()
    }

    /// Lets something happen to the payment for `topup`.
    async fn duitku_act(&self, topup: TopupId, act: &str, mut with: Value) {
        with["order_id"] = json!(topup.to_string());
        self.control(&format!("duitku/{act}"), with).await;
    }

    /// How the payment for `topup` is reported, by either of its names.
    async fn duitku_report(&self, topup: TopupId) -> PaymentReport {
        let duitku = self.duitku(|_| {});
        let report = duitku.fetch(&PaymentRef::Topup(topup)).await.unwrap().unwrap();
        let by_id = PaymentRef::Payment(report.payment_id.clone());
        assert_eq!(duitku.fetch(&by_id).await.unwrap(), Some(report.clone()));
        assert_eq!(report.topup, Some(topup));
        report
    }
}

fn idr(units: i64) -> Money {
    Money::idr(Amount::new(units).unwrap())
}

fn request(number: u128) -> CheckoutRequest {
    CheckoutRequest { topup: topup(number), charge: idr(50_000) }
}

#[tokio::test]
async fn opens_a_page() {
    for algorithm in [DuitkuAlgorithm::Md5, DuitkuAlgorithm::HmacSha256] {
        let world = World::start().await;
        let name = if algorithm == DuitkuAlgorithm::Md5 { "md5" } else { "hmac_sha256" };
        world.control("duitku", json!({ "algorithm": name })).await;
        let duitku = world.duitku(|it| it.algorithm = algorithm);
        let checkout = duitku.create_checkout(&request(1)).await.unwrap();
        assert_eq!(checkout.payment_id, topup(1).to_string());
        let page = world.http.get(&checkout.url).send().await.unwrap();
        assert_eq!(page.status(), 200, "{}", checkout.url);
        let report = duitku.fetch(&PaymentRef::Topup(topup(1))).await.unwrap().unwrap();
        assert_eq!((report.status, report.charge), (PaymentStatus::Open, Some(idr(50_000))));
        assert_eq!(report.received, None);
    }
}

/// Whether the gateway would open a second page or refuse: it is not asked again, nobody ever sees
/// the address that got lost, and what is paid is found all the same.
#[tokio::test]
async fn an_answer_that_was_lost_opens_no_second_page() {
    for repeats in ["refuse", "open"] {
        for (fault, why) in [
            ("timeout_after_commit", "it did not answer in time"),
            ("drop_after_commit", "the connection broke"),
            ("http_500_after_commit", "it failed"),
            ("garbage_after_commit", "the answer is not readable"),
        ] {
            let world = World::start().await;
            let faults = json!({ "only": "create", fault: true });
            world.control("duitku", json!({ "faults": faults, "repeats": repeats })).await;
            let duitku = world.duitku(|it| it.timeout = Duration::from_millis(500));
            let outcome = duitku.create_checkout(&request(1)).await;
            assert_eq!(outcome, Err(GatewayError::Unavailable(why)), "{fault}");
            assert_eq!(world.orders("duitku").await.len(), 1, "{fault}");
            world.duitku_act(topup(1), "pay", json!({})).await;
            assert_eq!(world.duitku_report(topup(1)).await.received, Some(idr(50_000)));
        }
    }
}

#[tokio::test]
async fn a_used_reference_is_refused() {
    let world = World::start().await;
    let duitku = world.duitku(|_| {});
    duitku.create_checkout(&request(1)).await.unwrap();
    let refused = Err(GatewayError::Refused("it does not accept the request"));
    assert_eq!(duitku.create_checkout(&request(1)).await, refused);
    assert_eq!(world.orders("duitku").await.len(), 1);
}

#[tokio::test]
async fn a_wrong_key_and_an_unknown_payment_are_told_apart() {
    let world = World::start().await;
    let stranger = world.duitku(|it| it.api_keys = vec!["other".into()]);
    let refused = Err(GatewayError::Refused("our key is not accepted"));
    assert_eq!(stranger.create_checkout(&request(1)).await.map(|_| ()), refused);
    let payment = PaymentRef::Topup(topup(1));
    assert_eq!(stranger.fetch(&payment).await.map(|_| ()), refused);
    assert_eq!(world.duitku(|_| {}).fetch(&payment).await, Ok(None));
}

/// All that can happen to money, and what the gateway's own books say of it. Of a second payment it
/// tells nobody.
#[tokio::test]
async fn what_arrived_is_what_the_gateway_reports() {
    let world = World::start().await;
    let duitku = world.duitku(|_| {});
    let cases: [(&str, Acts<'_>, PaymentStatus); 5] = [
        ("exact", &[("pay", json!({}))], PaymentStatus::Settled),
        ("late", &[("pay", json!({ "kind": "late" }))], PaymentStatus::Settled),
        (
            "second",
            &[("pay", json!({})), ("pay", json!({ "kind": "second" }))],
            PaymentStatus::Settled,
        ),
        ("failed", &[("fail", json!({}))], PaymentStatus::Expired),
        ("expired", &[("expire", json!({}))], PaymentStatus::Expired),
    ];
    for (number, (case, acts, status)) in (1..).zip(cases) {
        duitku.create_checkout(&request(number)).await.unwrap();
        for (act, with) in acts {
            world.duitku_act(topup(number), act, with.clone()).await;
        }
        let report = world.duitku_report(topup(number)).await;
        let truth = world.truth("duitku", topup(number)).await;
        let reported = truth["reported"].as_i64().and_then(Amount::new).map(Money::idr);
        assert_eq!(report.received, reported, "{case}: {truth}");
        assert_eq!((report.status, report.charge), (status, Some(idr(50_000))), "{case}");
    }
}

#[tokio::test]
async fn genuine_callbacks_name_the_payment_and_others_are_refused() {
    let world = World::start().await;
    world.control("duitku", json!({ "keys": [KEY, "older"] })).await;
    let duitku = world.duitku(|it| it.api_keys = vec!["newer".into(), KEY.into(), "older".into()]);
    let checkout = world.duitku(|_| {}).create_checkout(&request(1)).await.unwrap();
    world.duitku_act(topup(1), "pay", json!({})).await;
    let notice = world.verify_last(&duitku).unwrap().unwrap();
    assert_eq!(notice.payment, PaymentRef::Payment(checkout.payment_id));
    assert_eq!(notice.event_kind, "paid");
    for deliver in ["fresh", "duplicate", "old_secret"] {
        world.redeliver("duitku", topup(1), deliver).await;
        assert_eq!(world.verify_last(&duitku), Ok(Some(notice.clone())), "{deliver}");
    }
    for (deliver, expected) in [
        ("tampered", VerifyError::Mismatch),
        ("wrong_secret", VerifyError::Mismatch),
        ("other_algorithm", VerifyError::Malformed),
        ("unsigned", VerifyError::Malformed),
        ("bad_sign", VerifyError::Malformed),
    ] {
        world.redeliver("duitku", topup(1), deliver).await;
        assert_eq!(world.verify_last(&duitku), Err(expected), "{deliver}");
    }
}

/// The signature of a failure also fits a success. It buys a look at the gateway, which knows
/// better.
#[tokio::test]
async fn a_changed_result_credits_nothing() {
    let world = World::start().await;
    let duitku = world.duitku(|_| {});
    duitku.create_checkout(&request(1)).await.unwrap();
    world.duitku_act(topup(1), "fail", json!({})).await;
    world.redeliver("duitku", topup(1), "tampered_result").await;
    let notice = world.verify_last(&duitku).unwrap().unwrap();
    assert_eq!(notice.event_kind, "paid");
    let report = duitku.fetch(&notice.payment).await.unwrap().unwrap();
    assert_eq!((report.status, report.received), (PaymentStatus::Expired, None));
}

#[tokio::test]
async fn a_payment_may_be_heard_of_before_its_page_is_known() {
    let world = World::start().await;
    world.control("duitku", json!({ "faults": { "before_reply_callback": true } })).await;
    let duitku = world.duitku(|_| {});
    let checkout = duitku.create_checkout(&request(1)).await.unwrap();
    assert!(world.received() > 0);
    let notice = world.verify_last(&duitku).unwrap().unwrap();
    assert_eq!(notice.payment, PaymentRef::Payment(checkout.payment_id));
    assert_eq!(world.duitku_report(topup(1)).await.received, Some(idr(50_000)));
}

#[tokio::test]
async fn a_changed_charge_is_seen() {
    let world = World::start().await;
    let duitku = world.duitku(|_| {});
    duitku.create_checkout(&request(1)).await.unwrap();
    world.duitku_act(topup(1), "alter", json!({ "amount": 20_000 })).await;
    world.duitku_act(topup(1), "pay", json!({})).await;
    assert_eq!(world.duitku_report(topup(1)).await.charge, Some(idr(20_000)));
}

#[tokio::test]
async fn genuine_callbacks_of_unknown_payments_lead_nowhere() {
    let world = World::start().await;
    let duitku = world.duitku(|_| {});
    let invent = async |order: &str| {
        let invented = json!({ "url": world.hook, "order_id": order, "amount": 50_000 });
        world.control("duitku/invent", invented).await;
        world.verify_last(&duitku).unwrap()
    };
    assert_eq!(invent("somebody-elses").await, None);
    let notice = invent(&topup(7).to_string()).await.unwrap();
    assert_eq!(duitku.fetch(&notice.payment).await, Ok(None));
}

#[tokio::test]
async fn there_is_no_call_for_refunds() {
    let world = World::start().await;
    let refund = RefundRequest {
        refund: RefundId::new(Uuid::from_u128(1)),
        topup: topup(1),
        payment_id: topup(1).to_string(),
        amount: idr(10_000),
    };
    let outcome = world.duitku(|_| {}).refund(&refund).await;
    assert!(matches!(outcome, Err(GatewayError::Refused(_))), "{outcome:?}");
}
