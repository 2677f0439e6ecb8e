use domain::identity::register::IssueToken;
use serde_json::json;

use super::Desk;
use crate::{Answer, Failure, cli::Token};

/// Runs `token …`.
pub async fn token(desk: &Desk, command: &Token) -> Result<Answer, Failure> {
    let Token::Issue { customer, name, test } = command;
    let user = desk.customer(customer).await?;
    let issue = IssueToken::new(desk.store.clone(), desk.mint.clone(), desk.clock.clone());
    let minted = if *test {
        issue.execute_test(user, name).await.map_err(Failure::from)
    } else {
        issue.execute(user, name).await.map_err(Failure::from)
    };
    let minted =
        minted.map_err(|failure| failure.context(format!("no token for customer {user}")))?;
    let json =
        json!({ "token": minted.secret, "customer_id": user.get(), "name": name, "test": test });
    Ok(Answer::say(json, minted.secret).and("It cannot be shown again."))
}
