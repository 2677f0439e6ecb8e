//! The fakes keep the contracts that real adapters are held to.

mod chaos;
mod coverage;
mod mem;
