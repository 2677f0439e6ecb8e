//! Stopping a use case in the middle of its work.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
};

use testkit::{Market, Outcome};

/// Runs `future` until its call of `method` has returned, and stops it there: the answer is the
/// rest of it. The market's calls take turns from then on.
pub(crate) async fn stop_after<'a, T: 'a>(
    market: &Market,
    method: &str,
    future: impl Future<Output = T> + Send + 'a,
) -> Outcome<Pin<Box<dyn Future<Output = T> + Send + 'a>>> {
    market.chaos.calm();
    market.chaos.interleave();
    let mut future: Pin<Box<dyn Future<Output = T> + Send + 'a>> = Box::pin(future);
    // Each poll runs one call to its end and stops at the door of the next one.
    let ended = poll_fn(|context| {
        while !market.chaos.calls().contains(&method) {
            if future.as_mut().poll(context).is_ready() {
                return Poll::Ready(true);
            }
        }
        Poll::Ready(false)
    })
    .await;
    if ended { Err(format!("ended without calling {method}").into()) } else { Ok(future) }
}
