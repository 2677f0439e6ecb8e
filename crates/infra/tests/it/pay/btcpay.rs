mod notices;
mod pages;
mod payments;
mod refunds;

use std::time::Duration;

use domain::{
    gateways::{
        CheckoutRequest, PaymentGateway as _, PaymentRef, PaymentReport, PaymentStatus,
        RefundRequest,
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
