use domain::{
    money::Cost,
    providers::{AcquireError, Activation, ProviderError, Refusal},
};

use super::{
    purchase::{self, NotSold},
    reply::{Content, Reply},
    signal::{complaint, unanswered},
    value::dollars,
    words::Signal,
};

/// Reads the reply to checkExtraActivation.
pub(super) fn cost(reply: &Reply) -> Result<Cost, ProviderError> {
    let content = reply.content();
    if let Some(complaint) = complaint(reply, &content) {
        return Err(if is_unavailable(complaint.signal) {
            ProviderError::Refused("the number is not to be had again")
        } else {
            complaint.error()
        });
    }
    match &content {
        Content::Json(value) => dollars(value, &["cost", "activationCost"]),
        _ => None,
    }
    .ok_or_else(|| unanswered(reply, &content))
}

/// Reads the reply to getExtraActivation, which is that to a purchase but for what it says when
/// the number cannot be had.
pub(super) fn sold(reply: &Reply) -> Result<Activation, AcquireError> {
    let error = match purchase::sold(reply) {
        Ok(activation) => return Ok(activation),
        Err(NotSold::UnknownAction) => return Err(AcquireError::Refused(Refusal::Mapping)),
        Err(NotSold::For(error)) => error,
    };
    let definite = matches!(&error, AcquireError::Unknown { answered: true, .. })
        && !purchase::mentions_sale(reply, &reply.content())
        && complaint(reply, &reply.content()).is_some_and(|it| is_unavailable(it.signal));
    Err(if definite { AcquireError::Refused(Refusal::OutOfStock) } else { error })
}

/// Whether the provider says that this number, for whatever reason, is not to be had.
const fn is_unavailable(signal: Signal) -> bool {
    matches!(signal, Signal::OutOfStock | Signal::Missing | Signal::NotAllowed)
}

#[cfg(test)]
mod tests {
    use super::{super::reply::reply, *};

    #[test]
    fn costs_are_read_and_refusals_told_from_failures() {
        let micros = |body| cost(&reply(200, body)).map(Cost::micros);
        let told =
            r#"{"status":"success","cost":0.35,"service":"tw","phone":777777777,"country":14}"#;
        assert_eq!(micros(told), Ok(350_000));
        assert_eq!(micros(r#"{"status":"success","cost":"0.2"}"#), Ok(200_000));
        for body in [
            "RENEW_ACTIVATION_NOT_AVAILABLE",
            "NEW_ACTIVATION_IMPOSSIBLE",
            "SIM_OFFLINE",
            "WRONG_ACTIVATION_ID",
            r#"{"status":"error","message":"RENEW_ACTIVATION_NOT_AVAILABLE"}"#,
        ] {
            assert!(matches!(micros(body), Err(ProviderError::Refused(_))), "{body}");
        }
        for body in ["", "ERROR_SQL", "{}", "<html>", r#"{"status":"success","cost":-1}"#] {
            assert!(matches!(micros(body), Err(ProviderError::Unavailable(_))), "{body}");
        }
    }

    #[test]
    fn only_a_number_is_a_success_and_only_a_refusal_a_no() {
        let read = |body| sold(&reply(200, body));
        let activation = read("ACCESS_NUMBER:635468024:79584437454").unwrap();
        assert_eq!(activation.external_id.as_str(), "635468024");
        assert_eq!(activation.phone.reveal(), "79584437454");
        for body in ["RENEW_ACTIVATION_NOT_AVAILABLE", "SIM_OFFLINE", "WRONG_ACTIVATION_ID"] {
            assert_eq!(read(body), Err(AcquireError::Refused(Refusal::OutOfStock)), "{body}");
        }
        assert_eq!(read("NO_BALANCE"), Err(AcquireError::Refused(Refusal::UpstreamBalance)));
        assert_eq!(read("BAD_ACTION"), Err(AcquireError::Refused(Refusal::Mapping)));
        // A number that is not awake yet may be a number that was sold.
        for body in ["ASLEEP:635468024:79584437454:1700000000", "", "WRONG ACCESS_NUMBER", "<html>"]
        {
            let unknown = matches!(read(body), Err(AcquireError::Unknown { .. }));
            assert!(unknown, "{body}: {:?}", read(body));
        }
    }
}
