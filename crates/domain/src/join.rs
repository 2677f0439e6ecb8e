//! Running several futures side by side without a runtime.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
};

/// Drives all `futures` at once and answers in their order.
///
/// Meant for batches of at most a hundred: each wake-up looks at all that are not done.
pub(crate) async fn join_all<T, F: Future<Output = T>>(
    futures: impl IntoIterator<Item = F>,
) -> Vec<T> {
    enum Slot<T, F> {
        Running(Pin<Box<F>>),
        Done(T),
    }
    let mut slots: Vec<Slot<T, F>> =
        futures.into_iter().map(|future| Slot::Running(Box::pin(future))).collect();
    poll_fn(|context| {
        let mut pending = false;
        for slot in &mut slots {
            if let Slot::Running(future) = slot {
                match future.as_mut().poll(context) {
                    Poll::Ready(value) => *slot = Slot::Done(value),
                    Poll::Pending => pending = true,
                }
            }
        }
        if pending { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    let done = |slot| match slot {
        Slot::Done(value) => Some(value),
        Slot::Running(_) => None,
    };
    slots.into_iter().filter_map(done).collect()
}
