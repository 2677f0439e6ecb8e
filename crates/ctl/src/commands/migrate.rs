use infra::postgres::Postgres;
use serde_json::json;

use crate::{
    Answer, Failure,
    cli::{Grant, Migrate},
};

/// Brings the schema up to date and lets logins use it. Safe to repeat.
pub(crate) async fn migrate(postgres: &Postgres, arguments: &Migrate) -> Result<Answer, Failure> {
    let applied = postgres.migrations_pending().await?;
    postgres.migrate().await?;
    for Grant { login, role } in &arguments.grant_to {
        if !postgres.grant_to(login, *role).await? {
            return Err(Failure::conflict(format_args!(
                "the database has no login {login}; create it: CREATE ROLE {login} LOGIN PASSWORD '…'"
            )));
        }
    }
    let text = match applied.as_slice() {
        [] => "the schema is up to date".to_owned(),
        applied => format!("applied {}: {}", applied.len(), applied.join(", ")),
    };
    let granted: Vec<_> = arguments.grant_to.iter().map(|it| it.login.as_str()).collect();
    let answer = Answer::say(json!({ "applied": applied, "granted": granted }), text);
    if granted.is_empty() {
        return Ok(answer);
    }
    Ok(answer.and(format_args!("{} may log in", granted.join(", "))))
}
