use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    desk::Heleket,
    php::{Slashes, encode},
    signature::sign,
};
use crate::{
    decimal::Decimal,
    protocols::gateway::{Letter, Members, Sending, Shape, Teller as _},
};

const FOREIGN_KEY: &str = "heleket_key_of_somebody_else";

/// In which shape a callback reaches its receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Deliver {
    /// As it should be.
    #[default]
    Fresh,
    /// Not at all; the shop has to ask.
    None,
    /// The same bytes twice.
    Duplicate,
    /// Ten times the amount under the signature of the right one.
    Tampered,
    /// Signed with a key of somebody else.
    WrongSecret,
    /// Signed with the last of the gateway's keys instead of the first.
    OldSecret,
    /// Without a signature.
    Unsigned,
    /// Something that is no signature in its place.
    BadSign,
    /// Slashes as they are in the body, but escaped in what was signed.
    Unescaped,
    /// The signature in front of everything else.
    SignFirst,
}

impl Shape for Deliver {
    const FRESH: Self = Self::Fresh;

    fn copies(self) -> usize {
        match self {
            Self::None => 0,
            Self::Duplicate => 2,
            _ => 1,
        }
    }

    fn is_genuine(self) -> bool {
        matches!(
            self,
            Self::Fresh | Self::Duplicate | Self::OldSecret | Self::Unescaped | Self::SignFirst
        )
    }
}

impl Heleket {
    /// Ends the invoices that have run out and sends what there is to send, in order.
    pub(crate) fn flush(self: &Arc<Self>) {
        let outgoing = std::mem::take(&mut self.desk().outgoing);
        if outgoing.is_empty() {
            return;
        }
        let heleket = Arc::clone(self);
        self.courier.detach(async move {
            if heleket.deliver(&outgoing, &Sending::usual()).await.is_err() {
                tracing::warn!("a callback is gone before it was sent");
            }
        });
    }
}

pub(super) fn letter(how: Deliver, facts: &Members, keys: &[String]) -> Letter {
    let key = match how {
        Deliver::WrongSecret => Some(FOREIGN_KEY),
        Deliver::OldSecret => keys.last().map(String::as_str),
        _ => keys.first().map(String::as_str),
    };
    let escaped = encode(facts, Slashes::Escaped);
    let signature = sign(key.unwrap_or_default(), escaped.as_bytes());
    let body = match how {
        Deliver::Unsigned => escaped,
        Deliver::BadSign => signed(&escaped, "not a signature"),
        Deliver::Tampered => signed(&encode(&tampered(facts), Slashes::Escaped), &signature),
        Deliver::Unescaped => signed(&encode(facts, Slashes::Plain), &signature),
        Deliver::SignFirst => {
            format!("{{\"sign\":\"{signature}\",{}", escaped.strip_prefix('{').unwrap_or_default())
        }
        _ => signed(&escaped, &signature),
    };
    Letter { content_type: "application/json", body: Bytes::from(body) }
}

/// The document with the signature as its last member.
fn signed(document: &str, signature: &str) -> String {
    format!("{},\"sign\":\"{signature}\"}}", document.strip_suffix('}').unwrap_or_default())
}

fn tampered(facts: &Members) -> Members {
    let ten = Decimal::cents(1000);
    let is_amount = |name: &str| matches!(name, "amount" | "payment_amount" | "payment_amount_usd");
    let change = |(name, value): &(&'static str, Value)| {
        let amount = value.as_str().filter(|_| is_amount(name)).and_then(Decimal::parse);
        let value = amount.map_or_else(|| value.clone(), |it| json!(it.times(ten).to_string()));
        (*name, value)
    };
    facts.iter().map(change).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Deliver, letter};

    #[test]
    fn signs_the_known_vector_in_every_genuine_shape() {
        let facts = vec![
            ("type", json!("payment")),
            ("uuid", json!("u-1")),
            ("order_id", json!("top_01")),
            ("amount", json!("25.00")),
            ("status", json!("paid")),
            ("is_final", json!(true)),
            ("additional_data", json!("a/b")),
        ];
        let keys = ["cm_payment_key".to_owned()];
        let shape = |how| letter(how, &facts, &keys).body;
        let head = r#""type":"payment","uuid":"u-1","order_id":"top_01","amount":"25.00","status":"paid","is_final":true,"additional_data":"#;
        let sign = r#""sign":"fbe55db1b47987aa512ea2186b3784b1""#;
        assert_eq!(shape(Deliver::Fresh), format!(r#"{{{head}"a\/b",{sign}}}"#));
        assert_eq!(shape(Deliver::Unescaped), format!(r#"{{{head}"a/b",{sign}}}"#));
        assert_eq!(shape(Deliver::SignFirst), format!(r#"{{{sign},{head}"a\/b"}}"#));
        assert_eq!(shape(Deliver::Unsigned), format!(r#"{{{head}"a\/b"}}"#));
        let tampered = shape(Deliver::Tampered);
        let tampered = std::str::from_utf8(&tampered).unwrap();
        assert!(tampered.contains(r#""amount":"250.00""#) && tampered.contains(sign));
    }
}
