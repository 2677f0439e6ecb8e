use std::sync::Arc;

use domain::hooks::Schedule;
use infra::{
    hooks::{HookClient, HookSettings, HookSetupError, SystemNames},
    system::SystemClock,
};
use runtime::config;

/// What calls servers of customers.
///
/// # Errors
/// When a network is none.
pub fn hook_client(webhooks: &config::Webhooks) -> Result<HookClient, HookSetupError> {
    let settings = HookSettings {
        timeout: webhooks.timeout,
        open: webhooks.allow_plain_http_to.clone(),
        closed: webhooks.deny.clone(),
    };
    HookClient::new(&settings, Arc::new(SystemNames), Arc::new(SystemClock))
}

/// When they are called again.
pub const fn hook_schedule(webhooks: &config::Webhooks) -> Schedule {
    Schedule { percent: webhooks.schedule_percent }
}
