//! What is behind the ports; nothing else here knows.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use domain::{
    gateways::{GatewayDirectory as _, PaymentGateway},
    inbox::receive::ReceiveSms,
    outbox::Wake,
    topups::record::RecordNotice,
};
use http_kit::{Health, Limits, Stages, health_routes, standard};
use infra::{
    crypto::Sealer,
    postgres::Postgres,
    redis::{Redis, Waker},
    sms::Registry,
    system::SystemClock,
};
use runtime::App;
use wiring::{gateways, provider_settings};

use crate::{
    config::Config,
    payments::PaymentDesk,
    routes::{Ingest, router},
    sms::{Senders, SmsDesk},
};

/// The largest notification of a gateway; an SMS callback has a smaller limit of its own.
const BODY_BYTES: usize = 256 * 1024;
/// Longer than storing takes when the database is slow; senders give up at about this time.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Unused here: gateways are only listened to.
const GATEWAY_TIMEOUT: Duration = Duration::from_secs(10);

/// Connects and serves.
pub async fn start(config: Config, app: App) -> anyhow::Result<()> {
    let stop = app.supervisor.stop();
    let sealer = Sealer::from_hex(&config.secrets.seal_key)?;
    let postgres = Arc::new(wiring::postgres(&config.database, sealer)?);
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
    let record = |gateway: Arc<dyn PaymentGateway>| {
        let code = gateway.terms().gateway;
        let record = RecordNotice::new(gateway, postgres.clone(), wake.clone(), clock.clone());
        PaymentDesk::new(code, record)
    };
    let gateways = gateways(&config.gateways, GATEWAY_TIMEOUT)?;
    Ok(Ingest { sms, payments: gateways.all().into_iter().map(record).collect() })
}
