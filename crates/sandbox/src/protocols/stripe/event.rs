use bytes::Bytes;
use serde_json::{Value, json};

use super::{desk::Desk, error::StripeError, form::Form, list::Listing};
use crate::clock::Moment;

/// The version events are rendered in.
const API_VERSION: &str = "2026-10-28.endive";

const TYPES_LIMIT: usize = 20;

/// The parameters of the list of events.
pub(super) const LIST: &[&str] = &[
    "type",
    "types[#]",
    "created[gt]",
    "created[gte]",
    "created[lt]",
    "created[lte]",
    "delivery_success",
    "limit",
    "starting_after",
    "ending_before",
];

/// Something that happened, with what became of telling about it.
pub(super) struct Event {
    pub(super) kind: String,
    pub(super) created: i64,
    pub(super) value: Value,
    /// The bytes that are sent, the same in each attempt.
    pub(super) body: Bytes,
    pub(super) deliveries: Vec<(Moment, u16)>,
}

impl Event {
    pub(super) fn was_delivered(&self) -> bool {
        self.deliveries.iter().any(|(_, status)| (200..300).contains(status))
    }
}

/// A call or an outside act that leads to an event.
#[derive(Clone, Debug, Default)]
pub(super) struct Origin {
    pub(super) request_id: Option<String>,
    pub(super) idempotency_key: Option<String>,
    pub(super) livemode: bool,
}

impl Desk {
    /// Records that `object` changed and returns the event's id. Nothing is sent yet.
    pub(super) fn record(&mut self, kind: &str, object: &Value, origin: &Origin) -> String {
        let id = self.new_id("evt_", 24);
        let created = self.now.unix_seconds();
        let value = json!({
            "id": id,
            "object": "event",
            "api_version": API_VERSION,
            "created": created,
            "data": { "object": object },
            "livemode": origin.livemode,
            "pending_webhooks": u32::from(self.settings.webhook_url.is_some()),
            "request": { "id": origin.request_id, "idempotency_key": origin.idempotency_key },
            "type": kind,
        });
        let body = Bytes::from(value.to_string());
        let event = Event { kind: kind.to_owned(), created, value, body, deliveries: Vec::new() };
        self.events.insert(&id, event);
        id
    }

    /// The page of events that `form` asks for, newest first.
    pub(super) fn list_events(&self, form: &Form) -> Result<Value, StripeError> {
        let mut kinds = form.list("types");
        if kinds.len() > TYPES_LIMIT {
            let message = format!("You can filter by at most {TYPES_LIMIT} types.");
            return Err(StripeError::invalid(message).param("types"));
        }
        kinds.extend(form.get("type"));
        let delivered = form.boolean("delivery_success")?;
        let created = Range::read(form)?;
        let wanted = |event: &Event| {
            (kinds.is_empty() || kinds.contains(&event.kind.as_str()))
                && delivered.is_none_or(|delivered| event.was_delivered() == delivered)
                && created.contains(event.created)
        };
        let listing = Listing { shelf: &self.events, what: "event", url: "/v1/events" };
        listing.page(form, wanted, |event| event.value.clone())
    }
}

/// Bounds on the time of creation, both included.
struct Range {
    first: i64,
    last: i64,
}

impl Range {
    fn read(form: &Form) -> Result<Self, StripeError> {
        let bound = |name: &str| -> Result<Option<i64>, StripeError> {
            let seconds = form.integer(&format!("created[{name}]"))?;
            Ok(seconds.map(|it| i64::try_from(it).unwrap_or(i64::MAX)))
        };
        let after = bound("gt")?.map(|it| it.saturating_add(1));
        let before = bound("lt")?.map(|it| it.saturating_sub(1));
        Ok(Self {
            first: bound("gte")?.max(after).unwrap_or(i64::MIN),
            last: bound("lte")?.into_iter().chain(before).min().unwrap_or(i64::MAX),
        })
    }

    fn contains(&self, created: i64) -> bool {
        (self.first..=self.last).contains(&created)
    }
}
