use super::{super::reply::reply, *};

const COUNTRIES: &str = r#"{"0":{"id":0,"rus":"Россия","eng":"Russia","visible":1},
    "6":{"id":6,"rus":"Индонезия","eng":"Indonesia","visible":1}}"#;
const SERVICES: &str = r#"{"status":"success","services":[{"code":"wa","name":"WhatsApp"},{"code":"tg","name":"Telegram"}]}"#;
const PRICES: &str = r#"{"6":{"wa":{"cost":0.35,"count":10},"zz":{"cost":"0.5","count":"2"}},
    "999":{"wa":{"cost":1,"count":1}}}"#;

fn read(countries: &str, services: &str, prices: &str) -> Result<ProviderCatalog, ProviderError> {
    catalog(&reply(200, countries), &reply(200, services), &reply(200, prices))
}

#[test]
fn what_is_offered_is_also_listed() {
    let catalog = read(COUNTRIES, SERVICES, PRICES).unwrap();
    let offers: Vec<_> =
        catalog.offers.iter().map(|it| (it.country.as_str(), it.service.as_str())).collect();
    assert_eq!(offers, [("6", "wa"), ("6", "zz")]);
    let services: Vec<_> =
        catalog.services.iter().map(|it| (it.external_code.as_str(), it.name.as_str())).collect();
    assert_eq!(services, [("tg", "Telegram"), ("wa", "WhatsApp"), ("zz", "zz")]);
}

#[test]
fn countries_get_their_iso_and_dial_codes() {
    let catalog = read(COUNTRIES, SERVICES, PRICES).unwrap();
    let [russia, indonesia] = catalog.countries.as_slice() else { panic!("{catalog:?}") };
    assert_eq!(russia.external_code, "0");
    assert_eq!(indonesia.name, "Indonesia");
    assert_eq!(indonesia.iso_code.as_deref(), Some("ID"));
    assert_eq!(indonesia.dial_code.as_deref(), Some("+62"));
}

#[test]
fn both_shapes_of_each_list_are_read() {
    let countries = r#"[{"id":"6","eng":"Indonesia"},{"id":"","eng":"nowhere"},{"id":"10351",
        "name":"Singapore"}]"#;
    let catalog = read(countries, r#"{"wa":"WhatsApp","go":{"name":"Google"}}"#, PRICES).unwrap();
    let names: Vec<_> = catalog.countries.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["Singapore", "Indonesia"]);
    assert_eq!(catalog.countries[0].iso_code, None);
    let codes: Vec<_> = catalog.services.iter().map(|it| it.external_code.as_str()).collect();
    assert_eq!(codes, ["go", "wa", "zz"]);
}

#[test]
fn a_pair_is_offered_once() {
    let prices = r#"{"6":{"wa":{"cost":1,"count":1}},"6":{"wa":{"cost":2,"count":2}}}"#;
    assert_eq!(read(COUNTRIES, SERVICES, prices).unwrap().offers.len(), 1);
}

#[test]
fn names_are_printable_and_bounded() {
    let long = format!(r#"{{"wa":"a\u0000b{}"}}"#, "x".repeat(300));
    let catalog = read(COUNTRIES, &long, "{}").unwrap();
    assert!(catalog.services[0].name.starts_with("abx"));
    assert_eq!(catalog.services[0].name.len(), LONGEST_NAME);
}

#[test]
fn a_broken_list_is_no_catalog() {
    let broken = ["", "{}", "[]", "BAD_KEY", "<html>", r#"{"title":"BAD_KEY"}"#, "{\"6\":"];
    for body in broken {
        assert!(read(body, SERVICES, PRICES).is_err(), "countries {body}");
        assert!(read(COUNTRIES, body, PRICES).is_err(), "services {body}");
    }
    for body in ["", "BAD_KEY", "<html>", r#"{"title":"BAD_KEY"}"#, r#"{"error":"Bad service"}"#] {
        assert!(read(COUNTRIES, SERVICES, body).is_err(), "prices {body}");
    }
    assert_eq!(read(COUNTRIES, SERVICES, "{}").unwrap().offers, []);
}
