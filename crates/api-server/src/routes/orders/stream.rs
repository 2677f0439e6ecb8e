use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::{FromRef, FromRequestParts, State},
    http::request::Parts,
    response::{IntoResponse, Response, sse::Event},
};
use domain::{
    identity::TokenHash,
    ids::EventSeq,
    orders::OrderView,
    outbox::EventKind,
    rates::ExchangeRate,
    time::{Clock, Timestamp},
};
use futures_util::stream;
use http_kit::{ApiError, ValidQuery, event_stream};
use metrics::counter;
use runtime::Stop;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep_until};

use super::body::OrderBody;
use crate::{
    auth::{Callers, CurrentUser, Ending},
    live::{Follower, Live, Opening, Told},
    openapi::{About, Book, Described, Given, Group, Noted, Schema, Sheet, Taken, described},
    routes::face::{Face, Receipted},
    state::AppState,
};

/// What browsers send when they reconnect.
const LAST_EVENT_ID: &str = "last-event-id";

described! {
    #[derive(Deserialize)]
    pub(crate) struct Parameters {
        /// The same as the header, for clients that cannot set it.
        last_event_id: Option<String>,
    }
}

pub(crate) const ABOUT: About = About {
    id: "streamOrders",
    group: Group::Orders,
    summary: "Be told what happens to orders, as it happens",
    text: "Server-sent events. The first one is `snapshot` with all running orders, or `ready` \
           where the stream goes on after `Last-Event-ID`; `reset` before a snapshot says that \
           what was missed is too long ago. Each line of `data` is one `StreamEvent`.",
    fails: &[],
};

/// The place a client has read up to, as browsers send it when they reconnect.
pub(crate) struct LastEventId(Option<String>);

impl<S: Sync> FromRequestParts<S> for LastEventId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let value = parts.headers.get(LAST_EVENT_ID);
        Ok(Self(value.map(|value| value.to_str().unwrap_or("not text").to_owned())))
    }
}

impl Taken for LastEventId {
    fn tell(sheet: &mut Sheet<'_>) {
        let about = "The `id` of the last event you have seen; the stream goes on after it.";
        sheet.header("Last-Event-ID", about, Schema::text());
    }
}

/// A stream that is open.
pub(crate) struct Events(Response);

impl IntoResponse for Events {
    fn into_response(self) -> Response {
        self.0
    }
}

impl Given for Events {
    fn tell(sheet: &mut Sheet<'_>) {
        let event = StreamEvent::schema(sheet.book);
        sheet.answers_stream(event);
    }
}

/// Whatever a stream says.
struct StreamEvent;

impl Described for StreamEvent {
    fn schema(book: &mut Book) -> Schema {
        let order = OrderBody::schema(book);
        let at = Timestamp::schema(book);
        let receipt = <Receipted<()> as Noted>::schema(book);
        let shape = |names: &[&'static str], data: Schema, meta: Option<&Schema>| {
            let event = Schema::object()
                .property("event", Schema::text().one_of(names.iter().copied()), true)
                .property("timestamp", at.clone(), true)
                .property("data", data, true);
            match meta {
                Some(meta) => event.property("meta", meta.clone(), true),
                None => event,
            }
        };
        let kinds: Vec<_> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
        book.schema("StreamEvent", |_| {
            Schema::any_of([
                shape(&["snapshot"], Schema::list(order.clone()), receipt.as_ref()),
                shape(&kinds, order, receipt.as_ref()),
                shape(&["ready", "reset"], Schema::null(), None),
            ])
        })
    }
}

/// One event; the same shape for orders and for what the stream says of itself.
#[derive(Serialize)]
struct EventBody<T> {
    event: &'static str,
    timestamp: Timestamp,
    data: T,
    /// The rate of the money in `data`, where it is shown in dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<Receipted<()>>,
}

/// What a stream needs besides its request.
pub(crate) struct Surroundings {
    live: Live,
    callers: Callers,
    clock: Arc<dyn Clock>,
    rate: Arc<dyn ExchangeRate>,
    stop: Stop,
}

impl FromRef<AppState> for Surroundings {
    fn from_ref(state: &AppState) -> Self {
        Self {
            live: Live::from_ref(state),
            callers: Callers::from_ref(state),
            clock: FromRef::from_ref(state),
            rate: FromRef::from_ref(state),
            stop: Stop::from_ref(state),
        }
    }
}

/// Tells what happens to the caller's orders, as it happens.
pub(crate) async fn open(
    State(surroundings): State<Surroundings>,
    user: CurrentUser,
    face: Face,
    LastEventId(header): LastEventId,
    ValidQuery(query): ValidQuery<Parameters>,
) -> Result<Events, ApiError> {
    let resume = header.or(query.last_event_id).filter(|id| !id.is_empty());
    let Surroundings { live, callers, clock, rate, stop } = surroundings;
    let ending = callers.ending(user.token);
    let (opening, at, follower) = live.open(user.id, resume.as_deref()).await?;
    let ready = first(opening, at, (clock.now(), face));
    let check_at = Instant::now() + Teller::CHECK;
    let token = user.token;
    let teller = Teller { ready, follower, callers, ending, clock, rate, face, token, check_at };
    Ok(Events(event_stream(stream::unfold(teller, Teller::next), stop.soft)))
}

/// What the client gets before any news, so that it knows a place to resume from.
fn first(opening: Opening, at: EventSeq, (now, face): (Timestamp, Face)) -> VecDeque<Event> {
    let snapshot = |views: Vec<OrderView>| {
        let data: Vec<_> = views.into_iter().map(|view| OrderBody::new(view, now, face)).collect();
        let body = EventBody { event: "snapshot", timestamp: now, data, meta: face.receipt() };
        event(Some(at), &body)
    };
    let bare =
        |id, name| event(id, &EventBody { event: name, timestamp: now, data: (), meta: None });
    let events = match opening {
        Opening::Snapshot(views) => vec![snapshot(views)],
        Opening::Reset(views) => vec![bare(None, "reset"), snapshot(views)],
        Opening::Ready => vec![bare(Some(at), "ready")],
        Opening::Replay => Vec::new(),
    };
    events.into_iter().flatten().collect()
}

/// Writes one stream.
struct Teller {
    ready: VecDeque<Event>,
    follower: Follower,
    callers: Callers,
    ending: Ending,
    clock: Arc<dyn Clock>,
    rate: Arc<dyn ExchangeRate>,
    face: Face,
    token: TokenHash,
    check_at: Instant,
}

impl Teller {
    /// How often it is looked whether the token is still good.
    const CHECK: Duration = Duration::from_secs(15);

    async fn next(mut self) -> Option<(Event, Self)> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some((event, self));
            }
            tokio::select! {
                told = self.follower.next() => {
                    let told = told?;
                    self.face = self.face.renewed(&*self.rate).await;
                    self.ready.extend(self.tell(told));
                }
                () = self.ending.heard() => {
                    if self.callers.is_revoked(self.token).await {
                        return None;
                    }
                }
                () = sleep_until(self.check_at) => {
                    if self.callers.is_revoked(self.token).await {
                        return None;
                    }
                    self.check_at = Instant::now() + Self::CHECK;
                }
            }
        }
    }

    fn tell(&self, told: Told) -> Option<Event> {
        let kind = told.event.event.kind.as_str();
        counter!("sse_events_total", "event" => kind).increment(1);
        let data = OrderBody::new(told.view, self.clock.now(), self.face);
        let (timestamp, meta) = (told.event.at, self.face.receipt());
        event(Some(told.event.seq), &EventBody { event: kind, timestamp, data, meta })
    }
}

fn event<T: Serialize>(id: Option<EventSeq>, body: &EventBody<T>) -> Option<Event> {
    let data = serde_json::to_string(body)
        .inspect_err(|error| tracing::error!(%error, "an event cannot be written as JSON"))
        .ok()?;
    let event = Event::default().event(body.event).data(data);
    Some(match id {
        Some(id) => event.id(id.to_string()),
        None => event,
    })
}
