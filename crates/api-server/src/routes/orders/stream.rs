use std::{collections::VecDeque, sync::Arc, time::Duration};

use axum::{
    extract::{FromRef, State},
    http::HeaderMap,
    response::{Response, sse::Event},
};
use domain::{
    identity::TokenHash,
    ids::EventSeq,
    orders::OrderView,
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
    auth::{Callers, CurrentUser},
    live::{Follower, Live, Opening, Told},
    routes::face::Face,
    state::AppState,
};

/// What browsers send when they reconnect.
const LAST_EVENT_ID: &str = "last-event-id";

#[derive(Deserialize)]
pub(crate) struct Parameters {
    /// For clients that cannot set the header.
    last_event_id: Option<String>,
}

/// One event; the same shape for orders and for what the stream says of itself.
#[derive(Serialize)]
struct EventBody<T> {
    event: &'static str,
    timestamp: Timestamp,
    data: T,
}

/// What a stream needs besides its request.
pub(crate) struct Surroundings {
    live: Live,
    callers: Callers,
    clock: Arc<dyn Clock>,
    stop: Stop,
}

impl FromRef<AppState> for Surroundings {
    fn from_ref(state: &AppState) -> Self {
        Self {
            live: Live::from_ref(state),
            callers: Callers::from_ref(state),
            clock: FromRef::from_ref(state),
            stop: Stop::from_ref(state),
        }
    }
}

/// Tells what happens to the caller's orders, as it happens.
pub(crate) async fn open(
    State(Surroundings { live, callers, clock, stop }): State<Surroundings>,
    user: CurrentUser,
    headers: HeaderMap,
    ValidQuery(query): ValidQuery<Parameters>,
) -> Result<Response, ApiError> {
    let header = headers.get(LAST_EVENT_ID).map(|value| value.to_str().unwrap_or("not text"));
    let resume = header.or(query.last_event_id.as_deref()).filter(|id| !id.is_empty());
    let (opening, at, follower) = live.open(user.id, resume).await?;
    let ready = first(opening, at, clock.now());
    let check_at = Instant::now() + Teller::CHECK;
    let teller = Teller { ready, follower, callers, clock, token: user.token, check_at };
    Ok(event_stream(stream::unfold(teller, Teller::next), stop.soft))
}

/// What the client gets before any news, so that it knows a place to resume from.
fn first(opening: Opening, at: EventSeq, now: Timestamp) -> VecDeque<Event> {
    let snapshot = |views: Vec<OrderView>| {
        let data: Vec<_> =
            views.into_iter().map(|view| OrderBody::new(view, now, Face::Rupiah)).collect();
        event(Some(at), &EventBody { event: "snapshot", timestamp: now, data })
    };
    let bare = |id, name| event(id, &EventBody { event: name, timestamp: now, data: () });
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
    clock: Arc<dyn Clock>,
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
                told = self.follower.next() => self.ready.extend(self.tell(told?)),
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
        let data = OrderBody::new(told.view, self.clock.now(), Face::Rupiah);
        event(Some(told.event.seq), &EventBody { event: kind, timestamp: told.event.at, data })
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
