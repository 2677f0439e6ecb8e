use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{
    acts::Pay,
    desk::{Desk, Heleket},
    error::HeleketError,
    input::{Create, Named, Refund},
    php::{Slashes, encode},
};
use crate::protocols::gateway::{ActError, CallKind, Members};

/// What a call that succeeded leads to.
pub(super) struct Done {
    result: Reply,
    /// The callbacks to send before the reply is written.
    pub(super) hasty: Vec<String>,
}

enum Reply {
    Invoice(Members),
    Nothing,
}

impl Heleket {
    /// Does what the call asks for. With `is_hasty` a new invoice is paid at once.
    pub(super) fn execute(
        &self,
        kind: CallKind,
        body: &[u8],
        host: &str,
        is_hasty: bool,
    ) -> Result<Done, HeleketError> {
        let mut desk = self.desk();
        match kind {
            CallKind::Create => {
                let (uuid, is_new) = desk.create(Create::read(body)?, host);
                let result = desk.reply(&uuid)?;
                let hasty = if is_new && is_hasty {
                    desk.pay(&uuid, &Pay::default())
                } else {
                    Ok(Vec::new())
                };
                Ok(Done { result, hasty: hasty.unwrap_or_default() })
            }
            CallKind::Status => {
                let uuid = desk.find(&Named::read(body)?).ok_or_else(HeleketError::not_found)?;
                Ok(Done { result: desk.reply(&uuid)?, hasty: Vec::new() })
            }
            CallKind::Refund => {
                let Refund { named, address } = Refund::read(body)?;
                let uuid = desk.find(&named).ok_or_else(HeleketError::not_found)?;
                desk.refund(&uuid, address).map_err(HeleketError::from)?;
                Ok(Done { result: Reply::Nothing, hasty: Vec::new() })
            }
        }
    }
}

impl Desk {
    fn reply(&self, uuid: &str) -> Result<Reply, HeleketError> {
        self.result(uuid).map(Reply::Invoice).ok_or_else(HeleketError::not_found)
    }
}

/// Unverified: the vendor does not say how a refund of an unpaid invoice is refused.
impl From<ActError> for HeleketError {
    fn from(error: ActError) -> Self {
        match error {
            ActError::Unknown => Self::not_found(),
            ActError::Conflict(_) | ActError::Impossible(_) => {
                Self::refused("The invoice cannot be refunded")
            }
        }
    }
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        let result = match self.result {
            Reply::Invoice(members) => encode(&members, Slashes::Escaped),
            Reply::Nothing => json!([]).to_string(),
        };
        let body = format!("{{\"state\":0,\"result\":{result}}}");
        (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], body).into_response()
    }
}
