//! Wallets, journals and the audit.

use domain::{
    ids::UserId,
    ledger::{Gateway, PostError, Posted, chart},
    money::{Cost, Currency, Money},
    orders::Order,
    store::{Store, retrying},
};
use futures_util::future::{join_all, try_join_all};

use super::{
    Backend,
    stage::{
        COST_MICROS, PERSISTENT, PRICE, Stage, adjust, amount, assert_clean, customer, decide,
        post, wallet,
    },
};
use crate::Outcome;

/// The same key with the same content moves money once and succeeds every time.
pub async fn posts_once_per_key<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    for expected in [Posted::New, Posted::Already, Posted::Already] {
        let mut unit = store.begin().await?;
        assert_eq!(adjust(&mut *unit, "one", user, amount(70)?).await?, expected);
        unit.commit().await?;
    }
    assert_eq!(wallet(store, user).await?, (70, 0));
    assert_clean(store).await
}

/// The same key with another amount or customer is refused and moves nothing.
pub async fn refuses_a_key_with_other_content<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    let other = customer(store, "b@example.com", 0).await?;
    let mut unit = store.begin().await?;
    adjust(&mut *unit, "one", user, amount(70)?).await?;
    unit.commit().await?;
    for journal in
        [chart::adjustment("one", user, amount(71)?), chart::adjustment("one", other, amount(70)?)]
    {
        let refused = post(store, &journal).await;
        assert!(matches!(refused, Err(PostError::KeyReused(_))), "{refused:?}");
    }
    assert_eq!((wallet(store, user).await?, wallet(store, other).await?), ((70, 0), (0, 0)));
    assert_clean(store).await
}

/// What was earned cannot be given back under the same hold.
pub async fn refuses_a_release_after_a_capture<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100).await?;
    let order = stage.delivered(stage.active("1").await?).await?;
    let refused = post(store, &order.money().release()).await;
    assert!(matches!(refused, Err(PostError::KeyReused(_))), "{refused:?}");
    assert_eq!(stage.wallet().await?, (100 - PRICE, 0));
    assert_clean(store).await
}

/// What was given back cannot be earned under the same hold.
pub async fn refuses_a_capture_after_a_release<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100).await?;
    let order = stage.canceled(stage.active("1").await?).await?;
    let capture = order.money().capture(order.quote.provider, order.quote.cost);
    let refused = post(store, &capture).await;
    assert!(matches!(refused, Err(PostError::KeyReused(_))), "{refused:?}");
    assert_eq!(stage.wallet().await?, (100, 0));
    assert_clean(store).await
}

/// A hold is resolved by exactly what was held, or not at all.
pub async fn refuses_to_resolve_another_amount<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100).await?;
    let order = stage.reserved().await?;
    stage.reserved().await?;
    for wrong in [
        Order { price: amount(PRICE - 1)?, ..order.clone() },
        Order { price: amount(PRICE + 1)?, ..order.clone() },
        Order { attempt: 2, ..order.clone() },
    ] {
        assert!(post(store, &wrong.money().release()).await.is_err());
        let capture = wrong.money().capture(stage.provider, wrong.quote.cost);
        assert!(post(store, &capture).await.is_err());
    }
    assert_eq!(stage.wallet().await?, (100 - 2 * PRICE, 2 * PRICE));
    assert_clean(store).await
}

/// Money never enters a wallet that was not opened.
pub async fn refuses_a_customer_without_a_wallet<B: Backend>(store: &B) -> Outcome {
    let stranger = UserId::new(4_711);
    let mut unit = store.begin().await?;
    assert!(adjust(&mut *unit, "one", stranger, amount(70)?).await.is_err());
    drop(unit);
    assert_eq!(wallet(store, stranger).await?, (0, 0));
    let report = store.audit().await?;
    assert_eq!((report.transfers, report.findings), (0, Vec::new()));
    Ok(())
}

/// A correction that names no operator does not commit.
pub async fn refuses_an_unexplained_correction<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    assert!(post(store, &chart::adjustment("one", user, amount(70)?)).await.is_err());
    assert_eq!(wallet(store, user).await?, (0, 0));
    assert_clean(store).await
}

/// After a refused step the unit cannot commit, whatever else it did.
pub async fn commits_nothing_after_a_refused_post<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, PRICE).await?;
    let order = stage.reserved().await?;
    let other = customer(store, "b@example.com", 0).await?;
    let mut unit = store.begin().await?;
    adjust(&mut *unit, "before", other, amount(5)?).await?;
    let dearer = Order { attempt: 2, price: amount(PRICE + 1)?, ..order.clone() };
    let refused = unit.ledger().post(&dearer.money().hold()).await;
    assert!(matches!(refused, Err(PostError::InsufficientFunds)), "{refused:?}");
    assert!(unit.commit().await.is_err());
    assert_eq!((stage.wallet().await?, wallet(store, other).await?), ((0, PRICE), (0, 0)));
    assert_clean(store).await
}

/// Dropping a unit undoes what it posted, and its key is free again.
pub async fn undoes_a_dropped_unit<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    let mut unit = store.begin().await?;
    adjust(&mut *unit, "one", user, amount(70)?).await?;
    drop(unit);
    assert_eq!(wallet(store, user).await?, (0, 0));
    let mut unit = store.begin().await?;
    assert_eq!(adjust(&mut *unit, "one", user, amount(8)?).await?, Posted::New);
    unit.commit().await?;
    assert_eq!(wallet(store, user).await?, (8, 0));
    assert_clean(store).await
}

/// A hold that the wallet cannot pay is refused; the last rupiah can be held.
pub async fn never_spends_more_than_there_is<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100).await?;
    let order = stage.reserved().await?;
    let left = 100 - PRICE;
    for (price, fits) in [(left + 1 + PRICE, false), (left + PRICE, true)] {
        let moved = order.clone().reoffer(
            order.product,
            amount(price)?,
            order.quote.clone(),
            order.changed_at,
        )?;
        let mut unit = store.begin().await?;
        unit.orders().lock(order.id).await?;
        unit.ledger().post(&order.money().release()).await?;
        let held = unit.ledger().post(&moved.money().hold()).await;
        if fits {
            assert_eq!(held?, Posted::New);
            unit.orders().update(&moved).await?;
            unit.commit().await?;
        } else {
            assert!(matches!(held, Err(PostError::InsufficientFunds)), "{held:?}");
        }
    }
    assert_eq!(stage.wallet().await?, (0, 100));
    assert_clean(store).await
}

/// Opening a wallet again changes nothing.
pub async fn opens_a_wallet_once<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 70).await?;
    let mut unit = store.begin().await?;
    unit.ledger().open_wallet(user).await?;
    unit.commit().await?;
    assert_eq!(wallet(store, user).await?, (70, 0));
    assert_clean(store).await
}

/// A unit sees what it posted before it commits; others do not see what it never commits.
pub async fn sees_its_own_postings<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 70).await?;
    let mut unit = store.begin().await?;
    adjust(&mut *unit, "one", user, amount(5)?).await?;
    assert_eq!(unit.ledger().wallet(user).await?.available.get(), 75);
    drop(unit);
    assert_eq!(wallet(store, user).await?, (70, 0));
    Ok(())
}

/// Every row of a wallet says what it held afterwards; the audit follows them without a gap.
pub async fn keeps_balances_continuous<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 200).await?;
    let other = stage.another("b@example.com", 200).await?;
    stage.delivered(stage.active("1").await?).await?;
    other.canceled(other.active("2").await?).await?;
    stage.canceled(stage.active("3").await?).await?;
    other.delivered(other.active("4").await?).await?;
    stage.reserved().await?;
    assert_eq!(stage.wallet().await?, (200 - 2 * PRICE, PRICE));
    assert_eq!(other.wallet().await?, (200 - PRICE, 0));
    let report = store.audit().await?;
    // Two corrections, five holds, two releases and two captures, which have two rows each.
    assert_eq!((report.transfers, report.wallets), (2 + 5 + 2 + 2 * 2, 2));
    assert_eq!(report.findings, []);
    Ok(())
}

/// A capture earns the price and books the cost, each in its currency, and all adds up to zero.
pub async fn books_what_a_delivered_number_cost<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 100).await?;
    stage.delivered(stage.active("1").await?).await?;
    let mut free = stage.active("2").await?;
    free.quote.cost = Cost::default();
    stage.delivered(free).await?;
    let report = store.audit().await?;
    let of = |class: &str, currency: Currency| -> i64 {
        let lines = report.trial_balance.iter();
        lines
            .filter(|line| line.class == class && line.currency == currency.code())
            .map(|line| line.balance)
            .sum()
    };
    assert_eq!(of("revenue", Currency::Idr), 2 * PRICE);
    assert_eq!(of("provider_expense", Currency::Usd), -COST_MICROS);
    assert_eq!(of("provider_prepaid", Currency::Usd), COST_MICROS);
    for currency in Currency::ALL {
        let lines = report.trial_balance.iter().filter(|line| line.currency == currency.code());
        assert_eq!(lines.map(|line| line.balance).sum::<i64>(), 0);
    }
    assert_eq!(report.findings, []);
    Ok(())
}

/// Units that touch two wallets in opposite order all end: a lost race is told as one.
pub async fn runs_units_in_opposite_order_to_their_end<B: Backend>(store: &B) -> Outcome {
    let first = customer(store, "a@example.com", 0).await?;
    let second = customer(store, "b@example.com", 0).await?;
    let unit_of = async |number: usize, pair: [UserId; 2]| -> Result<(), PostError> {
        retrying(PERSISTENT, || async {
            let mut unit = Store::begin(store).await?;
            for (step, user) in pair.into_iter().enumerate() {
                let one = amount(1).map_err(super::stage::stop)?;
                adjust(&mut *unit, &format!("{number}-{step}"), user, one).await?;
            }
            Ok(unit.commit().await?)
        })
        .await
    };
    let units = (0..8).map(|number| {
        unit_of(number, if number % 2 == 0 { [first, second] } else { [second, first] })
    });
    try_join_all(units).await?;
    assert_eq!((wallet(store, first).await?, wallet(store, second).await?), ((8, 0), (8, 0)));
    assert_clean(store).await
}

fn topup(user: UserId, payment: &str, units: i64) -> Outcome<chart::Journal> {
    let received = Money { currency: Currency::Idr, amount: amount(units)? };
    Ok(chart::topup(Gateway::Stripe, (payment, None), user, received.amount, received))
}

/// Many at once with one key: one moves the money, all succeed.
pub async fn moves_money_once_for_concurrent_posts_of_one_key<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    let credit = topup(user, "pay_1", 70)?;
    let answers = join_all((0..10).map(|_| post(store, &credit))).await;
    let mut fresh = 0;
    for answer in answers {
        fresh += u32::from(answer? == Posted::New);
    }
    assert_eq!((fresh, wallet(store, user).await?), (1, (70, 0)));
    Ok(())
}

/// Many at once with one key that take all there is: the losers find it taken by themselves, and
/// are not told that it is missing.
pub async fn takes_money_once_for_concurrent_posts_of_one_key<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, PRICE).await?;
    let order = stage.delivered(stage.active("1").await?).await?;
    let whole = chart::compensation(order.money(), "all", order.price);
    let refund = chart::topup_refund(Gateway::Stripe, "all", order.user, order.price, None);
    for (journal, left) in [(whole, PRICE), (refund, 0)] {
        let answers = join_all((0..10).map(|_| decide(store, &journal))).await;
        for answer in answers {
            answer.map_err(|error| format!("{}: {error}", journal.key))?;
        }
        assert_eq!(stage.wallet().await?, (left, 0), "{}", journal.key);
    }
    Ok(())
}
