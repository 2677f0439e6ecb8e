//! Payers who send too little, too much, too late or twice; gateways that answer badly.

use serde_json::{Value, json};

use super::till::{Kind, Till};

pub(super) async fn under(till: &Till<'_>) {
    let bill = till.bill().await;
    till.pay_otherwise(&bill, "under").await;
    till.becomes(&bill, "UNDERPAID").await;
    assert_eq!(bill.customer.balance().await, 0, "the rest may still come");
    till.act(&bill, "expire", json!({})).await;
    let worth = till.credited_in_proportion(&bill, "SHORT").await;
    assert!(worth < super::till::AMOUNT);
}

pub(super) async fn over(till: &Till<'_>) {
    let bill = till.bill().await;
    till.pay_otherwise(&bill, "over").await;
    let worth = till.credited_in_proportion(&bill, "OVER").await;
    assert!(worth > super::till::AMOUNT);
}

pub(super) async fn late(till: &Till<'_>) {
    let bill = till.bill().await;
    till.act(&bill, "expire", json!({})).await;
    till.look(&bill).await;
    till.becomes(&bill, "EXPIRED").await;
    till.pay_otherwise(&bill, "late").await;
    till.look(&bill).await;
    let shown = till.becomes(&bill, "PAID").await;
    assert_eq!(shown["flag"], "LATE", "{shown}");
    assert_eq!(bill.customer.balance().await, super::till::AMOUNT);
}

/// The payer pays again after the credit: that money is the customer's as well.
pub(super) async fn second(till: &Till<'_>) {
    let bill = till.bill().await;
    till.pay(&bill, "fresh").await;
    till.paid(&bill).await;
    if till.kind == Kind::Stripe {
        let opened = till.control("session", json!({ "like": bill.payment })).await;
        till.control("pay", json!({ "session_id": opened["session_id"] })).await;
    } else {
        till.pay_otherwise(&bill, "second").await;
        till.look(&bill).await;
    }
    let what = "the second payment is credited";
    crate::support::until(what, crate::support::SOON, async || {
        bill.customer.balance().await > super::till::AMOUNT
    })
    .await;
    let flag = if till.kind == Kind::Stripe { "SECOND" } else { "OVER" };
    let worth = till.credited_in_proportion(&bill, flag).await;
    assert!(worth >= 2 * super::till::AMOUNT - 1, "{worth}");
}

/// The page exists, but the answer never reached us: the customer tries again or pays all the
/// same, and no second page is opened for one top-up.
pub(super) async fn lost_answer(till: &Till<'_>) {
    for fault in ["drop_after_commit", "http_500_after_commit"] {
        let faults = match till.kind {
            Kind::Stripe => json!({ fault: true, "hits": "sessions", "remaining": 1 }),
            _ => json!({ fault: true, "only": "create", "remaining": 1 }),
        };
        till.control("", json!({ "faults": faults })).await;
        let customer = till.stack.customer(0).await;
        let words = [&till.words(&customer)[..], &["--json"]].concat();
        let tried = till.stack.ctl.try_run(&words).await;
        till.control("", json!({ "faults": {} })).await;
        let sql = "SELECT id::text FROM topups WHERE user_id = $1";
        let topups = till.stack.database.all::<String>(sql, customer.id).await;
        assert_eq!(topups.len(), 1, "{}", tried.stderr);
        let pages = pages(till, &topups[0]).await;
        assert_eq!(pages.len(), 1, "{fault}: {pages:?}");
        let payment = pages[0].as_str().unwrap().to_owned();
        let bill = super::till::Bill { topup: topups[0].clone(), payment, customer };
        till.pay(&bill, "fresh").await;
        till.paid(&bill).await;
    }
}

/// The gateway's ids of everything it opened for a top-up.
async fn pages(till: &Till<'_>, topup: &str) -> Vec<Value> {
    let state = till.stack.sandbox.state().await;
    let books = &state[till.kind.code()];
    let (list, reference, id) = match till.kind {
        Kind::Stripe => ("sessions", "/client_reference_id", "id"),
        Kind::Heleket => ("invoices", "/order_id", "uuid"),
        Kind::Duitku => ("transactions", "/merchantOrderId", "merchantOrderId"),
        Kind::Btcpay => ("invoices", "/metadata/orderId", "id"),
    };
    let all = books[list].as_array().unwrap_or_else(|| panic!("no {list}: {books}"));
    let ours = all.iter().filter(|one| one.pointer(reference).is_some_and(|it| it == topup));
    ours.map(|one| one[id].clone()).collect()
}

/// The gateway charges something else than we asked for: another sum, another currency.
pub(super) async fn mismatch(till: &Till<'_>) {
    let wrongs = match till.kind {
        Kind::Stripe => vec![json!({ "amount": 100 }), json!({ "currency": "usd" })],
        Kind::Heleket => vec![json!({ "amount": "0.50" }), json!({ "currency": "USDT" })],
        Kind::Duitku => vec![json!({ "amount": 10_000 })],
        Kind::Btcpay => vec![
            json!({ "amount": "0.50", "currency": "USD" }),
            json!({ "amount": "3.13", "currency": "EUR" }),
        ],
    };
    for mut wrong in wrongs {
        let bill = till.bill().await;
        match till.kind {
            Kind::Stripe => {
                till.act(&bill, "pay", wrong).await;
            }
            Kind::Heleket | Kind::Duitku => {
                till.act(&bill, "alter", wrong).await;
                till.pay(&bill, "fresh").await;
            }
            Kind::Btcpay => {
                wrong["metadata"] = json!({ "orderId": bill.topup });
                let opened = till.control("invoice", json!({ "invoice": wrong })).await;
                till.control("pay", json!({ "invoice_id": opened["invoice_id"] })).await;
            }
        }
        till.refused(&bill, "MISMATCH").await;
    }
}
