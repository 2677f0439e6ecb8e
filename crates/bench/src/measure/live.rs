use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::shop::Shop;
use crate::{
    load::{Connection, EventStream, Outcome, Rate},
    proc_fs,
    stack::{Ground, Process, Servers, post, start_api},
    stats::{count, counter},
};

/// Callbacks of each series.
const SAMPLES: usize = 300;
/// Streams open at once on one process.
const STREAMS: usize = 2000;
/// What the provider received.
const TEXT: &str = "4711 is your code. Do not share it.";
/// Between a request that is to wait and the callback it waits for. Answers to requests that come
/// too late for it would be counted as quick.
const SETTLE: Duration = Duration::from_millis(20);

/// How soon customers hear of a code, and what listening costs.
pub(crate) struct Heard {
    /// With nobody else listening.
    pub(crate) quiet: Series,
    /// With two thousand streams open on the same process.
    pub(crate) crowded: Series,
    pub(crate) streams: usize,
    /// KiB before and after they were opened.
    pub(crate) resident: [u64; 2],
}

/// Latencies from a callback's acknowledgement, and from its first byte.
pub(crate) struct Series {
    pub(crate) event: Rate,
    pub(crate) answer: Rate,
    pub(crate) event_from_sent: Rate,
    pub(crate) answer_from_sent: Rate,
}

/// An order whose code is to come.
struct Awaited {
    token: String,
    order: i64,
    /// Its number at the provider.
    external: String,
    phone: String,
    /// Where that provider calls back.
    path: String,
}

impl Heard {
    pub(super) async fn measure(shop: &Shop<'_>, servers: &Servers) -> anyhow::Result<Self> {
        let ground = shop.ground();
        let mut awaited = awaited(shop).await?;
        let later = awaited.split_off(SAMPLES);
        let outside = [servers.ingest.address, ground.sandbox.address];
        let quiet = Series::measure(shop.api(), outside, awaited).await?;

        // One that has served nothing but streams, so that what it grows by is theirs.
        let mut api = start_api(ground, &ground.logins.api)?;
        api.listens().await?;
        let warm = later.first().context("no order is left")?;
        drop(EventStream::open(api.address, &warm.token).await?);
        let before = proc_fs::memory(api.pid)?.resident;
        let mut open = Vec::with_capacity(STREAMS);
        for token in ground.listeners.iter().cycle().take(STREAMS) {
            open.push(EventStream::open(api.address, token).await?);
        }
        let resident = [before, proc_fs::memory(api.pid)?.resident];
        let crowded = Series::measure(api.address, outside, later).await?;
        let streams = open.len();
        drop(open);
        Process::stop(api).await?;
        Ok(Self { quiet, crowded, streams, resident })
    }

    pub(crate) fn kib_per_stream(&self) -> f64 {
        let [before, after] = self.resident;
        counter(after.saturating_sub(before)) / count(self.streams)
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "samples": SAMPLES,
            "quiet": self.quiet.json(),
            "crowded": self.crowded.json(),
            "streams": self.streams,
            "resident_kib": self.resident,
            "kib_per_stream": self.kib_per_stream(),
        })
    }
}

/// Buys what the codes of both series are for.
async fn awaited(shop: &Shop<'_>) -> anyhow::Result<Vec<Awaited>> {
    let Ground { listeners, databases, callbacks, .. } = shop.ground();
    let tokens: Vec<String> = listeners.iter().cycle().take(SAMPLES * 2).cloned().collect();
    let orders = shop.buy(&tokens).await?;
    let first = orders.first().context("nothing was bought")?;
    let statement = format!(
        "SELECT o.id, o.external_id, o.phone, p.code FROM orders o
         JOIN providers p ON p.id = o.provider_id WHERE o.id >= {first}"
    );
    let rows = databases.server.sql(&databases.main, &statement).await?;
    let rows = rows.lines().filter_map(|row| row.split_once('|'));
    let numbers: BTreeMap<&str, &str> = rows.collect();
    let find = |(token, order): (String, i64)| {
        let number = numbers.get(order.to_string().as_str()).context("an order is gone")?;
        let [external, phone, code] = number.split('|').collect::<Vec<_>>()[..] else {
            anyhow::bail!("four columns were expected");
        };
        let path = callbacks.get(code).context("an unknown provider")?.clone();
        let [external, phone] = [external, phone].map(str::to_owned);
        Ok(Awaited { token, order, external, phone, path })
    };
    tokens.into_iter().zip(orders).map(find).collect()
}

impl Series {
    /// One callback after the other, each with a stream and a waiting request of its customer.
    async fn measure(
        api: SocketAddr,
        [ingest, sandbox]: [SocketAddr; 2],
        awaited: Vec<Awaited>,
    ) -> anyhow::Result<Self> {
        let mut asking = Connection::open(api).await?;
        let mut calling = Connection::open(ingest).await?;
        let [mut event, mut answer, mut event_from_sent, mut answer_from_sent] =
            [(); 4].map(|()| Outcome::default());
        let started = Instant::now();
        for awaited in &awaited {
            // The provider has the message, as webhook-ingest makes sure before it believes it.
            post(sandbox, "/control/sms", &awaited.message()).await?;
            let mut stream = EventStream::open(api, &awaited.token).await?;
            let answered = async {
                let asked = Instant::now();
                let reply = asking.send(&awaited.question()).await?;
                let at = Instant::now();
                let text = String::from_utf8_lossy(reply.body);
                ensure!(reply.status == 200, "a wait was answered {}", reply.status);
                let has_code = text.contains("\"otp_code\":\"4711\"");
                ensure!(
                    has_code,
                    "a wait ended without a code after {:?}: {text}",
                    asked.elapsed()
                );
                Ok(at)
            };
            let called = async {
                sleep(SETTLE).await;
                let sent = Instant::now();
                let status = calling.send(&awaited.callback()).await?.status;
                ensure!(status == 200, "a callback was answered {status}");
                Ok((sent, Instant::now()))
            };
            let told = stream.about("order.otp_received", awaited.order);
            let (told, answered, (sent, accepted)) = tokio::try_join!(told, answered, called)?;
            event.took(told.saturating_duration_since(accepted));
            answer.took(answered.saturating_duration_since(accepted));
            event_from_sent.took(told - sent);
            answer_from_sent.took(answered - sent);
        }
        let seconds = started.elapsed().as_secs_f64();
        let [event, answer, event_from_sent, answer_from_sent] =
            [event, answer, event_from_sent, answer_from_sent].map(|outcome| outcome.over(seconds));
        Ok(Self { event, answer, event_from_sent, answer_from_sent })
    }

    fn json(&self) -> Value {
        json!({
            "event": self.event.json(),
            "answer": self.answer.json(),
            "event_from_sent": self.event_from_sent.json(),
            "answer_from_sent": self.answer_from_sent.json(),
        })
    }
}

impl Awaited {
    fn question(&self) -> Vec<u8> {
        let Self { token, order, .. } = self;
        format!(
            "GET /v1/orders/{order}?wait=30&after_revision=0 HTTP/1.1\r\nhost: bench\r\n\
             authorization: Bearer {token}\r\n\r\n"
        )
        .into_bytes()
    }

    fn message(&self) -> String {
        json!({ "phone": self.phone, "text": TEXT, "callback": false }).to_string()
    }

    fn callback(&self) -> Vec<u8> {
        let Self { external, path, .. } = self;
        let body =
            format!("{{\"activationId\":\"{external}\",\"text\":\"{TEXT}\",\"code\":\"4711\"}}");
        format!(
            "POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }
}
