use serde_json::json;

use super::Desk;
use crate::{Answer, Failure, cli::Rate};

/// Runs `rate …`.
pub async fn rate(desk: &Desk, command: &Rate) -> Result<Answer, Failure> {
    let Rate::Show = command;
    let current = desk.rate.current().await?.map(|rate| rate.idr_per_usd.get());
    let newest = desk.rates.newest_rate().await?;
    let published = newest.map(|(rate, made)| (rate.get(), made.to_rfc3339()));
    let json = json!({
        "idr_per_usd": current,
        "published": published.as_ref().map(|(rate, _)| rate),
        "published_at": published.as_ref().map(|(_, made)| made),
    });
    let published = published.map_or_else(
        || "never heard".to_owned(),
        |(rate, made)| format!("{rate} IDR, made {made}"),
    );
    let current = current.map_or_else(
        || "nobody knows: the published rate is too old".to_owned(),
        |rate| format!("{rate} IDR"),
    );
    let facts = [("a dollar costs", current), ("published", published)];
    Ok(Answer::facts(json, facts))
}
