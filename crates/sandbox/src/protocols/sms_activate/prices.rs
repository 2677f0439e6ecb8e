use std::collections::BTreeMap;

use serde::Serialize;

use super::{book::Book, http::Reply, refusal::Refusal};
use crate::{
    catalog::{COUNTRIES, SERVICES, country_by_id},
    decimal::Decimal,
};

/// The reply to getCountries. The id is a number, as documented.
pub(super) fn countries() -> Reply {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Row {
        id: u32,
        rus: &'static str,
        eng: &'static str,
        chn: &'static str,
        visible: u32,
        retry: u32,
        rent: u32,
        multi_service: u32,
    }
    let rows = COUNTRIES.iter().map(|country| {
        let row = Row {
            id: country.id,
            rus: country.russian_name,
            eng: country.name,
            chn: country.chinese_name,
            visible: 1,
            retry: 1,
            rent: 0,
            multi_service: 0,
        };
        (country.id, row)
    });
    Reply::json(&rows.collect::<BTreeMap<_, _>>())
}

/// The reply to getServicesList.
pub(super) fn services() -> Reply {
    #[derive(Serialize)]
    struct List {
        status: &'static str,
        services: Vec<Row>,
    }
    #[derive(Serialize)]
    struct Row {
        code: &'static str,
        name: &'static str,
    }
    let rows = SERVICES.iter().map(|service| Row { code: service.code, name: service.name });
    Reply::json(&List { status: "success", services: rows.collect() })
}

/// The reply to getOperators, for one country or for all.
pub(super) fn operators(country: Option<&str>) -> Result<Reply, Refusal> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct List {
        status: &'static str,
        country_operators: BTreeMap<u32, &'static [&'static str]>,
    }
    let only = match country {
        Some(id) => {
            let known = id.parse().ok().and_then(country_by_id);
            Some(known.ok_or(Refusal::OperatorsNotFound)?.id)
        }
        None => None,
    };
    let listed = COUNTRIES.iter().filter(|it| only.is_none_or(|id| it.id == id));
    let country_operators = listed.map(|it| (it.id, it.operators.as_slice())).collect();
    Ok(Reply::json(&List { status: "success", country_operators }))
}

/// The reply to getPrices: country, then service.
pub(super) fn prices(book: &Book, service: Option<&str>, country: Option<&str>) -> Reply {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Price {
        cost: Decimal,
        count: u64,
        physical_count: u64,
    }
    let mut countries: BTreeMap<u32, BTreeMap<&str, Price>> = BTreeMap::new();
    let country = country.map(|id| id.parse::<u32>().ok());
    for offer in &book.offers {
        let asked = service.is_none_or(|code| code == offer.service.code)
            && country.is_none_or(|id| id == Some(offer.country.id));
        if asked {
            let price =
                Price { cost: offer.price, count: offer.stock, physical_count: offer.stock };
            countries.entry(offer.country.id).or_default().insert(offer.service.code, price);
        }
    }
    Reply::json(&countries)
}

/// The reply to getNumbersStatus: how many numbers each service has in one country.
pub(super) fn numbers_status(book: &Book, country: Option<&str>) -> Reply {
    let country: Option<u32> = country.unwrap_or("0").parse().ok();
    let offers = book.offers.iter().filter(|offer| Some(offer.country.id) == country);
    Reply::json(&offers.map(|it| (it.service.code, it.stock)).collect::<BTreeMap<_, _>>())
}
