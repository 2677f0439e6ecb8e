use serde::Serialize;
use serde_json::{Value, json};

use super::input::Inquiry;
use crate::{clock::Moment, protocols::gateway::Members};

/// Methods that are paid by scanning a code; the others have an account to pay to.
const QR_METHODS: [&str; 6] = ["SP", "NQ", "DQ", "GQ", "LQ", "SQ"];

/// Where a transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Pending,
    Paid,
    Failed,
    Expired,
}

impl Status {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Paid => "paid",
            Self::Failed => "failed",
            Self::Expired => "expired",
        }
    }

    /// What the status call says.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Paid => "00",
            Self::Pending => "01",
            Self::Failed | Self::Expired => "02",
        }
    }

    const fn message(self) -> &'static str {
        match self {
            Self::Paid => "SUCCESS",
            Self::Pending => "PROCESS",
            Self::Failed | Self::Expired => "CANCELED",
        }
    }
}

/// Money that reached the gateway.
#[derive(Clone, Serialize)]
pub(super) struct Payment {
    pub(super) publisher_order_id: String,
    pub(super) amount: u64,
    /// Whether it came after the time to pay had run out.
    pub(super) is_late: bool,
    pub(super) at: String,
}

/// A request for money.
pub(super) struct Transaction {
    pub(super) reference: String,
    pub(super) inquiry: Inquiry,
    pub(super) status: Status,
    pub(super) payments: Vec<Payment>,
    pub(super) expires_at: i64,
    /// The account to pay to.
    pub(super) va_number: String,
    pub(super) url: String,
}

impl Transaction {
    pub(super) fn received(&self) -> u64 {
        self.payments.iter().fold(0, |sum, payment| sum.saturating_add(payment.amount))
    }

    /// The reply to the inquiry.
    pub(super) fn opened(&self) -> Value {
        let is_scanned = QR_METHODS.contains(&&*self.inquiry.payment_method);
        let mut reply = json!({
            "merchantCode": self.inquiry.merchant_code,
            "reference": self.reference,
            "paymentUrl": self.url,
            "amount": self.inquiry.payment_amount.to_string(),
            "statusCode": "00",
            "statusMessage": "SUCCESS",
        });
        let (name, value) = if is_scanned {
            ("qrString", format!("00020101021226SANDBOX{}", self.reference))
        } else {
            ("vaNumber", self.va_number.clone())
        };
        if let Value::Object(reply) = &mut reply {
            reply.insert(name.to_owned(), json!(value));
        }
        reply
    }

    /// The reply to the status call.
    pub(super) fn standing(&self) -> Value {
        json!({
            "merchantOrderId": self.inquiry.merchant_order_id,
            "reference": self.reference,
            "amount": self.inquiry.payment_amount.to_string(),
            "fee": "0.00",
            "statusCode": self.status.code(),
            "statusMessage": self.status.message(),
        })
    }

    /// What a callback says about the present state.
    pub(super) fn facts(&self, now: Moment) -> Members {
        let inquiry = &self.inquiry;
        let result = if self.status == Status::Paid { "00" } else { "01" };
        let payment = self.payments.last();
        let publisher_order_id = payment.map_or("", |payment| &*payment.publisher_order_id);
        let now = now.rfc3339();
        vec![
            ("merchantCode", json!(inquiry.merchant_code)),
            ("amount", json!(inquiry.payment_amount.to_string())),
            ("merchantOrderId", json!(inquiry.merchant_order_id)),
            ("productDetail", json!(inquiry.product_details)),
            ("additionalParam", json!(inquiry.additional_param)),
            ("paymentCode", json!(inquiry.payment_method)),
            ("resultCode", json!(result)),
            ("merchantUserId", json!(inquiry.merchant_user_info)),
            ("reference", json!(self.reference)),
            ("publisherOrderId", json!(publisher_order_id)),
            ("settlementDate", json!(now.split('T').next())),
            ("issuerCode", json!("93600000")),
        ]
    }
}
