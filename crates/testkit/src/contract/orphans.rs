//! Numbers that no order owns: noted, adopted, or written off.

use std::time::Duration;

use domain::{
    ids::{ExternalId, ProviderId},
    inbox::Callback,
    ledger::{PostError, Posted, chart},
    money::{Cost, Currency},
    orders::{Claim, Order, Orphan, Status},
    providers::SmsText,
    store::{Store, retrying},
};
use futures_util::future::join;

use super::{
    Backend,
    payback::balance,
    shelf::add_provider,
    stage::{COST_MICROS, PERSISTENT, PRICE, Stage, assert_clean, external, leased, post},
};
use crate::{Outcome, start_of_time};

const RACES: usize = 12;

/// The first sight of an activation without owner counts, however often it is seen again.
pub async fn remembers_since_when_an_activation_has_no_owner<B: Backend>(store: &B) -> Outcome {
    let provider = add_provider(store, "first").await?.id;
    let other = add_provider(store, "second").await?.id;
    let (first, later) = (start_of_time(), start_of_time() + Duration::from_secs(10));
    for (provider, id, at, since) in [
        (provider, "1", first, first),
        (provider, "1", later, first),
        (provider, "2", later, later),
        (other, "1", later, later),
    ] {
        let noted = store.note_orphan(provider, &external(id)?, at).await?;
        assert_eq!(noted, Orphan { since, is_written_off: false });
    }
    Ok(())
}

/// What was noted is adopted like any number, once; what nobody noted is not.
pub async fn gives_an_orphan_to_one_order<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100).await?;
    let (first, second) = (stage.reserved().await?, stage.reserved().await?);
    let adopted = leased(first.clone(), "1")?;
    assert_eq!(store.activate_orphan(&adopted).await?, Claim::Taken);
    store.note_orphan(stage.provider, &external("1")?, start_of_time()).await?;
    assert_eq!(store.activate_orphan(&adopted).await?, Claim::Won);
    assert_eq!(store.activate_orphan(&adopted).await?, Claim::Lost);
    assert_eq!(stage.stored(&first).await?.lease(), adopted.lease());
    assert_eq!(store.activate_orphan(&leased(second.clone(), "1")?).await?, Claim::Taken);
    assert_eq!(stage.stored(&second).await?.status(), Status::Reserving);
    assert_clean(store).await
}

/// What was written off is adopted by nobody, and whoever asks is told.
pub async fn keeps_what_was_written_off_from_orders<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100).await?;
    let (order, id) = (stage.reserved().await?, external("1")?);
    let callback = Callback {
        provider: stage.provider,
        external_id: id.clone(),
        code: None,
        text: SmsText::new("Code 1234"),
        received_at: "now".to_owned(),
    };
    store.note_orphan(stage.provider, &id, start_of_time()).await?;
    assert!(!store.is_written_off(&callback).await?);
    assert!(write_off(store, stage.provider, &id).await?);
    assert!(!write_off(store, stage.provider, &id).await?);
    assert!(store.is_written_off(&callback).await?);
    let noted = store.note_orphan(stage.provider, &id, start_of_time()).await?;
    assert_eq!(noted, Orphan { since: start_of_time(), is_written_off: true });
    assert_eq!(store.activate_orphan(&leased(order.clone(), "1")?).await?, Claim::Taken);
    assert_eq!(stage.stored(&order).await?.status(), Status::Reserving);
    assert_clean(store).await
}

/// Only what was noted is written off, and only what is committed counts.
pub async fn writes_off_what_was_noted_only<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 0).await?;
    let (noted, unknown) = (external("1")?, external("2")?);
    store.note_orphan(stage.provider, &noted, start_of_time()).await?;
    let mut unit = store.begin().await?;
    unit.orders().write_off(stage.provider, &noted, start_of_time()).await?;
    drop(unit);
    let mut unit = store.begin().await?;
    let orphan = unit.orders().lock_orphan(stage.provider, &noted).await?;
    assert_eq!(orphan, Some(Orphan { since: start_of_time(), is_written_off: false }));
    assert_eq!(unit.orders().lock_orphan(stage.provider, &unknown).await?, None);
    assert!(unit.orders().write_off(stage.provider, &unknown, start_of_time()).await.is_err());
    assert!(unit.commit().await.is_err());
    Ok(())
}

/// The cost of a number of no order leaves what the provider holds for us, once.
pub async fn books_what_an_orphan_cost_once<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 0).await?;
    let cost = Cost::from_micros(COST_MICROS).ok_or("a cost")?;
    let first = chart::orphan_sms(stage.provider, &external("1")?, cost).ok_or("a cost")?;
    let second = chart::orphan_sms(stage.provider, &external("2")?, cost).ok_or("a cost")?;
    assert_eq!(chart::orphan_sms(stage.provider, &external("3")?, Cost::default()), None);
    assert_eq!(post(store, &first).await?, Posted::New);
    assert_eq!(post(store, &first).await?, Posted::Already);
    assert_eq!(post(store, &second).await?, Posted::New);
    let dearer = Cost::from_micros(COST_MICROS + 1).ok_or("a cost")?;
    let other = chart::orphan_sms(stage.provider, &external("1")?, dearer).ok_or("a cost")?;
    assert!(matches!(post(store, &other).await, Err(PostError::KeyReused(_))));
    assert_eq!(balance(store, "late_sms_expense", Currency::Usd).await?, -2 * COST_MICROS);
    assert_eq!(balance(store, "provider_prepaid", Currency::Usd).await?, 2 * COST_MICROS);
    assert_clean(store).await
}

/// Of an order that adopts a number and a process that writes it off, one wins.
pub async fn adopts_or_writes_off_under_concurrency<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100 * PRICE).await?;
    for number in 0..RACES {
        let id = external(&format!("n{number}"))?;
        store.note_orphan(stage.provider, &id, start_of_time()).await?;
        let order = leased(stage.reserved().await?, id.as_str())?;
        let adopt = retrying(PERSISTENT, || store.activate_orphan(&order));
        let write_off = write_off(store, stage.provider, &id);
        let (adopted, written_off) = if number % 2 == 0 {
            join(adopt, write_off).await
        } else {
            let (written_off, adopted) = join(write_off, adopt).await;
            (adopted, written_off)
        };
        let (adopted, written_off) = (adopted?, written_off?);
        assert_eq!(adopted, if written_off { Claim::Taken } else { Claim::Won }, "{number}");
        let stored: Order = stage.stored(&order).await?;
        assert_eq!(stored.lease().is_some(), !written_off);
    }
    assert_clean(store).await
}

/// The most that is asked for the service, in the country if it is named, in stock or not.
pub async fn knows_what_a_price_list_asks<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 0).await?;
    let quote = &stage.offer.quote;
    let cost = Some(quote.cost);
    let country = Some(quote.country.as_str());
    assert_eq!(store.listed_cost(stage.provider, &quote.service, country).await?, cost);
    assert_eq!(store.listed_cost(stage.provider, &quote.service, None).await?, cost);
    assert_eq!(store.listed_cost(stage.provider, &quote.service, Some("none")).await?, None);
    assert_eq!(store.listed_cost(stage.provider, "none", country).await?, None);
    assert_eq!(store.listed_cost(ProviderId::new(4_711), &quote.service, None).await?, None);
    Ok(())
}

/// What settling does with a number that got a message; false when it was not free.
async fn write_off<B: Backend>(store: &B, provider: ProviderId, id: &ExternalId) -> Outcome<bool> {
    let cost = Cost::from_micros(COST_MICROS).ok_or("a cost")?;
    let journal = chart::orphan_sms(provider, id, cost).ok_or("a journal")?;
    let unit = || async {
        let mut unit = Store::begin(store).await?;
        let orphan = unit.orders().lock_orphan(provider, id).await?;
        let is_open = orphan.is_some_and(|orphan| !orphan.is_written_off);
        if !is_open || unit.orders().lock_by_activation(provider, id).await?.is_some() {
            return Ok::<_, PostError>(false);
        }
        unit.ledger().post(&journal).await?;
        unit.orders().write_off(provider, id, start_of_time()).await?;
        unit.commit().await?;
        Ok(true)
    };
    Ok(retrying(PERSISTENT, unit).await?)
}
