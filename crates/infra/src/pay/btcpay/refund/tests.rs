use domain::{ids::TopupId, money::Amount};
use serde_json::{Value, json};

use super::*;

const REFUND: &str = "0198c2d1-0000-7000-8000-0000000000aa";
const TOPUP: &str = "0198c2d1-0000-7000-8000-000000000001";

fn usd(micros: i64) -> Money {
    Money::usd(Amount::new(micros).unwrap())
}

fn request(amount: Money) -> RefundRequest {
    RefundRequest {
        refund: RefundId::parse(REFUND).unwrap(),
        topup: TopupId::parse(TOPUP).unwrap(),
        payment_id: "INV1".to_owned(),
        amount,
    }
}

fn pull(change: impl FnOnce(&mut Value)) -> PullPayment {
    let mut pull = json!({
        "id": "PP1",
        "name": format!("Refund {REFUND}"),
        "description": "Refund of invoice INV1",
        "currency": "USD",
        "amount": "1.5",
        "archived": false,
        "viewLink": "https://pay.example/pull-payments/PP1",
    });
    change(&mut pull);
    serde_json::from_value(pull).unwrap()
}

#[test]
fn asks_for_a_refund_as_documented() {
    for (amount, sum, currency) in [
        (usd(1_500_000), "1.500000", "USD"),
        (usd(1), "0.000001", "USD"),
        (Money::idr(Amount::new(20_000).unwrap()), "20000", "IDR"),
    ] {
        let order = serde_json::to_value(Order::new(&request(amount), "BTC-CHAIN")).unwrap();
        let expected = json!({
            "name": format!("Refund {REFUND}"),
            "description": "Refund of invoice INV1",
            "payoutMethodId": "BTC-CHAIN",
            "refundVariant": "Custom",
            "customAmount": sum,
            "customCurrency": currency,
        });
        assert_eq!(order, expected);
        // The server takes no longer names.
        assert!(order["name"].as_str().unwrap().len() <= 50);
    }
}

#[test]
fn knows_its_own_and_those_made_by_hand() {
    let ours = pull(|_| {});
    assert_eq!((ours.reference(), ours.is_of("INV1")), (RefundId::parse(REFUND), true));
    assert!(!ours.is_of("INV2") && !ours.is_of(""));
    let by_hand = pull(|it| {
        it["name"] = json!("Refund INV1");
        it["description"] = json!("");
    });
    assert_eq!((by_hand.reference(), by_hand.is_of("INV1")), (None, true));
    for name in [json!("Prize"), json!(null), json!("Refund"), json!("Refund INV10")] {
        let other = pull(|it| {
            it["name"] = name.clone();
            it["description"] = json!(null);
        });
        assert_eq!((other.reference(), other.is_of("INV1")), (None, false), "{name}");
    }
}

#[test]
fn coins_count_for_their_share() {
    let method: Method =
        serde_json::from_value(json!({ "currency": "BTC", "totalPaid": "0.00005" })).unwrap();
    let nothing: Method =
        serde_json::from_value(json!({ "currency": "XMR", "totalPaid": "0" })).unwrap();
    let methods = [nothing, method];
    for (currency, amount, expected) in [
        ("USD", "1.5", Some(usd(1_500_000))),
        ("USD", "1.5000009", Some(usd(1_500_000))),
        ("USD", "9.00", Some(usd(3_000_000))),
        ("BTC", "0.00005", Some(usd(3_000_000))),
        ("BTC", "0.00001", Some(usd(600_000))),
        ("BTC", "0.00003333", Some(usd(1_999_800))),
        ("BTC", "1", Some(usd(3_000_000))),
        ("XMR", "1", None),
        ("LTC", "1", None),
        ("EUR", "1.5", None),
        ("USD", "0", None),
    ] {
        let pull = pull(|it| {
            it["currency"] = json!(currency);
            it["amount"] = json!(amount);
        });
        assert_eq!(pull.value(&methods, usd(3_000_000)), expected, "{currency} {amount}");
    }
}

#[test]
fn stands_where_its_payouts_stand() {
    let payout = |(state, amount): &(&str, Value)| {
        serde_json::from_value::<Payout>(json!({ "state": state, "originalAmount": amount }))
            .unwrap()
    };
    let (all, part) = (json!("1.50"), json!("1"));
    for (payouts, open, archived) in [
        (vec![], RefundState::Pending, RefundState::Failed),
        (vec![("Cancelled", all.clone())], RefundState::Pending, RefundState::Failed),
        (vec![("AwaitingApproval", all.clone())], RefundState::Pending, RefundState::Pending),
        (vec![("AwaitingPayment", all.clone())], RefundState::Pending, RefundState::Pending),
        (vec![("InProgress", all.clone())], RefundState::Pending, RefundState::Pending),
        (vec![("InventedLater", all.clone())], RefundState::Pending, RefundState::Pending),
        (vec![("Completed", all)], RefundState::Done, RefundState::Done),
        (vec![("Completed", part.clone())], RefundState::Pending, RefundState::Done),
        (
            vec![("Completed", part), ("Completed", json!("0.5"))],
            RefundState::Done,
            RefundState::Done,
        ),
        (vec![("Completed", json!(null))], RefundState::Pending, RefundState::Done),
    ] {
        for (is_archived, expected) in [(false, open), (true, archived)] {
            let pull = pull(|it| it["archived"] = json!(is_archived));
            let shown: Vec<Payout> = payouts.iter().map(payout).collect();
            assert_eq!(pull.state(&shown), expected, "{payouts:?} archived: {is_archived}");
        }
    }
}
