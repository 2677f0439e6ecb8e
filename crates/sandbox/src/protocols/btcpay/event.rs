use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    desk::Desk,
    invoice::{Change, Status},
    method::Payment,
};

/// Something the webhook tells of. Each sending makes another body of it.
#[derive(Clone)]
pub(super) struct Event {
    pub(super) kind: String,
    pub(super) invoice_id: String,
    timestamp: i64,
    store_id: String,
    metadata: Map<String, Value>,
    extra: Map<String, Value>,
}

/// The ids that make a body one delivery of an event.
pub(super) struct Envelope<'e> {
    pub(super) delivery: &'e str,
    /// The first delivery of the event.
    pub(super) original: &'e str,
    pub(super) webhook: &'e str,
}

impl Event {
    /// The indented document that is signed and sent.
    pub(super) fn body(&self, envelope: &Envelope<'_>) -> Bytes {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body<'e> {
            delivery_id: &'e str,
            webhook_id: &'e str,
            original_delivery_id: &'e str,
            is_redelivery: bool,
            #[serde(rename = "type")]
            kind: &'e str,
            timestamp: i64,
            store_id: &'e str,
            invoice_id: &'e str,
            metadata: &'e Map<String, Value>,
            #[serde(flatten)]
            extra: &'e Map<String, Value>,
        }
        let body = serde_json::to_vec_pretty(&Body {
            delivery_id: envelope.delivery,
            webhook_id: envelope.webhook,
            original_delivery_id: envelope.original,
            is_redelivery: envelope.delivery != envelope.original,
            kind: &self.kind,
            timestamp: self.timestamp,
            store_id: &self.store_id,
            invoice_id: &self.invoice_id,
            metadata: &self.metadata,
            extra: &self.extra,
        });
        Bytes::from(body.unwrap_or_default())
    }
}

impl Change {
    /// The type of the event that tells of it, and what the event has beside the usual.
    pub(super) fn event(self) -> (&'static str, Value) {
        match self {
            Self::Processing { over_paid } => {
                ("InvoiceProcessing", json!({ "overPaid": over_paid }))
            }
            Self::Settled { manually, over_paid } => {
                ("InvoiceSettled", json!({ "manuallyMarked": manually, "overPaid": over_paid }))
            }
            Self::Expired { partially } => {
                ("InvoiceExpired", json!({ "partiallyPaid": partially }))
            }
            Self::ExpiredPaidPartial => ("InvoiceExpiredPaidPartial", json!({})),
            Self::PaidAfterExpiration => ("InvoicePaidAfterExpiration", json!({})),
            Self::Invalid { manually } => ("InvoiceInvalid", json!({ "manuallyMarked": manually })),
        }
    }
}

impl Desk {
    /// Records that something happened to an invoice and returns the event's id. Nothing is sent
    /// yet; nothing is recorded about an invoice that does not exist.
    pub(super) fn record(&mut self, kind: &str, invoice_id: &str, extra: Value) -> Option<String> {
        let invoice = self.invoices.get(invoice_id)?;
        let (store, metadata) = (invoice.store_id.clone(), invoice.metadata.clone());
        Some(self.keep(kind, invoice_id, (store, metadata), extra))
    }

    /// As [`Self::record`], of an invoice that this server may never have had.
    pub(super) fn invent(
        &mut self,
        kind: &str,
        invoice_id: &str,
        metadata: Map<String, Value>,
    ) -> String {
        let store = self.settings.store_id.clone();
        self.keep(kind, invoice_id, (store, metadata), json!({}))
    }

    /// Records that a payment came or was confirmed.
    pub(super) fn record_payment(
        &mut self,
        kind: &str,
        id: &str,
        payment: &Payment,
    ) -> Option<String> {
        let status = self.invoices.get(id)?.status;
        let extra = json!({
            "afterExpiration": matches!(status, Status::Expired | Status::Invalid),
            "paymentMethodId": payment.method.as_str(),
            "payment": payment.object(),
        });
        self.record(kind, id, extra)
    }

    fn keep(
        &mut self,
        kind: &str,
        invoice_id: &str,
        (store_id, metadata): (String, Map<String, Value>),
        extra: Value,
    ) -> String {
        let Value::Object(extra) = extra else { return String::new() };
        let id = format!("event-{}", self.ids.digits(16));
        let event = Event {
            kind: kind.to_owned(),
            invoice_id: invoice_id.to_owned(),
            timestamp: self.now.unix_seconds(),
            store_id,
            metadata,
            extra,
        };
        self.events.insert(&id, event);
        id
    }
}
