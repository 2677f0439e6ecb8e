use std::{io, time::Duration};

use axum::{
    Router,
    routing::{any, get},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config,
    control, courier,
    protocols::{btcpay, duitku, heleket, sms_activate, stripe},
    rates,
    wire::{CuttableListener, Scissors},
    world::App,
};

/// How often checkouts are looked at for having run out.
const TICK: Duration = Duration::from_secs(1);

/// Answers on `listener` until `stop` completes, then ends open requests and background work.
///
/// # Errors
/// When the HTTP client for callbacks cannot be built or the listener fails.
pub async fn serve(
    config: Config,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let client = courier::client().map_err(io::Error::other)?;
    let stopped = CancellationToken::new();
    let app = App::new(config, client, stopped.clone());
    let service = router(app.clone()).into_make_service_with_connect_info::<Scissors>();
    let signal = stopped.clone();
    let shutdown = async move {
        tokio::select! {
            () = stop => {}
            () = tick(&app) => {}
        }
        signal.cancel();
        app.world().courier.close().await;
    };
    axum::serve(CuttableListener(listener), service).with_graceful_shutdown(shutdown).await
}

fn router(app: App) -> Router {
    let gateway = Router::new().route("/v1/{*path}", any(stripe::handle));
    Router::new()
        .route("/p/{provider}/stubs/handler_api.php", any(sms_activate::handle))
        .merge(gateway.clone())
        .nest("/stripe", gateway)
        .route("/checkout/{id}", get(stripe::page::show).post(stripe::page::pay))
        .route("/duitku/webapi/api/merchant/{*path}", any(duitku::handle))
        .route("/duitku/pay/{reference}", get(duitku::page::show).post(duitku::page::pay))
        .route("/heleket/v1/{*path}", any(heleket::handle))
        .route("/heleket/pay/{uuid}", get(heleket::page::show).post(heleket::page::pay))
        .route("/btcpay/api/v1/{*path}", any(btcpay::handle))
        .route("/i/{id}", get(btcpay::page::show).post(btcpay::page::pay))
        .route("/rates/usd-idr", get(rates::handle))
        .nest("/control", control::routes())
        .with_state(app)
}

async fn tick(app: &App) {
    let mut interval = tokio::time::interval(TICK);
    loop {
        interval.tick().await;
        app.world().expire_due();
    }
}
