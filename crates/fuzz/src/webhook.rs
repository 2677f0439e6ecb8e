//! What must hold of the notifications of every gateway.

use chrono::DateTime;
use domain::{
    gateways::{Notice, PaymentGateway, PaymentRef, VerifyError},
    time::Timestamp,
};

pub(crate) mod btcpay;
pub(crate) mod duitku;
mod hash;
pub(crate) mod heleket;
pub(crate) mod stripe;

/// Secrets that the gateways of the targets know: one in use and one being replaced.
const SECRETS: [&str; 2] = ["whsec_new-one", "whsec_old-one"];
/// One that none of them knows.
const STRANGE: &str = "whsec_other";

type Verdict = Result<Option<Notice>, VerifyError>;

/// A notification as it comes in: the one header that matters, if any, and the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) header: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// Reads `delivery` as the ingest does, and sees that reading it again changes nothing.
fn verdict(gateway: &dyn PaymentGateway, delivery: &Delivery) -> Verdict {
    let header = |_: &str| delivery.header.clone();
    let verdict = gateway.verify(&header, &delivery.body, now());
    assert_eq!(gateway.verify(&header, &delivery.body, now()), verdict);
    if let Ok(Some(notice)) = &verdict {
        check_notice(gateway, notice);
    }
    verdict
}

/// Whether the signature was found to be genuine, whatever came of the content.
fn is_believed(verdict: &Verdict) -> bool {
    !matches!(verdict, Err(VerifyError::Malformed | VerifyError::Mismatch))
}

/// All parts can be stored, and the payment can be looked up later.
fn check_notice(gateway: &dyn PaymentGateway, notice: &Notice) {
    assert_eq!(notice.gateway, gateway.terms().gateway);
    let (PaymentRef::Payment(id) | PaymentRef::Alias(id)) = &notice.payment else {
        panic!("{:?} names no payment of the gateway", notice.payment);
    };
    for text in [&notice.event_id, &notice.event_kind, id] {
        assert!((1..=255).contains(&text.len()), "{text:?}");
        assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
    }
    assert_eq!(PaymentRef::parse(&notice.payment.to_string()).as_ref(), Some(&notice.payment));
}

/// The moment at which all inputs come in, so that they mean the same each time.
fn now() -> Timestamp {
    DateTime::from_timestamp(1_763_600_000, 0).unwrap()
}
