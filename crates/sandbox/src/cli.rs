use std::{net::SocketAddr, path::PathBuf};

use clap::Parser;
use sandbox::{BtcpayConfig, Config, DuitkuAlgorithm, DuitkuConfig, HeleketConfig};

/// Stand-ins for SMS providers and payment gateways, with faults on demand.
#[derive(Parser)]
#[command(version)]
pub(crate) struct Cli {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// Writes the bound address into this file once the sandbox listens.
    #[arg(long)]
    pub(crate) addr_file: Option<PathBuf>,
    /// Decides prices, stock, phone numbers, codes and ids.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Names of the providers, the cheapest first.
    #[arg(long, value_delimiter = ',', default_value = "alpha,beta,gamma")]
    providers: Vec<String>,
    /// Age below which a purchase cannot be cancelled.
    #[arg(long, default_value_t = 120)]
    min_cancel_seconds: u32,
    /// Time after which an activation ends by itself.
    #[arg(long, default_value_t = 1200)]
    lifetime_seconds: u32,
    /// The API key the Stripe stand-in accepts.
    #[arg(long, default_value = "sk_test_sandbox")]
    stripe_key: String,
    /// Signs the events of the Stripe stand-in.
    #[arg(long, default_value = "whsec_sandbox")]
    stripe_webhook_secret: String,
    /// Where the Stripe stand-in sends its events.
    #[arg(long)]
    stripe_webhook_url: Option<String>,
    /// Names the shop at the Heleket stand-in.
    #[arg(long, default_value_t = HeleketConfig::default().merchant)]
    heleket_merchant: String,
    /// Signs the requests to the Heleket stand-in and its callbacks.
    #[arg(long, default_value_t = HeleketConfig::default().key)]
    heleket_key: String,
    /// Names the store at the BTCPay stand-in.
    #[arg(long, default_value_t = BtcpayConfig::default().store_id)]
    btcpay_store_id: String,
    /// The API key the BTCPay stand-in accepts.
    #[arg(long, default_value_t = BtcpayConfig::default().key)]
    btcpay_key: String,
    /// Signs what the BTCPay stand-in sends.
    #[arg(long, default_value_t = BtcpayConfig::default().webhook_secret)]
    btcpay_webhook_secret: String,
    /// Where the BTCPay stand-in sends its events.
    #[arg(long)]
    btcpay_webhook_url: Option<String>,
    /// Names the shop at the Duitku stand-in.
    #[arg(long, default_value_t = DuitkuConfig::default().merchant_code)]
    duitku_merchant_code: String,
    /// Signs the requests to the Duitku stand-in and its callbacks.
    #[arg(long, default_value_t = DuitkuConfig::default().key)]
    duitku_key: String,
    /// Lets the Duitku stand-in sign with HMAC-SHA256 instead of MD5.
    #[arg(long)]
    duitku_hmac: bool,
}

impl Cli {
    pub(crate) fn into_config(self) -> Config {
        Config {
            seed: self.seed,
            providers: self.providers,
            min_cancel_seconds: self.min_cancel_seconds,
            lifetime_seconds: self.lifetime_seconds,
            stripe_key: self.stripe_key,
            stripe_webhook_secret: self.stripe_webhook_secret,
            stripe_webhook_url: self.stripe_webhook_url,
            heleket: HeleketConfig { merchant: self.heleket_merchant, key: self.heleket_key },
            btcpay: BtcpayConfig {
                store_id: self.btcpay_store_id,
                key: self.btcpay_key,
                webhook_secret: self.btcpay_webhook_secret,
                webhook_url: self.btcpay_webhook_url,
            },
            duitku: DuitkuConfig {
                merchant_code: self.duitku_merchant_code,
                key: self.duitku_key,
                algorithm: if self.duitku_hmac {
                    DuitkuAlgorithm::HmacSha256
                } else {
                    DuitkuAlgorithm::Md5
                },
            },
        }
    }
}
