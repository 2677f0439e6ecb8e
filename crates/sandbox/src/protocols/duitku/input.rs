use serde::{Deserialize, Deserializer, de};
use serde_json::Value;
use url::Url;

use super::{
    error::DuitkuError,
    signature::{Algorithm, sign},
};

const LOWEST_AMOUNT: u64 = 10_000;
const DEFAULT_EXPIRY_MINUTES: u32 = 1440;
const ORDER_ID_CHARS: usize = 50;
const TEXT_CHARS: usize = 255;

/// A request for a payment, as the shop writes it.
///
/// Members the vendor does not document are refused: it may ignore them, but a client that sends
/// them is mistaken.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Inquiry {
    pub(super) merchant_code: String,
    #[serde(deserialize_with = "integer")]
    pub(super) payment_amount: u64,
    pub(super) payment_method: String,
    pub(super) merchant_order_id: String,
    pub(super) product_details: String,
    email: String,
    pub(super) callback_url: String,
    pub(super) return_url: String,
    pub(super) signature: String,
    #[serde(default)]
    pub(super) additional_param: String,
    #[serde(default)]
    pub(super) merchant_user_info: String,
    #[serde(default, deserialize_with = "some_integer")]
    expiry_period: Option<u64>,
    #[serde(default)]
    item_details: Vec<Item>,
    #[serde(default, rename = "customerVaName")]
    _customer_va_name: String,
    #[serde(default, rename = "phoneNumber")]
    _phone_number: String,
    #[serde(default, rename = "customerDetail")]
    _customer_detail: Value,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    #[serde(rename = "name")]
    _name: String,
    #[serde(deserialize_with = "integer")]
    price: u64,
    #[serde(rename = "quantity", deserialize_with = "integer")]
    _quantity: u64,
}

/// A question about an order.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct StatusQuery {
    pub(super) merchant_code: String,
    pub(super) merchant_order_id: String,
    pub(super) signature: String,
}

/// The body of a call.
pub(super) fn read<'b, T: Deserialize<'b>>(body: &'b [u8]) -> Result<T, DuitkuError> {
    serde_json::from_slice(body).map_err(|error| {
        tracing::debug!(%error, "refusing a call");
        DuitkuError::bad_request("The request is invalid.")
    })
}

impl Inquiry {
    /// What the inquiry would have been for an order that nobody asked a payment for.
    pub(super) fn invented(merchant_code: String, order_id: String, amount: u64) -> Self {
        Self {
            merchant_code,
            payment_amount: amount,
            payment_method: "SP".to_owned(),
            merchant_order_id: order_id,
            product_details: "Balance top-up".to_owned(),
            email: String::new(),
            callback_url: String::new(),
            return_url: String::new(),
            signature: String::new(),
            additional_param: String::new(),
            merchant_user_info: String::new(),
            expiry_period: None,
            item_details: Vec::new(),
            _customer_va_name: String::new(),
            _phone_number: String::new(),
            _customer_detail: Value::Null,
        }
    }

    pub(super) fn is_signed(&self, algorithm: Algorithm, key: &str) -> bool {
        let amount = self.payment_amount.to_string();
        let parts = [&*self.merchant_code, &*self.merchant_order_id, &*amount];
        self.signature == sign(algorithm, key, &parts)
    }

    /// Checks what has to hold beyond the form of the members.
    pub(super) fn check(&self) -> Result<(), DuitkuError> {
        let is_method = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        let longest = [&self.product_details, &self.additional_param, &self.merchant_user_info];
        let complaint = if self.payment_amount < LOWEST_AMOUNT {
            "Minimum Payment 10000 IDR"
        } else if self.merchant_order_id.is_empty() {
            "merchantOrderId is mandatory"
        } else if self.merchant_order_id.len() > ORDER_ID_CHARS {
            "merchantOrderId is too long"
        } else if self.product_details.is_empty() {
            "productDetails is mandatory"
        } else if longest.iter().any(|text| text.chars().count() > TEXT_CHARS) {
            "a text is too long"
        } else if !self.email.contains('@') {
            "Invalid Email Address"
        } else if self.payment_method.len() != 2 || !self.payment_method.bytes().all(is_method) {
            "Invalid paymentMethod"
        } else if !is_web(&self.callback_url) || !is_web(&self.return_url) {
            "Invalid URL"
        } else if self.expiry_period == Some(0) {
            "Invalid expiryPeriod"
        } else {
            return self.check_items();
        };
        Err(DuitkuError::bad_request(complaint))
    }

    fn check_items(&self) -> Result<(), DuitkuError> {
        let prices = self.item_details.iter().map(|item| item.price);
        let sum = prices.fold(0_u64, u64::saturating_add);
        if !self.item_details.is_empty() && sum != self.payment_amount {
            let message = "Payment amount must be equal to all item price";
            return Err(DuitkuError::conflict(message));
        }
        Ok(())
    }

    pub(super) fn life_seconds(&self) -> u32 {
        let minutes = self.expiry_period.map(|it| u32::try_from(it).unwrap_or(u32::MAX));
        minutes.unwrap_or(DEFAULT_EXPIRY_MINUTES).saturating_mul(60)
    }
}

fn is_web(text: &str) -> bool {
    let scheme_fits = |url: Url| matches!(url.scheme(), "http" | "https");
    text.chars().count() <= TEXT_CHARS && Url::parse(text).is_ok_and(scheme_fits)
}

/// The vendor's own examples write integers as numbers and as text.
fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(u64),
        Text(String),
    }
    match Written::deserialize(deserializer)? {
        Written::Number(number) => Ok(number),
        Written::Text(text) => text.parse().map_err(de::Error::custom),
    }
}

fn some_integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    integer(deserializer).map(Some)
}
