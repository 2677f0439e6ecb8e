use crate::decimal::Decimal;

/// A country by its number in the `sms_activate` protocol.
#[derive(Debug)]
pub(crate) struct Country {
    pub(crate) id: u32,
    pub(crate) name: &'static str,
    pub(crate) russian_name: &'static str,
    pub(crate) chinese_name: &'static str,
    /// Calling code and the first digits of mobile numbers.
    prefix: &'static str,
    /// How many digits follow the prefix.
    free_digits: u32,
    pub(crate) operators: [&'static str; 2],
}

#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
}

pub(crate) static COUNTRIES: [Country; 8] = [
    country(0, ["Russia", "Россия", "俄罗斯"], ("79", 9), ["mts", "beeline"]),
    country(2, ["Kazakhstan", "Казахстан", "哈萨克斯坦"], ("77", 9), ["beeline", "tele2"]),
    country(6, ["Indonesia", "Индонезия", "印度尼西亚"], ("628", 9), ["telkomsel", "indosat"]),
    country(16, ["United Kingdom", "Великобритания", "英国"], ("447", 9), ["ee", "o2"]),
    country(22, ["India", "Индия", "印度"], ("919", 9), ["airtel", "jio"]),
    country(43, ["Germany", "Германия", "德国"], ("4915", 9), ["telekom", "vodafone"]),
    country(73, ["Brazil", "Бразилия", "巴西"], ("55119", 8), ["vivo", "claro"]),
    country(187, ["USA", "США", "美国"], ("120", 8), ["tmobile", "att"]),
];

pub(crate) static SERVICES: [Service; 6] = [
    Service { code: "wa", name: "WhatsApp" },
    Service { code: "tg", name: "Telegram" },
    Service { code: "go", name: "Google, YouTube, Gmail" },
    Service { code: "ig", name: "Instagram" },
    Service { code: "fb", name: "Facebook" },
    Service { code: "am", name: "Amazon" },
];

/// One service in one country, as one provider sells it.
#[derive(Debug)]
pub(crate) struct Offer {
    pub(crate) service: &'static Service,
    pub(crate) country: &'static Country,
    pub(crate) price: Decimal,
    pub(crate) stock: u64,
}

/// What the provider at position `rank` sells. The price of a pair rises with the rank.
pub(crate) fn offers(seed: u64, rank: u32) -> Vec<Offer> {
    let pairs = SERVICES.iter().flat_map(|service| COUNTRIES.iter().map(move |c| (service, c)));
    (0..)
        .zip(pairs)
        .map(|(pair, (service, country))| {
            let markup: u32 = (1..=rank).map(|step| 3 + draw(seed, pair, step, 6)).sum();
            Offer {
                service,
                country,
                price: Decimal::cents(20 + draw(seed, pair, 0, 51) + markup),
                stock: u64::from(200 + draw(seed ^ 1, pair, rank, 800)),
            }
        })
        .collect()
}

pub(crate) fn country_by_id(id: u32) -> Option<&'static Country> {
    COUNTRIES.iter().find(|country| country.id == id)
}

/// The number a provider hands out in `country` at its `turn`-th sale.
///
/// Multiplying by a number coprime to ten visits every remainder once, so a number comes again only
/// after all others.
pub(crate) fn phone(seed: u64, country: &Country, turn: u64) -> u64 {
    const STEP: u64 = 387_420_489; // 3^18
    let size = 10_u64.pow(country.free_digits);
    let start = mix(seed, u64::from(country.id)) % size;
    let tail = (start + (turn % size) * (STEP % size)) % size;
    country.prefix.parse().unwrap_or(0) * size + tail
}

/// A number that looks random and depends on nothing but the arguments (the `SplitMix64` finisher).
pub(crate) const fn mix(seed: u64, lane: u64) -> u64 {
    let mut z = seed.wrapping_add(lane.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn draw(seed: u64, pair: u64, step: u32, limit: u32) -> u32 {
    let value = mix(mix(seed, pair), u64::from(step)) % u64::from(limit);
    u32::try_from(value).unwrap_or(0)
}

const fn country(
    id: u32,
    [name, russian_name, chinese_name]: [&'static str; 3],
    (prefix, free_digits): (&'static str, u32),
    operators: [&'static str; 2],
) -> Country {
    Country { id, name, russian_name, chinese_name, prefix, free_digits, operators }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{COUNTRIES, Decimal, offers, phone};

    #[test]
    fn later_providers_are_dearer_for_the_same_pair() {
        for seed in 0..20 {
            let (alpha, beta, gamma) = (offers(seed, 0), offers(seed, 1), offers(seed, 2));
            assert_eq!(alpha.len(), 48);
            for ((a, b), c) in alpha.iter().zip(&beta).zip(&gamma) {
                assert!(a.price < b.price && b.price < c.price);
                assert!(a.price >= Decimal::cents(20) && c.price <= Decimal::cents(90));
                assert!(a.stock >= 200);
            }
        }
    }

    #[test]
    fn never_hands_out_a_number_twice_in_a_row_of_sales() {
        for country in &COUNTRIES {
            let phones: HashSet<u64> = (0..5000).map(|turn| phone(7, country, turn)).collect();
            assert_eq!(phones.len(), 5000);
            assert!(phones.iter().all(|phone| phone.to_string().starts_with(country.prefix)));
        }
    }
}
