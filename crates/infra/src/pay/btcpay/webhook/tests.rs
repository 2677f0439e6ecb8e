use secrecy::SecretString;
use serde_json::{Value, json};

use super::*;

const SECRET: &str = "HelloWorld";
const BODY: &[u8] =
    b"{\n  \"deliveryId\": \"D1\",\n  \"type\": \"InvoiceSettled\",\n  \"invoiceId\": \"INV1\"\n}";
/// A published example.
const CODE: &str = "52108d5746d2e94e4aaa6c703718d147cead44aa28558f2996e79f1a2d986998";

fn secrets(texts: &[&str]) -> SecretList {
    SecretList::new(texts.iter().map(|text| SecretString::from(*text)).collect()).unwrap()
}

fn checked(header: &str, body: &[u8], secret: &str) -> Result<(), VerifyError> {
    check(header, body, &secrets(&[secret]))
}

#[test]
fn accepts_the_published_vector() {
    assert_eq!(checked(&format!("sha256={CODE}"), BODY, SECRET), Ok(()));
}

#[test]
fn accepts_any_of_our_secrets_while_one_is_replaced() {
    let header = format!("sha256={CODE}");
    for known in [&["new", SECRET][..], &[SECRET, "old"]] {
        assert_eq!(check(&header, BODY, &secrets(known)), Ok(()));
    }
    let outcome = check(&header, BODY, &secrets(&["new", "old"]));
    assert_eq!(outcome, Err(VerifyError::Mismatch));
}

/// Each bit of the body, of the header and of the secret counts.
#[test]
fn refuses_every_single_change() {
    let header = format!("sha256={CODE}");
    let bits = |length: usize| (0..length).flat_map(|p| (0..7).map(move |bit| (p, bit)));
    for (position, bit) in bits(BODY.len()) {
        let mut body = BODY.to_vec();
        body[position] ^= 1 << bit;
        assert_eq!(checked(&header, &body, SECRET), Err(VerifyError::Mismatch), "{position}");
    }
    for (position, bit) in bits(header.len()) {
        let mut changed = header.clone().into_bytes();
        changed[position] ^= 1 << bit;
        let changed = String::from_utf8(changed).unwrap();
        assert!(checked(&changed, BODY, SECRET).is_err(), "{changed}");
    }
    for (position, bit) in bits(SECRET.len()) {
        let mut changed = SECRET.to_owned().into_bytes();
        changed[position] ^= 1 << bit;
        let changed = String::from_utf8(changed).unwrap();
        // A blank one is not taken at all.
        if let Some(secrets) = SecretList::new(vec![changed.clone().into()]) {
            let outcome = check(&header, BODY, &secrets);
            assert_eq!(outcome, Err(VerifyError::Mismatch), "{changed}");
        }
    }
    for body in [&BODY[..BODY.len() - 1], &[BODY, b"\n"].concat(), b""] {
        assert_eq!(checked(&header, body, SECRET), Err(VerifyError::Mismatch));
    }
}

#[test]
fn refuses_headers_of_another_shape() {
    for header in [
        String::new(),
        CODE.to_owned(),
        format!("sha1={CODE}"),
        format!("sha256={}", CODE.to_uppercase()),
        format!("SHA256={CODE}"),
        format!("sha256= {CODE}"),
        format!("sha256={CODE}0"),
        format!("sha256={}", &CODE[..63]),
        format!("sha256={CODE},sha256={CODE}"),
        "sha256=".to_owned(),
    ] {
        assert_eq!(checked(&header, BODY, SECRET), Err(VerifyError::Malformed), "{header}");
    }
}

fn event(change: impl FnOnce(&mut Value)) -> Result<Option<Notice>, VerifyError> {
    let mut event = json!({
        "deliveryId": "D2",
        "webhookId": "W1",
        "originalDeliveryId": "D1",
        "isRedelivery": true,
        "type": "InvoiceSettled",
        "timestamp": 1_763_600_000,
        "storeId": "Store1",
        "invoiceId": "INV1",
        "metadata": { "orderId": "0198c2d1-0000-7000-8000-000000000001" },
    });
    change(&mut event);
    read(event.to_string().as_bytes(), "Store1")
}

fn event_id(change: impl FnOnce(&mut Value)) -> String {
    event(change).unwrap().unwrap().event_id
}

#[test]
fn names_the_invoice() {
    let expected = Notice {
        gateway: Gateway::Btcpay,
        event_id: "INV1:InvoiceSettled:-".to_owned(),
        event_kind: "InvoiceSettled".to_owned(),
        payment: PaymentRef::Payment("INV1".to_owned()),
    };
    assert_eq!(event(|_| {}), Ok(Some(expected)));
}

#[test]
fn a_repeat_is_the_same_and_another_payment_is_not() {
    assert_eq!(event_id(|it| it["deliveryId"] = json!("D3")), event_id(|_| {}));
    let payment = |id: &'static str| {
        event_id(move |it| {
            it["type"] = json!("InvoicePaymentSettled");
            it["payment"] = json!({ "id": id, "value": "0.001" });
        })
    };
    assert_eq!(payment("a-0"), "INV1:InvoicePaymentSettled:a-0");
    assert_ne!(payment("a-0"), payment("a-1"));
}

/// One of them tells of refunds: what is known of those is too old then.
#[test]
fn types_nobody_documented_are_taken_and_ask_for_everything() {
    for kind in ["InvoiceExpiredPaidPartial", "InvoiceRefund", "InventedLater"] {
        let notice = event(|it| it["type"] = json!(kind)).unwrap().unwrap();
        assert_eq!(notice.payment, PaymentRef::Alias("INV1".to_owned()), "{kind}");
    }
    for kind in OF_PAYMENT {
        let notice = event(|it| it["type"] = json!(kind)).unwrap().unwrap();
        assert_eq!(notice.payment, PaymentRef::Payment("INV1".to_owned()), "{kind}");
    }
}

#[test]
fn what_is_about_no_invoice_of_ours_is_no_business_of_ours() {
    assert_eq!(event(|it| it["storeId"] = json!("Other")), Ok(None));
    assert_eq!(event(|it| it["invoiceId"] = json!(null)), Ok(None));
    assert_eq!(read(br#"{"type":"PayoutApproved","payoutId":"p"}"#, "Store1"), Ok(None));
}

#[test]
fn refuses_what_is_no_event() {
    let broken: [fn(&mut Value); 9] = [
        |it| it["type"] = json!(null),
        |it| it["type"] = json!(""),
        |it| it["type"] = json!("a b"),
        |it| it["type"] = json!("x".repeat(65)),
        |it| it["invoiceId"] = json!(7),
        |it| it["invoiceId"] = json!("../invoices"),
        |it| it["invoiceId"] = json!("x".repeat(101)),
        |it| it["payment"] = json!({ "id": "x".repeat(300) }),
        |it| it["payment"] = json!({ "id": "a\nb" }),
    ];
    for change in broken {
        assert_eq!(event(change), Err(VerifyError::Unreadable));
    }
    let deep = ["{\"a\":".repeat(200), "1".to_owned(), "}".repeat(200)].concat();
    for raw in [&b""[..], b"{}", b"[]", b"\xff", br#"{"type":"a","type":"b"}"#, deep.as_bytes()] {
        assert_eq!(read(raw, "Store1"), Err(VerifyError::Unreadable));
    }
}
