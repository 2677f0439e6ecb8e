use domain::providers::{Activation, ActiveActivation, PhoneNumber, ProviderError};
use serde_json::Value;

use super::{
    reply::{Content, Reply},
    signal::{complaint, unanswered},
    value::{dollars, external_id, field, text},
    words::Signal,
};

/// What getActiveActivations brought.
#[derive(Debug, PartialEq)]
pub(super) enum Page {
    /// Part of the list, or all of it.
    Rows(Vec<ActiveActivation>),
    /// There is no such action.
    UnknownAction,
}

/// Reads one page. A row that cannot be read spoils the page: from what is absent here, money is
/// given back.
pub(super) fn page(reply: &Reply) -> Result<Page, ProviderError> {
    let content = reply.content();
    let complaint = complaint(reply, &content);
    if let Content::Json(value) = &content
        && let Some(rows) = list(value)
        // An error can carry an empty list, too.
        && (complaint.is_none() || !rows.is_empty())
    {
        let rows: Option<Vec<_>> = rows.iter().map(row).collect();
        return rows.map(Page::Rows).ok_or(ProviderError::Unavailable("unreadable activation"));
    }
    match complaint.map(|complaint| complaint.signal) {
        Some(Signal::NothingActive) => Ok(Page::Rows(Vec::new())),
        Some(Signal::UnknownAction) => Ok(Page::UnknownAction),
        _ => Err(unanswered(reply, &content)),
    }
}

/// Some have an object with counters in one of the places where others have the list.
fn list(value: &Value) -> Option<&Vec<Value>> {
    let mut named = ["activeActivations", "data"].iter().filter_map(|name| value.get(name));
    named.find_map(Value::as_array).or_else(|| value.as_array())
}

fn row(row: &Value) -> Option<ActiveActivation> {
    let word = |names: &[&str]| field(row, names).and_then(text);
    let activation = Activation {
        external_id: external_id(&word(&["activationId", "id"])?)?,
        phone: PhoneNumber::parse(&word(&["phoneNumber", "phone"])?)?,
        cost: dollars(row, &["activationCost", "cost"]),
    };
    let country = word(&["countryCode", "country"]);
    Some(ActiveActivation {
        activation,
        service: word(&["serviceCode", "service"])?,
        // A name instead of an id could never match one.
        country: country.filter(|country| country.bytes().all(|byte| byte.is_ascii_digit())),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::reply::reply, *};

    fn ids(body: &str) -> Vec<String> {
        match page(&reply(200, body)).unwrap() {
            Page::Rows(rows) => {
                rows.iter().map(|row| row.activation.external_id.to_string()).collect()
            }
            Page::UnknownAction => panic!("unknown action"),
        }
    }

    #[test]
    fn the_documented_list_is_read_whole() {
        let body = r#"{"status":"success","activeActivations":[{"activationId":"635468021",
            "serviceCode":"vk","phoneNumber":"79584123456","activationCost":12.50,
            "activationStatus":"4","smsCode":["12345"],"smsText":"Your code is 12345",
            "activationTime":"2022-06-01 16:59:16","discount":"0.00","repeated":"0",
            "countryCode":"2","countryName":"Kazakhstan","canGetAnotherSms":"1","currency":840}]}"#;
        let Ok(Page::Rows(rows)) = page(&reply(200, body)) else { panic!("no rows") };
        let [row] = rows.as_slice() else { panic!("{rows:?}") };
        assert_eq!(row.activation.external_id.as_str(), "635468021");
        assert_eq!(row.activation.phone.reveal(), "79584123456");
        assert_eq!(row.activation.cost, domain::money::Cost::from_micros(12_500_000));
        assert_eq!((row.service.as_str(), row.country.as_deref()), ("vk", Some("2")));
    }

    #[test]
    fn other_places_and_types_are_understood() {
        let row = r#"{"activationId":7,"serviceCode":"tg","phoneNumber":79584123456,
            "countryCode":0}"#;
        assert_eq!(ids(&format!(r#"{{"data":[{row}],"activeActivations":{{"rows":1}}}}"#)), ["7"]);
        assert_eq!(ids(&format!("[{row}]")), ["7"]);
        let Ok(Page::Rows(rows)) = page(&reply(200, format!("[{row}]"))) else { panic!("no rows") };
        assert_eq!(rows[0].country.as_deref(), Some("0"));
    }

    #[test]
    fn a_country_that_is_no_id_fits_any() {
        let body = r#"[{"id":7,"service":"tg","phone":"79584123456","country":"Russia"}]"#;
        let Ok(Page::Rows(rows)) = page(&reply(200, body)) else { panic!("no rows") };
        assert_eq!(rows[0].country, None);
    }

    #[test]
    fn none_running_has_several_names() {
        let bodies = [
            "NO_ACTIVATIONS",
            r#"{"status":"success","activeActivations":[]}"#,
            r#"{"data":[]}"#,
            r#"{"status":"error","error":"NO_ACTIVATIONS"}"#,
            "[]",
        ];
        for body in bodies {
            assert_eq!(ids(body), Vec::<String>::new(), "{body}");
        }
    }

    #[test]
    fn what_is_no_list_proves_no_absence() {
        let bodies = [
            "",
            "{}",
            "<html></html>",
            r#"{"status":"success","activeActivations":{"rows":0}}"#,
            r#"{"status":0,"message":"No access","data":[]}"#,
            r#"[{"activationId":7,"serviceCode":"tg"}]"#,
            r#"[{"activationId":7,"phoneNumber":"79584123456"}]"#,
        ];
        for body in bodies {
            assert!(page(&reply(200, body)).is_err(), "{body}");
        }
        assert_eq!(page(&reply(200, "BAD_ACTION")), Ok(Page::UnknownAction));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_never_a_list(http: u16, body: Vec<u8>) {
            let text = String::from_utf8_lossy(&body);
            prop_assume!(!text.contains(']'));
            prop_assert!(page(&reply(http, &body)).is_err());
        }
    }
}
