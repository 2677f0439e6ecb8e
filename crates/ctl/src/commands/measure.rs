use domain::{
    abuse::{
        Measure,
        measures::{MeasureError, TakeMeasure, Taken},
    },
    ids::UserId,
};
use serde_json::json;

use super::{Desk, token::UNTOLD};
use crate::{
    Answer, Failure,
    cli::{self, ByEmailOrId, Word},
};

/// Runs `customer ban`.
pub(super) async fn ban(desk: &Desk, arguments: &cli::Ban) -> Result<Answer, Failure> {
    let until = arguments.until.from(desk.clock.now());
    let measure = Measure::Ban { until };
    let (user, taken) = take(desk, &arguments.customer, &arguments.word, measure).await?;
    let until = until.to_rfc3339();
    let json = json!({ "id": user.get(), "banned_until": until, "new": taken.is_new });
    let word = if taken.is_new { "buys nothing" } else { "was banned before" };
    Ok(Answer::say(json, format_args!("customer {user} {word} until {until}")))
}

/// Runs `customer unban`.
pub(super) async fn unban(desk: &Desk, arguments: &cli::Measure) -> Result<Answer, Failure> {
    let (user, taken) = take(desk, &arguments.customer, &arguments.word, Measure::Unban).await?;
    if !taken.is_new {
        return Err(Failure::conflict(format_args!("customer {user} is not banned")));
    }
    let json = json!({ "id": user.get(), "banned_until": null });
    Ok(Answer::say(json, format_args!("the ban of customer {user} is lifted")))
}

/// Runs `customer suspend`.
pub(super) async fn suspend(desk: &Desk, arguments: &cli::Measure) -> Result<Answer, Failure> {
    let (user, taken) = take(desk, &arguments.customer, &arguments.word, Measure::Suspend).await?;
    let word = if taken.is_new { "is suspended" } else { "was suspended before" };
    Ok(told(user, true, taken, word))
}

/// Runs `customer resume`.
pub(super) async fn resume(desk: &Desk, arguments: &cli::Measure) -> Result<Answer, Failure> {
    let (user, taken) = take(desk, &arguments.customer, &arguments.word, Measure::Resume).await?;
    if !taken.is_new {
        return Err(Failure::conflict(format_args!("customer {user} is not suspended")));
    }
    Ok(told(user, false, taken, "is no longer suspended"))
}

async fn take(
    desk: &Desk,
    customer: &ByEmailOrId,
    word: &Word,
    measure: Measure,
) -> Result<(UserId, Taken), Failure> {
    let user = desk.customer(customer).await?;
    let take = TakeMeasure::new(
        desk.store.clone(),
        desk.tokens.clone(),
        desk.token_news.clone(),
        desk.clock.clone(),
    );
    let taken = take.execute(user, measure, (word.operator()?, word.reason()?)).await;
    let taken = taken.map_err(|error| match error {
        MeasureError::Unknown => Failure::conflict(format_args!("there is no customer {user}")),
        error => error.into(),
    })?;
    Ok((user, taken))
}

fn told(user: UserId, suspended: bool, taken: Taken, word: &str) -> Answer {
    let json = json!({
        "id": user.get(), "suspended": suspended, "new": taken.is_new,
        "servers_told": taken.told,
    });
    let answer = Answer::say(json, format_args!("customer {user} {word}"));
    if taken.told { answer } else { answer.and(UNTOLD) }
}
