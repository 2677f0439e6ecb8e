//! Extractors that refuse in the contract's envelope.

mod json;
mod path;
mod query;
mod raw;
mod wording;

pub use json::ValidJson;
pub use path::ValidPath;
pub use query::ValidQuery;
pub use raw::RawBody;
