//! Many steps at once: over two and eight lanes, and over fewer connections than lanes.

use std::{collections::BTreeMap, time::Duration};

use futures_util::future::try_join_all;
use proptest::strategy::Strategy;
use sqlx::PgPool;
use testkit::Outcome;

use super::{
    audit,
    books::Books,
    command::{Deed, Verb, commands, commutative, opening, resolve},
    compare,
    model::{Answer, Model, key},
    same,
    shrink::try_all,
};

/// How many play at once, on how many connections.
const SEATS: [(usize, u32); 5] = [(2, 1), (2, 2), (8, 1), (8, 2), (8, 8)];

/// Units of several steps meet crosswise, so they lose several races in a row: that they end is
/// what is asked.
const PERSISTENT: u8 = 50;

/// A ledger with one set of connections for each number of them.
struct Seats(BTreeMap<u32, Books>);

impl Seats {
    async fn open(pool: &PgPool) -> Outcome<Self> {
        let mut seats = BTreeMap::new();
        for (_, connections) in SEATS {
            seats.insert(connections, Books::open(pool, connections).await?);
        }
        Ok(Self(seats))
    }

    /// Where the case with this number is played, and by how many.
    fn of(&self, case: i64) -> Outcome<(usize, Books)> {
        let seat = usize::try_from(case)? % SEATS.len();
        let (lanes, connections) = SEATS[seat];
        Ok((lanes, self.0[&connections].at(case)))
    }

    async fn close(self) {
        for books in self.0.into_values() {
            books.close().await;
        }
    }
}

/// Where the order does not matter, many at once come to what one after the other comes to.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn many_at_once_come_to_what_the_model_comes_to(pool: PgPool) -> Outcome {
    let seats = Seats::open(&pool).await?;
    let mut case = 0;
    let cases = try_all(commutative(60), (40, Duration::from_secs(5)), async |deeds| {
        case += 1;
        let (lanes, books) = seats.of(case)?;
        in_any_order(&books, lanes, deeds).await
    })
    .await?;
    audit(&seats.of(1)?.1).await?;
    seats.close().await;
    println!("{cases} cases");
    Ok(())
}

async fn in_any_order(books: &Books, lanes: usize, deeds: &[Deed]) -> Outcome {
    let mut model = Model::with(books.sums().await?);
    for deed in (0..3).map(opening).collect::<Vec<_>>().iter().chain(deeds) {
        model.play(deed);
    }
    for who in 0..3 {
        books.play(&opening(who)).await?;
    }
    let units: Vec<_> = deeds.chunks(1).collect();
    let mut moved = BTreeMap::new();
    for (deed, answer) in play(books, lanes, &units).await? {
        match answer {
            Answer::New => *moved.entry(key(&deed)).or_insert(0) += 1,
            Answer::Already | Answer::Done(true) => {}
            other => return Err(format!("{deed:?}: {other:?}").into()),
        }
    }
    let once = deeds.iter().map(key).filter(|key| !key.is_empty()).map(|key| (key, 1)).collect();
    same("moves per key", &moved, &once)?;
    compare(books, &model).await
}

/// Whatever meets, each key moves money at most once, and the history of each wallet in the order
/// in which it was written is one that the model permits.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn what_many_did_at_once_the_model_permits_in_some_order(pool: PgPool) -> Outcome {
    let seats = Seats::open(&pool).await?;
    let lists = (commands(80), 1..=3_usize).prop_map(|(list, size)| {
        let mut deeds = resolve(&list);
        // Whether a purchase met a freeze is not to be told from what was written, nor who asked
        // first for a correction.
        let left_open = [Verb::Freeze, Verb::Unfreeze, Verb::Propose, Verb::Approve];
        deeds.retain(|deed| !left_open.contains(&deed.verb));
        (deeds, size)
    });
    let mut case = 0;
    let cases = try_all(lists, (40, Duration::from_secs(6)), async |(deeds, size)| {
        case += 1;
        let (lanes, books) = seats.of(case)?;
        let shared = Model::with(books.sums().await?);
        let units: Vec<_> = deeds.chunks(*size).collect();
        let answers = play(&books, lanes, &units).await?;
        permitted(&books, shared, &answers).await
    })
    .await?;
    audit(&seats.of(1)?.1).await?;
    seats.close().await;
    println!("{cases} cases");
    Ok(())
}

/// Plays units at once, each lane its own one after the other. Answers with what was done and
/// with refusals, which are those of all steps of a unit; nothing of what was dropped.
async fn play(books: &Books, lanes: usize, units: &[&[Deed]]) -> Outcome<Vec<(Deed, Answer)>> {
    let lane = async |number: usize| -> Outcome<Vec<(Deed, Answer)>> {
        let mut done = Vec::new();
        for unit in units.iter().skip(number).step_by(lanes) {
            let answers = match books.play_together(PERSISTENT, unit).await? {
                Ok(answers) => answers,
                Err(refusal) => vec![refusal; unit.len()],
            };
            if !unit.iter().any(|deed| deed.dropped) {
                done.extend(unit.iter().cloned().zip(answers));
            }
        }
        Ok(done)
    };
    Ok(try_join_all((0..lanes).map(lane)).await?.concat())
}

async fn permitted(books: &Books, mut model: Model, answers: &[(Deed, Answer)]) -> Outcome {
    let mut moved = BTreeMap::new();
    let (mut repaid, mut lines) = (0, 0);
    for (deed, answer) in answers {
        match (deed.verb, answer) {
            (Verb::Open, Answer::New) => {
                model.play(deed);
            }
            (_, Answer::New) if moved.insert(books.key(&key(deed)), deed).is_some() => {
                return Err(format!("{deed:?} moved money twice").into());
            }
            (_, Answer::Repaid(amount)) => repaid += amount,
            _ => {}
        }
    }
    for who in model.purses.clone() {
        for (key, after) in books.lines(who).await? {
            let (deed, place) = if key.starts_with("debt:") {
                (Deed { verb: Verb::Repay, ..opening(who) }, true)
            } else {
                (moved.remove(&key).ok_or_else(|| format!("nobody did {key}"))?.clone(), false)
            };
            match model.play(&deed) {
                Answer::New if !place => {}
                Answer::Repaid(amount) if place && amount > 0 => lines += amount,
                other => return Err(format!("{key}, {deed:?}: {other:?}").into()),
            }
            same(&key, &after, &model.purse(who))?;
        }
    }
    // What moves no wallet follows the orders it belongs to.
    for (key, deed) in moved {
        same(&key, &model.play(deed), &Answer::New)?;
    }
    same("repayments", &lines, &repaid)?;
    for (deed, answer) in answers {
        // The model has every key by now, with the content that won.
        let again = model.clone().play(deed);
        match answer {
            Answer::New | Answer::Already if !key(deed).is_empty() => {
                same(&key(deed), &again, &Answer::Already)?;
            }
            _ => {}
        }
    }
    compare(books, &model).await
}
