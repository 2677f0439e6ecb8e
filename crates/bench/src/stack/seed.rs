use std::fmt::Write;

use anyhow::ensure;

use crate::{
    postgres::{Purchase, Server},
    random::Random,
};

/// Enough for every purchase of a run on one account, in rupiah.
pub(super) const CREDIT: i64 = 100_000_000_000_000;

/// Customers with consecutive ids, and a token of each.
pub(super) struct Customers {
    pub(super) tokens: Vec<String>,
    pub(super) first: i64,
}

/// Makes customers who can pay.
pub(super) async fn customers(
    server: &Server,
    database: &str,
    many: u32,
) -> anyhow::Result<Customers> {
    let statements = format!(
        "INSERT INTO users (email, created_at)
         SELECT 'bench-' || n || '@example.com', now() FROM generate_series(1, {many}) AS n;
         SELECT ledger.open_wallet(id) FROM users \\g /dev/null
         SELECT min(id) FROM users;"
    );
    let first: i64 = server.value(database, &statements).await?;
    let mut random = Random::from_system();
    let tokens: Vec<String> = (0..many).map(|_| token(&mut random)).collect();
    server.sql(database, &fund(&tokens, first)?).await?;
    Ok(Customers { tokens, first })
}

/// One transaction: what is proposed is approved in it.
fn fund(tokens: &[String], first: i64) -> anyhow::Result<String> {
    let mut rows = String::new();
    for (id, token) in (first..).zip(tokens) {
        let comma = if rows.is_empty() { "" } else { ", " };
        write!(rows, "{comma}({id}, '{token}')")?;
    }
    Ok(format!(
        "BEGIN;
         INSERT INTO api_tokens (hash, user_id, hint, name, created_at)
         SELECT sha256(convert_to(token, 'UTF8')), id, right(token, 4), 'bench', now()
         FROM (VALUES {rows}) AS given (id, token);
         SELECT ledger.propose_adjustment('bench:' || id, id, 'give', {CREDIT}, 'bench',
                                          'benchmark'),
                ledger.approve_adjustment('bench:' || id, 'the other bench')
         FROM users \\g /dev/null
         COMMIT;"
    ))
}

/// What a purchase of the first catalog product gets: its cheapest offer.
pub(super) async fn purchase(
    server: &Server,
    database: &str,
    [first_user, last_user]: [i64; 2],
) -> anyhow::Result<Purchase> {
    let statement = "SELECT p.catalog_product_id, o.product_id, o.provider_id, o.external_service,
                            o.external_country, o.price, o.cost_micros
                     FROM offers o
                     JOIN products p ON p.id = o.product_id AND p.active
                     JOIN providers v ON v.id = o.provider_id AND v.enabled
                     WHERE o.stock > 0
                     ORDER BY p.catalog_product_id, o.price, v.priority, o.product_id LIMIT 1";
    let row = server.sql(database, statement).await?;
    let fields: Vec<&str> = row.split('|').collect();
    let [catalog, product, provider, service, country, price, cost] = fields[..] else {
        anyhow::bail!("nothing is on sale");
    };
    ensure!(!service.is_empty(), "the offer names no service");
    Ok(Purchase {
        first_user,
        last_user,
        catalog_product: catalog.parse()?,
        product: product.parse()?,
        provider: provider.parse()?,
        service: service.to_owned(),
        country: country.to_owned(),
        price: price.parse()?,
        cost_micros: cost.parse()?,
    })
}

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A token in the published form: prefix, 32 characters, checksum.
fn token(random: &mut Random) -> String {
    let mut token = "vn_live_".to_owned();
    token.extend((0..32).filter_map(|_| random.pick(ALPHABET).copied().map(char::from)));
    let checksum = checksum(token.as_bytes());
    token + &checksum
}

/// CRC-32 (ISO HDLC) in six digits of base 62.
fn checksum(text: &[u8]) -> String {
    let crc = !text.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    });
    let powers = (0..6).rev().map(|power| 62_u32.pow(power));
    let digit = |power: u32| ALPHABET.get((crc / power % 62) as usize).copied();
    powers.filter_map(digit).map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_published_checksum() {
        assert_eq!(checksum(b"vn_live_AbCdEfGhIjKlMnOpQrStUvWxYz012345"), "3SpJZW");
        assert_eq!(token(&mut Random::new(1)).len(), 46);
    }
}
