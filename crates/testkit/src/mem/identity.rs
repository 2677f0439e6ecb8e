use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{
    identity::{
        Customer, IdentityQueries, IdentityRepo, Mode, StoredToken, TokenHash, TokenOwner,
        TokenQueries, TokenRecord, TokenUse, test_address,
    },
    ids::{TokenId, UserId},
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
    tokens: BTreeMap<TokenId, StoredToken>,
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

    pub(super) fn test_of(&self, user: UserId) -> Option<UserId> {
        self.tests.get(&user).copied()
    }

    fn by_hash(&self, hash: TokenHash) -> Option<&StoredToken> {
        self.tokens.values().find(|token| token.hash == hash)
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
            unit.draft.conducts.suspend_as(id, of);
            Ok(id)
        })
        .await
    }

    async fn insert_token(
        &mut self,
        token: &TokenRecord,
        at: Timestamp,
    ) -> Result<TokenId, StoreError> {
        self.step("insert_token", |unit| {
            let identities = &mut *unit.draft.identities;
            if !identities.contains(token.user) || identities.by_hash(token.hash).is_some() {
                return Err(misuse("a token is new and belongs to a customer"));
            }
            let replaces = token.replaces;
            if replaces.is_some() && identities.tokens.values().any(|it| it.replaces == replaces) {
                return Err(misuse("a token is replaced once"));
            }
            let id = TokenId::new(next_id(&identities.tokens, |id| id.get()));
            let mode = Mode::of(identities.is_test(token.user));
            let TokenRecord { user, hash, hint, name, terms, .. } = token.clone();
            let (created_at, last_used_at, revoked_at) = (at, None, None);
            identities.tokens.insert(
                id,
                StoredToken {
                    id,
                    user,
                    mode,
                    hash,
                    hint,
                    name,
                    terms,
                    replaces,
                    created_at,
                    last_used_at,
                    revoked_at,
                },
            );
            Ok(id)
        })
        .await
    }

    async fn token(&mut self, id: TokenId) -> Result<Option<StoredToken>, StoreError> {
        self.step("token", |unit| Ok(unit.draft.identities.tokens.get(&id).cloned())).await
    }

    async fn successor(&mut self, id: TokenId) -> Result<Option<TokenId>, StoreError> {
        self.step("successor", |unit| {
            let mut tokens = unit.draft.identities.tokens.values();
            Ok(tokens.find(|it| it.replaces == Some(id)).map(|it| it.id))
        })
        .await
    }

    async fn revoke_token(&mut self, id: TokenId, at: Timestamp) -> Result<(), StoreError> {
        self.step("revoke_token", |unit| {
            if let Some(token) = unit.draft.identities.tokens.get_mut(&id) {
                token.revoked_at.get_or_insert(at);
            }
            Ok(())
        })
        .await
    }

    async fn limit_token(&mut self, id: TokenId, at: Timestamp) -> Result<(), StoreError> {
        self.step("limit_token", |unit| {
            if let Some(token) = unit.draft.identities.tokens.get_mut(&id) {
                let end = token.terms.expires_at.map_or(at, |end| end.min(at));
                token.terms.expires_at = Some(end);
            }
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
            let token = state.identities.by_hash(hash).filter(|it| it.revoked_at.is_none())?;
            Some(TokenOwner {
                user: token.user,
                token: token.id,
                terms: token.terms.clone(),
                suspended: state.conducts.is_suspended(token.user),
                mode: Mode::of(state.identities.is_test(token.user)),
            })
        })
        .await
    }
}

#[async_trait]
impl TokenQueries for MemStore {
    async fn tokens(&self, user: UserId) -> Result<Vec<StoredToken>, StoreError> {
        self.read("tokens", |state| {
            let test = state.identities.tests.get(&user);
            let tokens = state.identities.tokens.values().rev();
            let own = |token: &&StoredToken| token.user == user || Some(&token.user) == test;
            tokens.filter(own).cloned().collect()
        })
        .await
    }
}

#[async_trait]
impl TokenUse for MemStore {
    async fn used(&self, tokens: &[TokenId], at: Timestamp) -> Result<(), StoreError> {
        self.write("used", |state| {
            for token in state.identities.tokens.values_mut() {
                let noted = token.last_used_at.is_some_and(|noted| noted >= at);
                if tokens.contains(&token.id) && !noted {
                    token.last_used_at = Some(at);
                }
            }
            Ok(())
        })
        .await
    }
}
