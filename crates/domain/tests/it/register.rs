//! Adding customers and giving them tokens.

use domain::{
    fault::{Code, Fault},
    identity::{IdentityQueries, TokenMint, register::RegisterError},
    ids::UserId,
    ledger::LedgerQueries,
};
use testkit::{Blow, Market, Moment, Outcome};

#[tokio::test]
async fn adds_a_customer_with_an_empty_wallet() -> Outcome {
    let market = Market::new().await?;
    let user = market.add_customer().execute("  Ada@Example.COM ", None).await?;
    let found = market.store.by_email("ada@example.com").await?.ok_or("the customer")?;
    assert_eq!(found.id, user);
    market.credit(user, 70).await?;
    assert_eq!(LedgerQueries::wallet(&market.store, user).await?.available.get(), 70);
    market.check_books().await
}

#[tokio::test]
async fn takes_an_address_once_whatever_its_case() -> Outcome {
    let market = Market::new().await?;
    market.add_customer().execute("ada@example.com", None).await?;
    let error = market.add_customer().execute("ADA@example.com", None).await.unwrap_err();
    assert!(matches!(error, RegisterError::Taken), "{error}");
    assert_eq!((error.code(), error.fields()), (Code::Conflict, Vec::new()));
    Ok(())
}

#[tokio::test]
async fn refuses_what_is_no_address() -> Outcome {
    let market = Market::new().await?;
    let long = format!("{}@example.com", "x".repeat(243));
    for text in ["", "ada", "@example.com", "ada@", "a@b@c", "a da@example.com", "a\0@b", &long] {
        let error = market.add_customer().execute(text, None).await.unwrap_err();
        assert!(matches!(error, RegisterError::Email), "{text}: {error}");
        assert_eq!(error.code(), Code::ValidationError);
        assert_eq!(error.fields()[0].field, "email");
    }
    let longest = format!("{}@example.com", "x".repeat(242));
    market.add_customer().execute(&longest, None).await?;
    Ok(())
}

#[tokio::test]
async fn bounds_passwords() -> Outcome {
    let market = Market::new().await?;
    for (length, fits) in [(0, false), (7, false), (8, true), (256, true), (257, false)] {
        let email = format!("ada{length}@example.com");
        let added = market.add_customer().execute(&email, Some("x".repeat(length))).await;
        assert_eq!(added.is_ok(), fits, "{length}");
        if let Err(error) = added {
            assert_eq!(error.code(), Code::ValidationError);
            assert_eq!(error.fields()[0].field, "password");
        }
    }
    Ok(())
}

#[tokio::test]
async fn adds_nobody_half() -> Outcome {
    for method in ["insert_customer", "open_wallet", "commit"] {
        let market = Market::new().await?;
        market.chaos.strike_next(method, Moment::Before, Blow::Fail);
        let error = market.add_customer().execute("ada@example.com", None).await.unwrap_err();
        assert_eq!(error.code(), Code::ServiceUnavailable, "{method}");
        assert_eq!(market.store.by_email("ada@example.com").await?, None, "{method}");
        market.chaos.strike_next(method, Moment::Before, Blow::Contend);
        market.add_customer().execute("ada@example.com", None).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_token_leads_to_its_customer() -> Outcome {
    let market = Market::new().await?;
    let mut secrets = Vec::new();
    for name in ["laptop", "server"] {
        let minted = market.issue_token().execute(market.user, name).await?;
        let hash = market.mint.recognise(&minted.secret).ok_or("a token of ours")?;
        let owner = market.store.token_owner(hash).await?.ok_or("an owner")?;
        assert_eq!((owner.user, owner.suspended), (market.user, false));
        assert!(!format!("{minted:?}").contains(&minted.secret));
        secrets.push(minted.secret);
    }
    assert_ne!(secrets[0], secrets[1]);
    Ok(())
}

#[tokio::test]
async fn gives_no_token_to_nobody() -> Outcome {
    let market = Market::new().await?;
    assert!(market.issue_token().execute(UserId::new(4_711), "laptop").await.is_err());
    market.chaos.strike_next("insert_token", Moment::Before, Blow::Contend);
    market.issue_token().execute(market.user, "laptop").await?;
    Ok(())
}
