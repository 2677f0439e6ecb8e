use domain::catalog::sync::SyncCatalog;
use serde_json::{Value, json};

use super::Desk;
use crate::{Answer, Exit, Failure, cli::Catalog};

/// Runs `catalog …`. Ends with 1 when a provider's list could not be read.
pub async fn catalog(desk: &Desk, command: &Catalog) -> Result<Answer, Failure> {
    let Catalog::Sync = command;
    let sync = SyncCatalog::new(
        (desk.directory.clone(), desk.registry.clone()),
        desk.catalog.clone(),
        desk.rate.clone(),
        desk.clock.clone(),
        desk.pricing,
    );
    let (mut bodies, mut rows, mut exit) = (Vec::new(), Vec::new(), Exit::Ok);
    for synced in sync.run_once(None).await? {
        let code = synced.provider.code;
        match synced.outcome {
            Ok(report) => {
                let (offers, withdrawn) = (report.offers, report.withdrawn);
                bodies.push(json!({ "code": code, "offers": offers, "withdrawn": withdrawn }));
                rows.push([code, offers.to_string(), withdrawn.to_string(), "ok".to_owned()]);
            }
            Err(error) => {
                exit = Exit::Failed;
                bodies.push(json!({ "code": code, "error": error.to_string() }));
                rows.push([code, String::new(), String::new(), format!("failed: {error}")]);
            }
        }
    }
    let header = ["provider", "offers", "withdrawn", "outcome"];
    Ok(Answer::rows(Value::Array(bodies), header, rows).with_exit(exit))
}
