//! Every program in docs/guide does what its page says.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::{
    future::join_all,
    stream::{StreamExt as _, iter},
};
use reqwest::header::HeaderMap;
use serde_json::json;
use tokio::{net::TcpStream, process::Command, time::timeout};

use crate::support::{
    Block, Customer, Options, Process, Program, Receiver, SOON, Snippets, Stack, free_port,
    interpreter, packages, prints, until,
};

/// Longer than any program of the guide runs.
const PATIENCE: Duration = Duration::from_mins(2);

/// Programs at once: most of them wait most of the time.
const AT_ONCE: usize = 4;

/// How old a message may be, and how much younger than the receiver's clock.
const TOLERANCE: i64 = 300;

fn options() -> Options {
    Options::default()
        .with("webhooks.allow_plain_http_to", "127.0.0.0/8")
        .with("webhooks.schedule_percent", 1)
        // Interpreters that start keep the machine busy, which is no fault of any provider's.
        .with("providers.ask_within_ms", 4_000)
        .with("tasks.settle_patience_seconds", 7)
}

/// A directory for programs, in which Node finds its packages.
async fn directory(stack: &Stack) -> PathBuf {
    let directory = stack.scratch("guide");
    std::fs::create_dir_all(&directory).unwrap();
    std::os::unix::fs::symlink(packages().await, directory.join("node_modules")).unwrap();
    directory
}

/// What runs a program of that language, and how files of it are called.
async fn runner(language: &str) -> (PathBuf, &'static str) {
    match language {
        "bash" => ("bash".into(), "sh"),
        "python" => (interpreter().await.to_owned(), "py"),
        "js" => ("node".into(), "mjs"),
        other => panic!("nobody runs {other}"),
    }
}

async fn run(command: &mut Command, name: &str) -> Result<String, String> {
    let output = timeout(PATIENCE, command.kill_on_drop(true).output()).await;
    let output = output.map_err(|_| format!("{name} does not end"))?.unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(told) } else { Err(format!("{name}:\n{told}\n{errors}")) }
}

#[tokio::test]
async fn every_program_of_the_guide_does_what_its_page_says() {
    let stack = Stack::start(options()).await;
    let receiver = Receiver::start(&stack).await;
    let directory = &directory(&stack).await;
    let mut runs = Vec::new();
    for page in Snippets::of_the_guide() {
        for (program, wanted) in page.programs {
            // Each has an account of its own, so that they can run side by side.
            let tester = stack.tester(&stack.customer(0).await).await;
            let hook = receiver.at("/good", &tester);
            let name = format!("{}-{}", page.page, program.language);
            runs.push(async move {
                let (runner, suffix) = runner(&program.language).await;
                let file = directory.join(name.clone()).with_extension(suffix);
                std::fs::write(&file, program.text).unwrap();
                let mut command = Command::new(runner);
                if program.language == "bash" {
                    command.arg("-eu");
                }
                command.arg(file).env_clear().env("PATH", path()).env("WEBHOOK_URL", hook);
                command.env("API_URL", &tester.url).env("API_TOKEN", &tester.token);
                let told = run(&mut command, &name).await?;
                prints(&told, &wanted).map_err(|why| format!("{name}: {why}"))
            });
        }
    }
    assert!(runs.len() >= 12, "only {} programs were found", runs.len());
    let ended: Vec<_> = iter(runs).buffer_unordered(AT_ONCE).collect().await;
    let failed: Vec<_> = ended.into_iter().filter_map(Result::err).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
    stack.finish().await;
}

fn path() -> String {
    crate::support::variable("PATH").unwrap_or_default()
}

/// The published packages, and what the guide does by hand, tell our messages from others.
#[tokio::test]
async fn receivers_of_the_guide_believe_us_and_nobody_else() {
    let stack = Stack::start(options()).await;
    let directory = directory(&stack).await;
    let mut pages = Snippets::of_the_guide().into_iter();
    let parts = pages.find(|page| page.page == "webhooks").unwrap().parts;
    let (servers, ways): (Vec<_>, Vec<_>) = parts.into_iter().partition(|it| it.mark == "server");
    assert_eq!((servers.len(), ways.len()), (2, 6));
    let mut checks = Vec::new();
    for (number, way) in ways.iter().enumerate() {
        let server = servers.iter().find(|it| it.language == way.language).unwrap();
        let text = format!("{}\n\n{}", way.text, server.text);
        let tester = stack.tester(&stack.customer(0).await).await;
        let (runner, suffix) = runner(&way.language).await;
        let file = directory.join(format!("server-{number}")).with_extension(suffix);
        std::fs::write(&file, text).unwrap();
        checks.push(judge(&stack, (runner, file), tester, way));
    }
    join_all(checks).await;
    stack.finish().await;
}

/// Has a server told by us, then by others.
async fn judge(stack: &Stack, (runner, file): (PathBuf, PathBuf), tester: Customer, way: &Block) {
    let name = format!("{} {}", way.language, file.file_stem().unwrap().display());
    let port = free_port();
    let url = format!("http://127.0.0.1:{port}/");
    let set = tester.patch("/v1/webhook", json!({ "webhook_url": url })).await.data();
    let secret = set["webhook_secret"].as_str().unwrap();
    stack.secrets.plant(secret);
    let process = Process::start(server(&name, (&runner, &file), port, secret));
    until(&format!("{name} listens"), SOON, async || {
        TcpStream::connect(("127.0.0.1", port)).await.is_ok()
    })
    .await;
    let tried = tester.post("/v1/webhook/test", json!({})).await.data();
    assert_eq!(tried["status_code"], 204, "{name}: {}", process.log_tail(20));
    let order = tester.buy(&json!({ "product_id": 900_000_001 })).await;
    tester.order_with_code(order.id, "111111").await;
    until(&format!("{name} hears of the code"), SOON, async || {
        process.log_tail(20).contains("order.otp_received 111111")
    })
    .await;

    let answer = async |message: Message| {
        let request = stack.http.post(&url).headers(message.headers).body(message.body);
        request.send().await.unwrap().status().as_u16()
    };
    let good = || Message::signed(secret, "msg_good", 0);
    assert_eq!(answer(good()).await, 204, "{name}");
    assert_eq!(answer(good()).await, 204, "{name}: a repeat is acknowledged");
    let listed = process.log_tail(20);
    assert_eq!(listed.matches("forged?").count(), 1, "{name}: {listed}");
    let other = Message::signed("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz", "msg_other", 0);
    assert_eq!(answer(other).await, 400, "{name}: another's secret");
    for (place, _) in good().body.iter().enumerate().step_by(7) {
        let mut changed = good();
        changed.body[place] ^= 1;
        assert_eq!(answer(changed).await, 400, "{name}: byte {place} is another");
    }
    let unsigned = Message { headers: HeaderMap::new(), ..good() };
    assert_eq!(answer(unsigned).await, 400, "{name}: no signature");
    if way.mark == "believe=standard" {
        for (seconds, status) in
            [(-20, 204), (20, 204), (-20 - TOLERANCE, 400), (20 + TOLERANCE, 400)]
        {
            let id = format!("msg_at_{seconds}");
            let told = answer(Message::signed(secret, &id, seconds)).await;
            assert_eq!(told, status, "{name}: {seconds} s from now");
        }
        let mut renamed = good();
        renamed.headers.insert("webhook-id", "msg_renamed".parse().unwrap());
        assert_eq!(answer(renamed).await, 400, "{name}: another name");
    } else {
        assert_eq!(way.mark, "believe=body");
    }
}

fn server(name: &str, (runner, file): (&Path, &Path), port: u16, secret: &str) -> Program {
    let set = [("PATH", path()), ("PORT", port.to_string()), ("WEBHOOK_SECRET", secret.to_owned())];
    Program {
        name: name.to_owned(),
        path: runner.to_owned(),
        arguments: vec![file.display().to_string()],
        environment: set.map(|(key, it)| (key.to_owned(), it)).to_vec(),
        log: file.with_extension("log"),
    }
}

/// What somebody posts to a server.
struct Message {
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Message {
    /// With both signatures, so many seconds from now.
    fn signed(secret: &str, id: &str, seconds: i64) -> Self {
        let body = br#"{"event":"forged?","timestamp":"2026-11-20T10:00:00Z","data":{}}"#.to_vec();
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
        let at = i64::try_from(now).unwrap() + seconds;
        let signed = [format!("{id}.{at}.").as_bytes(), &body].concat();
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let standard = format!("v1,{}", STANDARD.encode(mac(&key, &signed)));
        let published = format!("sha256={}", hex::encode(mac(secret.as_bytes(), &body)));
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", at.to_string()),
            ("webhook-signature", standard),
            ("x-webhook-signature", published),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        Self { headers, body }
    }
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text).as_ref().to_vec()
}

#[test]
fn a_program_that_prints_something_else_is_noticed() {
    let wanted = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    for (printed, pattern) in [
        ("one\ntwo\n", "two"),
        ("code: 111111", "code: …"),
        ("{\"id\":7,\"code\":\"1\"}", "{\"id\":…,\"code\":\"1\"}"),
        ("a b c d", "…b…d"),
    ] {
        assert_eq!(prints(printed, &wanted(pattern)), Ok(()), "{pattern}");
    }
    for (printed, pattern) in [
        ("one", "two"),
        ("two\none", "one\ntwo"),
        ("code: 1 and more", "code: 1"),
        ("code: 1", "…code: 2…"),
        ("ab", "ab…b"),
    ] {
        assert!(prints(printed, &wanted(pattern)).is_err(), "{pattern}");
    }
}

#[test]
fn no_snippet_escapes() {
    let page =
        "```bash\none\n```\ntext\n```text prints\n1\n```\n```bash\ntwo\n```\n```json\n{}\n```\n";
    let found = Snippets::of("page".to_owned(), page);
    let [(program, wanted)] = &found.programs[..] else { panic!("one program") };
    assert_eq!((program.text.as_str(), &wanted[..]), ("one\n\ntwo\n", &["1".to_owned()][..]));
    for unknown in ["```ruby\n1\n```", "```\n1\n```", "```text prints\n1\n```", "```bash\n1"] {
        let read = || Snippets::of("page".to_owned(), unknown);
        assert!(std::panic::catch_unwind(read).is_err(), "{unknown}");
    }
}
