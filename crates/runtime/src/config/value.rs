use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// A setting as written, before it has a type.
#[derive(Clone, Copy)]
pub enum Raw<'a> {
    /// From the environment or a `_file` twin: always text.
    Text(&'a str),
    /// From the TOML file: typed already.
    Toml(&'a toml::Value),
}

impl<'a> Raw<'a> {
    /// Text, unless the file holds something else there.
    pub fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Toml(value) => value.as_str(),
        }
    }

    /// A whole number.
    pub fn integer(self) -> Option<i64> {
        match self {
            Self::Text(text) => text.parse().ok(),
            Self::Toml(value) => value.as_integer(),
        }
    }

    /// `true` or `false`.
    pub fn boolean(self) -> Option<bool> {
        match self {
            Self::Text(text) => text.parse().ok(),
            Self::Toml(value) => value.as_bool(),
        }
    }

    /// A TOML array, or text separated by commas.
    pub fn list(self) -> Option<Vec<Self>> {
        match self {
            Self::Text(text) => Some(text.split(',').map(|part| Self::Text(part.trim())).collect()),
            Self::Toml(value) => Some(value.as_array()?.iter().map(Self::Toml).collect()),
        }
    }
}

/// A type a key can have.
pub trait Value: Sized {
    /// Completes the sentence "must be …".
    const EXPECTED: &'static str;

    /// Reads the setting; `None` when it is something else.
    fn parse(raw: Raw<'_>) -> Option<Self>;

    /// Stands in for a bad value until the whole configuration is refused.
    fn placeholder() -> Self;

    /// The value as TOML, for the reference; hides secrets.
    fn render(&self) -> String;
}

impl Value for String {
    const EXPECTED: &'static str = "text that is not empty";

    fn parse(raw: Raw<'_>) -> Option<Self> {
        raw.text().filter(|text| !text.is_empty()).map(str::to_owned)
    }

    fn placeholder() -> Self {
        Self::new()
    }

    fn render(&self) -> String {
        format!("{self:?}")
    }
}

impl Value for SecretString {
    const EXPECTED: &'static str = "a secret that is not empty";

    fn parse(raw: Raw<'_>) -> Option<Self> {
        String::parse(raw).map(Self::from)
    }

    fn placeholder() -> Self {
        Self::from("")
    }

    fn render(&self) -> String {
        "\"…\"".to_owned()
    }
}

impl Value for bool {
    const EXPECTED: &'static str = "true or false";

    fn parse(raw: Raw<'_>) -> Option<Self> {
        raw.boolean()
    }

    fn placeholder() -> Self {
        false
    }

    fn render(&self) -> String {
        self.to_string()
    }
}

macro_rules! whole_numbers {
    ($($kind:ty),+) => {$(
        impl Value for $kind {
            const EXPECTED: &'static str = concat!("a whole number (", stringify!($kind), ")");

            fn parse(raw: Raw<'_>) -> Option<Self> {
                Self::try_from(raw.integer()?).ok()
            }

            fn placeholder() -> Self {
                0
            }

            fn render(&self) -> String {
                self.to_string()
            }
        }
    )+};
}

whole_numbers!(u8, u16, u32, u64, usize, i32, i64);

impl Value for SocketAddr {
    const EXPECTED: &'static str = "an address with a port, such as 127.0.0.1:8080";

    fn parse(raw: Raw<'_>) -> Option<Self> {
        raw.text()?.parse().ok()
    }

    fn placeholder() -> Self {
        Self::from((Ipv4Addr::UNSPECIFIED, 0))
    }

    fn render(&self) -> String {
        format!("\"{self}\"")
    }
}

impl Value for IpAddr {
    const EXPECTED: &'static str = "an IP address";

    fn parse(raw: Raw<'_>) -> Option<Self> {
        raw.text()?.parse().ok()
    }

    fn placeholder() -> Self {
        Self::from(Ipv4Addr::UNSPECIFIED)
    }

    fn render(&self) -> String {
        format!("\"{self}\"")
    }
}

impl Value for PathBuf {
    const EXPECTED: &'static str = "a path";

    fn parse(raw: Raw<'_>) -> Option<Self> {
        String::parse(raw).map(Self::from)
    }

    fn placeholder() -> Self {
        Self::new()
    }

    fn render(&self) -> String {
        format!("{:?}", self.display().to_string())
    }
}

impl<T: Value> Value for Vec<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn parse(raw: Raw<'_>) -> Option<Self> {
        raw.list()?.into_iter().map(T::parse).collect()
    }

    fn placeholder() -> Self {
        Self::new()
    }

    fn render(&self) -> String {
        let items: Vec<_> = self.iter().map(Value::render).collect();
        format!("[{}]", items.join(", "))
    }
}

/// An `http` or `https` address without user and password, safe to log.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpUrl(String);

impl HttpUrl {
    /// A default, known to be well formed.
    pub(super) fn fixed(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    /// The address without a slash at its end, so that paths can be appended.
    pub fn as_str(&self) -> &str {
        self.0.trim_end_matches('/')
    }
}

impl fmt::Debug for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Value for HttpUrl {
    const EXPECTED: &'static str = "an http:// or https:// address without user and password";

    fn parse(raw: Raw<'_>) -> Option<Self> {
        let text = raw.text()?;
        let url = Url::parse(text).ok()?;
        let plain = url.username().is_empty() && url.password().is_none();
        (plain && matches!(url.scheme(), "http" | "https")).then(|| Self(text.to_owned()))
    }

    fn placeholder() -> Self {
        Self(String::new())
    }

    fn render(&self) -> String {
        self.0.render()
    }
}

/// Reads a secret address with one of `schemes` and a host.
pub(super) fn secret_url(raw: Raw<'_>, schemes: &[&str]) -> Option<SecretString> {
    let secret = SecretString::parse(raw)?;
    let url = Url::parse(secret.expose_secret()).ok()?;
    (schemes.contains(&url.scheme()) && url.has_host()).then_some(secret)
}

/// A decimal such as `0.015`, kept as written so that no precision is lost.
pub(super) fn decimal(raw: Raw<'_>) -> Option<String> {
    let text = raw.text()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    (digits(whole) && digits(fraction)).then(|| text.to_owned())
}
