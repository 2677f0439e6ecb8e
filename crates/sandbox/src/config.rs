use std::fmt;

use crate::protocols::duitku::signature::Algorithm as DuitkuAlgorithm;

/// What a sandbox starts with; `POST /control/reset` returns to it.
#[derive(Clone)]
pub struct Config {
    /// Decides prices, stock, phone numbers, codes and ids.
    pub seed: u64,
    /// Names of the providers; an earlier one is cheaper than a later one.
    pub providers: Vec<String>,
    /// Age below which a purchase cannot be cancelled.
    pub min_cancel_seconds: u32,
    /// Time after which an activation ends by itself.
    pub lifetime_seconds: u32,
    /// The only API key the Stripe stand-in accepts.
    pub stripe_key: String,
    /// Signs the events of the Stripe stand-in.
    pub stripe_webhook_secret: String,
    /// Where events go; without it they can only be listed.
    pub stripe_webhook_url: Option<String>,
    /// The shop's account at the Heleket stand-in.
    pub heleket: HeleketConfig,
    /// The shop's store at the BTCPay stand-in.
    pub btcpay: BtcpayConfig,
    /// The shop's account at the Duitku stand-in.
    pub duitku: DuitkuConfig,
}

/// A shop's account at the Duitku stand-in.
#[derive(Clone)]
pub struct DuitkuConfig {
    /// Names the shop.
    pub merchant_code: String,
    /// Signs requests and callbacks.
    pub key: String,
    /// What both sides sign with.
    pub algorithm: DuitkuAlgorithm,
}

impl Default for DuitkuConfig {
    fn default() -> Self {
        Self {
            merchant_code: "DSANDBOX".to_owned(),
            key: "duitku_sandbox".to_owned(),
            algorithm: DuitkuAlgorithm::Md5,
        }
    }
}

/// A shop's account at the Heleket stand-in.
#[derive(Clone)]
pub struct HeleketConfig {
    /// Names the shop.
    pub merchant: String,
    /// Signs requests and callbacks.
    pub key: String,
}

impl Default for HeleketConfig {
    fn default() -> Self {
        Self {
            merchant: "5a9d0c1e-0000-4000-8000-000000000001".to_owned(),
            key: "heleket_sandbox".to_owned(),
        }
    }
}

/// A shop's store at the BTCPay stand-in.
#[derive(Clone)]
pub struct BtcpayConfig {
    /// Names the store.
    pub store_id: String,
    /// The API key that shops show.
    pub key: String,
    /// Signs what the webhook sends.
    pub webhook_secret: String,
    /// Where the webhook sends to; without it nothing is sent.
    pub webhook_url: Option<String>,
}

impl Default for BtcpayConfig {
    fn default() -> Self {
        Self {
            store_id: "SandboxStore".to_owned(),
            key: "btcpay_sandbox".to_owned(),
            webhook_secret: "btcpay_secret_sandbox".to_owned(),
            webhook_url: None,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 1,
            providers: ["alpha", "beta", "gamma"].map(String::from).to_vec(),
            min_cancel_seconds: 120,
            lifetime_seconds: 1200,
            stripe_key: "sk_test_sandbox".to_owned(),
            stripe_webhook_secret: "whsec_sandbox".to_owned(),
            stripe_webhook_url: None,
            heleket: HeleketConfig::default(),
            btcpay: BtcpayConfig::default(),
            duitku: DuitkuConfig::default(),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("seed", &self.seed)
            .field("providers", &self.providers)
            .field("min_cancel_seconds", &self.min_cancel_seconds)
            .field("lifetime_seconds", &self.lifetime_seconds)
            .finish_non_exhaustive()
    }
}
