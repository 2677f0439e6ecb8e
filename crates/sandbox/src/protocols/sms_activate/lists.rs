use serde::Serialize;

use super::{
    activation::{Activation, Status},
    book::Book,
    http::{Reply, status_token},
    refusal::Refusal,
};
use crate::decimal::Decimal;

/// ISO 4217 number of the US dollar.
const USD: u32 = 840;

const HISTORY_LIMIT: usize = 100;
const HISTORY_DEFAULT: usize = 50;
const HISTORY_SECONDS: i64 = 30 * 24 * 3600;

/// The reply to getNumberV2, in the shape documented in 2025.
pub(super) fn sold_v2(activation: &Activation) -> Reply {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Sold {
        activation_id: u32,
        phone_number: String,
        activation_cost: Decimal,
        currency: u32,
        country_code: String,
        can_get_another_sms: &'static str,
        activation_time: String,
        activation_operator: &'static str,
    }
    Reply::json(&Sold {
        activation_id: activation.id,
        phone_number: activation.phone.to_string(),
        activation_cost: activation.cost,
        currency: USD,
        country_code: activation.country.id.to_string(),
        can_get_another_sms: "1",
        activation_time: activation.created_at.naive(),
        activation_operator: activation.operator,
    })
}

/// The reply to checkExtraActivation.
pub(super) fn extra_cost(activation: &Activation, cost: Decimal) -> Reply {
    #[derive(Serialize)]
    struct Extra {
        status: &'static str,
        cost: Decimal,
        service: &'static str,
        phone: u64,
        country: u32,
    }
    Reply::json(&Extra {
        status: "success",
        cost,
        service: activation.service.code,
        phone: activation.phone,
        country: activation.country.id,
    })
}

/// The reply to getStatusV2; it shows the message also after the end.
pub(super) fn status_v2(activation: &Activation) -> Reply {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct State<'a> {
        verification_type: u32,
        sms: Option<Sms<'a>>,
        call: Option<()>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Sms<'a> {
        date_time: String,
        code: &'a str,
        text: &'a str,
    }
    let sms = activation.last_sms().map(|sms| Sms {
        date_time: sms.received_at.naive(),
        code: &sms.code,
        text: &sms.text,
    });
    if sms.is_none() && !activation.status.is_open() {
        return status_token(activation).into();
    }
    Reply::json(&State { verification_type: 0, sms, call: None })
}

/// The reply to getActiveActivations, newest first.
pub(super) fn active(
    book: &Book,
    start: Option<usize>,
    limit: Option<usize>,
) -> Result<Reply, Refusal> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct List<'a> {
        status: &'static str,
        active_activations: Vec<Row<'a>>,
    }
    let open = book.newest_open().skip(start.unwrap_or(0)).take(limit.unwrap_or(usize::MAX));
    let rows: Vec<Row<'_>> = open.map(row).collect();
    if rows.is_empty() {
        return Err(Refusal::NoActivations);
    }
    Ok(Reply::json(&List { status: "success", active_activations: rows }))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    activation_id: String,
    service_code: &'static str,
    phone_number: String,
    activation_cost: Decimal,
    activation_status: &'static str,
    sms_code: Option<Vec<&'a str>>,
    sms_text: Option<&'a str>,
    activation_time: String,
    discount: &'static str,
    repeated: &'static str,
    country_code: String,
    country_name: &'static str,
    can_get_another_sms: &'static str,
    currency: u32,
}

fn row(activation: &Activation) -> Row<'_> {
    let last = activation.last_sms();
    Row {
        activation_id: activation.id.to_string(),
        service_code: activation.service.code,
        phone_number: activation.phone.to_string(),
        activation_cost: activation.cost,
        activation_status: activation.status.number(),
        sms_code: last.map(|_| activation.sms.iter().map(|sms| &*sms.code).collect()),
        sms_text: last.map(|sms| &*sms.text),
        activation_time: activation.created_at.naive(),
        discount: "0.00",
        repeated: "0",
        country_code: activation.country.id.to_string(),
        country_name: activation.country.name,
        can_get_another_sms: "1",
        currency: USD,
    }
}

/// The reply to getHistory, newest first. `get` finds a parameter of the call.
pub(super) fn history<'p>(
    book: &Book,
    get: impl Fn(&str) -> Option<&'p str>,
) -> Result<Reply, Refusal> {
    #[derive(Serialize)]
    struct Entry<'a> {
        id: String,
        date: String,
        phone: String,
        sms: Option<&'a str>,
        cost: Decimal,
        status: &'static str,
        currency: u32,
    }
    let seconds = |name: &str, default: i64| match get(name) {
        Some(text) => text.parse().map_err(|_| Refusal::WrongDate),
        None => Ok(default),
    };
    let end: i64 = seconds("end", book.now().unix_seconds())?;
    let start: i64 = seconds("start", end.saturating_sub(HISTORY_SECONDS))?;
    if start > end || end.saturating_sub(start) > HISTORY_SECONDS {
        return Err(Refusal::WrongDate);
    }
    let number = |name: &str| get(name).and_then(|text| text.parse::<usize>().ok());
    let entries: Vec<Entry<'_>> = book
        .newest()
        .skip_while(|it| it.created_at.unix_seconds() > end)
        .take_while(|it| it.created_at.unix_seconds() >= start)
        .skip(number("offset").unwrap_or(0))
        .take(number("limit").unwrap_or(HISTORY_DEFAULT).min(HISTORY_LIMIT))
        .map(|it| Entry {
            id: it.id.to_string(),
            date: it.created_at.naive(),
            phone: it.phone.to_string(),
            sms: it.last_sms().map(|sms| &*sms.text),
            cost: if it.status == Status::Finished { it.cost } else { Decimal::ZERO },
            status: it.status.number(),
            currency: USD,
        })
        .collect();
    Ok(Reply::json(&entries))
}
