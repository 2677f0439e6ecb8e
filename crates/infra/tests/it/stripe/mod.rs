//! The Stripe adapter.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

mod oracle;
mod sandbox;
mod sandbox_money;
mod scripted;
mod scripted_money;

use std::time::Duration;

use domain::{
    gateways::CheckoutRequest,
    ids::TopupId,
    money::{Amount, Currency, Money},
};
use infra::pay::stripe::StripeSettings;
use uuid::Uuid;

fn settings(api_base: String) -> StripeSettings {
    StripeSettings {
        api_base,
        secret_key: "sk_test_sandbox".into(),
        webhook_secrets: vec!["whsec_sandbox".into()],
        livemode: false,
        currency: Currency::Idr,
        success_url: "https://app.example/ok?session={CHECKOUT_SESSION_ID}".to_owned(),
        cancel_url: "https://app.example/cancel".to_owned(),
        timeout: Duration::from_secs(5),
    }
}

fn request() -> CheckoutRequest {
    let topup = TopupId::new(Uuid::from_u128(0x0198_c2d1_0000_7000_8000_0000_0000_0001));
    CheckoutRequest { topup, charge: idr(50_000) }
}

fn idr(units: i64) -> Money {
    Money::idr(Amount::new(units).unwrap())
}
