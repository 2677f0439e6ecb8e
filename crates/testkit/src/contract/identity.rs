//! Customers and tokens.

use domain::{
    identity::{IpRange, Mode, Scope, Scopes, TokenHash, TokenOwner, TokenRecord, TokenTerms},
    ids::{TokenId, UserId},
};

use super::{Backend, stage::customer};
use crate::{Outcome, start_of_time};

/// The second customer with an address is refused, and the first one stays.
pub async fn takes_an_address_once<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    let mut unit = store.begin().await?;
    let again =
        unit.identity().insert_customer("a@example.com", Some("hash"), start_of_time()).await?;
    assert_eq!(again, None);
    drop(unit);
    let other = customer(store, "b@example.com", 0).await?;
    assert_ne!(other, user);
    let found = store.by_email("a@example.com").await?.ok_or("the first customer")?;
    assert_eq!(found.id, user);
    Ok(())
}

/// The address of a customer whose unit was dropped is free.
pub async fn forgets_a_customer_of_a_dropped_unit<B: Backend>(store: &B) -> Outcome {
    let mut unit = store.begin().await?;
    unit.identity().insert_customer("a@example.com", None, start_of_time()).await?;
    drop(unit);
    assert_eq!(store.by_email("a@example.com").await?, None);
    customer(store, "a@example.com", 0).await?;
    Ok(())
}

/// An address finds its customer as it was added, and only that one.
pub async fn finds_a_customer_by_address<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    customer(store, "b@example.com", 0).await?;
    let found = store.by_email("a@example.com").await?.ok_or("the customer")?;
    assert_eq!(found.id, user);
    assert_eq!((found.email.as_str(), found.created_at), ("a@example.com", start_of_time()));
    assert_eq!(store.by_email("c@example.com").await?, None);
    Ok(())
}

/// A token belongs to the customer it was made for; others belong to nobody.
pub async fn finds_the_owner_of_a_token<B: Backend>(store: &B) -> Outcome {
    let first = customer(store, "a@example.com", 0).await?;
    let second = customer(store, "b@example.com", 0).await?;
    let mut ids = Vec::new();
    for (number, user) in [(1, first), (2, second), (3, second)] {
        ids.push(give(store, &record(user, number)).await?);
    }
    let owner = |user, token| {
        let terms = TokenTerms::default();
        Some(TokenOwner { user, token, terms, suspended: false, mode: Mode::Live })
    };
    assert_eq!(store.token_owner(TokenHash([1; 32])).await?, owner(first, ids[0]));
    assert_eq!(store.token_owner(TokenHash([3; 32])).await?, owner(second, ids[2]));
    assert_eq!(store.token_owner(TokenHash([4; 32])).await?, None);
    Ok(())
}

/// A customer has one test account, and its tokens say so.
pub async fn gives_a_customer_one_test_account<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    let mut accounts = Vec::new();
    for _ in 0..2 {
        let mut unit = store.begin().await?;
        accounts.push(unit.identity().test_account(user, start_of_time()).await?);
        unit.commit().await?;
    }
    assert_eq!(accounts[0], accounts[1]);
    assert_ne!(accounts[0], user);
    let account = accounts[0];
    let token = give(store, &record(account, 9)).await?;
    let terms = TokenTerms::default();
    let owner = TokenOwner { user: account, token, terms, suspended: false, mode: Mode::Test };
    assert_eq!(store.token_owner(TokenHash([9; 32])).await?, Some(owner));
    assert_eq!(store.tokens(user).await?.len(), 1, "it is listed with the customer's own");
    let mut unit = store.begin().await?;
    let nested = unit.identity().test_account(account, start_of_time()).await;
    assert!(nested.is_err(), "{nested:?}");
    Ok(())
}

/// What a token is good for comes back as it was stored, wherever it is read.
pub async fn keeps_the_terms_of_a_token<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    let ranges = ["192.0.2.0/24", "198.51.100.7", "2001:db8::/32", "0.0.0.0/0"];
    let terms = TokenTerms {
        scopes: Scopes::from_iter([Scope::OrdersRead, Scope::WebhooksManage]),
        allowed_ips: ranges.iter().filter_map(|text| IpRange::parse(text)).collect(),
        expires_at: Some(start_of_time() + chrono::Duration::microseconds(1)),
    };
    assert_eq!(terms.allowed_ips.len(), ranges.len());
    let token = TokenRecord { terms: terms.clone(), ..record(user, 1) };
    let id = give(store, &token).await?;
    let owner = store.token_owner(token.hash).await?.ok_or("the owner")?;
    assert_eq!(owner.terms, terms);
    let mut unit = store.begin().await?;
    let locked = unit.identity().token(id).await?.ok_or("the token")?;
    drop(unit);
    assert_eq!((&locked.terms, locked.user, locked.hash), (&terms, user, token.hash));
    assert_eq!((locked.name, locked.hint), (token.name, token.hint));
    let listed = store.tokens(user).await?;
    assert_eq!((listed.len(), &listed[0].terms), (1, &terms));
    assert_eq!((listed[0].created_at, listed[0].last_used_at), (start_of_time(), None));
    Ok(())
}

/// A revoked token belongs to nobody, keeps its first date, and stays listed.
pub async fn forgets_the_owner_of_a_revoked_token<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    let id = give(store, &record(user, 1)).await?;
    let other = give(store, &record(user, 2)).await?;
    for seconds in [1, 2] {
        let mut unit = store.begin().await?;
        unit.identity().revoke_token(id, later(seconds)).await?;
        unit.commit().await?;
    }
    assert_eq!(store.token_owner(TokenHash([1; 32])).await?, None);
    assert!(store.token_owner(TokenHash([2; 32])).await?.is_some());
    let listed = store.tokens(user).await?;
    assert_eq!(listed.iter().map(|it| it.id).collect::<Vec<_>>(), [other, id]);
    assert_eq!(listed[1].revoked_at, Some(later(1)));
    Ok(())
}

/// A token ends at the earliest of all times that were set for it.
pub async fn shortens_the_life_of_a_token<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    let id = give(store, &record(user, 1)).await?;
    for (seconds, end) in [(20, 20), (30, 20), (10, 10)] {
        let mut unit = store.begin().await?;
        unit.identity().limit_token(id, later(seconds)).await?;
        unit.commit().await?;
        let owner = store.token_owner(TokenHash([1; 32])).await?.ok_or("the owner")?;
        assert_eq!(owner.terms.expires_at, Some(later(end)));
    }
    Ok(())
}

/// A token takes the place of another one once.
pub async fn replaces_a_token_once<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    let old = give(store, &record(user, 1)).await?;
    let new = give(store, &TokenRecord { replaces: Some(old), ..record(user, 2) }).await?;
    let mut unit = store.begin().await?;
    assert_eq!(unit.identity().successor(old).await?, Some(new));
    assert_eq!(unit.identity().successor(new).await?, None);
    let third = TokenRecord { replaces: Some(old), ..record(user, 3) };
    let stored = unit.identity().insert_token(&third, start_of_time()).await;
    assert!(stored.is_err(), "{stored:?}");
    drop(unit);
    assert_eq!(store.tokens(user).await?.len(), 2);
    Ok(())
}

/// The last use is noted for exactly the tokens named, and never moves back.
pub async fn notes_when_tokens_were_used<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    let mut ids = Vec::new();
    for number in [1, 2, 3] {
        ids.push(give(store, &record(user, number)).await?);
    }
    store.used(&[ids[0], ids[2]], later(60)).await?;
    store.used(&[ids[0], TokenId::new(i64::MAX)], later(120)).await?;
    store.used(&[ids[2]], later(30)).await?;
    store.used(&[], later(300)).await?;
    let noted: Vec<_> = store.tokens(user).await?.iter().rev().map(|it| it.last_used_at).collect();
    assert_eq!(noted, [Some(later(120)), None, Some(later(60))]);
    Ok(())
}

fn record(user: UserId, number: u8) -> TokenRecord {
    TokenRecord {
        user,
        hash: TokenHash([number; 32]),
        hint: "sb_…1234".to_owned(),
        name: "laptop".to_owned(),
        terms: TokenTerms::default(),
        replaces: None,
    }
}

async fn give<B: Backend>(store: &B, token: &TokenRecord) -> Outcome<TokenId> {
    let mut unit = store.begin().await?;
    let id = unit.identity().insert_token(token, start_of_time()).await?;
    unit.commit().await?;
    Ok(id)
}

fn later(seconds: i64) -> domain::time::Timestamp {
    start_of_time() + chrono::Duration::seconds(seconds)
}
