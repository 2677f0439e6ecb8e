//! Stopping customers, and letting them go on.

use ctl::Exit;
use domain::{abuse::Measure, identity::TokenMint as _, orders::place::PlaceError};
use serde_json::{Value, json};

use crate::support::Operator;

const WHOM: &str = "--email customer@example.com";
const WHY: &str = "--reason asked_by_mail --operator me";

#[tokio::test]
async fn a_customer_is_banned_and_forgiven_on_somebodys_word() {
    let operator = Operator::new().await;
    let market = &operator.market;
    market.credit(market.user, 100).await.unwrap();
    let ban = format!("customer ban {WHOM} --until 12h {WHY}");
    assert_eq!(operator.does(&ban).await.json["new"], json!(true));
    assert_eq!(operator.does(&ban).await.json["new"], json!(false));
    let shown = operator.does(&format!("customer show {WHOM}")).await;
    assert_eq!(shown.json["ban"]["tier"], "HARD");
    assert_eq!(shown.json["ban"]["until"], "2027-01-15T20:00:00+00:00");
    assert!(shown.text.contains("no: banned (HARD) until 2027-01-15T20:00"), "{}", shown.text);
    let refused = market.place_orders().execute(market.command(1, None)).await;
    assert!(matches!(refused, Err(PlaceError::Reserve(_))), "{refused:?}");

    let unban = format!("customer unban {WHOM} {WHY}");
    operator.does(&unban).await;
    assert_eq!(operator.fails(&unban).await.0, Exit::Conflict);
    assert_eq!(operator.does(&format!("customer show {WHOM}")).await.json["ban"], Value::Null);
    market.buy().await.unwrap();
    let measures = market.store.measures().await;
    let [banned, lifted] = measures.as_slice() else { panic!("{measures:?}") };
    assert!(matches!(banned.measure, Measure::Ban { .. }) && lifted.measure == Measure::Unban);
    for measure in [banned, lifted] {
        assert_eq!((measure.operator.as_str(), measure.reason.as_str()), ("me", "asked_by_mail"));
    }
}

#[tokio::test]
async fn a_suspended_customer_is_told_to_every_server_with_the_test_account() {
    let operator = Operator::new().await;
    let mut hashes = Vec::new();
    for line in [
        "token issue --email customer@example.com",
        "token issue --email customer@example.com --test",
    ] {
        let issued = operator.does(line).await;
        let token = issued.json["token"].as_str().unwrap().to_owned();
        hashes.push(operator.market.mint.recognise(&token).unwrap());
    }
    let suspended = async |expected: bool| {
        for hash in &hashes {
            let owner = operator.desk.identity.token_owner(*hash).await.unwrap().unwrap();
            assert_eq!(owner.suspended, expected);
        }
        let mut told = operator.market.token_news.take_changed();
        told.reverse();
        assert_eq!(told, hashes);
    };
    let suspend = format!("customer suspend {WHOM} {WHY}");
    let answer = operator.does(&suspend).await;
    assert_eq!((&answer.json["new"], &answer.json["servers_told"]), (&json!(true), &json!(true)));
    suspended(true).await;
    assert_eq!(operator.does(&suspend).await.json["new"], json!(false));
    suspended(true).await;
    let shown = operator.does(&format!("customer show {WHOM}")).await;
    assert!(shown.text.contains("no: suspended since 2027-01-15"), "{}", shown.text);
    operator.does(&format!("customer resume {WHOM} {WHY}")).await;
    suspended(false).await;
    let again = format!("customer resume {WHOM} {WHY}");
    assert_eq!(operator.fails(&again).await.0, Exit::Conflict);
}

#[tokio::test]
async fn measures_need_somebody_whom_they_concern() {
    let operator = Operator::new().await;
    for line in ["ban --until 3d", "unban", "suspend", "resume"] {
        let unknown = format!("customer {line} --id 99 {WHY}");
        assert_eq!(operator.fails(&unknown).await.0, Exit::Conflict, "{line}");
    }
    let past = format!("customer ban {WHOM} --until 2020-01-01T00:00:00Z {WHY}");
    assert_eq!(operator.fails(&past).await.0, Exit::Usage);
}
