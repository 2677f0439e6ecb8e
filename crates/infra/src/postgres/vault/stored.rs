use domain::{
    ids::OrderId,
    providers::{SmsCode, SmsText},
    time::Day,
};

use super::DayKeys;
use crate::crypto::{SealError, Sealer};

/// What a row holds of a message: sealed under the key of a day, or plain, as earlier versions
/// wrote it, or nothing once it was forgotten.
#[derive(Debug, Default)]
pub(in crate::postgres) struct Stored {
    pub(in crate::postgres) day: Option<Day>,
    pub(in crate::postgres) code_sealed: Option<Vec<u8>>,
    pub(in crate::postgres) text_sealed: Option<Vec<u8>>,
    pub(in crate::postgres) code: Option<String>,
    pub(in crate::postgres) text: Option<String>,
}

/// A message in the clear.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::postgres) struct Message {
    pub(in crate::postgres) code: Option<SmsCode>,
    pub(in crate::postgres) text: Option<SmsText>,
}

impl Stored {
    /// Nothing is readable whose key was dropped.
    pub(in crate::postgres) fn open(
        self,
        keys: &DayKeys,
        place: &Place,
    ) -> Result<Message, SealError> {
        let Some(day) = self.day else {
            let text = self.text.as_deref().map(SmsText::new);
            return Ok(Message { code: self.code.map(SmsCode::from), text });
        };
        let Some(key) = keys.of(day) else { return Ok(Message::default()) };
        let code = opened(key, &place.code, self.code_sealed.as_deref())?;
        let text = opened(key, &place.text, self.text_sealed.as_deref())?;
        Ok(Message { code: code.map(SmsCode::from), text: text.as_deref().map(SmsText::new) })
    }
}

fn opened(key: &Sealer, place: &str, sealed: Option<&[u8]>) -> Result<Option<String>, SealError> {
    let Some(sealed) = sealed else { return Ok(None) };
    let plain = key.open(place, sealed)?;
    String::from_utf8(plain.to_vec()).map(Some).map_err(|_| SealError::Rejected)
}

/// What is written of a message; all of it nothing where there is none.
#[derive(Debug, Default)]
pub(in crate::postgres) struct Sealed {
    pub(in crate::postgres) day: Option<Day>,
    pub(in crate::postgres) code: Option<Vec<u8>>,
    pub(in crate::postgres) text: Option<Vec<u8>>,
}

impl Sealed {
    pub(in crate::postgres) fn new(
        (day, key): (Day, &Sealer),
        place: &Place,
        message: &Message,
    ) -> Result<Self, SealError> {
        let Some(text) = &message.text else { return Ok(Self::default()) };
        let code =
            message.code.as_ref().map(|code| key.seal(&place.code, code.reveal().as_bytes()));
        let text = key.seal(&place.text, text.reveal().as_bytes())?;
        Ok(Self { day: Some(day), code: code.transpose()?, text: Some(text) })
    }
}

/// Table, column and row of sealed values, which open nowhere else.
#[derive(Debug)]
pub(in crate::postgres) struct Place {
    code: String,
    text: String,
}

impl Place {
    pub(in crate::postgres) fn order(id: i64) -> Self {
        Self { code: format!("orders.otp_code:{id}"), text: format!("orders.otp_message:{id}") }
    }

    pub(in crate::postgres) fn message(order: OrderId, revision: i32) -> Self {
        let row = format!("{order}:{revision}");
        Self { code: format!("sms_messages.code:{row}"), text: format!("sms_messages.text:{row}") }
    }

    /// A callback has no id before it is stored; its digest is as good.
    pub(in crate::postgres) fn callback(digest: &[u8]) -> Self {
        let row = hex::encode(digest);
        Self { code: format!("sms_inbox.code:{row}"), text: format!("sms_inbox.text:{row}") }
    }
}
