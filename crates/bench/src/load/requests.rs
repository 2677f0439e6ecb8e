use std::sync::Arc;

use crate::random::Random;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing but HTTP.
    Health,
    /// One read of the database for a known caller.
    Balance,
    /// The same of an order.
    Order,
    /// Everything.
    Purchase,
}

/// Makes requests of one kind, each by a customer drawn at random.
#[derive(Clone)]
pub(crate) struct Requests {
    kind: Kind,
    tokens: Arc<[String]>,
    purchase_body: Arc<str>,
    /// Before every path.
    prefix: &'static str,
    /// The order of the first customer; those of the others follow.
    first_order: i64,
    random: Random,
}

impl Requests {
    pub(crate) fn new(kind: Kind, tokens: Arc<[String]>, catalog_product: i64) -> Self {
        let purchase_body = format!("{{\"catalog_product_id\":{catalog_product}}}").into();
        let random = Random::from_system();
        Self { kind, tokens, purchase_body, prefix: "", first_order: 0, random }
    }

    /// The same under another path.
    pub(crate) fn under(self, prefix: &'static str) -> Self {
        Self { prefix, ..self }
    }

    /// Reads the order of each customer, whose numbers follow one another from `first`.
    pub(crate) fn of_orders(self, first: i64) -> Self {
        Self { first_order: first, ..self }
    }

    pub(crate) const fn kind(&self) -> Kind {
        self.kind
    }

    /// The same kind by the same customers, drawn in another order.
    pub(crate) fn another(&mut self) -> Self {
        Self { random: Random::new(self.random.next()), ..self.clone() }
    }

    /// Writes the next request in place of what `buffer` holds.
    pub(crate) fn write(&mut self, buffer: &mut Vec<u8>) {
        buffer.clear();
        if self.kind == Kind::Health {
            buffer.extend_from_slice(b"GET /health HTTP/1.1\r\nhost: bench\r\n\r\n");
            return;
        }
        let drawn = self.random.below(self.tokens.len());
        let token = self.tokens.get(drawn).map_or("", String::as_str);
        let (line, id) = match self.kind {
            Kind::Order => {
                let number = i64::try_from(drawn).map_or(0, |drawn| self.first_order + drawn);
                (["GET ", self.prefix, "/v1/orders/"], number.to_string())
            }
            Kind::Purchase => (["POST ", self.prefix, "/v1/orders/create"], String::new()),
            Kind::Balance | Kind::Health => (["GET ", self.prefix, "/v1/balance"], String::new()),
        };
        for part in line {
            buffer.extend_from_slice(part.as_bytes());
        }
        let head = [&id, " HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer ", token, "\r\n"];
        for part in head {
            buffer.extend_from_slice(part.as_bytes());
        }
        if self.kind == Kind::Purchase {
            let body = &self.purchase_body;
            // A positive 63-bit number, as pgbench draws.
            let key = self.random.next() >> 1;
            let rest = format!(
                "content-type: application/json\r\nidempotency-key: {key}\r\n\
                 content-length: {}\r\n\r\n{body}",
                body.len(),
            );
            buffer.extend_from_slice(rest.as_bytes());
        } else {
            buffer.extend_from_slice(b"\r\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_purchases_share_a_key() {
        let tokens: Arc<[String]> = ["vn_live_a".to_owned(), "vn_live_b".to_owned()].into();
        let mut first = Requests::new(Kind::Purchase, tokens, 7);
        let mut second = first.another();
        let mut buffer = Vec::new();
        let mut texts = std::collections::HashSet::new();
        for _ in 0..500 {
            for requests in [&mut first, &mut second] {
                requests.write(&mut buffer);
                let text = String::from_utf8(buffer.clone()).unwrap();
                let (head, body) = text.split_once("\r\n\r\n").unwrap();
                assert_eq!(body, "{\"catalog_product_id\":7}");
                assert!(
                    head.contains("content-length: 24\r\n") || head.ends_with("content-length: 24")
                );
                let key = head.split("idempotency-key: ").nth(1).unwrap();
                assert!(texts.insert(key.split("\r\n").next().unwrap().to_owned()));
            }
        }
    }
}
