//! Callbacks: forms of which the merchant, the amount and our reference are signed and nothing
//! else, not even whether it was paid.

use domain::{
    gateways::{Notice, PaymentRef, VerifyError},
    ids::TopupId,
    ledger::Gateway,
};
use url::form_urlencoded;

use super::{Account, signature};

/// Callbacks are below a kilobyte.
const LONGEST: usize = 16 * 1024;
/// Fields they have: fifteen, and some more over the years.
const MOST_FIELDS: usize = 64;

/// The fields that are read, each as it came.
#[derive(Default)]
struct Form {
    merchant: Option<String>,
    amount: Option<String>,
    order: Option<String>,
    result: Option<String>,
    signature: Option<String>,
}

impl Form {
    /// Nothing when a field is there twice: the two could be read differently elsewhere.
    fn parse(raw: &[u8]) -> Option<Self> {
        let mut form = Self::default();
        for (count, (name, value)) in form_urlencoded::parse(raw).enumerate() {
            let place = match &*name {
                _ if count == MOST_FIELDS => return None,
                "merchantCode" => &mut form.merchant,
                "amount" => &mut form.amount,
                "merchantOrderId" => &mut form.order,
                "resultCode" => &mut form.result,
                "signature" => &mut form.signature,
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return None;
            }
        }
        Some(form)
    }
}

/// Checks a callback and reads which payment it is about; nothing when that is not one of ours.
pub(super) fn read(raw: &[u8], account: &Account) -> Result<Option<Notice>, VerifyError> {
    let form = Some(raw).filter(|raw| raw.len() <= LONGEST).and_then(Form::parse);
    let Some(Form {
        merchant: Some(merchant),
        amount: Some(amount),
        order: Some(order),
        result,
        signature: Some(given),
    }) = form
    else {
        return Err(VerifyError::Malformed);
    };
    let algorithm = account.algorithm;
    if !signature::is_code(algorithm, &given) {
        return Err(VerifyError::Malformed);
    }
    let fields = [&*merchant, &*amount, &*order];
    account.secrets.check(&given, |key| vec![signature::code(algorithm, &fields, key)])?;
    if merchant != account.merchant {
        return Err(VerifyError::Mismatch);
    }
    // Nothing stands between the signed fields. That our reference is complete makes sure that the
    // amount ends where it should, too.
    if TopupId::parse(&order).is_none() {
        return Ok(None);
    }
    let result = result.as_deref().map_or("none", kind);
    Ok(Some(Notice {
        gateway: Gateway::Duitku,
        event_id: format!("{order}:{result}"),
        event_kind: result.to_owned(),
        payment: PaymentRef::Payment(order),
    }))
}

/// What the unsigned result says, in one of few words: whoever has seen one callback can send
/// others that differ in this, and each word is looked at once.
fn kind(result: &str) -> &'static str {
    match result {
        "00" => "paid",
        "01" => "failed",
        _ => "other",
    }
}

#[cfg(test)]
mod tests;
