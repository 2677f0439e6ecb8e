use std::collections::{BTreeMap, BTreeSet};

use domain::providers::{
    ListedCountry, ListedOffer, ListedService, ProviderCatalog, ProviderError,
};
use serde_json::Value;

use super::{
    countries,
    prices::{self, is_country, is_service},
    reply::{Content, Reply},
    signal::{complaint, unanswered},
    value::{field, text},
};

/// Names are shown to customers; no real one is longer.
const LONGEST_NAME: usize = 100;
/// Above any price list's own error document, far below any price list worth reading twice.
const LARGEST_ERROR: usize = 4_096;

/// Puts the three lists together. What is offered is also listed: services under their code where
/// the provider gives no name; offers of a country without a name are left out.
pub(super) fn catalog(
    countries: &Reply,
    services: &Reply,
    prices: &Reply,
) -> Result<ProviderCatalog, ProviderError> {
    let countries = country_names(countries)?;
    let mut services = service_names(services)?;
    let mut offers = offers(prices)?;
    offers.retain(|offer| countries.contains_key(&offer.country));
    let mut seen = BTreeSet::new();
    offers.retain(|offer| seen.insert((offer.country.clone(), offer.service.clone())));
    for offer in &offers {
        services.entry(offer.service.clone()).or_insert_with(|| offer.service.clone());
    }
    let services = services.into_iter();
    Ok(ProviderCatalog {
        countries: countries.into_iter().map(listed_country).collect(),
        services: services
            .map(|(external_code, name)| ListedService { external_code, name })
            .collect(),
        offers,
    })
}

fn listed_country((external_code, name): (String, String)) -> ListedCountry {
    let known = countries::find(&external_code);
    ListedCountry {
        iso_code: known.map(|country| country.iso_code.to_owned()),
        dial_code: known.map(|country| country.dial_code.to_owned()),
        external_code,
        name,
    }
}

fn offers(reply: &Reply) -> Result<Vec<ListedOffer>, ProviderError> {
    if reply.body.len() <= LARGEST_ERROR || !reply.is_success() {
        let content = reply.content();
        if complaint(reply, &content).is_some() || !matches!(content, Content::Json(_)) {
            return Err(unanswered(reply, &content));
        }
    }
    prices::offers(&reply.body).ok_or(ProviderError::Unavailable("unreadable price list"))
}

/// Countries by id: an object keyed by id, or a list.
fn country_names(reply: &Reply) -> Result<BTreeMap<String, String>, ProviderError> {
    let value = document(reply)?;
    let mut names = BTreeMap::new();
    for (key, row) in rows(&value) {
        let id = field(row, &["id"]).and_then(text).or_else(|| key.map(str::to_owned));
        let name = field(row, &["eng", "name", "rus"]).and_then(text);
        if let (Some(id), Some(name)) = (id, name.and_then(|name| printable(&name)))
            && is_country(&id)
        {
            names.insert(id, name);
        }
    }
    filled(names)
}

/// Services by code: rows with code and name, or names keyed by code.
fn service_names(reply: &Reply) -> Result<BTreeMap<String, String>, ProviderError> {
    let value = document(reply)?;
    let mut names = BTreeMap::new();
    for (key, row) in rows(field(&value, &["services", "data"]).unwrap_or(&value)) {
        let code = field(row, &["code", "id"]).and_then(text).or_else(|| key.map(str::to_owned));
        let name = text(row).or_else(|| field(row, &["name", "eng"]).and_then(text));
        if let (Some(code), Some(name)) = (code, name.and_then(|name| printable(&name)))
            && is_service(&code)
        {
            names.insert(code, name);
        }
    }
    filled(names)
}

fn document(reply: &Reply) -> Result<Value, ProviderError> {
    let content = reply.content();
    if complaint(reply, &content).is_some() {
        return Err(unanswered(reply, &content));
    }
    match content {
        Content::Json(value) => Ok(value),
        other => Err(unanswered(reply, &other)),
    }
}

fn rows(value: &Value) -> Box<dyn Iterator<Item = (Option<&str>, &Value)> + '_> {
    match value {
        Value::Object(map) => Box::new(map.iter().map(|(key, row)| (Some(key.as_str()), row))),
        Value::Array(list) => Box::new(list.iter().map(|row| (None, row))),
        _ => Box::new(std::iter::empty()),
    }
}

/// A catalog without any country or service is a broken one, and would take everything off sale.
fn filled(names: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, ProviderError> {
    if names.is_empty() { Err(ProviderError::Unavailable("an empty list")) } else { Ok(names) }
}

/// A name as it is shown; nothing when nobody could see it.
fn printable(name: &str) -> Option<String> {
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    let name: String = name.trim_start().chars().take(LONGEST_NAME).collect();
    Some(name.trim_end().to_owned()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests;
