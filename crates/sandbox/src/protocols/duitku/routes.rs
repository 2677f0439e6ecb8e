use serde_json::{Value, json};

use super::{
    desk::Duitku,
    error::DuitkuError,
    input::{Inquiry, StatusQuery, read},
    signature::sign,
};
use crate::protocols::gateway::PayKind;

/// What a call that succeeded leads to.
pub(super) struct Done {
    pub(super) reply: Value,
    /// The callbacks to send before the reply is written.
    pub(super) hasty: Vec<String>,
}

impl Duitku {
    /// Opens a transaction. With `is_hasty` it is paid at once.
    pub(super) fn open(
        &self,
        inquiry: Inquiry,
        host: &str,
        is_hasty: bool,
    ) -> Result<Done, DuitkuError> {
        inquiry.check()?;
        let mut desk = self.desk();
        let refusal = refusal(&inquiry);
        let Some(reference) = desk.open(inquiry, host) else {
            return Ok(Done { reply: refusal, hasty: Vec::new() });
        };
        let opened = desk.transactions.get(&reference);
        let reply = opened.ok_or_else(DuitkuError::server)?.opened();
        let paid = if is_hasty { desk.pay(&reference, PayKind::Exact) } else { Ok(Vec::new()) };
        Ok(Done { reply, hasty: paid.unwrap_or_default() })
    }

    /// Tells how an order stands.
    pub(super) fn status(&self, query: &StatusQuery) -> Result<Done, DuitkuError> {
        let desk = self.desk();
        let transaction = desk.of_order(&query.merchant_order_id);
        // Unverified: how the vendor answers for an order it does not know.
        let transaction = transaction.ok_or(DuitkuError::not_found("Transaction not found"))?;
        Ok(Done { reply: transaction.standing(), hasty: Vec::new() })
    }

    /// An inquiry by somebody who may make one.
    pub(super) fn inquiry(&self, body: &[u8]) -> Result<Inquiry, DuitkuError> {
        let inquiry: Inquiry = read(body)?;
        let desk = self.desk();
        let settings = &desk.settings;
        if inquiry.merchant_code != settings.merchant_code {
            return Err(DuitkuError::not_found("Merchant not found"));
        }
        let mut keys = settings.keys.iter();
        if !keys.any(|key| inquiry.is_signed(settings.algorithm, key)) {
            return Err(DuitkuError::wrong_signature());
        }
        Ok(inquiry)
    }

    /// A question by somebody who may ask.
    pub(super) fn query(&self, body: &[u8]) -> Result<StatusQuery, DuitkuError> {
        let query: StatusQuery = read(body)?;
        let desk = self.desk();
        let settings = &desk.settings;
        if query.merchant_code != settings.merchant_code {
            return Err(DuitkuError::not_found("Merchant not found"));
        }
        let parts = [&*query.merchant_code, &*query.merchant_order_id];
        let mut keys = settings.keys.iter();
        if !keys.any(|key| query.signature == sign(settings.algorithm, key, &parts)) {
            return Err(DuitkuError::wrong_signature());
        }
        Ok(query)
    }
}

/// Unverified: that a used number of an order is refused in this form.
fn refusal(inquiry: &Inquiry) -> Value {
    json!({
        "merchantCode": inquiry.merchant_code,
        "reference": "",
        "paymentUrl": "",
        "amount": inquiry.payment_amount.to_string(),
        "statusCode": "01",
        "statusMessage": "Duplicate merchantOrderId",
    })
}
