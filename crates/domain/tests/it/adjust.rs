//! Corrections by operators.

use domain::{
    fault::{Code, Fault},
    ids::UserId,
    ledger::{
        PostError, Posted,
        adjust::{AdjustError, Change, Proposal},
    },
    money::Amount,
};
use testkit::{Blow, Market, Moment, Outcome};

fn proposal(market: &Market, units: i64, reference: &str) -> Outcome<Proposal> {
    Ok(Proposal {
        reference: reference.to_owned(),
        user: market.user,
        change: Change::Give,
        amount: Amount::new(units).ok_or("an amount")?,
        operator: "Ada".to_owned(),
        reason: "a lost payment".to_owned(),
    })
}

#[tokio::test]
async fn moves_money_when_a_second_person_agrees() -> Outcome {
    let market = Market::new().await?.funded(5).await?;
    let adjustments = market.adjustments();
    assert!(adjustments.propose(&proposal(&market, 70, "case 7")?).await?);
    assert_eq!(market.wallet().await?, (5, 0));
    let alone = adjustments.approve("case 7", "ada").await.unwrap_err();
    assert!(matches!(alone, AdjustError::Post(PostError::Forbidden(_))), "{alone}");
    let (posted, wallet) = adjustments.approve("case 7", "Grace").await?;
    assert_eq!((posted, wallet.available.get()), (Posted::New, 75));
    market.check_books().await
}

#[tokio::test]
async fn decides_once_per_reference() -> Outcome {
    let market = Market::new().await?;
    let adjustments = market.adjustments();
    for expected in [Posted::New, Posted::Already, Posted::Already] {
        let asked = proposal(&market, 70, "case 7")?;
        let (posted, wallet) = adjustments.decide(&asked, "Grace").await?;
        assert_eq!((posted, wallet.available.get()), (expected, 70));
    }
    let other = proposal(&market, 71, "case 7")?;
    let error = adjustments.decide(&other, "Grace").await.unwrap_err();
    assert!(matches!(error, AdjustError::Post(PostError::KeyReused(_))), "{error}");
    for _ in 0..2 {
        let fresh = adjustments.fresh_reference();
        adjustments.decide(&proposal(&market, 70, &fresh)?, "Grace").await?;
    }
    assert_eq!(market.wallet().await?, (210, 0));
    market.check_books().await
}

#[tokio::test]
async fn wants_to_know_who_and_why() -> Outcome {
    let market = Market::new().await?;
    let adjustments = market.adjustments();
    for (field, max, change) in [
        ("operator", 500, (|p, text| p.operator = text) as fn(&mut Proposal, String)),
        ("reason", 500, |p, text| p.reason = text),
        ("reference", 200, |p, text| p.reference = text),
    ] {
        for text in ["", "  \n", &"x".repeat(max + 1)] {
            let mut unclear = proposal(&market, 70, field)?;
            change(&mut unclear, text.to_owned());
            for error in [
                adjustments.propose(&unclear).await.unwrap_err(),
                adjustments.decide(&unclear, "Grace").await.unwrap_err(),
            ] {
                assert_eq!(error.code(), Code::ValidationError);
                assert_eq!(error.fields().first().map(|fault| fault.field.as_str()), Some(field));
            }
        }
        let mut long = proposal(&market, 1, field)?;
        change(&mut long, "ü".repeat(max));
        adjustments.decide(&long, "Grace").await?;
    }
    let unsigned = adjustments.decide(&proposal(&market, 1, "x")?, " ").await.unwrap_err();
    assert_eq!(unsigned.code(), Code::ValidationError);
    assert_eq!(market.wallet().await?, (3, 0));
    market.check_books().await
}

#[tokio::test]
async fn takes_what_can_be_spent_and_no_more() -> Outcome {
    let market = Market::new().await?.funded(50).await?;
    let adjustments = market.adjustments();
    for (units, fits) in [(51, false), (50, true)] {
        let taken = Proposal { change: Change::Take, ..proposal(&market, units, "case 7")? };
        let reference = format!("take {units}");
        let answer = adjustments.decide(&Proposal { reference, ..taken }, "Grace").await;
        if fits {
            assert_eq!(answer?.1.available.get(), 0);
        } else {
            assert_eq!(answer.unwrap_err().code(), Code::InsufficientBalance);
        }
    }
    assert_eq!(market.wallet().await?, (0, 0));
    market.check_books().await
}

#[tokio::test]
async fn refuses_a_customer_without_a_wallet() -> Outcome {
    let market = Market::new().await?;
    let stray = Proposal { user: UserId::new(4_711), ..proposal(&market, 70, "case 7")? };
    assert!(market.adjustments().decide(&stray, "Grace").await.is_err());
    market.check_books().await
}

#[tokio::test]
async fn moves_nothing_half() -> Outcome {
    let steps = ["begin", "propose_adjustment", "approve_adjustment", "repay_debt", "commit"];
    for method in steps {
        let market = Market::new().await?;
        let asked = proposal(&market, 70, "case 7")?;
        market.chaos.strike_next(method, Moment::Before, Blow::Fail);
        let error = market.adjustments().decide(&asked, "Grace").await.unwrap_err();
        assert_eq!(error.code(), Code::ServiceUnavailable, "{method}");
        assert_eq!(market.wallet().await?, (0, 0), "{method}");
        market.chaos.strike_next(method, Moment::Before, Blow::Contend);
        market.adjustments().decide(&asked, "Grace").await?;
        assert_eq!(market.wallet().await?, (70, 0), "{method}");
        market.check_books().await?;
    }
    Ok(())
}
