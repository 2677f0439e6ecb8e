//! What is behind the ports; nothing else here knows.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use domain::{
    inbox::receive::ReceiveSms, money::Currency, outbox::Wake, topups::record::RecordPayment,
};
use http_kit::{Health, Limits, Stages, health_routes, standard};
use infra::{
    crypto::Sealer,
    pay::stripe::{Stripe, StripeSettings},
    postgres::Postgres,
    redis::{Redis, Waker},
    resilience::BreakerSettings,
    sms::{ProviderSettings, Registry},
    system::SystemClock,
};
use runtime::{App, config};

use crate::{
    config::Config,
    routes::{Ingest, router},
    sms::{Senders, SmsDesk},
};

/// The largest notification of a gateway; an SMS callback has a smaller limit of its own.
const BODY_BYTES: usize = 256 * 1024;
/// Longer than storing takes when the database is slow; senders give up at about this time.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Unused here: the gateway is only listened to.
const GATEWAY_TIMEOUT: Duration = Duration::from_secs(10);

/// Connects and serves.
pub async fn start(config: Config, app: App) -> anyhow::Result<()> {
    let stop = app.supervisor.stop();
    let sealer = Sealer::from_hex(&config.secrets.seal_key)?;
    let config::Database { url, max_connections } = &config.database;
    let postgres = Arc::new(Postgres::connect_lazy(url, *max_connections, sealer)?);
    let redis = Redis::connect(&config.redis.cache_url)?.named("wake");
    let (waker, publish) = Waker::new(redis, stop.soft.clone());
    app.supervisor.spawn("waker", |_| publish);

    let ingest = wire(&config, &postgres, &Arc::new(waker), &app)?;
    let database = Arc::clone(&postgres);
    let health = Health::new(stop.soft).check("database", move || {
        let database = Arc::clone(&database);
        async move { database.ping().await }
    });
    let routes = router(ingest).merge(health_routes(health, app.metrics));
    let routes = standard(routes, Limits { body_bytes: BODY_BYTES, time: ANSWER_WITHIN });

    let listener = http_kit::bind(config.http.listen).context("cannot listen for callbacks")?;
    tracing::info!("listening on {}", listener.local_addr()?);
    let drain = app.shutdown.drain;
    app.supervisor.spawn("http", move |stop| {
        http_kit::serve(listener, routes, Stages { soft: stop.soft, hard: stop.hard, drain })
    });
    Ok(())
}

fn wire(
    config: &Config,
    postgres: &Arc<Postgres>,
    waker: &Arc<Waker>,
    app: &App,
) -> anyhow::Result<Ingest> {
    let (wake, clock): (Arc<dyn Wake>, _) = (waker.clone(), Arc::new(SystemClock));
    let registry = Registry::new(postgres.clone(), provider_settings(&config.providers))?;
    let receive = ReceiveSms::new(
        postgres.clone(),
        postgres.clone(),
        Arc::new(registry),
        (wake.clone(), clock.clone()),
    );
    let senders = Senders::new(postgres.clone());
    let sms = SmsDesk::new(senders, receive, config.callbacks.clone(), app.supervisor.clone());
    let stripe = match &config.stripe {
        Some(settings) => {
            let gateway = Arc::new(stripe(settings)?);
            Some(RecordPayment::new(gateway, postgres.clone(), wake, clock))
        }
        None => None,
    };
    Ok(Ingest { sms, stripe })
}

fn provider_settings(providers: &config::Providers) -> ProviderSettings {
    ProviderSettings {
        timeout: providers.timeout,
        connect_timeout: providers.connect_timeout,
        max_in_flight: providers.max_in_flight,
        breaker: BreakerSettings {
            consecutive_failures: providers.breaker_failures,
            cool_down: providers.breaker_open,
            ..BreakerSettings::default()
        },
    }
}

fn stripe(settings: &config::Stripe) -> anyhow::Result<Stripe> {
    let settings = StripeSettings {
        api_base: settings.api_base.as_str().to_owned(),
        secret_key: settings.secret_key.clone(),
        webhook_secrets: settings.webhook_secrets.clone(),
        livemode: settings.livemode,
        currency: Currency::Idr,
        success_url: settings.success_url.as_str().to_owned(),
        cancel_url: settings.cancel_url.as_str().to_owned(),
        timeout: GATEWAY_TIMEOUT,
    };
    Stripe::new(settings).context("[stripe] cannot be used")
}
