use chrono::TimeDelta;
use domain::{
    identity::{
        IpRange, Mode, Scope, Scopes, StoredToken, TokenTerms, register,
        tokens::{self, RevokeToken},
    },
    ids::TokenId,
    time::Timestamp,
};
use serde_json::{Value, json};

use super::Desk;
use crate::{
    Answer, Failure,
    cli::{ByEmailOrId, IssueToken, RotateToken, Token},
};

const LIST: [&str; 8] = ["id", "token", "name", "state", "scopes", "from", "last used", "created"];
/// Said where Redis could not be reached.
pub(super) const UNTOLD: &str = "The servers could not be told: they find out within 10 seconds.";

/// Runs `token …`.
pub async fn token(desk: &Desk, command: &Token) -> Result<Answer, Failure> {
    match command {
        Token::Issue(arguments) => issue(desk, arguments).await,
        Token::List { customer } => list(desk, customer).await,
        Token::Rotate(arguments) => rotate(desk, arguments).await,
        Token::Revoke { token } => revoke(desk, *token).await,
    }
}

async fn issue(desk: &Desk, arguments: &IssueToken) -> Result<Answer, Failure> {
    let IssueToken { customer, name, scopes, allowed_ips, expires, test } = arguments;
    let user = desk.customer(customer).await?;
    let scopes = if scopes.is_empty() { Scopes::ALL } else { scopes.iter().copied().collect() };
    let expires_at = expires.map(|end| end.from(desk.clock.now()));
    let terms = TokenTerms { scopes, allowed_ips: allowed_ips.clone(), expires_at };
    let issue =
        register::IssueToken::new(desk.store.clone(), desk.mint.clone(), desk.clock.clone());
    let mode = Mode::of(*test);
    let minted = issue.execute_on(user, name, (mode, terms)).await;
    let minted = minted
        .map_err(|error| Failure::from(error).context(format!("no token for customer {user}")))?;
    let json =
        json!({ "token": minted.secret, "customer_id": user.get(), "name": name, "test": test });
    Ok(Answer::say(json, minted.secret).and("It cannot be shown again."))
}

async fn list(desk: &Desk, customer: &ByEmailOrId) -> Result<Answer, Failure> {
    let user = desk.customer(customer).await?;
    let (tokens, now) = (desk.tokens.tokens(user).await?, desk.clock.now());
    let json = tokens.iter().map(|token| body(token, now)).collect();
    let rows = tokens.iter().map(|token| row(token, now)).collect();
    Ok(Answer::rows(json, LIST, rows))
}

async fn rotate(desk: &Desk, arguments: &RotateToken) -> Result<Answer, Failure> {
    let (id, grace) = (arguments.token, TimeDelta::hours(i64::from(arguments.grace_hours)));
    let rotate = tokens::RotateToken::new(
        desk.store.clone(),
        desk.mint.clone(),
        desk.token_news.clone(),
        desk.clock.clone(),
    );
    let rotated = rotate.execute(id, grace).await;
    let rotated = rotated
        .map_err(|error| Failure::from(error).context(format!("token {id} was not replaced")))?;
    let (old_ends_at, ended) = (rotated.old_ends_at.to_rfc3339(), rotated.ended);
    let json = json!({
        "token": rotated.minted.secret, "replaces": id.get(), "old_ends_at": old_ends_at,
        "ended": ended.map(TokenId::get), "servers_told": rotated.told,
    });
    let answer = Answer::say(json, rotated.minted.secret).and("It cannot be shown again.");
    let answer = answer.and(format_args!("Token {id} goes on until {old_ends_at}."));
    let answer = match ended {
        Some(ended) => answer.and(format_args!("Token {ended} ended now.")),
        None => answer,
    };
    Ok(if rotated.told { answer } else { answer.and(UNTOLD) })
}

async fn revoke(desk: &Desk, id: TokenId) -> Result<Answer, Failure> {
    let revoke = RevokeToken::new(desk.store.clone(), desk.token_news.clone(), desk.clock.clone());
    let revoked = revoke.execute(id).await;
    let revoked = revoked
        .map_err(|error| Failure::from(error).context(format!("token {id} was not revoked")))?;
    let at = revoked.at.to_rfc3339();
    let json = json!({ "id": id.get(), "revoked_at": at, "servers_told": revoked.told });
    let answer = Answer::say(json, format_args!("token {id} is good for nothing since {at}"));
    Ok(if revoked.told { answer } else { answer.and(UNTOLD) })
}

fn state(token: &StoredToken, now: Timestamp) -> &'static str {
    if token.revoked_at.is_some() {
        "revoked"
    } else if token.is_live(now) {
        "live"
    } else {
        "expired"
    }
}

fn row(token: &StoredToken, now: Timestamp) -> [String; 8] {
    let state = match token.terms.expires_at {
        Some(end) if token.is_live(now) => format!("live until {}", end.to_rfc3339()),
        _ => state(token, now).to_owned(),
    };
    let scopes = token.terms.scopes;
    let ranges: Vec<_> = token.terms.allowed_ips.iter().map(IpRange::to_string).collect();
    [
        token.id.to_string(),
        token.hint.clone(),
        token.name.clone(),
        state,
        if scopes == Scopes::ALL { "all".to_owned() } else { names(scopes).join(" ") },
        if ranges.is_empty() { "everywhere".to_owned() } else { ranges.join(" ") },
        token.last_used_at.map_or_else(|| "never".to_owned(), |at| at.to_rfc3339()),
        token.created_at.to_rfc3339(),
    ]
}

fn body(token: &StoredToken, now: Timestamp) -> Value {
    let time = |at: Option<Timestamp>| at.map(|at| at.to_rfc3339());
    json!({
        "id": token.id.get(),
        "customer_id": token.user.get(),
        "hint": token.hint,
        "name": token.name,
        "state": state(token, now),
        "scopes": names(token.terms.scopes),
        "allowed_ips": token.terms.allowed_ips.iter().map(IpRange::to_string).collect::<Vec<_>>(),
        "expires_at": time(token.terms.expires_at),
        "replaces": token.replaces.map(TokenId::get),
        "created_at": token.created_at.to_rfc3339(),
        "last_used_at": time(token.last_used_at),
        "revoked_at": time(token.revoked_at),
    })
}

fn names(scopes: Scopes) -> Vec<&'static str> {
    scopes.iter().map(Scope::as_str).collect()
}
