//! The ledger judged by a model of it: lists of steps are played on both, one after the other and
//! many at once, and must come to the same.

#![expect(clippy::future_not_send, reason = "a case that is made smaller stays on its thread")]

mod books;
mod command;
mod model;
mod shrink;
mod together;

use std::{collections::BTreeMap, time::Duration};

use domain::ledger::{LedgerQueries, audit::AuditReport};
use sqlx::PgPool;
use testkit::Outcome;

use self::{
    books::Books,
    command::{Command, Verb, commands, resolve},
    model::Model,
    shrink::try_all,
};

/// Each step answers what the model answers, and leaves every account, wallet, debt and freeze as
/// the model has them; at the end so does every line of every statement.
#[sqlx::test(migrator = "infra::postgres::MIGRATOR")]
async fn every_step_does_what_the_model_does(pool: PgPool) -> Outcome {
    let books = Books::open(&pool, 1).await?;
    let (mut tally, mut case) = (BTreeMap::new(), 0);
    let cases = try_all(commands(80), (64, Duration::from_secs(8)), async |list| {
        case += 1;
        one_by_one(&books.at(case), list, &mut tally).await
    })
    .await?;
    audit(&books).await?;
    books.close().await;
    println!("{cases} cases, {} steps: {tally:?}", tally.values().sum::<u32>());
    Ok(())
}

async fn one_by_one(
    books: &Books,
    list: &[Command],
    tally: &mut BTreeMap<(Verb, &'static str), u32>,
) -> Outcome {
    let deeds = resolve(list);
    let mut model = Model::with(books.sums().await?);
    for (number, deed) in deeds.iter().enumerate() {
        let expected = if deed.dropped { model.clone().play(deed) } else { model.play(deed) };
        let answer = books.play(deed).await?;
        if answer != expected {
            return Err(format!("step {number}, {deed:?}: {answer:?} is not {expected:?}").into());
        }
        *tally.entry((deed.verb, answer.name())).or_default() += 1;
        compare(books, &model)
            .await
            .map_err(|error| format!("step {number}, {deed:?}: {error}"))?;
    }
    for who in &model.purses {
        let lines = model.lines.get(who).cloned().unwrap_or_default();
        let expected = lines.into_iter().map(|(key, after)| (books.key(&key), after));
        same("history", &books.lines(*who).await?, &expected.collect())?;
    }
    Ok(())
}

/// Every account and every wallet is as the model has it.
async fn compare(books: &Books, model: &Model) -> Outcome {
    let without_zeros = |sums: BTreeMap<String, i64>| -> BTreeMap<String, i64> {
        sums.into_iter().filter(|(_, sum)| *sum != 0).collect()
    };
    let expected = without_zeros(model.sums.clone());
    same("accounts", &without_zeros(books.sums().await?), &expected)?;
    let wallets = model.purses.iter().map(|who| (*who, (model.purse(*who), model.is_frozen(*who))));
    same("wallets", &books.wallets().await?, &wallets.collect())
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Outcome {
    if found == expected {
        return Ok(());
    }
    Err(format!("{what} are {found:?} instead of {expected:?}").into())
}

/// The books hold, from the first movement on.
async fn audit(books: &Books) -> Outcome {
    clean(&books.store().audit().await?)
}

/// Nothing was found. No orders and no top-ups belong to these journals, so what looks for them
/// (L9, L14) has to be left out.
fn clean(report: &AuditReport) -> Outcome {
    let of_ledger = |invariant: &str| invariant != "L9" && invariant != "L14";
    let findings: Vec<_> =
        report.findings.iter().filter(|finding| of_ledger(&finding.invariant)).collect();
    same("findings", &findings, &Vec::new())?;
    for currency in ["IDR", "USD"] {
        let lines = report.trial_balance.iter().filter(|line| line.currency == currency);
        same("trial balance", &lines.map(|line| line.balance).sum::<i64>(), &0)?;
    }
    Ok(())
}
