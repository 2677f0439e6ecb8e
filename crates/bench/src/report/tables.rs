use super::document::Values;
use crate::{
    cli::Cli,
    load::Rate,
    measure::{Books, Counted, Findings, Footprint, Measured, Pairs, Read, Series, Starts},
    proc_fs::Watch,
    stats::{Spread, counter},
};

/// Everything the document has a place for.
pub(super) fn values(cli: &Cli, findings: &Findings) -> Values {
    let Findings { machine, purchase, hot, enforced, enforced_hot, counted, .. } = findings;
    let all = |runs: &[Measured]| runs.iter().map(|run| run.rate).collect::<Vec<_>>();
    let mut values = Values::from([
        ("date", machine.date.clone()),
        ("commit", machine.commit.clone()),
        (
            "machine",
            lines(machine.facts.iter().map(|(label, fact)| row([label.clone(), fact.clone()]))),
        ),
        ("connections", cli.connections.to_string()),
        ("customers", cli.customers.to_string()),
        ("seconds", cli.seconds.to_string()),
        ("rounds", cli.rounds.to_string()),
        ("counted", cli.counted.to_string()),
        ("starts", cli.starts.to_string()),
        ("rate", cli.rate.to_string()),
        (
            "purchases",
            lines([
                rates("pgbench, the same statements", &all(&purchase.reference)),
                rates("**purchase over HTTP**", &all(&purchase.served)),
                rates("pgbench, one account", &all(&hot.reference)),
                rates("**purchase over HTTP, one account**", &all(&hot.served)),
            ]),
        ),
        (
            "ratios",
            lines([
                ratio("purchase", purchase, ["≥ 0.50", "0.53"]),
                ratio("one account", hot, ["≥ 8, grouped", "1.1"]),
            ]),
        ),
        ("cpu", cpu(purchase)),
        (
            "schemas",
            lines([
                schema("before", &enforced.reference),
                schema("**after**", &enforced.served),
                schema("before, one account", &enforced_hot.reference),
                schema("**after, one account**", &enforced_hot.served),
            ]),
        ),
        (
            "schema_ratios",
            lines([schema_ratio("purchase", enforced), schema_ratio("one account", enforced_hot)]),
        ),
        ("counts", counts(counted)),
        ("balance_rounds", format!("{:.2}", counted.balance_rounds)),
        ("balance_redis", format!("{:.2}", counted.balance_redis)),
        ("paced", paced(findings.paced)),
        ("footprints", footprints(&findings.footprints)),
        ("start", starts(findings.starts)),
        ("books", books(&findings.books)),
    ]);
    values.extend(reading_and_listening(findings));
    values
}

/// What customers do while they wait.
fn reading_and_listening(findings: &Findings) -> Values {
    Values::from([
        (
            "reads",
            lines(
                read("`GET /v1/balance`", &findings.reads.balance)
                    .into_iter()
                    .chain(read("`GET /v1/orders/{id}`", &findings.reads.order))
                    .chain([rates("`GET /health`", &findings.reads.health)]),
            ),
        ),
        (
            "heard",
            lines(
                series("nobody else", &findings.heard.quiet)
                    .into_iter()
                    .chain(series("the crowd", &findings.heard.crowded)),
            ),
        ),
        ("samples", findings.heard.quiet.event.good.to_string()),
        ("streams", findings.heard.streams.to_string()),
        ("stream_kib", format!("{:.1}", findings.heard.kib_per_stream())),
        ("streams_before", mb(findings.heard.resident[0])),
        ("streams_after", mb(findings.heard.resident[1])),
    ])
}

fn rates(label: &str, rates: &[Rate]) -> String {
    let of = |value: fn(&Rate) -> f64| Spread::of(rates.iter().map(value));
    let refused: u64 = rates.iter().map(|rate| rate.refused).sum();
    let label = match refused {
        0 => label.to_owned(),
        refused => format!("{label}; {refused} refused, not counted"),
    };
    row([
        label,
        spread(of(|rate| rate.per_second), 0),
        spread(of(|rate| rate.p50_ms), 2),
        spread(of(|rate| rate.p99_ms), 2),
    ])
}

/// One read by the API beside what bounds it.
fn read(label: &str, read: &Read) -> [String; 4] {
    let bytes = read.bytes;
    [
        rates(&format!("**{label}**, {bytes} bytes"), &read.served),
        rates("as many bytes from memory, same layers", &read.layered),
        rates("the same without layers", &read.alone),
        rates("pgbench, the same statement", &read.sql),
    ]
}

fn series(listening: &str, series: &Series) -> [String; 4] {
    let one = |label: &str, rate: &Rate| {
        row([
            format!("{label}, {listening}"),
            format!("{:.2}", rate.p50_ms),
            format!("{:.2}", rate.p99_ms),
        ])
    };
    [
        one("**callback accepted to event on the wire**", &series.event),
        one("**callback accepted to the waiting request's answer**", &series.answer),
        one("callback sent to event", &series.event_from_sent),
        one("callback sent to answer", &series.answer_from_sent),
    ]
}

fn mb(kib: u64) -> String {
    format!("{:.1}", counter(kib) * 1024.0 / 1e6)
}

fn ratio(label: &str, pairs: &Pairs, [goal, earlier]: [&str; 2]) -> String {
    let unsteady = format!("{} of {}", pairs.unsteady(), pairs.served.len());
    row([
        label.to_owned(),
        format!("**{}**", spread(Spread::of(pairs.ratios()), 2)),
        goal.to_owned(),
        earlier.to_owned(),
        unsteady,
        format!("{:.2}", pairs.ratio_of_cpu()),
    ])
}

/// pgbench on one schema: as [`rates`], and what each purchase cost the database server.
fn schema(label: &str, runs: &[Measured]) -> String {
    let of = |value: fn(&Measured) -> f64| Spread::of(runs.iter().map(value));
    row([
        label.to_owned(),
        spread(of(|run| run.rate.per_second), 0),
        spread(of(|run| run.rate.p50_ms), 2),
        spread(of(|run| run.rate.p99_ms), 2),
        format!("{:.0}", of(|run| run.cpu_us(Watch::POSTGRES)).median),
        format!("{:.0}", of(Measured::wal_bytes_each).median),
    ])
}

fn schema_ratio(label: &str, pairs: &Pairs) -> String {
    row([
        label.to_owned(),
        format!("**{}**", spread(Spread::of(pairs.ratios()), 2)),
        format!("{} of {}", pairs.unsteady(), pairs.served.len()),
        format!("{:.2}", pairs.ratio_of_cpu()),
    ])
}

fn cpu(pairs: &Pairs) -> String {
    let median = |runs: &[Measured], value: &dyn Fn(&Measured) -> f64| {
        format!("{:.0}", Spread::of(runs.iter().map(value)).median)
    };
    let both = |label: &str, value: &dyn Fn(&Measured) -> f64| {
        row([label.to_owned(), median(&pairs.reference, value), median(&pairs.served, value)])
    };
    let groups = pairs.served.first().map(|run| run.cpu.keys().copied().collect::<Vec<_>>());
    let rows = groups.unwrap_or_default().into_iter().map(|group| {
        let label = if group == Watch::LOAD { "load generator or pgbench" } else { group };
        both(label, &|run| run.cpu_us(group))
    });
    let total = both("together", &Measured::total_us);
    let header = ["| | pgbench | purchase |".to_owned(), "|---|---:|---:|".to_owned()];
    lines(header.into_iter().chain(rows).chain([total]))
}

fn counts(counted: &Counted) -> String {
    let Counted { after_checkpoint: first, steady: then, .. } = counted;
    let each = |label: &str, [first, then]: [f64; 2], digits: usize, goal: &str| {
        row([
            label.to_owned(),
            format!("{first:.digits$}"),
            format!("{then:.digits$}"),
            goal.to_owned(),
        ])
    };
    lines([
        each("statements", [first.statements, then.statements], 2, "–"),
        each("of them not prepared before", [first.parsed, then.parsed], 2, "0"),
        each("database round trips", [first.rounds, then.rounds], 2, "3"),
        each("commits that write", [first.commits, then.commits], 2, "2"),
        each(
            "WAL bytes",
            [first.wal_bytes, then.wal_bytes],
            0,
            "≤ 1200 for the first commit alone",
        ),
        each("Redis commands", [first.redis, then.redis], 2, "≤ 1"),
    ])
}

fn paced(rate: Rate) -> String {
    lines([
        row([
            "this run".to_owned(),
            format!("{:.0}", rate.per_second),
            format!("{:.2}", rate.p50_ms),
            format!("{:.2}", rate.p99_ms),
        ]),
        row(["earlier, at 300 a second, no call to a provider", "300", "0.58", "2.3 – 2.6"]),
    ])
}

fn footprints(footprints: &[Footprint]) -> String {
    let mb = |kib: u64| counter(kib) * 1024.0 / 1e6;
    let one = |it: &Footprint| {
        let sizes = [it.idle, it.loaded, it.after.resident, it.after.peak].map(mb);
        let [idle, loaded, after, peak] = sizes.map(|size| format!("{size:.1}"));
        let binary = format!("{:.1}", counter(it.binary_bytes) / 1e6);
        row([it.name.to_owned(), binary, idle, loaded, after, peak])
    };
    let sum = |part: fn(&Footprint) -> u64| format!("{:.1}", mb(footprints.iter().map(part).sum()));
    let total = row([
        "together".to_owned(),
        String::new(),
        sum(|it| it.idle),
        sum(|it| it.loaded),
        sum(|it| it.after.resident),
        String::new(),
    ]);
    lines(footprints.iter().map(one).chain([total]))
}

fn starts(starts: Starts) -> String {
    let Starts { health, balance } = starts;
    lines([
        row(["to the first answer".into(), spread(health, 0), "≤ 40".into(), "21".to_owned()]),
        row([
            "to the first balance of a customer".into(),
            spread(balance, 0),
            "–".into(),
            "–".to_owned(),
        ]),
    ])
}

fn books(books: &Books) -> String {
    let verdict = if books.agree() { "They agree." } else { "**They do not agree.**" };
    let Books { acknowledged, refused, active, other, asked, .. } = books;
    let Books { referenced, reference_active, .. } = books;
    let looked_at = &books.audit["transfers"];
    format!(
        "{verdict} {acknowledged} purchases were acknowledged and {refused} refused; {active} orders \
         have a number,\n{other} have none, and the sandbox was asked {asked} times. \
         `ctl ledger audit` looked at {looked_at}\nmovements and found nothing wrong. pgbench \
         committed {referenced} transactions and left {reference_active}\norders."
    )
}

fn spread(spread: Spread, digits: usize) -> String {
    let Spread { median, least, greatest } = spread;
    format!("{median:.digits$} ({least:.digits$} – {greatest:.digits$})")
}

fn row<const N: usize>(cells: [impl Into<String>; N]) -> String {
    let cells = cells.map(Into::into).join(" | ");
    format!("| {cells} |")
}

fn lines(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().collect::<Vec<_>>().join("\n")
}
