//! The provider of test accounts: it sells numbers that nobody has and sends codes by the clock.
//!
//! It remembers nothing, so any process answers for any other: what was sold when is in the id of
//! the activation.

use async_trait::async_trait;
use aws_lc_rs::rand;
use domain::{
    ids::ExternalId,
    money::Deposit,
    providers::{
        AcquireError, AcquireRequest, Activation, CancelOutcome, Listing, NumberProvider,
        PhoneNumber, ProviderCatalog, ProviderError, Refusal, SmsText, UpstreamStatus,
    },
    test_mode::Scenario,
    time::{Clock, Timestamp},
};

use crate::system::SystemClock;

/// Sells what [`domain::test_mode::TestCatalog`] lists.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct BuiltinTest;

/// Digits of the codes: the first message says 111111, the second 222222.
const CODE_DIGITS: usize = 6;

impl BuiltinTest {
    fn codes(id: &ExternalId, now: Timestamp) -> Option<usize> {
        let (scenario, started) = read(id)?;
        let age = now.timestamp_millis().saturating_sub(started) / 1_000;
        Some(scenario.codes_after().iter().filter(|after| **after <= age).count())
    }
}

#[async_trait]
impl NumberProvider for BuiltinTest {
    async fn acquire(&self, request: &AcquireRequest) -> Result<Activation, AcquireError> {
        let refused = |refusal| Err(AcquireError::Refused(refusal));
        let scenario = match Scenario::parse(&request.service) {
            None => return refused(Refusal::Mapping),
            Some(Scenario::NoStock) => return refused(Refusal::OutOfStock),
            Some(Scenario::Fault) => return refused(Refusal::Transient),
            Some(scenario) => scenario,
        };
        let mut random = [0; 8];
        if rand::fill(&mut random).is_err() {
            return refused(Refusal::Transient);
        }
        let number = u64::from_be_bytes(random);
        let started = SystemClock.now().timestamp_millis();
        let id = ExternalId::parse(&format!("{}.{started}.{number:016x}", scenario.code()));
        // +999 is no country's prefix (ITU E.164).
        let phone = PhoneNumber::parse(&format!("999{:011}", number % 100_000_000_000));
        let (Some(external_id), Some(phone)) = (id, phone) else {
            return refused(Refusal::Transient);
        };
        Ok(Activation { external_id, phone, cost: None })
    }

    async fn status(&self, id: &ExternalId) -> Result<UpstreamStatus, ProviderError> {
        Ok(match Self::codes(id, SystemClock.now()) {
            None => UpstreamStatus::Missing,
            Some(0) => UpstreamStatus::Waiting,
            Some(count) => {
                let code = count.to_string().repeat(CODE_DIGITS);
                let text = SmsText::new(&format!("Your test code is {code}"));
                UpstreamStatus::Received { code: Some(code.into()), text: Some(text) }
            }
        })
    }

    async fn cancel(&self, id: &ExternalId) -> Result<CancelOutcome, ProviderError> {
        Ok(match Self::codes(id, SystemClock.now()) {
            None => CancelOutcome::Missing,
            Some(0) => CancelOutcome::Canceled,
            Some(_) => CancelOutcome::Delivered,
        })
    }

    async fn finish(&self, _id: &ExternalId) -> Result<(), ProviderError> {
        Ok(())
    }

    async fn resend(&self, _id: &ExternalId) -> Result<(), ProviderError> {
        Ok(())
    }

    /// A purchase that nobody heard of left nothing behind.
    async fn active(&self) -> Result<Listing, ProviderError> {
        Ok(Listing::Complete(Vec::new()))
    }

    async fn catalog(&self) -> Result<ProviderCatalog, ProviderError> {
        Ok(ProviderCatalog::default())
    }

    async fn balance(&self) -> Result<Deposit, ProviderError> {
        Err(ProviderError::Refused("test mode has no deposit"))
    }
}

/// What was sold, and when in milliseconds since 1970.
fn read(id: &ExternalId) -> Option<(Scenario, i64)> {
    let mut parts = id.as_str().split('.');
    Some((Scenario::parse(parts.next()?)?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn buy(scenario: Scenario) -> Result<Activation, AcquireError> {
        let max_cost = domain::money::Cost::from_micros(0).unwrap();
        let (service, country) = (scenario.code().to_owned(), "test".to_owned());
        BuiltinTest.acquire(&AcquireRequest { service, country, max_cost }).await
    }

    #[tokio::test]
    async fn codes_come_when_the_product_says() {
        for (scenario, seconds, codes) in [
            (Scenario::Code, 0, 1),
            (Scenario::Late, 9, 0),
            (Scenario::Late, 11, 1),
            (Scenario::Never, 86_400, 0),
            (Scenario::Twice, 1, 1),
            (Scenario::Twice, 21, 2),
        ] {
            let sold = buy(scenario).await.unwrap();
            assert_eq!(read(&sold.external_id).unwrap().0, scenario);
            let then = SystemClock.now() + Duration::from_secs(seconds);
            assert_eq!(BuiltinTest::codes(&sold.external_id, then), Some(codes), "{scenario:?}");
        }
    }

    #[tokio::test]
    async fn what_is_not_sold_is_refused_for_good() {
        for (scenario, why) in
            [(Scenario::NoStock, Refusal::OutOfStock), (Scenario::Fault, Refusal::Transient)]
        {
            assert_eq!(buy(scenario).await, Err(AcquireError::Refused(why)));
        }
    }

    #[tokio::test]
    async fn the_second_code_is_another_one() {
        let started = SystemClock.now().timestamp_millis() - 21_000;
        let id = ExternalId::parse(&format!("test_twice.{started}.00")).unwrap();
        let UpstreamStatus::Received { code, text } = BuiltinTest.status(&id).await.unwrap() else {
            panic!("a code")
        };
        assert_eq!(code, Some("222222".into()));
        assert_eq!(text.unwrap().reveal(), "Your test code is 222222");
        assert_eq!(BuiltinTest.cancel(&id).await, Ok(CancelOutcome::Delivered));
        let other = ExternalId::parse("123").unwrap();
        assert_eq!(BuiltinTest.status(&other).await, Ok(UpstreamStatus::Missing));
    }
}
