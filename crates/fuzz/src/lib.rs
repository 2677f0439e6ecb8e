//! What must hold of everything that reads what others wrote, whatever they wrote.
//!
//! A [`Target`] is a plain function that panics when a property does not hold. libFuzzer drives it
//! through `libfuzzer/`, and the tests of this crate drive it with the corpus and with changes of
//! it. An input is text wherever that is possible, so that a corpus can be read and written by
//! hand.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a property that does not hold is a target that panics"
)]

mod bytes;
mod caller;
mod config;
mod hook;
mod mutator;
mod names;
mod otp;
mod payments;
mod provider;
mod prudence;
mod request;
mod sealed;
mod sms;
mod sums;
mod token;
mod webhook;

pub use mutator::Mutator;

/// Something to try.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name of its corpus and of its program.
    pub name: &'static str,
    /// Reads the input and checks what comes of it.
    pub run: fn(&[u8]),
    /// Parts of inputs that chance alone would not find.
    pub words: &'static [&'static str],
}

/// All there are.
pub const TARGETS: [Target; 16] = [
    Target { name: "btcpay", run: webhook::btcpay::check, words: webhook::btcpay::WORDS },
    Target { name: "caller", run: caller::check, words: caller::WORDS },
    Target { name: "config", run: config::check, words: config::WORDS },
    Target { name: "duitku", run: webhook::duitku::check, words: webhook::duitku::WORDS },
    Target { name: "heleket", run: webhook::heleket::check, words: webhook::heleket::WORDS },
    Target { name: "hook", run: hook::check, words: hook::WORDS },
    Target { name: "names", run: names::check, words: names::WORDS },
    Target { name: "otp", run: otp::check, words: otp::WORDS },
    Target { name: "payments", run: payments::check, words: payments::WORDS },
    Target { name: "provider", run: provider::check, words: provider::WORDS },
    Target { name: "request", run: request::check, words: request::WORDS },
    Target { name: "sealed", run: sealed::check, words: &[] },
    Target { name: "sms", run: sms::check, words: sms::WORDS },
    Target { name: "stripe", run: webhook::stripe::check, words: webhook::stripe::WORDS },
    Target { name: "sums", run: sums::check, words: sums::WORDS },
    Target { name: "token", run: token::check, words: token::WORDS },
];

/// Runs the target of that name, for programs that have one each.
///
/// # Panics
/// When a property does not hold, and when there is no such target.
pub fn run(name: &str, input: &[u8]) {
    match TARGETS.iter().find(|target| target.name == name) {
        Some(target) => (target.run)(input),
        None => panic!("there is no target {name}"),
    }
}
