use serde_json::{Map, Value, json};

use super::{Provider, activation::Activation, book::Book};

/// What the control API shows of an activation.
pub(super) fn activation(activation: &Activation) -> Value {
    json!({
        "id": activation.id,
        "phone": activation.phone.to_string(),
        "service": activation.service.code,
        "country": activation.country.id,
        "cost_usd": activation.cost,
        "status": activation.status,
        "order_id": activation.order_id,
        "created_at": activation.created_at.rfc3339(),
        "sms": activation.sms.iter().map(|sms| json!({
            "text": sms.text,
            "code": sms.code,
            "received_at": sms.received_at.rfc3339(),
        })).collect::<Vec<_>>(),
        "callbacks": activation.callbacks.iter().map(|delivery| json!({
            "at": delivery.at.rfc3339(),
            "status": delivery.status,
        })).collect::<Vec<_>>(),
    })
}

fn provider(book: &Book, newest: usize) -> Value {
    let calls: Map<String, Value> = book
        .calls
        .iter()
        .map(|(action, count)| (action.name().to_owned(), Value::from(*count)))
        .collect();
    json!({
        "balance_usd": book.balance,
        "charged_usd": book.charged,
        "refunded_usd": book.refunded,
        "callback_url": book.settings.callback_url,
        "min_cancel_seconds": book.settings.min_cancel_seconds,
        "lifetime_seconds": book.settings.lifetime_seconds,
        "faults": book.faults,
        "calls": calls,
        "held_callbacks": book.held.len(),
        "activations": book.newest().take(newest).map(activation).collect::<Vec<_>>(),
    })
}

impl Provider {
    /// The whole book, with the `newest` activations, newest first.
    pub(crate) fn view(&self, newest: usize) -> Value {
        provider(&self.open_book(), newest)
    }
}
