use std::sync::Arc;

use domain::hooks::{
    Schedule,
    deliver::{DeliverMessage, DeliverPorts},
};
use infra::{
    hooks::{HookClient, HookSettings, HookSetupError, SystemNames},
    postgres::Postgres,
    system::SystemClock,
};
use runtime::config;

/// What calls servers of customers.
///
/// # Errors
/// When a network is none, or a certificate.
pub fn hook_client(webhooks: &config::Webhooks) -> Result<HookClient, HookSetupError> {
    let settings = HookSettings {
        timeout: webhooks.timeout,
        open: webhooks.allow_plain_http_to.clone(),
        closed: webhooks.deny.clone(),
        extra_ca: webhooks.extra_ca.clone(),
    };
    HookClient::new(&settings, Arc::new(SystemNames), Arc::new(SystemClock))
}

/// Sends messages to servers of customers.
pub fn deliver_messages(
    postgres: Arc<Postgres>,
    sender: Arc<HookClient>,
    webhooks: &config::Webhooks,
) -> DeliverMessage {
    let ports = DeliverPorts {
        store: postgres.clone(),
        hooks: postgres.clone(),
        orders: postgres.clone(),
        inbox: postgres,
        sender,
        clock: Arc::new(SystemClock),
    };
    DeliverMessage::new(ports, Schedule { percent: webhooks.schedule_percent })
}
