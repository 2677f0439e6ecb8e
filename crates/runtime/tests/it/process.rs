//! A whole binary, run as a child: this test binary starts itself again.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use runtime::config::{Keys, Section};
use runtime::{App, SecretString, Stop};
use serde_json::Value;

/// Holds the child's command line, one argument per line.
const ARGUMENTS: &str = "SAMPLE_ARGUMENTS";

struct Config {
    mode: String,
    _token: SecretString,
}

impl Section for Config {
    fn read(keys: &mut Keys<'_>) -> Self {
        keys.section::<Sample>("sample").0
    }
}

struct Sample(Config);

impl Section for Sample {
    fn read(keys: &mut Keys<'_>) -> Self {
        Self(Config { mode: keys.required("mode"), _token: keys.required("token") })
    }
}

#[test]
#[ignore = "the child process, not a test"]
fn sample_process() {
    let arguments = std::env::var_os(ARGUMENTS).unwrap().into_string().unwrap();
    let arguments = arguments.lines().map(Into::into).collect::<Vec<_>>();
    let code = runtime::main_from("sample", arguments, async |config: Config, app: App| {
        match config.mode.as_str() {
            "refuse" => anyhow::bail!("no database"),
            "panic" => app.supervisor.spawn("worker", async |stop: Stop| {
                assert!(stop.is_stopping(), "on purpose");
            }),
            "deaf" => app.supervisor.spawn("worker", async |_: Stop| {
                tracing::info!("deaf worker runs");
                std::future::pending::<()>().await;
            }),
            _ => app.supervisor.clone().spawn("worker", async move |stop: Stop| {
                tracing::info!(metrics = app.metrics.render(), "worker runs");
                stop.stopping().await;
            }),
        }
        Ok(())
    });
    let known = [(ExitCode::SUCCESS, 0), (ExitCode::FAILURE, 1), (ExitCode::from(2), 2)];
    let code = known.iter().find(|(known, _)| *known == code).map_or(99, |(_, number)| *number);
    std::process::exit(code);
}

fn start(arguments: &[&str], env: &[(&str, &str)]) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "process::sample_process", "--ignored", "--nocapture"])
        .env(ARGUMENTS, format!("sample\n{}", arguments.join("\n")))
        .env_remove("RUST_BACKTRACE")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.envs(env.iter().copied()).spawn().unwrap()
}

/// Exit code, standard output and standard error of a child that ends by itself.
fn finish(child: Child) -> (i32, String, String) {
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn mode(mode: &'static str) -> [(&'static str, &'static str); 2] {
    [("SWITCHBOARD__SAMPLE__MODE", mode), ("SWITCHBOARD__SAMPLE__TOKEN", "hunter2")]
}

/// Reads log lines until one holds `message`.
fn wait_for(log: &mut impl std::io::BufRead, message: &str) -> Value {
    for line in log.lines() {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if line["message"] == message {
            return line;
        }
    }
    panic!("the child ended without {message:?}");
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

#[test]
fn refuses_a_wrong_configuration_with_all_its_faults() {
    let env = [("SWITCHBOARD__LOG__FORMAT", "xml"), ("SWITCHBOARD__SAMPLE__TOKEN", "hunter2")];
    let (code, _, errors) = finish(start(&[], &env));
    assert_eq!(code, 2);
    assert_eq!(
        errors,
        "sample: the configuration cannot be used\n\
         log.format (SWITCHBOARD__LOG__FORMAT): must be one of json, pretty\n\
         sample.mode (SWITCHBOARD__SAMPLE__MODE): is required but not set\n"
    );
}

#[test]
fn checks_the_configuration_without_running() {
    let (code, output, _) = finish(start(&["--check-config"], &mode("refuse")));
    assert_eq!(code, 0);
    assert!(output.contains("sample: the configuration is valid\n"), "{output}");
    let (code, _, errors) = finish(start(&["--config", "/nonexistent.toml"], &mode("run")));
    assert_eq!(code, 2);
    assert!(errors.contains("cannot read the configuration file /nonexistent.toml"), "{errors}");
}

#[test]
fn reports_what_kept_it_from_starting() {
    let (code, _, errors) = finish(start(&[], &mode("refuse")));
    assert_eq!(code, 1);
    let line = wait_for(&mut errors.as_bytes(), "sample cannot start");
    assert_eq!(line["error"], "no database");
}

#[test]
fn ends_clean_at_the_first_signal() {
    let mut child = start(&[], &mode("run"));
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let line = wait_for(&mut log, "worker runs");
    assert_eq!(line["task"], "worker");
    let metrics = line["metrics"].as_str().unwrap();
    assert!(metrics.contains(r#"build_info{binary="sample",version=""#), "{metrics}");
    signal(&child, "TERM");
    wait_for(&mut log, "SIGTERM received");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn is_aborted_at_the_second_signal() {
    let mut child = start(&[], &mode("deaf"));
    let mut log = BufReader::new(child.stderr.take().unwrap());
    wait_for(&mut log, "deaf worker runs");
    signal(&child, "INT");
    wait_for(&mut log, "SIGINT received");
    signal(&child, "TERM");
    wait_for(&mut log, "SIGTERM received");
    assert_eq!(child.wait().unwrap().code(), Some(1));
    log.read_to_string(&mut String::new()).unwrap();
}

#[test]
fn logs_a_panic_as_an_event_and_fails() {
    let (code, _, errors) = finish(start(&[], &mode("panic")));
    assert_eq!(code, 1);
    let panicked = errors.lines().find(|line| line.contains("panic.location")).unwrap();
    let panicked: Value = serde_json::from_str(panicked).unwrap();
    assert_eq!(panicked["level"], "ERROR");
    assert_eq!(panicked["panic.message"], "on purpose");
    assert_eq!(panicked["task"], "worker");
    assert!(panicked["panic.location"].as_str().unwrap().contains("process.rs:"));
    assert!(panicked["panic.thread"].is_string());
    wait_for(&mut errors.as_bytes(), "task worker ended unexpectedly, shutting down");
}

/// Answers one request as a collector does and returns its first line and body.
fn collect(collector: &TcpListener) -> (String, Vec<u8>) {
    let (stream, _) = collector.accept().unwrap();
    let mut reader = BufReader::new(&stream);
    let head: Vec<_> =
        reader.by_ref().lines().map(Result::unwrap).take_while(|line| !line.is_empty()).collect();
    let length = head.iter().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    (&stream).write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
    (head[0].clone(), body)
}

#[test]
fn exports_its_last_spans_before_it_ends() {
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", collector.local_addr().unwrap());
    let (report, collected) = mpsc::channel();
    thread::spawn(move || report.send(collect(&collector)));
    let mut env = mode("run").to_vec();
    env.push(("SWITCHBOARD__TELEMETRY__OTLP_ENDPOINT", &endpoint));
    env.push(("SWITCHBOARD__TELEMETRY__SERVICE_NAME", "sample-in-test"));
    let mut child = start(&[], &env);
    let mut log = BufReader::new(child.stderr.take().unwrap());
    wait_for(&mut log, "worker runs");
    signal(&child, "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let (request, body) = collected.recv_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!(request, "POST /v1/traces HTTP/1.1");
    let holds = |text: &str| body.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("sample-in-test") && holds("worker"));
}
