//! What is left after a run: our books, the memory of the outside world, and the verdict of our own
//! audit. Read by plain queries and requests, and kept as files, so that a check can be repeated.

mod books;
mod collect;
mod decimal;
mod payments;
mod sealed;
mod world;

pub(crate) use self::{
    books::{Books, Event, Key, Message, Order, Topup, Transfer, Wallet},
    collect::{Evidence, collect, hurry, newest_events, read_books, unfinished},
    payments::Payment,
    world::{Activation, World},
};
