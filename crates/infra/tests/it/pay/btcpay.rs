use std::time::Duration;

use domain::{
    gateways::{
        CheckoutRequest, GatewayError, PaymentGateway, PaymentRef, PaymentReport, PaymentStatus,
        RefundRequest, RefundState, VerifyError,
    },
    ids::RefundId,
    money::{Amount, Currency, Money},
};
use infra::pay::btcpay::{Btcpay, BtcpaySettings};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{World, topup};

impl World {
    fn btcpay(&self, change: impl FnOnce(&mut BtcpaySettings)) -> Btcpay {
        let mut settings = BtcpaySettings {
            api_base: format!("{}/btcpay", self.base),
            api_key: "btcpay_sandbox".into(),
            store_id: "SandboxStore".to_owned(),
            webhook_secrets: vec!["btcpay_secret_sandbox".into()],
            currency: Currency::Usd,
            redirect_url: "https://app.example/topups/{OrderId}".to_owned(),
            payment_methods: vec!["BTC-CHAIN".to_owned(), "BTC-LN".to_owned()],
            refund_method: Some("BTC-CHAIN".to_owned()),
            page_life: Duration::from_mins(30),
            timeout: Duration::from_secs(5),
        };
        change(&mut settings);
        Btcpay::new(settings).unwrap()
    }
}

fn usd(micros: i64) -> Money {
    Money::usd(Amount::new(micros).unwrap())
}

fn request(number: u128) -> CheckoutRequest {
    CheckoutRequest { topup: topup(number), charge: usd(25_000_000) }
}

/// A page that was opened, and the ways to see what became of it.
struct Shop {
    world: World,
    btcpay: Btcpay,
    id: String,
}

impl Shop {
    async fn open() -> Self {
        let world = World::start().await;
        world.control("btcpay", json!({ "webhook_url": world.hook, "second_ms": 1 })).await;
        let btcpay = world.btcpay(|_| {});
        let id = btcpay.create_checkout(&request(1)).await.unwrap().payment_id;
        Self { world, btcpay, id }
    }

    async fn paid() -> Self {
        let shop = Self::open().await;
        shop.act("pay", json!({})).await;
        shop
    }

    /// Something happens to the invoice.
    async fn act(&self, act: &str, mut with: Value) -> Value {
        with["invoice_id"] = json!(self.id);
        self.world.control(&format!("btcpay/{act}"), with).await
    }

    async fn faults(&self, faults: Value) {
        self.world.control("btcpay", json!({ "faults": faults })).await;
    }

    /// How the payment is reported, by either of its names.
    async fn report(&self) -> PaymentReport {
        let payment = PaymentRef::Payment(self.id.clone());
        let report = self.btcpay.fetch(&payment).await.unwrap().unwrap();
        let ours = PaymentRef::Topup(topup(1));
        assert_eq!(self.btcpay.fetch(&ours).await.unwrap(), Some(report.clone()));
        assert_eq!((&report.payment_id, report.topup), (&self.id, Some(topup(1))));
        assert_eq!(report.charge, Some(usd(25_000_000)));
        report
    }

    /// Status and money of the report.
    async fn standing(&self) -> (PaymentStatus, Option<Money>) {
        let report = self.report().await;
        (report.status, report.received)
    }

    fn refund(&self, number: u128, amount: Money) -> RefundRequest {
        RefundRequest {
            refund: RefundId::new(Uuid::from_u128(number)),
            topup: topup(1),
            payment_id: self.id.clone(),
            amount,
        }
    }
}

#[tokio::test]
async fn opens_a_page_once_per_topup() {
    let shop = Shop::open().await;
    let again = shop.btcpay.create_checkout(&request(1)).await.unwrap();
    assert_eq!(again.payment_id, shop.id);
    assert!(again.url.ends_with(&shop.id) && again.expires_at.is_some(), "{again:?}");
    // As another process would after a restart.
    let other = shop.world.btcpay(|_| {}).create_checkout(&request(1)).await.unwrap();
    assert_eq!(other, again);
    let dearer = CheckoutRequest { charge: usd(26_000_000), ..request(1) };
    let outcome = shop.btcpay.create_checkout(&dearer).await;
    assert!(matches!(outcome, Err(GatewayError::Refused(_))), "{outcome:?}");
    let truth = shop.world.truth("btcpay", topup(1)).await;
    assert_eq!(truth["payments"].as_array().unwrap().len(), 1, "{truth}");
}

/// The page was opened, and the answer never came: it is found by looking for it.
#[tokio::test]
async fn a_lost_answer_opens_no_second_page() {
    for fault in [
        "timeout_after_commit",
        "drop_after_commit",
        "http_500_after_commit",
        "garbage_after_commit",
    ] {
        let world = World::start().await;
        let btcpay = world.btcpay(|it| it.timeout = Duration::from_millis(500));
        let faults = json!({ fault: true, "only": "create", "remaining": 1 });
        world.control("btcpay", json!({ "faults": faults })).await;
        let checkout = btcpay.create_checkout(&request(1)).await.unwrap();
        let truth = world.truth("btcpay", topup(1)).await;
        let payments = truth["payments"].as_array().unwrap();
        assert_eq!(payments.len(), 1, "{fault}: {truth}");
        assert_eq!(payments[0]["id"], checkout.payment_id, "{fault}");
    }
}

#[tokio::test]
async fn what_was_not_opened_is_said_so_and_can_be_asked_for_again() {
    let world = World::start().await;
    let btcpay = world.btcpay(|_| {});
    let faults = json!({ "http_500": true, "only": "create" });
    world.control("btcpay", json!({ "faults": faults })).await;
    let outcome = btcpay.create_checkout(&request(1)).await;
    assert_eq!(outcome, Err(GatewayError::Unavailable("it failed")));
    assert!(world.orders("btcpay").await.is_empty());
    world.control("btcpay", json!({ "faults": {} })).await;
    btcpay.create_checkout(&request(1)).await.unwrap();
}

#[tokio::test]
async fn reading_is_tried_again() {
    let shop = Shop::open().await;
    shop.faults(json!({ "drop": true, "only": "status", "remaining": 2 })).await;
    assert_eq!(shop.standing().await.0, PaymentStatus::Open);
}

#[tokio::test]
async fn a_key_or_store_that_is_not_known_is_refused() {
    let world = World::start().await;
    for btcpay in [
        world.btcpay(|it| it.api_key = "other".into()),
        world.btcpay(|it| it.store_id = "OtherStore".to_owned()),
    ] {
        let outcome = btcpay.create_checkout(&request(1)).await;
        assert_eq!(outcome, Err(GatewayError::Refused("our key is not accepted")));
    }
}

#[tokio::test]
async fn charges_rupiah_where_that_is_set() {
    let world = World::start().await;
    world.control("btcpay", json!({ "rates": { "IDR": "1612345678.9" } })).await;
    let btcpay = world.btcpay(|it| it.currency = Currency::Idr);
    let charge = Money::idr(Amount::new(50_000).unwrap());
    let asked = CheckoutRequest { charge, ..request(1) };
    let id = btcpay.create_checkout(&asked).await.unwrap().payment_id;
    world.control("btcpay/pay", json!({ "invoice_id": id })).await;
    let report = btcpay.fetch(&PaymentRef::Payment(id)).await.unwrap().unwrap();
    // One satoshi is worth sixteen rupiah, so that more than the charge came: dust.
    assert_eq!((report.charge, report.received), (Some(charge), Some(charge)));
    let refused = btcpay.create_checkout(&request(2)).await;
    assert!(matches!(refused, Err(GatewayError::Refused(_))), "{refused:?}");
}

#[tokio::test]
async fn follows_a_payment_from_the_page_to_the_money() {
    let shop = Shop::open().await;
    assert_eq!(shop.standing().await, (PaymentStatus::Open, None));
    shop.act("pay", json!({ "unconfirmed": true })).await;
    assert_eq!(shop.standing().await, (PaymentStatus::Processing, None));
    shop.act("confirm", json!({})).await;
    assert_eq!(shop.standing().await, (PaymentStatus::Settled, Some(usd(25_000_000))));
}

#[tokio::test]
async fn coins_that_go_back_to_their_sender_never_were_there() {
    let shop = Shop::open().await;
    shop.act("pay", json!({ "unconfirmed": true })).await;
    shop.act("double_spend", json!({})).await;
    assert_eq!(shop.standing().await, (PaymentStatus::Open, None));
    shop.act("expire", json!({})).await;
    assert_eq!(shop.standing().await, (PaymentStatus::Expired, None));
}

#[tokio::test]
async fn too_little_counts_once_the_page_is_closed() {
    let shop = Shop::open().await;
    let paid = shop.act("pay", json!({ "kind": "under" })).await;
    assert_eq!(shop.standing().await, (PaymentStatus::Short, None));
    shop.act("expire", json!({})).await;
    let (status, received) = shop.standing().await;
    let received = received.unwrap();
    assert_eq!(status, PaymentStatus::Settled);
    assert!((12_499_000..=12_501_000).contains(&received.amount.get()), "{received}");
    let shown = paid["invoice"]["paidAmount"].as_str().unwrap().to_owned();
    assert!(shown.starts_with(&received.to_string()[..9]), "{shown} {received}");
}

#[tokio::test]
async fn too_much_counts_in_full() {
    let shop = Shop::open().await;
    shop.act("pay", json!({ "kind": "over" })).await;
    let (status, received) = shop.standing().await;
    assert_eq!(status, PaymentStatus::Settled);
    assert!(received.unwrap().amount.get() > 27_000_000, "{received:?}");
}

#[tokio::test]
async fn late_coins_count_when_they_are_sure() {
    let shop = Shop::open().await;
    shop.act("pay", json!({ "kind": "late", "unconfirmed": true })).await;
    assert_eq!(shop.standing().await, (PaymentStatus::Processing, None));
    shop.act("confirm", json!({})).await;
    assert_eq!(shop.standing().await, (PaymentStatus::Settled, Some(usd(25_000_000))));
}

#[tokio::test]
async fn a_second_payment_adds_to_the_first() {
    let shop = Shop::paid().await;
    shop.act("pay", json!({ "kind": "second", "unconfirmed": true })).await;
    assert_eq!(shop.standing().await, (PaymentStatus::Settled, Some(usd(25_000_000))));
    shop.act("confirm", json!({})).await;
    let (status, received) = shop.standing().await;
    assert_eq!(status, PaymentStatus::Settled);
    assert!(received.unwrap().amount.get() >= 50_000_000, "{received:?}");
}

#[tokio::test]
async fn coins_that_are_never_sure_fail() {
    let shop = Shop::open().await;
    shop.act("pay", json!({ "unconfirmed": true })).await;
    shop.act("stop_watching", json!({})).await;
    assert_eq!(shop.standing().await, (PaymentStatus::Processing, None));
    shop.act("double_spend", json!({})).await;
    assert_eq!(shop.standing().await, (PaymentStatus::Failed, None));
}

#[tokio::test]
async fn the_word_of_a_person_brings_no_coins() {
    let shop = Shop::open().await;
    shop.act("settle", json!({})).await;
    assert_eq!(shop.standing().await, (PaymentStatus::Settled, None));
    shop.act("invalidate", json!({})).await;
    assert_eq!(shop.standing().await, (PaymentStatus::Canceled, None));
}

#[tokio::test]
async fn what_the_server_does_not_know_is_nothing() {
    let world = World::start().await;
    let btcpay = world.btcpay(|_| {});
    for payment in [
        PaymentRef::Payment("unknown".to_owned()),
        PaymentRef::Payment("../pull-payments".to_owned()),
        PaymentRef::Topup(topup(7)),
    ] {
        assert_eq!(btcpay.fetch(&payment).await, Ok(None), "{payment}");
    }
}

#[tokio::test]
async fn recognises_each_notification_and_its_repeats() {
    let shop = Shop::open().await;
    let happened = shop.act("pay", json!({})).await;
    let events = happened["events"].as_array().unwrap();
    let mut seen = Vec::new();
    for event in events {
        let again = json!({ "event_id": event["event_id"] });
        shop.world.control("btcpay/redeliver", again.clone()).await;
        let notice = shop.world.verify_last(&shop.btcpay).unwrap().unwrap();
        assert_eq!(notice.payment, PaymentRef::Payment(shop.id.clone()));
        assert_eq!(notice.event_kind, event["type"].as_str().unwrap());
        // Other bytes, the same notification.
        let before = shop.world.inbox.lock().unwrap().last().unwrap().1.clone();
        shop.world.control("btcpay/redeliver", again).await;
        assert_ne!(shop.world.inbox.lock().unwrap().last().unwrap().1, before);
        assert_eq!(shop.world.verify_last(&shop.btcpay), Ok(Some(notice.clone())));
        assert!(!seen.contains(&notice.event_id), "{seen:?}");
        seen.push(notice.event_id);
    }
    assert!(seen.len() >= 3, "{seen:?}");
}

#[tokio::test]
async fn tells_good_deliveries_from_bad_ones() {
    let shop = Shop::open().await;
    let happened = shop.act("pay", json!({})).await;
    let event = &happened["events"][0]["event_id"];
    for (deliver, expected) in [
        ("fresh", Ok(true)),
        ("duplicate", Ok(true)),
        ("tampered", Err(VerifyError::Mismatch)),
        ("wrong_secret", Err(VerifyError::Mismatch)),
        ("unsigned", Err(VerifyError::Malformed)),
        ("bad_header", Err(VerifyError::Malformed)),
    ] {
        let again = json!({ "event_id": event, "deliver": deliver });
        shop.world.control("btcpay/redeliver", again).await;
        let outcome = shop.world.verify_last(&shop.btcpay).map(|notice| notice.is_some());
        assert_eq!(outcome, expected, "{deliver}");
    }
}

#[tokio::test]
async fn types_nobody_documented_are_taken() {
    let shop = Shop::open().await;
    for kind in ["InvoicePaidAfterExpiration", "InvoiceExpiredPaidPartial", "InventedLater"] {
        shop.act("event", json!({ "type": kind })).await;
        let notice = shop.world.verify_last(&shop.btcpay).unwrap().unwrap();
        assert_eq!(notice.event_kind, kind);
    }
}

#[tokio::test]
async fn gives_back_by_a_link_that_the_customer_claims() {
    let shop = Shop::paid().await;
    assert!(shop.report().await.refunds.is_empty());
    let request = shop.refund(1, usd(10_000_000));
    let done = shop.btcpay.refund(&request).await.unwrap();
    assert_eq!(done.report.refund, Some(request.refund));
    assert_eq!((done.report.amount, done.report.state), (usd(10_000_000), RefundState::Pending));
    assert!(done.claim_url.as_ref().unwrap().ends_with(&done.report.id), "{done:?}");
    assert_eq!(shop.report().await.refunds, std::slice::from_ref(&done.report));
    // Asked again, also by another process, it finds the same.
    assert_eq!(shop.world.btcpay(|_| {}).refund(&request).await, Ok(done.clone()));
    let claim = json!({ "pull_payment_id": done.report.id });
    shop.world.control("btcpay/claim", claim).await;
    let report = shop.report().await;
    assert_eq!(report.refunds.len(), 1);
    assert_eq!(report.refunds[0].state, RefundState::Done);
    assert_eq!(report.received, Some(usd(25_000_000)));
}

/// Money was put aside, and the answer never came: the repeat finds it.
#[tokio::test]
async fn the_same_refund_is_given_once() {
    for fault in ["timeout_after_commit", "drop_after_commit", "http_500_after_commit"] {
        let shop = Shop::paid().await;
        let btcpay = shop.world.btcpay(|it| it.timeout = Duration::from_millis(500));
        let request = shop.refund(1, usd(10_000_000));
        shop.faults(json!({ fault: true, "only": "refund" })).await;
        let lost = btcpay.refund(&request).await;
        assert!(matches!(lost, Err(GatewayError::Unavailable(_))), "{fault}: {lost:?}");
        let done = btcpay.refund(&request).await.unwrap();
        assert_eq!(shop.report().await.refunds, [done.report], "{fault}");
    }
}

#[tokio::test]
async fn a_link_that_was_withdrawn_gave_nothing_back() {
    let shop = Shop::paid().await;
    let done = shop.btcpay.refund(&shop.refund(1, usd(10_000_000))).await.unwrap();
    let archive = json!({ "pull_payment_id": done.report.id });
    shop.world.control("btcpay/archive", archive).await;
    assert_eq!(shop.report().await.refunds[0].state, RefundState::Failed);
}

#[tokio::test]
async fn a_refund_made_on_the_servers_own_pages_is_seen() {
    let shop = Shop::paid().await;
    let url = format!(
        "{}/btcpay/api/v1/stores/SandboxStore/invoices/{}/refund",
        shop.world.base, shop.id
    );
    let call = shop.world.http.post(url).header("authorization", "token btcpay_sandbox");
    let body = json!({ "refundVariant": "RateThen", "payoutMethodId": "BTC-CHAIN" });
    let response = call.json(&body).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let report = shop.report().await;
    let [refund] = &report.refunds[..] else { panic!("{:?}", report.refunds) };
    assert_eq!((refund.refund, refund.state), (None, RefundState::Pending));
    // Coins, at the share of all coins that they are; the last digit is lost in rounding.
    let value = refund.amount.amount.get();
    assert!((24_999_000..=25_000_000).contains(&value), "{refund:?}");
}

#[tokio::test]
async fn only_a_verdict_on_the_refund_is_a_refusal() {
    let unpaid = Shop::open().await;
    let outcome = unpaid.btcpay.refund(&unpaid.refund(1, usd(1_000_000))).await;
    assert_eq!(outcome, Err(GatewayError::Refused("it does not give this back")));
    let shop = Shop::paid().await;
    let other = RefundRequest { topup: topup(2), ..shop.refund(1, usd(1_000_000)) };
    let outcome = shop.btcpay.refund(&other).await;
    assert_eq!(outcome, Err(GatewayError::Refused("the payment is another one")));
    for btcpay in [
        shop.world.btcpay(|it| it.api_key = "other".into()),
        shop.world.btcpay(|it| it.refund_method = None),
    ] {
        let outcome = btcpay.refund(&shop.refund(1, usd(1_000_000))).await;
        assert!(matches!(outcome, Err(GatewayError::Unavailable(_))), "{outcome:?}");
    }
    shop.faults(json!({ "http_500": true, "only": "refund" })).await;
    let outcome = shop.btcpay.refund(&shop.refund(1, usd(1_000_000))).await;
    assert!(matches!(outcome, Err(GatewayError::Unavailable(_))), "{outcome:?}");
    let missing = RefundRequest { payment_id: "unknown".to_owned(), ..shop.refund(1, usd(1)) };
    let outcome = shop.btcpay.refund(&missing).await;
    assert!(matches!(outcome, Err(GatewayError::Unavailable(_))), "{outcome:?}");
    assert!(shop.report().await.refunds.is_empty());
}
