use anyhow::anyhow;
use domain::time::Day;
use serde_json::json;

use super::Desk;
use crate::{Answer, Failure, cli::Privacy};

/// Days shown: half a year.
const SHOWN: u32 = 183;

/// Runs `privacy …`.
pub async fn privacy(desk: &Desk, command: &Privacy) -> Result<Answer, Failure> {
    match command {
        Privacy::Keys => keys(desk).await,
        Privacy::Forget { before } => forget(desk, before).await,
    }
}

async fn keys(desk: &Desk) -> Result<Answer, Failure> {
    let keys = desk.vault.list(SHOWN).await?;
    let json: Vec<_> = keys
        .iter()
        .map(|key| json!({ "day": key.day, "made_at": key.made_at, "dropped_at": key.dropped_at }))
        .collect();
    let rows = keys.iter().map(|key| {
        let dropped = key.dropped_at.map_or_else(|| "no".to_owned(), |at| at.to_rfc3339());
        [key.day.to_string(), dropped]
    });
    Ok(Answer::rows(json.into(), ["day", "forgotten"], rows.collect()))
}

/// Dropping the keys is enough; task-worker removes what is left in the rows.
async fn forget(desk: &Desk, before: &str) -> Result<Answer, Failure> {
    let day: Day =
        before.parse().map_err(|_| Failure::usage(anyhow!("{before} is no YYYY-MM-DD")))?;
    if day > desk.clock.now().date_naive() {
        return Err(Failure::usage(anyhow!("{before} is in the future; today's SMS are needed")));
    }
    let days = desk.vault.drop_keys(day).await?;
    let text = format_args!("keys of {} days dropped", days.len());
    Ok(Answer::say(json!({ "days": days }), text))
}
