use serde::Deserialize;

use super::{Autopilot, FaultPlan, Provider};
use crate::decimal::Decimal;

/// The settings to change; absent ones stay.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SettingsUpdate {
    /// An empty text turns callbacks off.
    callback_url: Option<String>,
    min_cancel_seconds: Option<u32>,
    /// Applies to numbers already sold as well.
    lifetime_seconds: Option<u32>,
    balance_usd: Option<Decimal>,
    api_key: Option<String>,
    /// How many numbers each pair of service and country has from now on.
    stock: Option<u64>,
    callback_retry_ms: Option<u64>,
}

impl Provider {
    pub(crate) fn update(&self, update: SettingsUpdate) {
        let mut book = self.open_book();
        let settings = &mut book.settings;
        if let Some(url) = update.callback_url {
            settings.callback_url = Some(url).filter(|url| !url.is_empty());
        }
        if let Some(api_key) = update.api_key {
            settings.api_key = api_key;
        }
        if let Some(seconds) = update.min_cancel_seconds {
            settings.min_cancel_seconds = seconds;
        }
        if let Some(retry_ms) = update.callback_retry_ms {
            settings.callback_retry_ms = retry_ms;
        }
        if let Some(seconds) = update.lifetime_seconds {
            settings.lifetime_seconds = seconds;
            book.restart_deadlines();
        }
        if let Some(balance) = update.balance_usd {
            book.balance = balance;
        }
        if let Some(stock) = update.stock {
            for offer in &mut book.offers {
                offer.stock = stock;
            }
        }
    }

    pub(crate) fn set_faults(&self, faults: FaultPlan) {
        self.open_book().faults = faults;
    }

    pub(crate) fn set_autopilot(&self, autopilot: Option<Autopilot>) {
        self.open_book().autopilot = autopilot;
    }
}
