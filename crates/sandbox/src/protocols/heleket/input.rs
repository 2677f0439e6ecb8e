use std::collections::BTreeMap;

use serde_json::{Map, Value};
use url::Url;

use super::error::HeleketError;
use crate::decimal::Decimal;

const ID_CHARS: usize = 128;
const DATA_CHARS: usize = 255;
const URL_CHARS: std::ops::RangeInclusive<usize> = 6..=255;
const LIFETIME_SECONDS: std::ops::RangeInclusive<u64> = 300..=43_200;
const DEFAULT_LIFETIME_SECONDS: u64 = 3600;

/// A shop prices in dollars or in the coin worth one.
const CURRENCIES: [&str; 2] = ["USD", "USDT"];

/// Members of a request, read one by one while the broken rules add up.
struct Input {
    members: Map<String, Value>,
    errors: BTreeMap<String, Vec<String>>,
}

/// A new invoice as the shop asks for it.
pub(super) struct Create {
    pub(super) amount: Decimal,
    pub(super) currency: String,
    pub(super) order_id: String,
    pub(super) url_success: Option<String>,
    pub(super) url_callback: Option<String>,
    pub(super) additional_data: Option<String>,
    pub(super) lifetime_seconds: u32,
    /// Whether a short payment can be completed by a further one.
    pub(super) is_payment_multiple: bool,
    /// How many per cent may be missing.
    pub(super) accuracy_payment_percent: u32,
}

/// Which invoice a call is about.
pub(super) enum Named {
    Uuid(String),
    Order(String),
}

/// A refund as the shop asks for it.
pub(super) struct Refund {
    pub(super) named: Named,
    pub(super) address: String,
}

impl Create {
    pub(super) fn read(body: &[u8]) -> Result<Self, HeleketError> {
        let mut input = Input::read(body)?;
        let amount = input.amount();
        let currency = input.required("currency");
        if !currency.is_empty() && !CURRENCIES.contains(&currency.as_str()) {
            input.refuse("currency", "validation.exists");
        }
        let order_id = input.required("order_id");
        input.check_id("order_id", &order_id);
        let [_, url_success, url_callback] =
            ["url_return", "url_success", "url_callback"].map(|name| input.url(name));
        let additional_data = input.text("additional_data");
        if additional_data.as_ref().is_some_and(|it| it.chars().count() > DATA_CHARS) {
            input.refuse("additional_data", "validation.max.string");
        }
        let lifetime = input.integer("lifetime").unwrap_or(DEFAULT_LIFETIME_SECONDS);
        if !LIFETIME_SECONDS.contains(&lifetime) {
            input.refuse("lifetime", "validation.between.numeric");
        }
        let percent = input.integer("accuracy_payment_percent").unwrap_or(0);
        if percent > 5 {
            input.refuse("accuracy_payment_percent", "validation.max.numeric");
        }
        let is_payment_multiple = input.boolean("is_payment_multiple").unwrap_or(true);
        for name in ["network", "to_currency"] {
            input.text(name);
        }
        input.end()?;
        Ok(Self {
            amount,
            currency,
            order_id,
            url_success,
            url_callback,
            additional_data,
            lifetime_seconds: u32::try_from(lifetime).unwrap_or(u32::MAX),
            is_payment_multiple,
            accuracy_payment_percent: u32::try_from(percent).unwrap_or(0),
        })
    }
}

impl Named {
    pub(super) fn read(body: &[u8]) -> Result<Self, HeleketError> {
        let mut input = Input::read(body)?;
        let named = input.named();
        input.end()?;
        named.ok_or_else(HeleketError::not_found)
    }
}

impl Refund {
    pub(super) fn read(body: &[u8]) -> Result<Self, HeleketError> {
        let mut input = Input::read(body)?;
        let named = input.named();
        let address = input.required("address");
        if !input.members.contains_key("is_subtract") {
            input.refuse("is_subtract", "validation.required");
        }
        input.boolean("is_subtract");
        input.end()?;
        Ok(Self { named: named.ok_or_else(HeleketError::not_found)?, address })
    }
}

impl Input {
    fn read(body: &[u8]) -> Result<Self, HeleketError> {
        let members = serde_json::from_slice(body);
        let members = members.map_err(|_| HeleketError::refused("The body is not a document"))?;
        Ok(Self { members, errors: BTreeMap::new() })
    }

    /// Fails when a rule was broken. Members nobody asked for count as broken too: the vendor may
    /// ignore them, but a client that sends them is mistaken.
    fn end(mut self) -> Result<(), HeleketError> {
        for name in std::mem::take(&mut self.members).into_iter().map(|(name, _)| name) {
            self.refuse(&name, "validation.unknown");
        }
        if self.errors.is_empty() { Ok(()) } else { Err(HeleketError::invalid(self.errors)) }
    }

    fn refuse(&mut self, name: &str, rule: &str) {
        self.errors.entry(name.to_owned()).or_default().push(rule.to_owned());
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name).filter(|value| !value.is_null())
    }

    fn text(&mut self, name: &str) -> Option<String> {
        let value = self.take(name)?;
        let text = value.as_str().map(str::to_owned);
        if text.is_none() {
            self.refuse(name, "validation.string");
        }
        text
    }

    fn required(&mut self, name: &str) -> String {
        let text = self.text(name).unwrap_or_default();
        if text.is_empty() && !self.errors.contains_key(name) {
            self.refuse(name, "validation.required");
        }
        text
    }

    fn amount(&mut self) -> Decimal {
        let text = self.required("amount");
        let amount = Decimal::parse(&text).filter(|amount| *amount > Decimal::ZERO);
        if amount.is_none() && !text.is_empty() {
            self.refuse("amount", "validation.numeric");
        }
        amount.unwrap_or_default()
    }

    fn integer(&mut self, name: &str) -> Option<u64> {
        let number = self.take(name)?;
        let integer = number.as_u64();
        if integer.is_none() {
            self.refuse(name, "validation.integer");
        }
        integer
    }

    /// The vendor's own example of a refund writes a truth value as text.
    fn boolean(&mut self, name: &str) -> Option<bool> {
        match self.take(name)? {
            Value::Bool(value) => Some(value),
            Value::String(text) if text == "true" || text == "false" => Some(text == "true"),
            _ => {
                self.refuse(name, "validation.boolean");
                None
            }
        }
    }

    fn url(&mut self, name: &str) -> Option<String> {
        let text = self.text(name)?;
        let is_web = Url::parse(&text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !is_web || !URL_CHARS.contains(&text.chars().count()) {
            self.refuse(name, "validation.url");
        }
        Some(text)
    }

    fn check_id(&mut self, name: &str, id: &str) {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if !id.bytes().all(is_plain) {
            self.refuse(name, "validation.alpha_dash");
        }
        if id.len() > ID_CHARS {
            self.refuse(name, "validation.max.string");
        }
    }

    /// Given both, the vendor goes by the order.
    fn named(&mut self) -> Option<Named> {
        let (uuid, order) = (self.text("uuid"), self.text("order_id"));
        if uuid.is_none() && order.is_none() {
            for name in ["uuid", "order_id"] {
                self.refuse(name, "validation.required_without");
            }
        }
        order.map(Named::Order).or(uuid.map(Named::Uuid))
    }
}
