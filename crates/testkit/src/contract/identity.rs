//! Customers and tokens.

use domain::identity::{Mode, TokenHash, TokenOwner, TokenRecord};

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
    for (number, user) in [(1, first), (2, second), (3, second)] {
        let record = TokenRecord {
            user,
            hash: TokenHash([number; 32]),
            hint: "sb_…1234".to_owned(),
            name: "laptop".to_owned(),
        };
        let mut unit = store.begin().await?;
        unit.identity().insert_token(&record, start_of_time()).await?;
        unit.commit().await?;
    }
    let owner = |user| Some(TokenOwner { user, suspended: false, mode: Mode::Live });
    assert_eq!(store.token_owner(TokenHash([1; 32])).await?, owner(first));
    assert_eq!(store.token_owner(TokenHash([3; 32])).await?, owner(second));
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
    let (account, hash) = (accounts[0], TokenHash([9; 32]));
    let record = TokenRecord { user: account, hash, hint: String::new(), name: String::new() };
    let mut unit = store.begin().await?;
    unit.identity().insert_token(&record, start_of_time()).await?;
    unit.commit().await?;
    let owner = TokenOwner { user: account, suspended: false, mode: Mode::Test };
    assert_eq!(store.token_owner(hash).await?, Some(owner));
    let mut unit = store.begin().await?;
    let nested = unit.identity().test_account(account, start_of_time()).await;
    assert!(nested.is_err(), "{nested:?}");
    Ok(())
}
