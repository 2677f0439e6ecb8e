use std::time::Duration;

use ctl::Exit;
use domain::{
    identity::Mode,
    ids::OrderId,
    money::Currency,
    providers::ProviderError,
    tasks::{NewTask, TaskKind, TaskQueue},
    time::Clock,
};
use serde_json::{Value, json};

use crate::support::Operator;

#[tokio::test]
async fn a_customer_is_added_shown_and_credited() {
    let operator = Operator::new().await;
    let added = operator.does("customer add --email New@Example.com").await;
    assert_eq!(added.json["email"], "new@example.com");
    let id = added.json["id"].as_i64().unwrap();

    let credit = "customer credit --email new@example.com --amount 500 --reason gift --operator me --approver you";
    let credited = operator.does(credit).await;
    let expected = json!({
        "id": id, "posted": "new", "currency": "IDR", "available": 500, "held": 0,
    });
    assert_eq!(credited.json, expected);
    operator
        .does(&format!(
            "customer credit --id {id} --amount 1 --reason r --operator me --approver you"
        ))
        .await;

    let shown = operator.does("customer show --email NEW@example.com").await;
    assert_eq!(
        (shown.json["id"].as_i64(), shown.json["available"].as_i64()),
        (Some(id), Some(501))
    );
    assert!(shown.text.contains("new@example.com") && shown.text.contains("501 IDR"));
}

#[tokio::test]
async fn a_credit_with_a_reference_happens_once() {
    let operator = Operator::new().await;
    let line = "customer credit --email customer@example.com --amount 500 --reason gift \
                --operator me --approver you --reference ticket-7";
    assert_eq!(operator.does(line).await.json["posted"], "new");
    let again = operator.does(line).await;
    assert_eq!((&again.json["posted"], &again.json["available"]), (&json!("already"), &json!(500)));
    assert_eq!(again.exit, Exit::Ok);
}

#[tokio::test]
async fn what_exists_or_does_not_has_an_exit_code_of_its_own() {
    let operator = Operator::new().await;
    for line in [
        "customer add --email customer@example.com",
        "customer show --email nobody@example.com",
        "customer credit --email nobody@example.com --amount 1 --reason r --operator me --approver you",
        "customer credit --id 999 --amount 1 --reason r --operator me --approver you",
        "token issue --email nobody@example.com",
        "token list --email nobody@example.com",
        "token rotate 7",
        "token revoke 7",
        "provider add --code cheap --base-url http://a --api-key k",
        "provider enable --code nobody",
        "provider disable --code nobody",
        "provider set-url --code nobody --base-url http://a",
        "topup start --email nobody@example.com --amount 10000",
        "topup show 00000000-0000-0000-0000-000000000001",
        "task show 7",
    ] {
        assert_eq!(operator.fails(line).await.0, Exit::Conflict, "{line}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_an_argument_is_said() {
    let operator = Operator::new().await;
    let (exit, told) = operator.fails("customer add --email nonsense").await;
    assert_eq!((exit, told.as_str()), (Exit::Usage, "this is not an e-mail address"));
    let (exit, told) = operator.fails("topup start --email customer@example.com --amount 5").await;
    assert_eq!(exit, Exit::Usage);
    assert!(told.contains("10000"), "{told}");
}

#[tokio::test]
async fn a_token_opens_the_door_of_its_customer() {
    let operator = Operator::new().await;
    let issued = operator.does("token issue --email customer@example.com --name laptop").await;
    let token = issued.json["token"].as_str().unwrap();
    assert!(issued.text.starts_with(token));
    let hash = operator.desk.mint.recognise(token).unwrap();
    let owner = operator.desk.identity.token_owner(hash).await.unwrap().unwrap();
    assert_eq!(owner.user, operator.market.user);
}

#[tokio::test]
async fn tokens_are_listed_with_what_they_are_good_for() {
    let operator = Operator::new().await;
    operator.does("token issue --email customer@example.com --name all").await;
    let line = "token issue --email customer@example.com --name narrow --expires 30d \
        --scope orders:read --scope balance:read --ip 192.0.2.0/24";
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let issued = operator.does(&line).await;
    let listed = operator.does("token list --email customer@example.com").await;
    let [narrow, all] = listed.json.as_array().unwrap().as_slice() else { panic!("two tokens") };
    assert_eq!(narrow["scopes"], serde_json::json!(["balance:read", "orders:read"]));
    assert_eq!(narrow["allowed_ips"], serde_json::json!(["192.0.2.0/24"]));
    assert_eq!((&narrow["state"], &all["state"]), (&"live".into(), &"live".into()));
    assert_eq!(all["expires_at"], serde_json::Value::Null);
    for text in [&listed.text, &listed.json.to_string()] {
        assert!(!text.contains(issued.json["token"].as_str().unwrap()), "{text}");
    }
}

#[tokio::test]
async fn a_token_is_replaced_and_revoked_by_its_number() {
    let operator = Operator::new().await;
    operator.does("token issue --email customer@example.com").await;
    let rotated = operator.does("token rotate 1 --grace-hours 1").await;
    assert_eq!(rotated.json["replaces"], 1);
    assert!(rotated.text.starts_with(rotated.json["token"].as_str().unwrap()));
    assert_eq!(operator.fails("token rotate 1").await.0, Exit::Conflict);
    assert_eq!(operator.does("token rotate 2").await.json["ended"], 1);
    let revoked = operator.does("token revoke 3").await;
    assert_eq!(revoked.json["servers_told"], true);
    assert_eq!(operator.market.token_news.take().len(), 2);
    let listed = operator.does("token list --email customer@example.com").await;
    let states: Vec<_> = (0..3).map(|n| listed.json[n]["state"].clone()).collect();
    assert_eq!(states, ["revoked", "live", "revoked"]);
}

#[tokio::test]
async fn a_provider_is_added_with_its_callback_address() {
    let operator = Operator::new().await;
    let added = operator
        .does("provider add --code gamma --base-url https://gamma.example/ --api-key k-1 --priority 7")
        .await;
    let url = added.json["callback_url"].as_str().unwrap();
    let secret = url.strip_prefix("https://hooks.example.com/sms/").unwrap();
    assert!(added.text.contains(url) && !added.text.contains("k-1"));
    let found = operator.desk.directory.by_callback_secret(secret).await.unwrap().unwrap();
    assert_eq!((found.code.as_str(), found.base_url.as_str()), ("gamma", "https://gamma.example"));

    let list = operator.does("provider list").await;
    let gamma = entry(&list.json, "gamma");
    assert_eq!(gamma["callback_url"], url);
    assert_eq!((&gamma["priority"], &gamma["enabled"]), (&json!(7), &json!(true)));
    assert!(!list.json.to_string().contains("k-1"));
}

#[tokio::test]
async fn without_a_public_address_the_path_alone_is_shown() {
    let mut operator = Operator::new().await;
    operator.desk.public_url = None;
    let list = operator.does("provider list").await;
    let cheap = entry(&list.json, "cheap");
    assert_eq!(cheap["callback_url"], Value::Null);
    assert!(cheap["callback_path"].as_str().unwrap().starts_with("/sms/"));
    assert!(list.text.contains("ingest.public_url"));
}

#[tokio::test]
async fn a_provider_is_disabled_enabled_and_moved() {
    let operator = Operator::new().await;
    for (line, field, value) in [
        ("provider disable --code cheap", "enabled", json!(false)),
        ("provider enable --code cheap", "enabled", json!(true)),
        ("provider set-url --code cheap --base-url http://b.c", "base_url", json!("http://b.c")),
    ] {
        operator.does(line).await;
        let list = operator.does("provider list").await;
        assert_eq!(entry(&list.json, "cheap")[field], value, "{line}");
    }
}

#[tokio::test]
async fn a_key_can_come_from_a_file() {
    let operator = Operator::new().await;
    let file = std::env::temp_dir().join(format!("ctl-key-{}", std::process::id()));
    std::fs::write(&file, "k-from-file\n").unwrap();
    let line = "provider add --code gamma --base-url http://a --api-key-file";
    operator.does(&format!("{line} {}", file.display())).await;
    std::fs::write(&file, "\n").unwrap();
    let (exit, told) = operator
        .fails(&format!(
            "provider add --code d --base-url http://a --api-key-file {}",
            file.display()
        ))
        .await;
    std::fs::remove_file(&file).unwrap();
    assert_eq!((exit, told.as_str()), (Exit::Usage, "the key of the provider is empty"));
    let (exit, _) =
        operator.fails("provider add --code e --base-url http://a --api-key-file /no/such").await;
    assert_eq!(exit, Exit::Usage);
}

#[tokio::test]
async fn a_catalog_that_cannot_be_read_is_a_failure() {
    let operator = Operator::new().await;
    let synced = operator.does("catalog sync").await;
    assert_eq!((synced.exit, entry(&synced.json, "cheap")["offers"].as_i64()), (Exit::Ok, Some(1)));
    operator.market.dear.adapter.then_catalog_fails(ProviderError::Unavailable("away"));
    let synced = operator.does("catalog sync").await;
    assert_eq!(synced.exit, Exit::Failed);
    assert!(entry(&synced.json, "dear")["error"].as_str().unwrap().contains("away"));
}

#[tokio::test]
async fn a_payment_is_started_and_shown() {
    let operator = Operator::new().await;
    let started = operator.does("topup start --email customer@example.com --amount 20000").await;
    assert_eq!(
        (&started.json["state"], &started.json["amount"]),
        (&json!("PENDING"), &json!(20000))
    );
    assert!(started.text.contains(started.json["checkout_url"].as_str().unwrap()));
    let id = started.json["id"].as_str().unwrap();
    let shown = operator.does(&format!("topup show {id}")).await;
    assert_eq!(shown.json["checkout_url"], started.json["checkout_url"]);
    assert_eq!(shown.json["payments"], json!([]));
}

#[tokio::test]
async fn without_a_gateway_no_payment_is_started() {
    let mut operator = Operator::new().await;
    operator.desk.gateways = std::sync::Arc::new(testkit::FakeGateways::default());
    let (exit, told) =
        operator.fails("topup start --email customer@example.com --amount 20000").await;
    assert_eq!(exit, Exit::Usage);
    assert!(told.contains("[stripe], [heleket]"), "{told}");
}

#[tokio::test]
async fn an_audit_of_good_books_ends_well() {
    let operator = Operator::new().await;
    let line = "customer credit --email customer@example.com --amount 5 --reason r --operator me --approver you";
    operator.does(line).await;
    for line in ["ledger audit", "ledger audit --full", "ledger audit --recent --freeze"] {
        let audit = operator.does(line).await;
        assert_eq!((audit.exit, &audit.json["clean"]), (Exit::Ok, &json!(true)));
        assert!(audit.text.ends_with("the books hold"), "{}", audit.text);
    }
    let balance = operator.does("ledger trial-balance").await;
    assert_eq!((balance.exit, &balance.json["clean"]), (Exit::Ok, &json!(true)));
    assert!(balance.text.ends_with("adds up to zero"), "{}", balance.text);
}

#[tokio::test]
async fn an_audit_of_cooked_books_stops_the_account_when_told_to() {
    let operator = Operator::new().await;
    operator.market.store.tamper_with_wallet(operator.market.user).await;
    let audit = operator.does("ledger audit").await;
    assert_eq!((audit.exit, &audit.json["clean"]), (Exit::Mismatch, &json!(false)));
    let shown = "customer show --email customer@example.com";
    assert_eq!(operator.does(shown).await.json["freezes"], json!([]));
    assert_eq!(operator.does("ledger audit --freeze").await.exit, Exit::Mismatch);
    let freezes = &operator.does(shown).await.json["freezes"];
    assert_eq!((&freezes[0]["cause"], &freezes[0]["reference"]), (&json!("audit"), &json!("L5")));
}

#[tokio::test]
async fn a_customer_is_stopped_and_let_go_again() {
    let operator = Operator::new().await;
    let whom = "--email customer@example.com";
    let why = "--reason asked_by_mail --operator me";
    let stopped = operator.does(&format!("customer freeze {whom} {why}")).await;
    assert_eq!(stopped.json["new"], json!(true));
    let shown = operator.does(&format!("customer show {whom}")).await;
    assert!(shown.text.contains("no: me: asked_by_mail (operator)"), "{}", shown.text);
    let free = format!("customer unfreeze {whom} {why}");
    let other = format!("{free} --reference nothing");
    assert_eq!(operator.fails(&other).await.0, Exit::Conflict);
    assert_eq!(operator.does(&free).await.json["frozen"], json!(false));
    assert_eq!(operator.fails(&free).await.0, Exit::Conflict);
}

#[tokio::test]
async fn a_correction_takes_two_people() {
    let operator = Operator::new().await;
    let propose = "ledger adjust propose --email customer@example.com --change give --amount 70 \
                   --reason gift --operator me --reference case-7";
    assert_eq!(operator.does(propose).await.json, json!({ "reference": "case-7", "new": true }));
    assert_eq!(operator.does(propose).await.json["new"], json!(false));
    let listed = operator.does("ledger adjust list").await;
    assert_eq!(listed.json[0]["approved"], Value::Null);
    let alone = operator.fails("ledger adjust approve --reference case-7 --approver me").await;
    assert_eq!(alone.0, Exit::Conflict, "{}", alone.1);
    let approve = "ledger adjust approve --reference case-7 --approver you";
    assert_eq!(operator.does(approve).await.json["posted"], "new");
    assert_eq!(operator.does(approve).await.json["posted"], "already");
    assert_eq!(operator.does("ledger adjust list").await.json[0]["approved"]["by"], "you");
    let statement = operator.does("ledger statement --email customer@example.com").await;
    assert_eq!(statement.json[0]["key"], "adjustment:case-7");
    assert_eq!(statement.json[0]["available"], json!(70));
}

#[tokio::test]
async fn money_from_and_to_outside_is_booked_once() {
    let operator = Operator::new().await;
    for (line, class, currency, balance) in [
        (
            "ledger settle --gateway stripe --reference po_1 --amount 970 --fee 30",
            "gateway_clearing",
            Currency::Idr,
            1_000,
        ),
        (
            "ledger settle --gateway stripe --reference po_2 --amount 9.5 --currency usd",
            "gateway_clearing",
            Currency::Usd,
            9_500_000,
        ),
        (
            "provider fund --code cheap --reference tx_1 --amount 99.95",
            "provider_prepaid",
            Currency::Usd,
            -99_950_000,
        ),
    ] {
        let signed = format!("{line} --reason payout --operator me");
        assert_eq!(operator.does(&signed).await.json["posted"], "new", "{line}");
        assert_eq!(operator.does(&signed).await.json["posted"], "already", "{line}");
        assert_eq!(operator.market.balance(class, currency).await.unwrap(), balance, "{line}");
    }
    let wrong = "ledger settle --gateway stripe --reference po_3 --amount 9.5 --reason r";
    assert_eq!(operator.fails(&format!("{wrong} --operator me")).await.0, Exit::Usage);
    let other = "ledger settle --gateway stripe --reference po_1 --amount 971 --reason r";
    assert_eq!(operator.fails(&format!("{other} --operator me")).await.0, Exit::Conflict);
}

fn entry<'a>(list: &'a Value, code: &str) -> &'a Value {
    let list = list.as_array().unwrap();
    list.iter().find(|entry| entry["code"] == code).unwrap()
}

#[tokio::test]
async fn what_was_given_up_is_shown_and_decided_upon() {
    let operator = Operator::new().await;
    let store = &operator.market.store;
    for number in 1..=3 {
        let task = NewTask::new(TaskKind::CloseUpstream, OrderId::new(number));
        store.enqueue_now(&task).await.unwrap();
    }
    assert_eq!(operator.does("task list").await.text, "none");
    assert!(operator.does("task show 1").await.text.contains("waiting"));
    // There are no such orders.
    assert_eq!(operator.market.run_tasks().await.unwrap(), 3);
    let stats = operator.does("task stats").await.json;
    assert_eq!((&stats[0]["kind"], &stats[0]["dead"]), (&json!("order.close_upstream"), &json!(3)));
    let listed = operator.does("task list --limit 2").await;
    assert_eq!(listed.json.as_array().map(Vec::len), Some(2));
    assert_eq!(listed.json[0]["last_error"], "there is no such order");
    let shown = operator.does("task show 2").await;
    assert_eq!(
        (&shown.json["state"], &shown.json["reason"]),
        (&json!("dead"), &json!("permanent"))
    );

    let decided = operator.does("task retry 1 2 --operator Ada --reason mended").await;
    assert_eq!(decided.json, json!({ "done": [1, 2], "missing": [] }));
    let again = operator.does("task discard 2 3 --operator Ada --reason hopeless").await;
    assert_eq!(again.json, json!({ "done": [3], "missing": [2] }));
    assert_eq!(again.exit, Exit::Conflict);
    assert_eq!(operator.does("task list").await.text, "none");
    assert_eq!(operator.market.run_tasks().await.unwrap(), 2);
}

#[tokio::test]
async fn shows_what_customers_servers_were_told() {
    let operator = Operator::new().await;
    let market = &operator.market;
    let id = market.user.get();
    let (exit, told) = operator.fails(&format!("webhook show --id {id}")).await;
    assert_eq!((exit, told.contains("has no webhook")), (Exit::Conflict, true));
    let url = Some("https://customer.example/hook".to_owned());
    let change = domain::hooks::configure::EndpointChange { url, secret: None };
    market.configure_endpoint().change(market.user, change).await.unwrap();
    market.credit(market.user, 100).await.unwrap();
    let order = market.buy().await.unwrap();
    market.sms(&order, "1234").unwrap();
    market.pull_sms().execute(&order).await.unwrap();
    market.events(&order).await.unwrap();
    market.run_tasks().await.unwrap();
    let shown = operator.does(&format!("webhook show --id {id}")).await;
    assert_eq!(shown.json["messages"][0]["state"], "delivered");
    assert!(!shown.text.contains("whsec_"), "the secret is its owner's");
    let message = shown.json["messages"][0]["id"].as_str().unwrap().to_owned();
    let replayed = operator.does(&format!("webhook replay {message}")).await;
    assert_eq!(replayed.json["replayed"][0], message);
    market.run_tasks().await.unwrap();
    let attempts = operator.does(&format!("webhook attempts --id {id}")).await;
    assert_eq!(attempts.json[0]["trigger"], "replay");
    assert_eq!(attempts.json.as_array().unwrap().len(), 2);
    let unknown = "msg_00000000000000000000000000000099";
    assert_eq!(operator.fails(&format!("webhook replay {unknown}")).await.0, Exit::Conflict);
}

#[tokio::test]
async fn a_test_token_belongs_to_an_account_of_its_own() {
    let operator = Operator::new().await;
    operator.does("customer add --email new@example.com").await;
    let mut owners = Vec::new();
    for flag in ["", " --test", " --test"] {
        let issued = operator.does(&format!("token issue --email new@example.com{flag}")).await;
        let hash = operator.desk.mint.recognise(issued.json["token"].as_str().unwrap()).unwrap();
        owners.push(operator.desk.identity.token_owner(hash).await.unwrap().unwrap());
    }
    assert_eq!(owners[1].user, owners[2].user);
    assert_ne!(owners[1].token, owners[2].token);
    assert_ne!(owners[0].user, owners[1].user);
    assert_eq!((owners[0].mode, owners[1].mode), (Mode::Live, Mode::Test));
    let wallet = operator.desk.ledger.wallet(owners[1].user).await.unwrap();
    assert_eq!(wallet.available.get(), domain::test_mode::GRANT);
    let balance = operator.does("ledger trial-balance").await;
    assert!(balance.text.contains("test_money") && balance.text.contains("adds up to zero"));
}

#[tokio::test]
async fn messages_of_earlier_days_are_forgotten_on_command() {
    let operator = Operator::new().await;
    assert_eq!(operator.does("privacy keys").await.text, "none");
    let market = &operator.market;
    market.credit(market.user, 1_000).await.unwrap();
    let order = market.buy().await.unwrap();
    market.sms(&order, "1234").unwrap();
    market.poll_active().run_once().await.unwrap();
    let shown = operator.does("privacy keys").await;
    assert_eq!(shown.json[0]["dropped_at"], serde_json::Value::Null, "{}", shown.text);
    let today = market.clock.now().date_naive();
    let (exit, told) = operator.fails("privacy forget --before 2999-01-01").await;
    assert!(exit == Exit::Usage && told.contains("future"), "{told}");
    operator.fails("privacy forget --before yesterday").await;
    operator.does(&format!("privacy forget --before {today}")).await;
    assert!(market.order(&order).await.unwrap().delivery().unwrap().text.is_some());
    market.clock.advance(Duration::from_hours(24));
    let tomorrow = market.clock.now().date_naive();
    let done = operator.does(&format!("privacy forget --before {tomorrow}")).await;
    assert_eq!(done.json["days"][0], today.to_string());
    assert_eq!(market.order(&order).await.unwrap().delivery().unwrap().text, None);
}
