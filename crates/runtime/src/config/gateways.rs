use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::{HttpUrl, Keys, Section};

/// Who takes payments. Each gateway is a section of its own and may be left out.
#[derive(Debug, Clone)]
pub struct Gateways {
    /// Paying by Stripe Checkout.
    pub stripe: Option<Stripe>,
    /// Paying in coins through Heleket.
    pub heleket: Option<Heleket>,
    /// Paying in coins through Cryptomus, which speaks as Heleket does.
    pub cryptomus: Option<Cryptomus>,
    /// Paying in Indonesia through Duitku.
    pub duitku: Option<Duitku>,
    /// Paying in coins through a BTCPay Server of our own.
    pub btcpay: Option<Btcpay>,
}

impl Gateways {
    /// Reads all of them where the binary's own sections stand.
    pub fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            stripe: keys.optional_section("stripe"),
            heleket: keys.optional_section("heleket"),
            cryptomus: keys.optional_section("cryptomus"),
            duitku: keys.optional_section("duitku"),
            btcpay: keys.optional_section("btcpay"),
        }
    }
}

/// What a gateway charges customers in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChargeCurrency {
    /// Rupiah, as wallets are kept.
    Idr,
    /// US dollars, at the rate of the day.
    Usd,
}

impl ChargeCurrency {
    fn read(keys: &mut Keys<'_>, usual: Self) -> Self {
        keys.one_of("currency", usual, &[("IDR", Self::Idr), ("USD", Self::Usd)])
    }
}

/// `[stripe]`: paying by Stripe Checkout.
#[derive(Debug, Clone)]
pub struct Stripe {
    /// Stripe's own unless a stand-in answers.
    pub api_base: HttpUrl,
    /// `sk_…`.
    pub secret_key: SecretString,
    /// `whsec_…`; two while a new one is rolled out.
    pub webhook_secrets: Vec<SecretString>,
    /// Whether real money moves; notifications of the other mode are refused.
    pub livemode: bool,
    /// What customers are charged in.
    pub currency: ChargeCurrency,
    /// Where a customer lands after paying.
    pub success_url: HttpUrl,
    /// Where a customer lands after giving up.
    pub cancel_url: HttpUrl,
}

impl Section for Stripe {
    fn read(keys: &mut Keys<'_>) -> Self {
        let stripe = Self {
            api_base: keys.or("api_base", HttpUrl::fixed("https://api.stripe.com")),
            secret_key: keys.required("secret_key"),
            webhook_secrets: keys.required("webhook_secrets"),
            livemode: keys.or("livemode", true),
            currency: ChargeCurrency::read(keys, ChargeCurrency::Idr),
            success_url: keys.required("success_url"),
            cancel_url: keys.required("cancel_url"),
        };
        let genuine = |secret: &SecretString| secret.expose_secret().starts_with("whsec_");
        if stripe.webhook_secrets.is_empty() || !stripe.webhook_secrets.iter().all(genuine) {
            keys.refuse("webhook_secrets", "must be a list of secrets that begin with whsec_");
        }
        stripe
    }
}

/// An account at Heleket or Cryptomus.
#[derive(Debug, Clone)]
pub struct CoinAccount {
    /// The gateway's own unless a stand-in answers.
    pub api_base: HttpUrl,
    /// The id of the account.
    pub merchant: String,
    /// Payment keys. The first signs; notifications may be signed by any, so that one can be
    /// replaced.
    pub api_keys: Vec<SecretString>,
    /// Whether real money moves.
    pub livemode: bool,
    /// Where notifications reach webhook-ingest, from outside.
    pub callback_url: HttpUrl,
    /// Where a customer lands after giving up.
    pub return_url: HttpUrl,
    /// Where a customer lands after paying.
    pub success_url: HttpUrl,
    /// How long an invoice can be paid.
    pub lifetime: Duration,
}

impl CoinAccount {
    fn read(keys: &mut Keys<'_>, api_base: &'static str) -> Self {
        Self {
            api_base: keys.or("api_base", HttpUrl::fixed(api_base)),
            merchant: keys.required("merchant"),
            api_keys: some(keys, "api_keys"),
            livemode: keys.or("livemode", true),
            callback_url: keys.required("callback_url"),
            return_url: keys.required("return_url"),
            success_url: keys.required("success_url"),
            lifetime: keys.seconds("lifetime_seconds", 3600, 300..=43_200),
        }
    }
}

/// `[heleket]`: paying in coins.
#[derive(Debug, Clone)]
pub struct Heleket(pub CoinAccount);

impl Section for Heleket {
    fn read(keys: &mut Keys<'_>) -> Self {
        Self(CoinAccount::read(keys, "https://api.heleket.com"))
    }
}

/// `[cryptomus]`: paying in coins.
#[derive(Debug, Clone)]
pub struct Cryptomus(pub CoinAccount);

impl Section for Cryptomus {
    fn read(keys: &mut Keys<'_>) -> Self {
        Self(CoinAccount::read(keys, "https://api.cryptomus.com"))
    }
}

/// `[duitku]`: paying in Indonesia.
#[derive(Debug, Clone)]
pub struct Duitku {
    /// Duitku's own unless a stand-in answers.
    pub api_base: HttpUrl,
    /// The code of the project, such as `D1234`.
    pub merchant_code: String,
    /// API keys. The first signs; callbacks may be signed by any, so that one can be replaced.
    pub api_keys: Vec<SecretString>,
    /// How the project signs.
    pub algorithm: DuitkuAlgorithm,
    /// Whether real money moves.
    pub livemode: bool,
    /// The way to pay, two characters such as `SP` for QRIS.
    pub payment_method: String,
    /// What banks show the payer as the name of the account.
    pub shop_name: String,
    /// The address the gateway asks for with each payment: ours.
    pub email: String,
    /// Where callbacks reach webhook-ingest, from outside.
    pub callback_url: HttpUrl,
    /// Where a customer lands afterwards.
    pub return_url: HttpUrl,
    /// How long a page can be paid on.
    pub expiry: Duration,
}

/// How a project at Duitku signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DuitkuAlgorithm {
    /// The first edition.
    Md5,
    /// The newer edition.
    HmacSha256,
}

impl Section for Duitku {
    fn read(keys: &mut Keys<'_>) -> Self {
        const ALGORITHMS: [(&str, DuitkuAlgorithm); 2] =
            [("md5", DuitkuAlgorithm::Md5), ("hmac-sha256", DuitkuAlgorithm::HmacSha256)];
        Self {
            api_base: keys.or("api_base", HttpUrl::fixed("https://passport.duitku.com")),
            merchant_code: keys.required("merchant_code"),
            api_keys: some(keys, "api_keys"),
            algorithm: keys.one_of("algorithm", DuitkuAlgorithm::Md5, &ALGORITHMS),
            livemode: keys.or("livemode", true),
            payment_method: keys.or("payment_method", "SP".to_owned()),
            shop_name: keys.required("shop_name"),
            email: keys.required("email"),
            callback_url: keys.required("callback_url"),
            return_url: keys.required("return_url"),
            expiry: minutes(keys, "expiry_minutes", 60, 1..=1440),
        }
    }
}

/// `[btcpay]`: paying in coins, with a server of our own.
#[derive(Debug, Clone)]
pub struct Btcpay {
    /// Where the server answers.
    pub api_base: HttpUrl,
    /// A key for one store.
    pub api_key: SecretString,
    /// The store.
    pub store_id: String,
    /// What the store's webhook signs with; two while one is replaced.
    pub webhook_secrets: Vec<SecretString>,
    /// What customers are charged in.
    pub currency: ChargeCurrency,
    /// Where a customer lands after paying.
    pub redirect_url: HttpUrl,
    /// Ways to pay, such as `BTC-CHAIN`; all that the store has when empty.
    pub payment_methods: Vec<String>,
    /// The way in which refunds are paid out; without one there are none.
    pub refund_method: Option<String>,
    /// How long the page stays open.
    pub page_life: Duration,
}

impl Section for Btcpay {
    fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            api_base: keys.required("api_base"),
            api_key: keys.required("api_key"),
            store_id: keys.required("store_id"),
            webhook_secrets: some(keys, "webhook_secrets"),
            currency: ChargeCurrency::read(keys, ChargeCurrency::Usd),
            redirect_url: keys.required("redirect_url"),
            payment_methods: keys.or("payment_methods", Vec::new()),
            refund_method: keys.optional("refund_method"),
            page_life: minutes(keys, "page_life_minutes", 30, 5..=1440),
        }
    }
}

/// A list of secrets that has at least one: with none or a blank one anybody could sign.
fn some(keys: &mut Keys<'_>, key: &str) -> Vec<SecretString> {
    let secrets: Vec<SecretString> = keys.required(key);
    let blank = |secret: &SecretString| secret.expose_secret().trim().is_empty();
    if secrets.is_empty() || secrets.iter().any(blank) {
        keys.refuse(key, "must be a list of at least one secret, none of them blank");
    }
    secrets
}

fn minutes(
    keys: &mut Keys<'_>,
    key: &str,
    usual: u64,
    limits: std::ops::RangeInclusive<u64>,
) -> Duration {
    Duration::from_mins(keys.within(key, usual, limits))
}

#[cfg(test)]
mod tests {
    use super::super::{Source, load};
    use super::*;

    struct Root(Gateways);

    impl Section for Root {
        fn read(keys: &mut Keys<'_>) -> Self {
            Self(Gateways::read(keys))
        }
    }

    fn read(toml: &str) -> Result<Gateways, String> {
        let source = Source::new(toml, Vec::<(String, String)>::new()).unwrap();
        load::<Root>(&source).map(|loaded| loaded.config.0).map_err(|faults| faults.to_string())
    }

    #[test]
    fn wants_all_of_a_gateway_or_nothing() {
        assert!(read("").unwrap().stripe.is_none());
        let faults = read("[stripe]\nwebhook_secrets = [\"[whsec_a]\"]").err().unwrap();
        for key in ["secret_key", "webhook_secrets", "success_url", "cancel_url"] {
            assert!(faults.contains(&format!("stripe.{key}")), "{faults}");
        }
        for (section, key) in
            [("heleket", "merchant"), ("cryptomus", "api_keys"), ("duitku", "shop_name")]
        {
            let faults = read(&format!("[{section}]\nlivemode = false")).err().unwrap();
            assert!(faults.contains(&format!("{section}.{key}")), "{faults}");
        }
    }

    #[test]
    fn refuses_secrets_with_which_anybody_could_sign() {
        for list in ["[]", "[\" \"]", "[\"good\", \"\"]"] {
            let faults = read(&format!("[btcpay]\nwebhook_secrets = {list}")).err().unwrap();
            assert!(faults.contains("btcpay.webhook_secrets"), "{list}: {faults}");
        }
    }

    #[test]
    fn reads_a_whole_account() {
        let gateways = read(
            "[heleket]
             merchant = \"m-1\"
             api_keys = [\"new\", \"old\"]
             callback_url = \"https://in.example/heleket\"
             return_url = \"https://shop.example/back\"
             success_url = \"https://shop.example/paid\"",
        );
        let Heleket(account) = gateways.unwrap().heleket.unwrap();
        assert_eq!(account.api_base.as_str().trim_end_matches('/'), "https://api.heleket.com");
        assert_eq!((account.api_keys.len(), account.livemode), (2, true));
        assert_eq!(account.lifetime, Duration::from_hours(1));
    }
}
