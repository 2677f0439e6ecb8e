//! Writes down what came out.

mod document;
mod tables;
mod webhooks;

use std::fs;

use anyhow::Context;
use serde_json::{Value, json};

use crate::{
    cli::Cli,
    measure::{Findings, Footprint},
};

pub(crate) use webhooks::refresh as refresh_webhooks;

/// Writes the document and the file for programs.
pub(crate) fn write(cli: &Cli, findings: &Findings) -> anyhow::Result<()> {
    let mut values = tables::values(cli, findings);
    let machine = &findings.machine;
    let told = webhooks::part(cli, &machine.date, &machine.commit);
    values.insert("webhooks", told.unwrap_or_else(|_| webhooks::NOT_MEASURED.to_owned()));
    let document = document::fill(&values)?;
    for (path, text) in [
        (&cli.document, document),
        (&cli.json, serde_json::to_string_pretty(&json(cli, findings))? + "\n"),
    ] {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn json(cli: &Cli, findings: &Findings) -> Value {
    json!({
        "machine": findings.machine.json(),
        "settings": {
            "rounds": cli.rounds,
            "seconds": cli.seconds,
            "connections": cli.connections,
            "customers": cli.customers,
            "rate": cli.rate,
            "counted": cli.counted,
            "starts": cli.starts,
        },
        "purchase": findings.purchase.json(),
        "hot_account": findings.hot.json(),
        "enforcement": findings.enforced.json(),
        "enforcement_hot_account": findings.enforced_hot.json(),
        "reads": findings.reads.json(),
        "live": findings.heard.json(),
        "fixed_rate": findings.paced.json(),
        "counted": findings.counted.json(),
        "footprints": findings.footprints.iter().map(Footprint::json).collect::<Vec<_>>(),
        "starts": findings.starts.json(),
        "books": findings.books.json(),
    })
}
