//! Configuration of a binary: defaults in code, then a TOML file, then the environment.
//!
//! `database.url` in the file is `SWITCHBOARD__DATABASE__URL` in the environment. Every key has a
//! twin ending in `_file` that names a file holding the value, the usual shape of mounted secrets.
//! Reading never stops at the first fault: a [`Section`] reads all its keys, gets placeholders for
//! the bad ones, and [`load`] throws the placeholders away together with the whole value.
//!
//! Sections nobody asks for are left alone, so that one file can serve every binary; an unknown
//! key inside a section that is read is a fault.

mod faults;
mod gateways;
mod keys;
mod market;
mod reference;
mod retention;
mod sections;
mod source;
#[cfg(test)]
mod tests;
mod value;

pub use faults::{Fault, Faults};
pub use gateways::{
    Btcpay, ChargeCurrency, CoinAccount, Cryptomus, Duitku, DuitkuAlgorithm, Gateways, Heleket,
    Stripe,
};
pub use keys::Keys;
pub use market::{
    Abuse, Ingest, Orders, Pricing, Privacy, Providers, Rates, Secrets, Tripwire, Webhooks,
};
pub use reference::reference;
pub use retention::Retention;
pub use sections::{Database, Http, Log, LogFormat, Redis, Shutdown, Telemetry};
pub use source::Source;
pub use value::{HttpUrl, Raw, Value};

/// A part of the configuration that knows how to read itself.
pub trait Section: Sized {
    /// Reads every key of the section; faults are collected in `keys`, never returned.
    fn read(keys: &mut Keys<'_>) -> Self;
}

impl<A: Section, B: Section> Section for (A, B) {
    fn read(keys: &mut Keys<'_>) -> Self {
        (A::read(keys), B::read(keys))
    }
}

/// A configuration without faults.
#[derive(Debug)]
pub struct Loaded<T> {
    /// The configuration itself.
    pub config: T,
    /// Top-level sections that were present and that this binary does not read.
    pub ignored: Vec<String>,
}

/// Reads and checks the whole configuration.
///
/// # Errors
/// Lists every fault at once.
pub fn load<T: Section>(source: &Source) -> Result<Loaded<T>, Faults> {
    let mut record = keys::Record::default();
    for path in source.unreadable() {
        record.faults.add(path, "is not Unicode text");
    }
    let mut keys = Keys::root(source, &mut record);
    let config = T::read(&mut keys);
    let ignored = keys.finish_root();
    if record.faults.is_empty() { Ok(Loaded { config, ignored }) } else { Err(record.faults) }
}
