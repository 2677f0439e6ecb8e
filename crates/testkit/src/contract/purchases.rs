//! Reserving and activating, under concurrency too.

use domain::{
    catalog::Offer,
    ids::ProviderId,
    orders::{Again, Claim, Order, Reservation, ReserveError, Reserved, Status},
    providers::PhoneNumber,
    rates::{IdrPerUsd, Rate},
};
use futures_util::future::join_all;

use super::{
    Backend,
    shelf::{add_provider, put_on_sale},
    stage::{COST_MICROS, PRICE, Stage, amount, assert_clean, external, leased, request},
};
use crate::{Outcome, start_of_time};

/// A reservation stores the order as drafted and holds its price.
pub async fn sets_the_price_aside<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100).await?;
    let order = stage.reserved().await?;
    assert_eq!(order, Order { id: order.id, ..stage.draft(1, None).draft });
    assert_eq!(stage.stored(&order).await?, order);
    assert_eq!(stage.wallet().await?, (100 - PRICE, PRICE));
    assert_clean(store).await
}

/// Of many, as many are reserved as the wallet pays.
pub async fn reserves_as_many_as_the_wallet_pays<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 3 * PRICE + PRICE - 1).await?;
    let Reserved::New(orders) = stage.reserve(&stage.draft(10, None)).await? else {
        return Err("a first request is no repeat".into());
    };
    let mut ids: Vec<_> = orders.iter().map(|order| order.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((orders.len(), ids.len()), (3, 3));
    assert_eq!(stage.wallet().await?, (PRICE - 1, 3 * PRICE));
    assert_clean(store).await
}

/// A wallet that cannot pay for one buys nothing, of one or of many.
pub async fn refuses_a_wallet_that_pays_for_none<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, PRICE - 1).await?;
    for quantity in [1, 10] {
        let refused = stage.reserve(&stage.draft(quantity, None)).await;
        assert!(matches!(refused, Err(ReserveError::InsufficientFunds)), "{refused:?}");
    }
    assert_eq!(stage.wallet().await?, (PRICE - 1, 0));
    assert_clean(store).await
}

/// A refusal frees the key: after paying in, the same request may succeed.
pub async fn frees_the_key_of_a_refused_reservation<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 0).await?;
    let draft = stage.draft(1, Some(request("key-1", "one")?));
    assert!(stage.reserve(&draft).await.is_err());
    assert_eq!(store.replay(stage.user, &request("key-1", "one")?).await?, None);
    let mut unit = store.begin().await?;
    super::stage::adjust(&mut *unit, "later", stage.user, amount(PRICE)?).await?;
    unit.commit().await?;
    assert!(matches!(stage.reserve(&draft).await?, Reserved::New(orders) if orders.len() == 1));
    assert_clean(store).await
}

/// The same key with the same request answers with the first orders and holds nothing more.
pub async fn replays_an_equal_request<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100).await?;
    let key = request("key-1", "two")?;
    let draft = stage.draft(2, Some(key.clone()));
    let Reserved::New(orders) = stage.reserve(&draft).await? else {
        return Err("a first request is no repeat".into());
    };
    let mut ids: Vec<_> = orders.iter().map(|order| order.id).collect();
    ids.sort_unstable();
    let Reserved::Replay(mut again) = stage.reserve(&draft).await? else {
        return Err("a repeat is no first request".into());
    };
    again.sort_unstable();
    let mut looked_up = store.replay(stage.user, &key).await?.ok_or("the key is known")?;
    looked_up.sort_unstable();
    assert_eq!((&again, &looked_up), (&ids, &ids));
    assert_eq!(stage.wallet().await?, (100 - 2 * PRICE, 2 * PRICE));
    assert_clean(store).await
}

/// The same key with another request is refused and holds nothing.
pub async fn refuses_a_key_with_another_request<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100).await?;
    stage.reserve(&stage.draft(1, Some(request("key-1", "one")?))).await?;
    let other = request("key-1", "another")?;
    let refused = stage.reserve(&stage.draft(1, Some(other.clone()))).await;
    assert!(matches!(refused, Err(ReserveError::KeyReused)), "{refused:?}");
    let refused = store.replay(stage.user, &other).await;
    assert!(matches!(refused, Err(ReserveError::KeyReused)), "{refused:?}");
    assert_eq!(stage.wallet().await?, (100 - PRICE, PRICE));
    assert_clean(store).await
}

/// The same key of another customer, or of another operation, is another key.
pub async fn keeps_keys_of_customers_apart<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100).await?;
    let other = stage.another("b@example.com", 100).await?;
    let key = request("key-1", "one")?;
    stage.reserve(&stage.draft(1, Some(key.clone()))).await?;
    assert_eq!(store.replay(other.user, &key).await?, None);
    let theirs = other.reserve(&other.draft(1, Some(key.clone()))).await?;
    assert!(matches!(theirs, Reserved::New(_)));
    let elsewhere = domain::orders::RequestKey { operation: "orders.replace", ..key };
    let again = stage.reserve(&stage.draft(1, Some(elsewhere))).await?;
    assert!(matches!(again, Reserved::New(_)));
    assert_clean(store).await
}

/// Of many equal requests at once, one buys and all others answer with its orders.
pub async fn reserves_once_for_concurrent_equal_requests<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 1_000).await?;
    let draft = stage.draft(2, Some(request("key-1", "two")?));
    let (mut first, mut repeats) = (Vec::new(), Vec::new());
    for answer in join_all((0..10).map(|_| stage.reserve(&draft))).await {
        match answer? {
            Reserved::New(orders) => first.push(orders),
            Reserved::Replay(ids) => repeats.push(ids),
        }
    }
    assert_eq!((first.len(), repeats.len()), (1, 9));
    let mut ids: Vec<_> = first.iter().flatten().map(|order| order.id).collect();
    ids.sort_unstable();
    for mut repeat in repeats {
        repeat.sort_unstable();
        assert_eq!(repeat, ids);
    }
    assert_eq!(stage.wallet().await?, (1_000 - 2 * PRICE, 2 * PRICE));
    assert_clean(store).await
}

/// A repeated request is shown the rate of the first answer.
pub async fn keeps_the_rate_that_was_shown_first<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100).await?;
    let rate = |rupiah, as_of| -> Outcome<Rate> {
        Ok(Rate { idr_per_usd: IdrPerUsd::new(rupiah).ok_or("a believable rate")?, as_of })
    };
    let (first, later) = (rate(16_000, None)?, rate(17_000, Some(start_of_time()))?);
    let key = request("key-1", "one")?;
    assert_eq!(store.pin_rate(stage.user, &key, first).await?, None, "the key is unknown");
    stage.reserve(&stage.draft(1, Some(key.clone()))).await?;
    stage.reserve(&stage.draft(1, Some(request("key-2", "two")?))).await?;
    assert_eq!(store.pin_rate(stage.user, &key, first).await?, Some(first));
    assert_eq!(store.pin_rate(stage.user, &key, later).await?, Some(first));
    let other = request("key-2", "two")?;
    assert_eq!(store.pin_rate(stage.user, &other, later).await?, Some(later));
    assert_eq!(store.pin_rate(stage.user, &other, first).await?, Some(later));
    Ok(())
}

/// Of fifty purchases at once, exactly as many succeed as the wallet pays.
pub async fn never_overdraws_under_concurrency<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 17 * PRICE + 5).await?;
    let draft = stage.draft(1, None);
    let (mut bought, mut refused) = (0, 0);
    for answer in join_all((0..50).map(|_| stage.reserve(&draft))).await {
        match answer {
            Ok(Reserved::New(orders)) => bought += orders.len(),
            Err(ReserveError::InsufficientFunds) => refused += 1,
            other => return Err(format!("{other:?}").into()),
        }
    }
    assert_eq!((bought, refused), (17, 33));
    assert_eq!(stage.wallet().await?, (5, 17 * PRICE));
    assert_clean(store).await
}

/// Of fifty purchases at once, exactly as many succeed as may be unfinished (I-26).
pub async fn stops_at_so_many_unfinished_under_concurrency<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100 * PRICE).await?;
    let draft = Reservation { most_unfinished: 10, ..stage.draft(1, None) };
    let (mut bought, mut refused) = (0, 0);
    for answer in join_all((0..50).map(|_| stage.reserve(&draft))).await {
        match answer {
            Ok(Reserved::New(orders)) => bought += orders.len(),
            Err(ReserveError::TooMany(10)) => refused += 1,
            other => return Err(format!("{other:?}").into()),
        }
    }
    assert_eq!((bought, refused), (10, 40));
    assert_eq!(stage.wallet().await?, (90 * PRICE, 10 * PRICE));
    assert_clean(store).await
}

/// Of many, as many are reserved as may be unfinished; a refusal frees the key, and a repeat is
/// answered however many there are.
pub async fn reserves_as_many_as_may_be_unfinished<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100 * PRICE).await?;
    let at_most = |quantity, key| -> Outcome<_> {
        let key = Some(request(key, "some")?);
        Ok(Reservation { most_unfinished: 3, ..stage.draft(quantity, key) })
    };
    let (one, many) = (at_most(1, "one")?, at_most(10, "many")?);
    stage.reserve(&one).await?;
    let Reserved::New(orders) = stage.reserve(&many).await? else {
        return Err("a first request is no repeat".into());
    };
    assert_eq!(orders.len(), 2);
    for (quantity, key) in [(1, "next"), (10, "next-many")] {
        let refused = stage.reserve(&at_most(quantity, key)?).await;
        assert!(matches!(refused, Err(ReserveError::TooMany(3))), "{refused:?}");
        assert_eq!(store.replay(stage.user, &request(key, "some")?).await?, None);
    }
    assert!(matches!(stage.reserve(&many).await?, Reserved::Replay(ids) if ids.len() == 2));
    let other = stage.another("b@example.com", 100).await?;
    let theirs = Reservation { most_unfinished: 1, ..other.draft(1, None) };
    assert!(matches!(other.reserve(&theirs).await?, Reserved::New(_)));
    assert_eq!(stage.wallet().await?, (97 * PRICE, 3 * PRICE));
    assert_clean(store).await
}

/// An order is unfinished until its first message or its end, and one that is rented again counts.
pub async fn counts_an_order_until_its_message_or_its_end<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100 * PRICE).await?;
    let draft = Reservation { most_unfinished: 2, ..stage.draft(1, None) };
    let mut again = draft.clone();
    again.draft.quote.again =
        Some(Again { activation: external("41")?, phone: PhoneNumber::parse("628123").ok_or("")? });
    let (first, second) = (stage.active("1").await?, stage.active("2").await?);
    for refused in [stage.reserve(&draft).await, stage.reserve(&again).await] {
        assert!(matches!(refused, Err(ReserveError::TooMany(2))), "{refused:?}");
    }
    stage.delivered(first).await?;
    assert!(matches!(stage.reserve(&again).await?, Reserved::New(_)));
    assert!(stage.reserve(&draft).await.is_err());
    stage.canceled(second).await?;
    assert!(matches!(stage.reserve(&draft).await?, Reserved::New(_)));
    assert!(stage.reserve(&draft).await.is_err());
    assert_clean(store).await
}

/// A number is stored once; whoever comes second has lost.
pub async fn activates_once<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100).await?;
    let order = stage.reserved().await?;
    let mut active = leased(order.clone(), "1")?;
    active.quote.cost = domain::money::Cost::from_micros(COST_MICROS + 1).ok_or("a cost")?;
    assert_eq!(store.activate(&active).await?, Claim::Won);
    assert_eq!(stage.stored(&order).await?, active);
    assert_eq!(store.activate(&active).await?, Claim::Lost);
    assert_eq!(store.activate(&leased(order.clone(), "2")?).await?, Claim::Lost);
    assert_eq!(stage.stored(&order).await?, active);
    assert_clean(store).await
}

/// A purchase of a certain number says so as long as it waits, and afterwards still knows.
pub async fn remembers_which_number_was_asked_for_again<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100).await?;
    let phone = PhoneNumber::parse("6281234567890").ok_or("a number")?;
    let again = Again { activation: external("41")?, phone: phone.clone() };
    let mut reservation = stage.draft(1, Some(request("key-1", "one")?));
    reservation.draft.quote.again = Some(again.clone());
    let provider = reservation.draft.quote.provider;
    assert_eq!(store.asked_again(provider).await?, []);
    stage.reserved().await?;
    assert_eq!(store.asked_again(provider).await?, [], "any number would do");
    let Reserved::New(orders) = stage.reserve(&reservation).await? else {
        return Err("a first request is no repeat".into());
    };
    let [order] = orders.as_slice() else { return Err("one order".into()) };
    assert_eq!(stage.stored(order).await?.quote.again, Some(again.clone()));
    assert_eq!(store.asked_again(provider).await?, [phone]);
    let elsewhere = ProviderId::new(provider.get() + 1);
    assert_eq!(store.asked_again(elsewhere).await?, []);
    let ids = vec![order.id];
    assert_eq!(stage.reserve(&reservation).await?, Reserved::Replay(ids));
    assert_eq!(stage.wallet().await?, (100 - 2 * PRICE, 2 * PRICE));

    assert_eq!(store.activate(&leased(order.clone(), "42")?).await?, Claim::Won);
    assert_eq!(store.asked_again(provider).await?, []);
    assert_eq!(stage.stored(order).await?.quote.again, Some(again));
    assert_clean(store).await
}

/// A number of an earlier attempt comes too late.
pub async fn activates_only_the_present_attempt<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100).await?;
    let order = stage.reserved().await?;
    let moved =
        order.clone().reoffer(order.product, order.price, order.quote.clone(), order.changed_at)?;
    let mut unit = store.begin().await?;
    unit.orders().lock(order.id).await?;
    unit.ledger().post(&order.money().release()).await?;
    unit.ledger().post(&moved.money().hold()).await?;
    unit.orders().update(&moved).await?;
    unit.commit().await?;
    assert_eq!(store.activate(&leased(order, "1")?).await?, Claim::Lost);
    assert_eq!(stage.stored(&moved).await?, moved);
    assert_eq!(store.activate(&leased(moved, "1")?).await?, Claim::Won);
    assert_clean(store).await
}

/// The activation of one order is never given to another, not even after the first is over.
pub async fn gives_an_activation_to_one_order<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100).await?;
    let first = stage.active("1").await?;
    let second = stage.reserved().await?;
    assert_eq!(store.activate(&leased(second.clone(), "1")?).await?, Claim::Taken);
    stage.canceled(first).await?;
    assert_eq!(store.activate(&leased(second.clone(), "1")?).await?, Claim::Taken);
    assert_eq!(stage.stored(&second).await?.status(), Status::Reserving);
    assert_eq!(store.activate(&leased(second, "2")?).await?, Claim::Won);
    assert_clean(store).await
}

/// Two providers may use the same id for different numbers.
pub async fn gives_equal_ids_of_two_providers_to_two_orders<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100).await?;
    let provider = add_provider(store, "second").await?.id;
    let offer: Offer = put_on_sale(store, provider, COST_MICROS).await?;
    let elsewhere = Stage { store, provider, offer, user: stage.user };
    let here = stage.active("1").await?;
    let there = elsewhere.active("1").await?;
    let mut unit = store.begin().await?;
    let id = external("1")?;
    let found = unit.orders().lock_by_activation(stage.provider, &id).await?;
    assert_eq!(found.map(|order| order.id), Some(here.id));
    let found = unit.orders().lock_by_activation(provider, &id).await?;
    assert_eq!(found.map(|order| order.id), Some(there.id));
    Ok(())
}
