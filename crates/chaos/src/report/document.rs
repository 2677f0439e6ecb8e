use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use anyhow::Context;

use super::{Summary, quantiles::Quantiles, summary::Verdict};

const BEGIN: &str = "<!-- measured by `chaos report`: begin -->";
const END: &str = "<!-- measured by `chaos report`: end -->";

/// Puts the figures of runs into a document, between the two marks that are there for them.
pub(crate) fn write(document: &Path, figures: &str) -> anyhow::Result<()> {
    let name = document.display();
    let text = fs::read_to_string(document).with_context(|| format!("cannot read {name}"))?;
    let (before, rest) = text.split_once(BEGIN).with_context(|| format!("no mark in {name}"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("no end in {name}"))?;
    fs::write(document, format!("{before}{BEGIN}\n\n{figures}\n{END}{after}"))?;
    Ok(())
}

/// All there is to tell of runs of programs that are described by `built`.
pub(crate) fn figures(runs: &[Summary], built: &str) -> anyhow::Result<String> {
    let mut text = String::new();
    let cores = std::thread::available_parallelism()?;
    writeln!(
        text,
        "{built}, on {cores} cores which the harness, Postgres, Redis and the outside world share \
         with\nthem. `make chaos-full` makes such a table; a row by itself is\n\
         `make chaos ARGS=\"--profile RUN --seed SEED --minutes MINUTES\"`, with `--connections 1`\n\
         (or 2) where the run says so.\n"
    )?;
    let header = "| run | seed | minutes | faults | requests | unanswered | orders | tasks | lost \
                  | double | wrong | stuck |";
    writeln!(text, "{header}\n|{}", "---|".repeat(12))?;
    for run in runs {
        let requests = run.requests.done + run.requests.refused + run.requests.unknown;
        writeln!(
            text,
            "| {} | {} | {:.1} | {} | {requests} | {} | {} | {} | {} |",
            run.name(),
            run.header.seed,
            minutes(run),
            run.faults.values().sum::<u64>(),
            run.requests.unknown,
            run.orders,
            run.tasks,
            verdict(&run.verdict),
        )?;
    }
    let runs: Vec<_> = runs.iter().filter(|run| !run.header.is_control).collect();
    writeln!(text, "\n{}\n", sums(&runs))?;
    writeln!(text, "| fault | times |\n|---|---|")?;
    let mut faults: BTreeMap<&str, u64> = BTreeMap::new();
    for (fault, times) in runs.iter().flat_map(|run| &run.faults) {
        *faults.entry(fault).or_default() += times;
    }
    for (fault, times) in faults {
        writeln!(text, "| {fault} | {times} |")?;
    }
    writeln!(
        text,
        "\nWho does nothing within three seconds after getting ready counts as ready alone."
    )?;
    writeln!(text, "\n| run | from kill to | times | p50 ms | p99 ms | longest ms |")?;
    writeln!(text, "|---|---|---|---|---|---|")?;
    for run in &runs {
        for (what, Quantiles { count, p50, p99, max }) in &run.recovery {
            let name = run.name();
            writeln!(text, "| {name} | {what} | {count} | {p50} | {p99} | {max} |")?;
        }
    }
    Ok(text)
}

fn minutes(run: &Summary) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "seconds of a run are few")]
    let seconds = run.seconds as f64;
    seconds / 60.0
}

fn verdict(verdict: &Verdict) -> String {
    let Verdict { lost, double, wrong, stuck } = verdict;
    format!("{lost} | {double} | {wrong} | {stuck}")
}

fn sums(runs: &[&Summary]) -> String {
    let sum = |of: fn(&Summary) -> u64| runs.iter().map(|run| of(run)).sum::<u64>();
    format!(
        "Purchases that were made although their answer got lost, each charged once: {}. Movements \
         of money: {}; messages delivered: {}; payments credited: {}; refunds and disputes: {}; \
         events heard by those who listened: {}. Faults planted into the books to test the check: {}, of \
         which it saw {}.",
        sum(|run| run.absorbed),
        sum(|run| run.transfers),
        sum(|run| run.messages),
        sum(|run| run.payments),
        sum(|run| run.returns),
        sum(|run| run.heard),
        sum(|run| run.planted),
        sum(|run| run.caught),
    )
}
