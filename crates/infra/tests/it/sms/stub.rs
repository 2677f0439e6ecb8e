use std::{
    collections::HashMap,
    future::pending,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use infra::sms::sms_activate::SmsActivate;
use tokio::{net::TcpListener, task::JoinSet};

use super::{HASTY, PATIENT, adapter};

/// A provider that answers each action as scripted and remembers what it was asked.
pub(super) struct Stub {
    base_url: String,
    script: Arc<Script>,
    _server: JoinSet<()>,
}

#[derive(Default)]
struct Script {
    replies: Mutex<HashMap<String, Scripted>>,
    asked: Mutex<Vec<Vec<(String, String)>>>,
}

#[derive(Clone)]
enum Scripted {
    Reply(u16, HeaderMap, String),
    Silence,
}

impl Stub {
    pub(super) async fn open() -> Self {
        let script = Arc::new(Script::default());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&script));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let mut server = JoinSet::new();
        server.spawn(async { axum::serve(listener, router).await.unwrap() });
        Self { base_url, script, _server: server }
    }

    /// Answers `action` so from now on. With `@` and a value, only where the parameter `start` or
    /// `status` has that value.
    pub(super) fn on(&self, action: &str, status: u16, body: &str) -> &Self {
        self.on_with(action, status, HeaderMap::new(), body)
    }

    pub(super) fn on_with(
        &self,
        action: &str,
        status: u16,
        headers: HeaderMap,
        body: &str,
    ) -> &Self {
        self.put(action, Scripted::Reply(status, headers, body.to_owned()))
    }

    /// Never answers `action`.
    pub(super) fn silent_on(&self, action: &str) -> &Self {
        self.put(action, Scripted::Silence)
    }

    fn put(&self, action: &str, scripted: Scripted) -> &Self {
        self.script.replies.lock().unwrap().insert(action.to_owned(), scripted);
        self
    }

    pub(super) fn provider(&self) -> SmsActivate {
        adapter(&self.base_url, "key & more", PATIENT)
    }

    pub(super) fn hasty_provider(&self) -> SmsActivate {
        adapter(&self.base_url, "key & more", HASTY)
    }

    /// The actions asked for, in order.
    pub(super) fn actions(&self) -> Vec<String> {
        let asked = self.script.asked.lock().unwrap();
        asked.iter().filter_map(|parameters| value(parameters, "action")).collect()
    }

    /// The parameters of the latest request.
    pub(super) fn latest(&self) -> Vec<(String, String)> {
        self.script.asked.lock().unwrap().last().cloned().unwrap_or_default()
    }
}

fn value(parameters: &[(String, String)], name: &str) -> Option<String> {
    parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
}

async fn answer(
    State(script): State<Arc<Script>>,
    Query(parameters): Query<Vec<(String, String)>>,
) -> Response {
    script.asked.lock().unwrap().push(parameters.clone());
    let action = value(&parameters, "action").unwrap_or_default();
    let detail = value(&parameters, "start").or_else(|| value(&parameters, "status"));
    let narrow = detail.map(|detail| format!("{action}@{detail}"));
    let scripted = {
        let replies = script.replies.lock().unwrap();
        let narrow = narrow.and_then(|narrow| replies.get(&narrow));
        narrow.or_else(|| replies.get(&action)).cloned()
    };
    match scripted {
        Some(Scripted::Reply(status, headers, body)) => {
            (StatusCode::from_u16(status).unwrap(), headers, body).into_response()
        }
        Some(Scripted::Silence) => pending().await,
        None => "BAD_ACTION".into_response(),
    }
}
