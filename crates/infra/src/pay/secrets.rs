//! Secrets shared with a gateway.

use domain::gateways::VerifyError;
use secrecy::{ExposeSecret, SecretString};

use crate::crypto::constant_time_eq;

/// Secrets of which any may have been used: while one is being replaced there are two. The first
/// is the one we use ourselves.
#[derive(Debug, Clone)]
pub(super) struct SecretList(Vec<SecretString>);

impl SecretList {
    /// Nothing unless there is one, and none of them is blank: with an empty secret anybody could
    /// sign.
    pub(super) fn new(secrets: Vec<SecretString>) -> Option<Self> {
        let blank = |secret: &SecretString| secret.expose_secret().trim().is_empty();
        (!secrets.is_empty() && !secrets.iter().any(blank)).then_some(Self(secrets))
    }

    /// What `make` makes with the secret we use ourselves.
    pub(super) fn sign(&self, make: impl Fn(&[u8]) -> String) -> String {
        self.0.first().map(|secret| make(secret.expose_secret().as_bytes())).unwrap_or_default()
    }

    /// Checks that `given` is what `make` makes with one of the secrets. How long it takes tells
    /// neither which one fits nor how far a wrong one does.
    pub(super) fn check(
        &self,
        given: &str,
        make: impl Fn(&[u8]) -> Vec<String>,
    ) -> Result<(), VerifyError> {
        let mut found = false;
        for secret in &self.0 {
            for code in make(secret.expose_secret().as_bytes()) {
                found |= constant_time_eq(given.as_bytes(), code.as_bytes());
            }
        }
        if found { Ok(()) } else { Err(VerifyError::Mismatch) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(secrets: &[&str]) -> Option<SecretList> {
        SecretList::new(secrets.iter().map(|it| SecretString::from(*it)).collect())
    }

    fn text(key: &[u8]) -> String {
        String::from_utf8_lossy(key).into_owned()
    }

    #[test]
    fn secrets_that_protect_nothing_are_refused() {
        for secrets in [&[][..], &[""], &["  "], &["one", ""], &["one", "\t\n"]] {
            assert!(list(secrets).is_none(), "{secrets:?}");
        }
    }

    #[test]
    fn any_of_them_may_have_been_used_and_the_first_is_ours() {
        let secrets = list(&["new", "old"]).unwrap();
        assert_eq!(secrets.sign(text), "new");
        for given in ["new", "old"] {
            assert_eq!(secrets.check(given, |key| vec![text(key)]), Ok(()));
        }
        for given in ["", "ne", "neww", "New", "oldnew"] {
            let outcome = secrets.check(given, |key| vec![text(key)]);
            assert_eq!(outcome, Err(VerifyError::Mismatch), "{given}");
        }
        assert_eq!(secrets.check("new", |_| Vec::new()), Err(VerifyError::Mismatch));
    }

    #[test]
    fn debug_hides_them() {
        assert!(!format!("{:?}", list(&["tell-nobody"])).contains("tell-nobody"));
    }
}
