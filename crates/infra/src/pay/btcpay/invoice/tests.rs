use domain::money::Amount;
use serde_json::json;

use super::*;

const TOPUP: &str = "0198c2d1-0000-7000-8000-000000000001";

fn usd(micros: i64) -> Money {
    Money::usd(Amount::new(micros).unwrap())
}

fn idr(units: i64) -> Money {
    Money::idr(Amount::new(units).unwrap())
}

fn request(charge: Money) -> CheckoutRequest {
    CheckoutRequest { topup: TopupId::parse(TOPUP).unwrap(), charge }
}

fn page(methods: &[&str]) -> Page {
    Page {
        redirect_url: "https://app/topups/{OrderId}".to_owned(),
        methods: methods.iter().map(|it| (*it).to_owned()).collect(),
        minutes: 30,
    }
}

#[test]
fn asks_for_an_invoice_as_documented() {
    let page = page(&["BTC-CHAIN", "BTC-LN"]);
    let document = document(&request(usd(3_150_000)), &page).unwrap();
    let expected = json!({
        "amount": "3.15",
        "currency": "USD",
        "metadata": { "orderId": TOPUP, "itemDesc": "Balance top-up" },
        "checkout": {
            "speedPolicy": "MediumSpeed",
            "paymentMethods": ["BTC-CHAIN", "BTC-LN"],
            "expirationMinutes": 30,
            "monitoringMinutes": 1440,
            "paymentTolerance": 0,
            "redirectURL": "https://app/topups/{OrderId}",
            "redirectAutomatically": true,
        },
    });
    assert_eq!(serde_json::to_value(&document).unwrap(), expected);
}

#[test]
fn asks_for_whole_rupiah_and_whole_cents() {
    let page = page(&[]);
    let written = |charge| {
        let document = document(&request(charge), &page)?;
        Some(serde_json::to_value(&document).unwrap()["amount"].clone())
    };
    assert_eq!(written(idr(50_000)), Some(json!("50000")));
    assert_eq!(written(usd(10_000)), Some(json!("0.01")));
    assert_eq!(written(usd(1)), None);
    let document = serde_json::to_value(document(&request(idr(1)), &page).unwrap()).unwrap();
    assert_eq!(document["checkout"].get("paymentMethods"), None);
}

fn invoice(change: impl FnOnce(&mut Value)) -> Invoice {
    let mut invoice = json!({
        "id": "INV1",
        "storeId": "Store1",
        "amount": "3.15",
        "paidAmount": "0",
        "currency": "USD",
        "type": "Standard",
        "checkoutLink": "https://pay.example/i/INV1",
        "createdTime": 1_763_600_000,
        "expirationTime": 1_763_601_800,
        "monitoringExpiration": 1_763_688_200,
        "status": "New",
        "additionalStatus": "None",
        "metadata": { "orderId": TOPUP },
    });
    change(&mut invoice);
    serde_json::from_value(invoice).unwrap()
}

#[test]
fn takes_the_invoice_it_asked_for() {
    let checkout = invoice(|_| {}).checked(&request(usd(3_150_000))).unwrap();
    assert_eq!(checkout.payment_id, "INV1");
    assert_eq!(checkout.url, "https://pay.example/i/INV1");
    assert_eq!(checkout.expires_at, DateTime::from_timestamp(1_763_601_800, 0));
    for amount in ["3.15", "3.150", "3.1500000000"] {
        let same = invoice(|it| it["amount"] = json!(amount));
        assert!(same.checked(&request(usd(3_150_000))).is_ok(), "{amount}");
    }
}

#[test]
fn takes_no_other_invoice() {
    let other = "0198c2d1-0000-7000-8000-000000000002";
    for (name, value) in [
        ("amount", json!("3.16")),
        ("amount", json!("3.1500000001")),
        ("currency", json!("EUR")),
        ("currency", json!("usd")),
        ("metadata", json!({ "orderId": other })),
        ("metadata", json!({ "orderId": 7 })),
        ("metadata", json!(null)),
        ("checkoutLink", json!(null)),
        ("checkoutLink", json!("javascript:alert(1)")),
    ] {
        let outcome = invoice(|it| it[name] = value.clone()).checked(&request(usd(3_150_000)));
        assert!(matches!(outcome, Err(GatewayError::Refused(_))), "{name} {value}: {outcome:?}");
    }
}

#[test]
fn sums_are_exact_or_not_read() {
    for (name, value) in [
        ("paidAmount", json!(3.15)),
        ("paidAmount", json!("1e3")),
        ("paidAmount", json!("NaN")),
        ("paidAmount", json!("3,15")),
        ("paidAmount", json!("")),
        ("paidAmount", json!("9".repeat(40))),
        ("paidAmount", json!(null)),
        ("amount", json!(3.15)),
        ("amount", json!("-3.15")),
        ("amount", json!(null)),
    ] {
        let mut document = json!({
            "id": "INV1", "storeId": "Store1", "amount": "3.15", "paidAmount": "0",
            "currency": "USD", "createdTime": 0, "status": "New",
        });
        document[name] = value.clone();
        assert!(serde_json::from_value::<Invoice>(document).is_err(), "{name} {value}");
    }
}

fn methods(payments: &[&str]) -> Vec<Method> {
    let payments: Vec<Value> = payments.iter().map(|it| json!({ "status": it })).collect();
    let method = json!({ "currency": "BTC", "totalPaid": "0.001", "payments": payments });
    vec![
        serde_json::from_value(method).unwrap(),
        serde_json::from_value(json!({ "currency": null, "payments": [] })).unwrap(),
    ]
}

/// What the documents of the server come to.
fn standing(
    (status, additional, paid): (&str, &str, &str),
    payments: &[&str],
) -> (PaymentStatus, Option<Money>) {
    let invoice = invoice(|it| {
        it["status"] = json!(status);
        it["additionalStatus"] = json!(additional);
        it["paidAmount"] = json!(paid);
    });
    invoice.standing(&methods(payments)).unwrap()
}

#[test]
fn credits_what_has_arrived_for_good() {
    let (full, part, more) = (Some(usd(3_150_000)), Some(usd(1_000_000)), Some(usd(4_000_000)));
    for (state, payments, expected) in [
        (("New", "None", "0"), &[][..], (PaymentStatus::Open, None)),
        (("New", "PaidPartial", "1.00"), &["Settled"], (PaymentStatus::Short, None)),
        (("Processing", "None", "3.15"), &["Processing"], (PaymentStatus::Processing, None)),
        (("Settled", "None", "3.15"), &["Settled"], (PaymentStatus::Settled, full)),
        (("Settled", "PaidOver", "4.00"), &["Settled"], (PaymentStatus::Settled, more)),
        // The excess may still go away.
        (
            ("Settled", "PaidOver", "4.00"),
            &["Settled", "Processing"],
            (PaymentStatus::Settled, full),
        ),
        (("Expired", "None", "0"), &[], (PaymentStatus::Expired, None)),
        (("Expired", "PaidPartial", "1.00"), &["Settled"], (PaymentStatus::Settled, part)),
        (("Expired", "PaidPartial", "1.00"), &["Processing"], (PaymentStatus::Processing, None)),
        (("Expired", "PaidLate", "3.15"), &["Settled"], (PaymentStatus::Settled, full)),
        (
            ("Expired", "PaidLate", "3.15"),
            &["Settled", "Processing"],
            (PaymentStatus::Processing, None),
        ),
        (("Expired", "PaidLate", "3.15"), &["Settled", "Invalid"], (PaymentStatus::Settled, full)),
        (("Invalid", "None", "3.15"), &["Processing"], (PaymentStatus::Processing, None)),
        (("Invalid", "None", "3.15"), &["Settled"], (PaymentStatus::Settled, full)),
        (("Invalid", "Marked", "3.15"), &["Settled"], (PaymentStatus::Canceled, None)),
        // A person says so, and no coins are there.
        (("Settled", "Marked", "0"), &[], (PaymentStatus::Settled, None)),
        (("Settled", "Marked", "1.00"), &["Settled"], (PaymentStatus::Settled, part)),
        // The server says that something came, and not what.
        (("Expired", "PaidLate", "3.15"), &[], (PaymentStatus::Processing, None)),
        (("Expired", "PaidLate", "3.15"), &["Unheard"], (PaymentStatus::Processing, None)),
    ] {
        assert_eq!(standing(state, payments), expected, "{state:?} {payments:?}");
    }
}

#[test]
fn dust_is_not_an_excess() {
    for (additional, paid, expected) in [
        ("None", "3.150000", 3_150_000),
        ("None", "3.153150", 3_150_000),
        ("None", "3.153151", 3_153_151),
        ("PaidLate", "3.153", 3_150_000),
        ("PaidOver", "3.153", 3_153_000),
        ("None", "3.1499999", 3_149_999),
        ("None", "6.30", 6_300_000),
    ] {
        let (status, received) = standing(("Settled", additional, paid), &["Settled"]);
        assert_eq!(status, PaymentStatus::Settled);
        assert_eq!(received, Some(usd(expected)), "{additional} {paid}");
    }
}

#[test]
fn fees_beyond_what_came_are_nothing() {
    let invoice = invoice(|it| {
        it["paidAmount"] = json!("-0.01");
        it["status"] = json!("Expired");
    });
    assert!(!invoice.has_coins());
    assert_eq!(invoice.standing(&[]), Some((PaymentStatus::Expired, None)));
}

#[test]
fn parts_of_a_rupiah_are_not_credited() {
    let invoice = invoice(|it| {
        it["amount"] = json!("50000.00");
        it["currency"] = json!("IDR");
        it["paidAmount"] = json!("20000.99");
        it["status"] = json!("Expired");
    });
    assert_eq!(invoice.charge(), Some(idr(50_000)));
    let standing = invoice.standing(&methods(&["Settled"]));
    assert_eq!(standing, Some((PaymentStatus::Settled, Some(idr(20_000)))));
}

#[test]
fn an_unknown_state_is_none() {
    let invoice = invoice(|it| it["status"] = json!("Frozen"));
    assert_eq!(invoice.standing(&[]), None);
}

#[test]
fn of_several_the_one_with_coins_counts_and_then_the_oldest() {
    let other = |id: &str, created: i64, paid: &str| {
        invoice(|it| {
            it["id"] = json!(id);
            it["createdTime"] = json!(created);
            it["paidAmount"] = json!(paid);
        })
    };
    let first = |invoices: Vec<Invoice>| {
        invoices.into_iter().min_by_key(Invoice::rank).map(|it| it.id).unwrap()
    };
    assert_eq!(first(vec![other("b", 2, "0"), other("a", 1, "0")]), "a");
    assert_eq!(first(vec![other("a", 1, "0"), other("b", 2, "1")]), "b");
    assert_eq!(first(vec![other("b", 1, "0"), other("a", 1, "0")]), "a");
}

#[test]
fn an_id_can_stand_in_an_address() {
    for id in ["E6BjTKHHbKLmvDmuVV3Ays", "__test__a-1__test__"] {
        assert!(is_id(id), "{id}");
    }
    for id in ["", "a b", "../x", "a?b", "a#b", "a%2e", "ü", &"x".repeat(101)] {
        assert!(!is_id(id), "{id}");
    }
}
