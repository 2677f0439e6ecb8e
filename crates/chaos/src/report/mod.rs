//! What a run amounts to, for programs and for docs/reliability.md.

mod document;
mod quantiles;
mod summary;

pub(crate) use self::{
    document::{figures, write},
    summary::{Judged, Summary},
};
