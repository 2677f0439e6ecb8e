//! Notifications of a BTCPay Server: the `BTCPay-Sig` header, a line break, the body.

use std::{sync::OnceLock, time::Duration};

use domain::{gateways::VerifyError, money::Currency};
use infra::pay::btcpay::{Btcpay, BtcpaySettings};

use super::{Delivery, SECRETS, STRANGE, hash, is_believed, verdict};
use crate::bytes;

/// Parts of notifications.
pub(crate) const WORDS: &[&str] = &[
    "sha256=",
    "{\"type\":\"",
    "InvoiceSettled",
    "InvoicePaymentSettled",
    "InvoicePaidAfterExpiration",
    "\"invoiceId\":\"INV1\"",
    "\"storeId\":\"Store1\"",
    "\"storeId\":\"Other\"",
    "\"payment\":{\"id\":\"a-0\"}",
    "null",
    "\\u0000",
    "\n",
];

/// What is believed was signed with a secret of ours. What we sign is believed, and no bit of it
/// can be changed.
pub(crate) fn check(input: &[u8]) {
    let (header, body) = bytes::first_line(input);
    let delivery = Delivery { header: Some(header.to_string()), body: body.to_vec() };
    if is_believed(&verdict(gateway(), &delivery)) {
        let is_code =
            |secret: &str| header == format!("sha256={}", hash::hmac(secret.as_bytes(), body));
        assert!(SECRETS.into_iter().any(is_code), "{header}");
    }
    let first = signed(body, SECRETS[0]);
    let outcome = verdict(gateway(), &first);
    assert!(is_believed(&outcome), "{outcome:?}");
    assert_eq!(verdict(gateway(), &signed(body, SECRETS[1])), outcome);
    assert_eq!(verdict(gateway(), &signed(body, STRANGE)), Err(VerifyError::Mismatch));
    let choice = bytes::choice(input);
    if let Some(body) = bytes::flipped(body, choice) {
        let changed = Delivery { body, ..first.clone() };
        assert_eq!(verdict(gateway(), &changed), Err(VerifyError::Mismatch));
    }
    let header = first.header.unwrap_or_default();
    let header =
        bytes::flipped(header.as_bytes(), choice).and_then(|it| String::from_utf8(it).ok());
    if header.is_some() {
        let changed = Delivery { header, ..first };
        assert!(!is_believed(&verdict(gateway(), &changed)), "{changed:?}");
    }
}

fn signed(body: &[u8], secret: &str) -> Delivery {
    let header = format!("sha256={}", hash::hmac(secret.as_bytes(), body));
    Delivery { header: Some(header), body: body.to_vec() }
}

fn gateway() -> &'static Btcpay {
    static GATEWAY: OnceLock<Btcpay> = OnceLock::new();
    GATEWAY.get_or_init(|| {
        let settings = BtcpaySettings {
            api_base: "https://pay.example".to_owned(),
            api_key: "key_1".into(),
            store_id: "Store1".to_owned(),
            webhook_secrets: SECRETS.map(Into::into).to_vec(),
            currency: Currency::Usd,
            redirect_url: "https://app.example/ok".to_owned(),
            payment_methods: Vec::new(),
            refund_method: None,
            page_life: Duration::from_mins(30),
            timeout: Duration::from_secs(1),
        };
        Btcpay::new(settings).unwrap()
    })
}
