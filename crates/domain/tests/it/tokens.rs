use chrono::TimeDelta;
use domain::{
    fault::{Code, Fault as _},
    identity::{
        IdentityQueries as _, IpRange, MintedToken, Mode, Scope, Scopes, StoredToken,
        TokenQueries as _, TokenTerms,
    },
    ids::TokenId,
    time::Clock as _,
};
use testkit::{Blow, Market, Moment, Outcome};

const DAY: TimeDelta = TimeDelta::days(1);

async fn issued(market: &Market, terms: TokenTerms) -> Outcome<(TokenId, MintedToken)> {
    let minted =
        market.issue_token().execute_on(market.user, "laptop", (Mode::Live, terms)).await?;
    Ok((stored(market, &minted).await?.id, minted))
}

async fn stored(market: &Market, minted: &MintedToken) -> Outcome<StoredToken> {
    let all = market.store.tokens(market.user).await?;
    Ok(all.into_iter().find(|token| token.hash == minted.hash).ok_or("a stored token")?)
}

async fn live(market: &Market) -> Outcome<Vec<i64>> {
    let now = market.clock.now();
    let all = market.store.tokens(market.user).await?;
    Ok(all.iter().filter(|it| it.is_live(now)).map(|it| it.id.get()).collect())
}

#[tokio::test]
async fn gives_no_token_that_would_be_good_for_nothing() -> Outcome {
    let market = Market::new().await?;
    let now = market.clock.now();
    for (terms, field) in [
        (TokenTerms { scopes: Scopes::default(), ..TokenTerms::default() }, "scopes"),
        (TokenTerms { expires_at: Some(now), ..TokenTerms::default() }, "expires_at"),
    ] {
        let error = market
            .issue_token()
            .execute_on(market.user, "x", (Mode::Live, terms))
            .await
            .unwrap_err();
        assert_eq!((error.code(), &*error.fields()[0].field), (Code::ValidationError, field));
    }
    assert_eq!(live(&market).await?, [0; 0]);
    Ok(())
}

#[tokio::test]
async fn a_new_token_takes_over_what_the_old_one_was_good_for() -> Outcome {
    let market = Market::new().await?;
    let terms = TokenTerms {
        scopes: Scopes::from_iter([Scope::BalanceRead]),
        allowed_ips: vec![IpRange::parse("192.0.2.0/24").ok_or("a range")?],
        expires_at: Some(market.clock.now() + DAY * 30),
    };
    let (id, old) = issued(&market, terms.clone()).await?;
    market.clock.advance_seconds(86_400 * 10);
    let rotated = market.rotate_token().execute(id, DAY).await?;
    assert_eq!(rotated.old_ends_at, market.clock.now() + DAY);
    let new = stored(&market, &rotated.minted).await?;
    assert_eq!((new.replaces, &*new.name), (Some(id), "laptop"));
    assert_eq!(new.terms, TokenTerms { expires_at: Some(market.clock.now() + DAY * 30), ..terms });
    assert_eq!(live(&market).await?, [2, 1]);
    market.clock.advance_seconds(86_400);
    assert_eq!(live(&market).await?, [2]);
    assert!(
        market.store.token_owner(old.hash).await?.ok_or("an owner")?.terms.expires_at.is_some()
    );
    assert_eq!(market.token_news.take(), []);
    Ok(())
}

#[tokio::test]
async fn no_more_than_two_of_a_line_are_good_at_once() -> Outcome {
    let market = Market::new().await?;
    let (id, first) = issued(&market, TokenTerms::default()).await?;
    let (other, _) = issued(&market, TokenTerms::default()).await?;
    let second = market.rotate_token().execute(id, DAY).await?.minted;
    let second_id = stored(&market, &second).await?.id;
    let error = market.rotate_token().execute(id, DAY).await.unwrap_err();
    assert_eq!(error.code(), Code::Conflict, "the second has its place");
    let third = market.rotate_token().execute(second_id, DAY).await?;
    assert_eq!(third.ended, Some(id));
    let third_id = stored(&market, &third.minted).await?.id;
    assert_eq!(live(&market).await?, [third_id, second_id, other].map(TokenId::get));
    assert_eq!(market.token_news.take(), [first.hash]);
    assert_eq!(market.store.token_owner(first.hash).await?, None);
    Ok(())
}

#[tokio::test]
async fn without_a_time_of_grace_the_old_token_ends_at_once() -> Outcome {
    let market = Market::new().await?;
    let (id, old) = issued(&market, TokenTerms::default()).await?;
    market.rotate_token().execute(id, TimeDelta::zero()).await?;
    assert_eq!(live(&market).await?, [2]);
    assert_eq!(market.token_news.take(), [old.hash]);
    Ok(())
}

#[tokio::test]
async fn replaces_nothing_that_is_over() -> Outcome {
    let market = Market::new().await?;
    let error = market.rotate_token().execute(TokenId::new(4_711), DAY).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    let (id, _) = issued(&market, TokenTerms::default()).await?;
    market.revoke_token().execute(id).await?;
    let error = market.rotate_token().execute(id, DAY).await.unwrap_err();
    assert_eq!(error.code(), Code::Conflict);
    let expires_at = Some(market.clock.now() + DAY);
    let (id, _) = issued(&market, TokenTerms { expires_at, ..TokenTerms::default() }).await?;
    market.clock.advance_seconds(86_400);
    let error = market.rotate_token().execute(id, DAY).await.unwrap_err();
    assert_eq!(error.code(), Code::Conflict);
    Ok(())
}

#[tokio::test]
async fn a_revoked_token_is_over_for_good_and_everybody_is_told_each_time() -> Outcome {
    let market = Market::new().await?;
    let (id, minted) = issued(&market, TokenTerms::default()).await?;
    let first = market.revoke_token().execute(id).await?;
    market.clock.advance_seconds(60);
    assert_eq!(market.revoke_token().execute(id).await?, first);
    assert_eq!(market.token_news.take(), [minted.hash; 2]);
    assert_eq!(market.store.token_owner(minted.hash).await?, None);
    Ok(())
}

/// Whoever hears of the end looks into the database, so that has to say the same by then.
#[tokio::test]
async fn nobody_is_told_of_an_end_that_was_not_stored() -> Outcome {
    let market = Market::new().await?;
    let (id, minted) = issued(&market, TokenTerms::default()).await?;
    for method in ["token", "revoke_token", "commit"] {
        market.chaos.strike_next(method, Moment::Before, Blow::Fail);
        market.revoke_token().execute(id).await.unwrap_err();
        market.chaos.strike_next(method, Moment::Before, Blow::Fail);
        market.rotate_token().execute(id, TimeDelta::zero()).await.unwrap_err();
    }
    assert_eq!(market.token_news.take(), []);
    assert!(market.store.token_owner(minted.hash).await?.is_some());
    assert_eq!(live(&market).await?, [1]);
    Ok(())
}
