//! Use cases on fakes: every branch, every crash, and many random lives.

mod adjust;
mod books;
mod cancel;
mod close;
mod confirm;
mod crash;
mod credit;

mod expire;
mod finish;
mod orderings;
mod place;
mod poll;
mod receive;
mod record;
mod register;
mod resend;
mod routing;
mod settle;
mod simulation;
mod start;
mod states;
mod support;
mod sync;
