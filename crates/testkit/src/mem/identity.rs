use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use domain::{
    identity::{
        Customer, IdentityQueries, IdentityRepo, Mode, TokenHash, TokenOwner, TokenRecord,
        test_address,
    },
    ids::UserId,
    store::StoreError,
    time::Timestamp,
};

use super::{
    MemStore,
    state::{misuse, next_id},
    unit::MemUnit,
};

/// Customers and the hashes of their tokens.
#[derive(Debug, Clone, Default)]
pub(super) struct Identities {
    customers: BTreeMap<UserId, Customer>,
    tokens: HashMap<TokenHash, UserId>,
    /// Test accounts, by the customer they belong to.
    tests: BTreeMap<UserId, UserId>,
}

impl Identities {
    pub(super) fn contains(&self, user: UserId) -> bool {
        self.customers.contains_key(&user)
    }

    pub(super) fn is_test(&self, user: UserId) -> bool {
        self.tests.values().any(|account| *account == user)
    }

    fn by_email(&self, email: &str) -> Option<&Customer> {
        self.customers.values().find(|customer| customer.email == email)
    }
}

#[async_trait]
impl IdentityRepo for MemUnit {
    async fn insert_customer(
        &mut self,
        email: &str,
        _password_hash: Option<&str>,
        at: Timestamp,
    ) -> Result<Option<UserId>, StoreError> {
        self.step("insert_customer", |unit| {
            let identities = &mut *unit.draft.identities;
            if identities.by_email(email).is_some() {
                return Ok(None);
            }
            let id = UserId::new(next_id(&identities.customers, |id| id.get()));
            let customer = Customer { id, email: email.to_owned(), created_at: at };
            identities.customers.insert(id, customer);
            Ok(Some(id))
        })
        .await
    }

    async fn test_account(&mut self, of: UserId, at: Timestamp) -> Result<UserId, StoreError> {
        self.step("test_account", |unit| {
            let identities = &mut *unit.draft.identities;
            if let Some(account) = identities.tests.get(&of) {
                return Ok(*account);
            }
            if !identities.contains(of) || identities.is_test(of) {
                return Err(misuse("a test account belongs to a customer"));
            }
            let id = UserId::new(next_id(&identities.customers, |id| id.get()));
            let customer = Customer { id, email: test_address(of), created_at: at };
            identities.customers.insert(id, customer);
            identities.tests.insert(of, id);
            Ok(id)
        })
        .await
    }

    async fn insert_token(
        &mut self,
        token: &TokenRecord,
        _at: Timestamp,
    ) -> Result<(), StoreError> {
        self.step("insert_token", |unit| {
            let identities = &mut *unit.draft.identities;
            if !identities.contains(token.user) || identities.tokens.contains_key(&token.hash) {
                return Err(misuse("a token is new and belongs to a customer"));
            }
            identities.tokens.insert(token.hash, token.user);
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl IdentityQueries for MemStore {
    async fn by_email(&self, email: &str) -> Result<Option<Customer>, StoreError> {
        self.read("by_email", |state| state.identities.by_email(email).cloned()).await
    }

    async fn token_owner(&self, hash: TokenHash) -> Result<Option<TokenOwner>, StoreError> {
        self.read("token_owner", |state| {
            let user = state.identities.tokens.get(&hash).copied();
            user.map(|user| TokenOwner {
                user,
                suspended: false,
                mode: Mode::of(state.identities.is_test(user)),
            })
        })
        .await
    }
}
