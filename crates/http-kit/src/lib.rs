//! What every HTTP binary shares: errors, extractors, layers, health, serving.
//!
//! Handlers return `Result<Reply<T>, ApiError>`; [`standard`] wraps the finished router; [`serve`]
//! runs it until the process is asked to stop.

mod api_error;
mod envelope;
mod extract;
mod health;
mod layers;
mod serve;
mod sse;

pub use api_error::{ApiError, status};
pub use envelope::Reply;
pub use extract::{RawBody, ValidJson, ValidPath, ValidQuery};
pub use health::{Health, health_routes};
pub use layers::{ClientIp, Limits, RequestId, standard, with_client_ip};
pub use serve::{Stages, bind, serve};
pub use sse::event_stream;
