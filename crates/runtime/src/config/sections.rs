//! The sections several binaries share.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use secrecy::SecretString;

use super::{HttpUrl, Keys, Section};

/// `[http]`: where the binary listens.
#[derive(Debug, Clone)]
pub struct Http {
    /// Address and port; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Proxies in front of us, each of which adds its caller to `X-Forwarded-For`.
    pub trusted_proxies: usize,
}

impl Section for Http {
    fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            listen: keys.or("listen", SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))),
            trusted_proxies: keys.within("trusted_proxies", 0, 0..=16),
        }
    }
}

/// `[database]`: the Postgres of record.
#[derive(Debug, Clone)]
pub struct Database {
    /// `postgres://user:password@host/name`.
    pub url: SecretString,
    /// Most connections this process may hold open.
    pub max_connections: u32,
    /// How long a request waits for a connection before it is told to come back.
    pub acquire_timeout: Duration,
}

impl Section for Database {
    fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            url: keys.secret_url("url", &["postgres", "postgresql"]),
            max_connections: keys.within("max_connections", 16, 1..=512),
            acquire_timeout: keys.seconds("acquire_timeout_seconds", 3, 1..=60),
        }
    }
}

/// `[redis]`: three instances, each of which may be flushed without harm to the others.
#[derive(Debug, Clone)]
pub struct Redis {
    /// Sessions and leases.
    pub session_url: SecretString,
    /// Caches and event fan-out.
    pub cache_url: SecretString,
    /// Rate-limit counters.
    pub ratelimit_url: SecretString,
}

impl Section for Redis {
    fn read(keys: &mut Keys<'_>) -> Self {
        let schemes = ["redis", "rediss"];
        Self {
            session_url: keys.secret_url("session_url", &schemes),
            cache_url: keys.secret_url("cache_url", &schemes),
            ratelimit_url: keys.secret_url("ratelimit_url", &schemes),
        }
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object per line, for machines.
    Json,
    /// Indented and coloured, for people.
    Pretty,
}

/// `[log]`: what is logged and how.
#[derive(Debug, Clone)]
pub struct Log {
    /// JSON unless a person reads along.
    pub format: LogFormat,
    /// Directives such as `info,sqlx=warn`.
    pub filter: String,
}

impl Log {
    /// What its callers report as well, and customers' servers can cause, is not told twice.
    const FILTER: &str = "info,rustls_platform_verifier=off";
}

impl Section for Log {
    fn read(keys: &mut Keys<'_>) -> Self {
        let formats = [("json", LogFormat::Json), ("pretty", LogFormat::Pretty)];
        let format = keys.one_of("format", LogFormat::Json, &formats);
        let filter = keys.or("filter", Self::FILTER.to_owned());
        if filter.parse::<tracing_subscriber::EnvFilter>().is_err() {
            keys.refuse("filter", "must be log directives such as info,sqlx=warn");
        }
        Self { format, filter }
    }
}

/// `[telemetry]`: where traces go.
#[derive(Debug, Clone)]
pub struct Telemetry {
    /// Base address of an OTLP/HTTP collector; no traces are exported without it.
    pub otlp_endpoint: Option<HttpUrl>,
    /// Name under which traces appear instead of the binary's own.
    pub service_name: Option<String>,
    /// Share of traces begun here that are exported; a caller's own decision is followed.
    pub sample_percent: u8,
}

impl Section for Telemetry {
    fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            otlp_endpoint: keys.optional("otlp_endpoint"),
            service_name: keys.optional("service_name"),
            sample_percent: keys.within("sample_percent", 100, 0..=100),
        }
    }
}

/// `[shutdown]`: how long the process may take to end.
#[derive(Debug, Clone)]
pub struct Shutdown {
    /// From the first signal until what is left is aborted.
    pub grace: Duration,
    /// How long readiness fails before new connections are refused, so that balancers notice.
    pub drain: Duration,
}

impl Section for Shutdown {
    fn read(keys: &mut Keys<'_>) -> Self {
        let shutdown = Self {
            grace: keys.seconds("grace_seconds", 20, 0..=3600),
            drain: keys.seconds("drain_seconds", 2, 0..=3600),
        };
        if shutdown.drain > shutdown.grace {
            keys.refuse("drain_seconds", "must not exceed shutdown.grace_seconds");
        }
        shutdown
    }
}
