//! What happened, as it was seen from outside: one line of JSON each, in the order of time.

mod entry;
mod read;
mod write;

pub(crate) use self::{
    entry::{Answer, Call, Entry, Header, Outcome, Seen, What},
    read::read,
    write::History,
};
