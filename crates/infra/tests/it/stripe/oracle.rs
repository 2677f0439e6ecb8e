//! Signatures, judged by Stripe's own library as well.

use std::{path::Path, process::Stdio};

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::DateTime;
use domain::gateways::{PaymentGateway, VerifyError};
use infra::pay::stripe::Stripe;
use serde::Deserialize;
use tokio::process::Command;

use super::settings;

const NOW: i64 = 1_763_600_000;
const SECRET: &str = "whsec_sandbox";
/// Random changes, besides the known tricks.
const CHANGES: usize = 4_000;

/// What the library says of a notification.
#[derive(Debug, Deserialize)]
struct Case {
    header: String,
    body: String,
    taken: bool,
}

/// We take nothing that the library refuses. What it takes we refuse only where we are stricter on
/// purpose.
#[tokio::test]
async fn agrees_with_the_library_that_stripe_publishes() {
    let stripe = Stripe::new(settings("http://127.0.0.1:9".to_owned())).unwrap();
    let now = DateTime::from_timestamp(NOW, 0).unwrap();
    let (mut taken, mut refused, mut stricter) = (0, 0, 0);
    for case in cases().await {
        let body = STANDARD.decode(&case.body).unwrap();
        let header = |name: &str| (name == "stripe-signature").then(|| case.header.clone());
        let verdict = stripe.verify(&header, &body, now);
        let is_taken = !matches!(
            verdict,
            Err(VerifyError::Malformed | VerifyError::Mismatch | VerifyError::Stale)
        );
        match (is_taken, case.taken) {
            (true, true) => taken += 1,
            (false, false) => refused += 1,
            (false, true) if is_refused_on_purpose(&case.header) => stricter += 1,
            _ => panic!("{verdict:?} of {case:?}"),
        }
    }
    assert!(taken > 500 && refused > 2_000 && stricter > 10, "{taken} {refused} {stricter}");
}

/// Times that are ambiguous, written in an unusual way or in the future, and codes that are not
/// only a code.
fn is_refused_on_purpose(header: &str) -> bool {
    let values = |wanted: &str| -> Vec<&str> {
        let items = header.split(',').filter_map(|item| item.split_once('='));
        items.filter(|(scheme, _)| *scheme == wanted).map(|(_, value)| value).collect()
    };
    let is_plain = |time: &&str| {
        time.parse::<i64>().is_ok_and(|it| it.to_string() == *time && it <= NOW + 300)
    };
    let (times, codes) = (values("t"), values("v1"));
    times.len() != 1
        || !times.iter().all(is_plain)
        || codes.iter().any(|code| code.is_empty() || code.contains('='))
}

async fn cases() -> Vec<Case> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/stripe_verdicts.py");
    let mut command = Command::new(interpreter());
    command.arg(script).args([&NOW.to_string(), SECRET, &CHANGES.to_string()]);
    // No setting of the surroundings may change what the library does.
    command.env_clear().env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONUTF8", "1");
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).unwrap();
    told.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[expect(clippy::disallowed_methods, reason = "tests are told where Python is by the environment")]
fn interpreter() -> String {
    std::env::var("E2E_PYTHON").expect("E2E_PYTHON is not set; `deploy/dev/test` sets it")
}
