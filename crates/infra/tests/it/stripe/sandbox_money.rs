//! What becomes of money, against the sandbox's books.

use chrono::Duration;
use domain::{
    gateways::{
        CheckoutRequest, DisputeState, GatewayError, PaymentGateway, PaymentRef, PaymentReport,
        PaymentStatus, RefundRequest, RefundState,
    },
    ids::RefundId,
    money::{Amount, Currency, Money},
    time::Clock,
};
use infra::{pay::stripe::Stripe, system::SystemClock};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{idr, request, sandbox::World};

/// A page that was opened, and the ways to see what became of it.
struct Shop {
    world: World,
    stripe: Stripe,
    id: String,
}

impl Shop {
    async fn open() -> Self {
        let world = World::start().await;
        let stripe = world.stripe(|_| {});
        let id = stripe.create_checkout(&request()).await.unwrap().payment_id;
        Self { world, stripe, id }
    }

    async fn paid() -> Self {
        let shop = Self::open().await;
        shop.act("pay", json!({})).await;
        shop
    }

    /// Something happens to the session.
    async fn act(&self, what: &str, mut body: Value) -> Value {
        body["session_id"] = json!(self.id);
        self.world.control(&format!("stripe/{what}"), body).await
    }

    async fn report(&self) -> PaymentReport {
        let payment = PaymentRef::Payment(self.id.clone());
        let report = self.stripe.fetch(&payment).await.unwrap().unwrap();
        assert_eq!((&report.payment_id, report.topup), (&self.id, Some(request().topup)));
        report
    }

    /// Reads the newest webhook, and what it makes us look at.
    async fn follow_webhook(&self) -> (String, PaymentReport) {
        let notice = self.world.verify_last(&self.stripe).unwrap().unwrap();
        let report = self.stripe.fetch(&notice.payment).await.unwrap().unwrap();
        assert_eq!(report.payment_id, self.id);
        (notice.event_kind, report)
    }

    fn refund(&self, number: u128, amount: Money) -> RefundRequest {
        RefundRequest {
            refund: RefundId::new(Uuid::from_u128(number)),
            topup: request().topup,
            payment_id: self.id.clone(),
            amount,
        }
    }
}

#[tokio::test]
async fn follows_a_payment_from_the_page_to_the_money() {
    let shop = Shop::open().await;
    let report = shop.report().await;
    assert_eq!((report.status, report.charge), (PaymentStatus::Open, Some(idr(50_000))));
    shop.act("pay", json!({})).await;
    let (_, report) = shop.follow_webhook().await;
    assert_eq!((report.status, report.received), (PaymentStatus::Settled, Some(idr(50_000))));
    assert_eq!((report.refunds.len(), report.disputes.len()), (0, 0));
}

#[tokio::test]
async fn money_that_settles_later_is_not_there_yet() {
    for (end, status, received) in
        [("pay", PaymentStatus::Settled, Some(idr(50_000))), ("fail", PaymentStatus::Failed, None)]
    {
        let shop = Shop::open().await;
        shop.act("pay", json!({ "payment_status": "unpaid" })).await;
        let report = shop.report().await;
        assert_eq!((report.status, report.received), (PaymentStatus::Processing, None));
        shop.act(end, json!({})).await;
        let (kind, report) = shop.follow_webhook().await;
        assert!(kind.starts_with("checkout.session.async_payment_"), "{kind}");
        assert_eq!((report.status, report.received), (status, received), "{end}");
    }
}

#[tokio::test]
async fn a_page_that_ran_out_is_over() {
    let shop = Shop::open().await;
    shop.act("expire", json!({})).await;
    assert_eq!(shop.report().await.status, PaymentStatus::Expired);
}

#[tokio::test]
async fn a_wrong_amount_or_currency_is_seen() {
    for (change, charge, received) in [
        (json!({ "amount": 4_000_000 }), Some(idr(40_000)), Some(idr(40_000))),
        (json!({ "currency": "eur" }), None, None),
        (json!({ "amount": 5_000_001 }), None, Some(idr(50_000))),
    ] {
        let shop = Shop::open().await;
        shop.act("pay", change.clone()).await;
        let report = shop.report().await;
        assert_eq!(report.status, PaymentStatus::Settled);
        assert_eq!((report.charge, report.received), (charge, received), "{change}");
    }
}

#[tokio::test]
async fn charges_dollars_where_that_is_set() {
    let world = World::start().await;
    let stripe = world.stripe(|it| it.currency = Currency::Usd);
    assert_eq!(stripe.terms().currency, Currency::Usd);
    let charge = Money::usd(Amount::new(3_150_000).unwrap());
    let asked = CheckoutRequest { charge, ..request() };
    let id = stripe.create_checkout(&asked).await.unwrap().payment_id;
    world.control("stripe/pay", json!({ "session_id": id })).await;
    let report = stripe.fetch(&PaymentRef::Payment(id)).await.unwrap().unwrap();
    assert_eq!((report.charge, report.received), (Some(charge), Some(charge)));
    let refused = stripe.create_checkout(&request()).await;
    assert!(matches!(refused, Err(GatewayError::Refused(_))), "{refused:?}");
}

#[tokio::test]
async fn gives_back_in_parts_and_never_too_much() {
    let shop = Shop::paid().await;
    for (number, amount) in [(1, 20_000), (2, 30_000)] {
        let request = shop.refund(number, idr(amount));
        let done = shop.stripe.refund(&request).await.unwrap();
        assert_eq!(done.report.refund, Some(request.refund));
        assert_eq!((done.report.amount, done.report.state), (idr(amount), RefundState::Done));
    }
    let refused = shop.stripe.refund(&shop.refund(3, idr(1))).await;
    assert_eq!(refused, Err(GatewayError::Refused("all of it was given back before")));
    let (_, report) = shop.follow_webhook().await;
    let amounts: Vec<Money> = report.refunds.iter().map(|it| it.amount).collect();
    assert_eq!(amounts, [idr(30_000), idr(20_000)]);
    assert_eq!((report.status, report.received), (PaymentStatus::Settled, Some(idr(50_000))));
}

#[tokio::test]
async fn the_same_refund_is_given_once() {
    for fault in ["timeout_after_commit", "drop_after_commit", "http_500_after_commit"] {
        let shop = Shop::paid().await;
        let stripe = shop.world.stripe(|it| it.timeout = std::time::Duration::from_millis(500));
        let request = shop.refund(1, idr(20_000));
        shop.world.faults(json!({ fault: true })).await;
        let lost = stripe.refund(&request).await;
        assert!(matches!(lost, Err(GatewayError::Unavailable(_))), "{fault}: {lost:?}");
        shop.world.faults(json!({})).await;
        let done = stripe.refund(&request).await.unwrap();
        let report = shop.report().await;
        assert_eq!(report.refunds, [done.report], "{fault}");
    }
}

#[tokio::test]
async fn a_refund_that_fails_later_is_seen() {
    let shop = Shop::paid().await;
    shop.world.control("stripe", json!({ "refund_status": "pending" })).await;
    let done = shop.stripe.refund(&shop.refund(1, idr(20_000))).await.unwrap();
    assert_eq!(done.report.state, RefundState::Pending);
    let settle = json!({ "refund_id": done.report.id, "status": "failed" });
    shop.world.control("stripe/refund/settle", settle).await;
    let (kind, report) = shop.follow_webhook().await;
    assert!(kind.contains("refund"), "{kind}");
    assert_eq!(report.refunds.iter().map(|it| it.state).collect::<Vec<_>>(), [RefundState::Failed]);
}

#[tokio::test]
async fn a_refund_by_hand_is_not_ours() {
    let shop = Shop::paid().await;
    shop.act("refund", json!({ "amount": 1_000_000 })).await;
    let (_, report) = shop.follow_webhook().await;
    let [refund] = &report.refunds[..] else { panic!("{:?}", report.refunds) };
    assert_eq!((refund.refund, refund.amount), (None, idr(10_000)));
}

#[tokio::test]
async fn follows_a_dispute_to_its_end() {
    for (decision, end) in [("won", DisputeState::Won), ("lost", DisputeState::Lost)] {
        let shop = Shop::paid().await;
        let opened = shop.act("dispute", json!({})).await;
        let (kind, report) = shop.follow_webhook().await;
        assert!(kind.starts_with("charge.dispute."), "{kind}");
        let [dispute] = &report.disputes[..] else { panic!("{:?}", report.disputes) };
        assert_eq!((dispute.amount, dispute.state), (idr(50_000), DisputeState::Open));
        assert_eq!(dispute.id, opened["dispute_id"]);
        let decide = json!({ "dispute_id": opened["dispute_id"], "status": decision });
        shop.world.control("stripe/dispute/decide", decide).await;
        let (_, report) = shop.follow_webhook().await;
        assert_eq!(report.disputes.iter().map(|it| it.state).collect::<Vec<_>>(), [end]);
    }
}

#[tokio::test]
async fn a_question_of_a_bank_moves_nothing() {
    let shop = Shop::paid().await;
    let asked = shop.act("dispute", json!({ "inquiry": true })).await;
    let (_, report) = shop.follow_webhook().await;
    assert_eq!(report.disputes[0].state, DisputeState::Inquiry);
    let decide = json!({ "dispute_id": asked["dispute_id"], "status": "warning_closed" });
    shop.world.control("stripe/dispute/decide", decide).await;
    assert_eq!(shop.report().await.disputes[0].state, DisputeState::Won);
}

/// A page that our server did not open: another shop's, or a mistake.
#[tokio::test]
async fn a_session_without_our_reference_is_nobodys() {
    let shop = Shop::open().await;
    let other = json!({ "client_reference_id": "order 7" });
    let opened = shop.world.control("stripe/session", other).await;
    let id = opened["session_id"].as_str().unwrap().to_owned();
    let report = shop.stripe.fetch(&PaymentRef::Payment(id)).await.unwrap().unwrap();
    assert_eq!(report.topup, None);
    let unknown = PaymentRef::Payment("cs_test_unknown".to_owned());
    assert_eq!(shop.stripe.fetch(&unknown).await, Ok(None));
}

#[tokio::test]
async fn finds_what_no_webhook_brought() {
    let shop = Shop::open().await;
    let since = SystemClock.now() - Duration::hours(1);
    shop.act("pay", json!({ "deliver": "none" })).await;
    let notices = shop.stripe.missed(since).await.unwrap();
    let payments: Vec<_> = notices.into_iter().map(|it| it.payment).collect();
    assert_eq!(payments, [PaymentRef::Payment(shop.id.clone())]);
    // More than one page, of another kind, and none that was delivered.
    for _ in 0..120 {
        let event = json!({
            "type": "refund.updated", "object": { "payment_intent": "pi_1" }, "deliver": "none",
        });
        shop.world.control("stripe/event", event).await;
    }
    let delivered = json!({ "type": "refund.updated", "object": { "payment_intent": "pi_2" } });
    shop.world.control("stripe/event", delivered).await;
    let notices = shop.stripe.missed(since).await.unwrap();
    assert_eq!(notices.len(), 121);
    assert!(notices.iter().all(|it| it.payment != PaymentRef::Alias("pi_2".to_owned())));
    assert_eq!(shop.stripe.missed(SystemClock.now() + Duration::hours(1)).await, Ok(vec![]));
}
