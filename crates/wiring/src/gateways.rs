use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use domain::{gateways::PaymentGateway, money::Currency};
use infra::pay::{
    Gateways,
    btcpay::{Btcpay, BtcpaySettings},
    cryptomus::{Cryptomus, CryptomusService, CryptomusSettings},
    duitku::{Duitku, DuitkuAlgorithm, DuitkuSettings},
    stripe::{Stripe, StripeSettings},
};
use runtime::config::{self, ChargeCurrency};

/// The payment gateways that are set up; `timeout` is what one try of a call may take.
///
/// # Errors
/// Names the section that cannot be used.
pub fn gateways(config: &config::Gateways, timeout: Duration) -> anyhow::Result<Gateways> {
    let mut all: Vec<Arc<dyn PaymentGateway>> = Vec::new();
    if let Some(config) = &config.stripe {
        let gateway = Stripe::new(stripe(config, timeout));
        all.push(Arc::new(gateway.context("[stripe] cannot be used")?));
    }
    if let Some(config::Heleket(account)) = &config.heleket {
        let gateway = Cryptomus::new(coins(CryptomusService::Heleket, account, timeout));
        all.push(Arc::new(gateway.context("[heleket] cannot be used")?));
    }
    if let Some(config::Cryptomus(account)) = &config.cryptomus {
        let gateway = Cryptomus::new(coins(CryptomusService::Cryptomus, account, timeout));
        all.push(Arc::new(gateway.context("[cryptomus] cannot be used")?));
    }
    if let Some(config) = &config.duitku {
        let gateway = Duitku::new(duitku(config, timeout));
        all.push(Arc::new(gateway.context("[duitku] cannot be used")?));
    }
    if let Some(config) = &config.btcpay {
        let gateway = Btcpay::new(btcpay(config, timeout));
        all.push(Arc::new(gateway.context("[btcpay] cannot be used")?));
    }
    Ok(Gateways::new(&all))
}

const fn currency(charge: ChargeCurrency) -> Currency {
    match charge {
        ChargeCurrency::Idr => Currency::Idr,
        ChargeCurrency::Usd => Currency::Usd,
    }
}

fn stripe(config: &config::Stripe, timeout: Duration) -> StripeSettings {
    StripeSettings {
        api_base: config.api_base.to_string(),
        secret_key: config.secret_key.clone(),
        webhook_secrets: config.webhook_secrets.clone(),
        livemode: config.livemode,
        currency: currency(config.currency),
        success_url: config.success_url.to_string(),
        cancel_url: config.cancel_url.to_string(),
        timeout,
    }
}

fn coins(
    service: CryptomusService,
    account: &config::CoinAccount,
    timeout: Duration,
) -> CryptomusSettings {
    CryptomusSettings {
        service,
        api_base: account.api_base.to_string(),
        merchant: account.merchant.clone(),
        api_keys: account.api_keys.clone(),
        livemode: account.livemode,
        callback_url: account.callback_url.to_string(),
        return_url: account.return_url.to_string(),
        success_url: account.success_url.to_string(),
        lifetime: account.lifetime,
        timeout,
    }
}

fn duitku(config: &config::Duitku, timeout: Duration) -> DuitkuSettings {
    DuitkuSettings {
        api_base: config.api_base.to_string(),
        merchant_code: config.merchant_code.clone(),
        api_keys: config.api_keys.clone(),
        algorithm: match config.algorithm {
            config::DuitkuAlgorithm::Md5 => DuitkuAlgorithm::Md5,
            config::DuitkuAlgorithm::HmacSha256 => DuitkuAlgorithm::HmacSha256,
        },
        livemode: config.livemode,
        payment_method: config.payment_method.clone(),
        shop_name: config.shop_name.clone(),
        email: config.email.clone(),
        callback_url: config.callback_url.to_string(),
        return_url: config.return_url.to_string(),
        expiry: config.expiry,
        timeout,
    }
}

fn btcpay(config: &config::Btcpay, timeout: Duration) -> BtcpaySettings {
    BtcpaySettings {
        api_base: config.api_base.to_string(),
        api_key: config.api_key.clone(),
        store_id: config.store_id.clone(),
        webhook_secrets: config.webhook_secrets.clone(),
        currency: currency(config.currency),
        redirect_url: config.redirect_url.to_string(),
        payment_methods: config.payment_methods.clone(),
        refund_method: config.refund_method.clone(),
        page_life: config.page_life,
        timeout,
    }
}
