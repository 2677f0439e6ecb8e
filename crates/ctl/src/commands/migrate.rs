use infra::postgres::Postgres;
use serde_json::json;

use crate::{Answer, Failure, cli::Migrate};

/// Brings the schema up to date and lets logins use it. Safe to repeat.
pub(crate) async fn migrate(postgres: &Postgres, arguments: &Migrate) -> Result<Answer, Failure> {
    let applied = postgres.migrations_pending().await?;
    postgres.migrate().await?;
    for login in &arguments.grant_to {
        if !postgres.grant_to(login).await? {
            return Err(Failure::conflict(format_args!(
                "the database has no login {login}; create it: CREATE ROLE {login} LOGIN PASSWORD '…'"
            )));
        }
    }
    let text = match applied.as_slice() {
        [] => "the schema is up to date".to_owned(),
        applied => format!("applied {}: {}", applied.len(), applied.join(", ")),
    };
    let granted = &arguments.grant_to;
    let answer = Answer::say(json!({ "applied": applied, "granted": granted }), text);
    if granted.is_empty() {
        return Ok(answer);
    }
    Ok(answer.and(format_args!("the servers may log in as {}", granted.join(", "))))
}
