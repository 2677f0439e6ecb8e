use serde_json::json;

use super::{call, create, info, invoice, sandbox, states, truth};
use crate::support::Receiver;

#[tokio::test]
async fn takes_short_payments_until_the_time_runs_out() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    for order in ["completed", "short"] {
        create(&sandbox, order, &receiver).await;
        let pay = json!({ "order_id": order, "kind": "under" });
        let answer = sandbox.control("heleket/pay", pay).await;
        assert_eq!(answer["status"], "wrong_amount_waiting");
        assert_eq!(answer["is_final"], false);
        assert_eq!(states(&mut receiver).await, ["confirm_check", "wrong_amount_waiting"]);
        assert_eq!(info(&sandbox, order).await["payment_amount_usd"], "18.00");
    }
    sandbox.control("heleket/pay", json!({ "order_id": "completed" })).await;
    assert_eq!(states(&mut receiver).await, ["confirm_check", "paid"]);
    sandbox.advance(3600).await;
    assert_eq!(states(&mut receiver).await, ["wrong_amount"]);
    let short = info(&sandbox, "short").await;
    assert_eq!((&short["status"], &short["is_final"]), (&json!("wrong_amount"), &json!(true)));
    assert_eq!(truth(&sandbox, "completed").await["payments"].as_array().unwrap().len(), 2);

    let mut once = invoice("once", &receiver);
    once["is_payment_multiple"] = json!(false);
    call(&sandbox, "payment", &once).await;
    let pay = json!({ "order_id": "once", "amount": "0.01" });
    assert_eq!(sandbox.control("heleket/pay", pay).await["status"], "wrong_amount");
    let mut close = invoice("close", &receiver);
    close["accuracy_payment_percent"] = json!(5);
    call(&sandbox, "payment", &close).await;
    let pay = json!({ "order_id": "close", "amount": "19" });
    assert_eq!(sandbox.control("heleket/pay", pay).await["status"], "paid");
}

#[tokio::test]
async fn takes_too_much_late_and_second_payments() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    let pay = async |order: &str, kind: &str| {
        let answer =
            sandbox.control("heleket/pay", json!({ "order_id": order, "kind": kind })).await;
        (answer["status"].as_str().unwrap().to_owned(), answer["is_final"].clone())
    };
    create(&sandbox, "over", &receiver).await;
    assert_eq!(pay("over", "over").await, ("paid_over".to_owned(), json!(true)));
    assert_eq!(states(&mut receiver).await, ["confirm_check", "paid_over"]);
    assert_eq!(info(&sandbox, "over").await["payment_amount_usd"], "22.00");

    create(&sandbox, "late", &receiver).await;
    assert_eq!(pay("late", "late").await.0, "paid");
    assert_eq!(states(&mut receiver).await, ["cancel", "paid"]);
    assert_eq!(truth(&sandbox, "late").await["payments"][0]["is_late"], true);

    let (status, _) =
        sandbox.try_control("heleket/pay", json!({ "order_id": "over", "kind": "exact" })).await;
    assert_eq!(status, 409);
    assert_eq!(pay("late", "second").await.0, "paid_over");
    assert_eq!(states(&mut receiver).await, ["paid_over"]);
    let truth = truth(&sandbox, "late").await;
    assert_eq!((&truth["paid"], &truth["reported"]), (&json!("40.00"), &json!("40.00")));
    assert_ne!(truth["payments"][0]["txid"], truth["payments"][1]["txid"]);
}

#[tokio::test]
async fn cancels_what_nobody_paid() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    create(&sandbox, "time", &receiver).await;
    sandbox.advance(3600).await;
    assert_eq!(states(&mut receiver).await, ["cancel"]);
    create(&sandbox, "hand", &receiver).await;
    sandbox.control("heleket/expire", json!({ "order_id": "hand" })).await;
    assert_eq!(states(&mut receiver).await, ["cancel"]);
    create(&sandbox, "reverted", &receiver).await;
    let pay = json!({ "order_id": "reverted", "unconfirmed": true });
    sandbox.control("heleket/pay", pay).await;
    sandbox.control("heleket/revert", json!({ "order_id": "reverted" })).await;
    assert_eq!(states(&mut receiver).await, ["confirm_check", "check"]);
    assert_eq!(truth(&sandbox, "reverted").await["paid"], "0.00");
    let again = sandbox.try_control("heleket/confirm", json!({ "order_id": "reverted" })).await;
    assert_eq!(again.0, 409);
}

#[tokio::test]
async fn fails_locks_and_unlocks() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    for (act, state) in [("fail", "fail"), ("system_fail", "system_fail")] {
        create(&sandbox, act, &receiver).await;
        sandbox.control(&format!("heleket/{act}"), json!({ "order_id": act })).await;
        assert_eq!(states(&mut receiver).await, [state]);
        assert_eq!(info(&sandbox, act).await["is_final"], true);
    }
    create(&sandbox, "held", &receiver).await;
    sandbox.control("heleket/process", json!({ "order_id": "held" })).await;
    let pay = json!({ "order_id": "held", "unconfirmed": true });
    sandbox.control("heleket/pay", pay).await;
    sandbox.control("heleket/lock", json!({ "order_id": "held" })).await;
    sandbox.control("heleket/confirm", json!({ "order_id": "held" })).await;
    assert_eq!(states(&mut receiver).await, ["process", "confirm_check", "locked", "locked"]);
    assert_eq!(info(&sandbox, "held").await["is_final"], false);
    sandbox.control("heleket/unlock", json!({ "order_id": "held" })).await;
    assert_eq!(states(&mut receiver).await, ["paid"]);
    let (status, _) = sandbox.try_control("heleket/unlock", json!({ "order_id": "held" })).await;
    assert_eq!(status, 409);
    let (status, _) = sandbox.try_control("heleket/explode", json!({ "order_id": "held" })).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn refunds_the_whole_invoice() {
    let mut receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    create(&sandbox, "top_01", &receiver).await;
    let refund = json!({ "order_id": "top_01", "address": "TWallet", "is_subtract": "true" });
    assert_eq!(call(&sandbox, "payment/refund", &refund).await.0, 422);
    sandbox.control("heleket/pay", json!({ "order_id": "top_01", "kind": "over" })).await;
    assert_eq!(states(&mut receiver).await, ["confirm_check", "paid_over"]);

    sandbox.control("heleket", json!({ "refunds": "failed" })).await;
    let (status, answer) = call(&sandbox, "payment/refund", &refund).await;
    assert_eq!((status, answer), (200, json!({ "state": 0, "result": [] })));
    assert_eq!(states(&mut receiver).await, ["refund_process", "refund_fail"]);
    assert_eq!(truth(&sandbox, "top_01").await["refunded"], "0.00");

    sandbox.control("heleket", json!({ "refunds": "held" })).await;
    call(&sandbox, "payment/refund", &refund).await;
    assert_eq!(states(&mut receiver).await, ["refund_process"]);
    assert_eq!(call(&sandbox, "payment/refund", &refund).await.0, 422);
    sandbox.control("heleket/refund_paid", json!({ "order_id": "top_01" })).await;
    assert_eq!(states(&mut receiver).await, ["refund_paid"]);
    let truth = truth(&sandbox, "top_01").await;
    assert_eq!(
        (&truth["refunded"], &truth["refund_address"]),
        (&json!("22.00"), &json!("TWallet"))
    );
    let missing = json!({ "order_id": "top_01", "address": "TWallet" });
    let (_, answer) = call(&sandbox, "payment/refund", &missing).await;
    assert_eq!(answer["errors"], json!({ "is_subtract": ["validation.required"] }));
}

#[tokio::test]
async fn values_coins_at_the_rate_of_the_settings() {
    let receiver = Receiver::answering(&[]).await;
    let sandbox = sandbox().await;
    sandbox.control("heleket", json!({ "payer_rate": "1.25" })).await;
    create(&sandbox, "top_01", &receiver).await;
    let pay = json!({ "order_id": "top_01", "amount": "20.019" });
    sandbox.control("heleket/pay", pay).await;
    let info = info(&sandbox, "top_01").await;
    assert_eq!(info["payer_amount"], "25.00");
    assert_eq!(info["payment_amount"], "25.02375");
    assert_eq!(info["payment_amount_usd"], "20.01");
    let truth = truth(&sandbox, "top_01").await;
    assert_eq!((&truth["paid"], &truth["reported"]), (&json!("20.019"), &json!("20.01")));
}
