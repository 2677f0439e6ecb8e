//! Notifications that come twice, in any order, early, about nobody, or not at all.

use serde_json::json;
use sqlx::AssertSqlSafe;

use super::till::{Kind, Till};

pub(super) async fn duplicate(till: &Till<'_>) {
    let bill = till.bill().await;
    let told = till.pay(&bill, "duplicate").await;
    assert!(told.len() >= 2 && told.iter().all(|status| *status == 200), "{told:?}");
    till.paid(&bill).await;
    till.rests(&bill).await;
    till.paid(&bill).await;
}

pub(super) async fn reordered(till: &Till<'_>) {
    let bill = till.bill().await;
    let newest_first = json!({ "order": "newest_first" });
    match till.kind {
        Kind::Stripe => {
            till.shape("hold").await;
            till.act(&bill, "pay", json!({ "payment_status": "unpaid" })).await;
            till.act(&bill, "pay", json!({})).await;
            till.shape("fresh").await;
            till.control("flush", newest_first).await;
        }
        Kind::Btcpay => {
            till.shape("hold").await;
            till.act(&bill, "pay", json!({ "unconfirmed": true })).await;
            till.act(&bill, "confirm", json!({})).await;
            till.shape("fresh").await;
            till.control("flush", newest_first).await;
        }
        Kind::Heleket | Kind::Duitku => {
            till.shape("none").await;
            till.act(&bill, "pay", json!({ "unconfirmed": true })).await;
            till.act(&bill, "confirm", json!({})).await;
            till.shape("fresh").await;
            till.act(&bill, "deliver", newest_first).await;
        }
    }
    till.paid(&bill).await;
}

pub(super) async fn early(till: &Till<'_>) {
    let faults = match till.kind {
        Kind::Stripe => json!({ "before_reply_event": true, "remaining": 1 }),
        _ => json!({ "before_reply_callback": true, "only": "create", "remaining": 1 }),
    };
    till.control("", json!({ "faults": faults })).await;
    let bill = till.bill().await;
    till.paid(&bill).await;
    till.control("", json!({ "faults": {} })).await;
}

/// Nothing is known of the order: the notification is kept, and credits nobody.
pub(super) async fn unknown(till: &Till<'_>) {
    let notices = "SELECT count(*) FROM payment_notices";
    let before = till.stack.database.one::<i64>(notices).await;
    let order = till.stack.database.one::<String>("SELECT gen_random_uuid()::text").await;
    let url = format!("{}/{}", till.stack.ingest.url, till.kind.code());
    let told = match till.kind {
        Kind::Stripe => {
            let session = json!({
                "client_reference_id": order, "amount": 5_000_000, "currency": "idr",
            });
            let opened = till.control("session", session).await;
            till.control("pay", json!({ "session_id": opened["session_id"] })).await
        }
        Kind::Heleket => {
            let invented = json!({ "url": url, "order_id": order, "amount": "3.13" });
            till.control("invent", invented).await
        }
        Kind::Duitku => {
            let invented = json!({ "url": url, "order_id": order, "amount": 50_000 });
            till.control("invent", invented).await
        }
        Kind::Btcpay => {
            let invoice = json!({
                "amount": "3.13", "currency": "USD", "metadata": { "orderId": order },
            });
            let opened = till.control("invoice", json!({ "invoice": invoice })).await;
            till.control("pay", json!({ "invoice_id": opened["invoice_id"] })).await
        }
    };
    assert!(!told.to_string().contains("500"), "{told}");
    assert!(till.stack.database.one::<i64>(notices).await > before, "{told}");
}

/// A notification may be there before our own record of the top-up is. It waits for that.
pub(super) async fn ahead(till: &Till<'_>) {
    let bill = till.bill().await;
    let pool = till.stack.database.pool();
    let hidden = format!("hidden_{}", bill.customer.id);
    let hide = format!(
        "CREATE TABLE {hidden} AS SELECT * FROM topups WHERE id = '{id}';
         DELETE FROM topups WHERE id = '{id}'",
        id = bill.topup
    );
    sqlx::raw_sql(AssertSqlSafe(hide)).execute(pool).await.unwrap();
    assert_eq!(till.pay(&bill, "fresh").await.first(), Some(&200));
    let sql = "SELECT last_error FROM tasks WHERE strpos(subject, $1) > 0";
    let waits = "no such payment or top-up yet";
    till.reads("it was looked for", (sql, &bill.payment), waits).await;
    assert_eq!(bill.customer.balance().await, 0);
    let show = format!("INSERT INTO topups SELECT * FROM {hidden}; DROP TABLE {hidden}");
    sqlx::raw_sql(AssertSqlSafe(show)).execute(pool).await.unwrap();
    till.paid(&bill).await;
}

/// Nobody tells us: the poller finds the money.
pub(super) async fn missing(till: &Till<'_>) {
    let bill = till.bill().await;
    till.pay(&bill, "none").await;
    till.look(&bill).await;
    till.paid(&bill).await;
}
