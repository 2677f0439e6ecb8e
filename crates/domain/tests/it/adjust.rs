//! Corrections by operators.

use domain::{
    fault::{Code, Fault},
    ids::UserId,
    ledger::{
        PostError, Posted,
        adjust::{AdjustError, CreditCommand},
    },
    money::Amount,
};
use testkit::{Blow, Market, Moment, Outcome};

fn command(market: &Market, units: i64, reference: Option<&str>) -> Outcome<CreditCommand> {
    Ok(CreditCommand {
        user: market.user,
        amount: Amount::new(units).ok_or("an amount")?,
        operator: "Ada".to_owned(),
        reason: "a lost payment".to_owned(),
        reference: reference.map(str::to_owned),
    })
}

#[tokio::test]
async fn credits_and_shows_the_wallet() -> Outcome {
    let market = Market::new().await?.funded(5).await?;
    let (posted, wallet) = market.credit_customer().execute(command(&market, 70, None)?).await?;
    assert_eq!((posted, wallet.available.get()), (Posted::New, 75));
    assert_eq!(market.wallet().await?, (75, 0));
    market.check_books().await
}

#[tokio::test]
async fn credits_once_per_reference() -> Outcome {
    let market = Market::new().await?;
    let credit = market.credit_customer();
    for expected in [Posted::New, Posted::Already, Posted::Already] {
        let (posted, wallet) = credit.execute(command(&market, 70, Some("case 7"))?).await?;
        assert_eq!((posted, wallet.available.get()), (expected, 70));
    }
    let error = credit.execute(command(&market, 71, Some("case 7"))?).await.unwrap_err();
    assert!(matches!(error, AdjustError::Post(PostError::KeyReused(_))), "{error}");
    credit.execute(command(&market, 70, None)?).await?;
    credit.execute(command(&market, 70, None)?).await?;
    assert_eq!(market.wallet().await?, (210, 0));
    market.check_books().await
}

#[tokio::test]
async fn wants_to_know_who_and_why() -> Outcome {
    let market = Market::new().await?;
    for (field, change) in [
        ("operator", (|c, text| c.operator = text) as fn(&mut CreditCommand, String)),
        ("reason", |c, text| c.reason = text),
        ("reference", |c, text| c.reference = Some(text)),
    ] {
        for text in ["", "  \n", &"x".repeat(501)] {
            let mut unclear = command(&market, 70, None)?;
            change(&mut unclear, text.to_owned());
            let error = market.credit_customer().execute(unclear).await.unwrap_err();
            assert_eq!(error.code(), Code::ValidationError);
            assert_eq!(error.fields().first().map(|fault| fault.field.as_str()), Some(field));
        }
        let mut long = command(&market, 1, None)?;
        change(&mut long, "ü".repeat(500));
        market.credit_customer().execute(long).await?;
    }
    assert_eq!(market.wallet().await?, (3, 0));
    market.check_books().await
}

#[tokio::test]
async fn refuses_a_customer_without_a_wallet() -> Outcome {
    let market = Market::new().await?;
    let mut stray = command(&market, 70, None)?;
    stray.user = UserId::new(4_711);
    assert!(market.credit_customer().execute(stray).await.is_err());
    market.check_books().await
}

#[tokio::test]
async fn moves_nothing_half() -> Outcome {
    for method in ["begin", "post", "note_adjustment", "wallet", "commit"] {
        let market = Market::new().await?;
        market.chaos.strike_next(method, Moment::Before, Blow::Fail);
        let error =
            market.credit_customer().execute(command(&market, 70, None)?).await.unwrap_err();
        assert_eq!(error.code(), Code::ServiceUnavailable, "{method}");
        assert_eq!(market.wallet().await?, (0, 0), "{method}");
        market.chaos.strike_next(method, Moment::Before, Blow::Contend);
        market.credit_customer().execute(command(&market, 70, None)?).await?;
        assert_eq!(market.wallet().await?, (70, 0), "{method}");
        market.check_books().await?;
    }
    Ok(())
}
