use std::sync::Arc;

use domain::outbox::{Queue, Wake};
use tokio::sync::Notify;

/// Carries pokes to the tasks that serve the queues; a poke that comes while a task runs makes it
/// run once more.
#[derive(Debug, Clone, Default)]
pub struct Pokes {
    events: Arc<Notify>,
    tasks: Arc<Notify>,
}

impl Pokes {
    /// What wakes the task that serves `queue`.
    pub fn of(&self, queue: Queue) -> &Arc<Notify> {
        match queue {
            Queue::Events => &self.events,
            Queue::Tasks => &self.tasks,
        }
    }
}

impl Wake for Pokes {
    fn wake(&self, queue: Queue) {
        self.of(queue).notify_one();
    }
}

/// Pokes the tasks of this process directly, and through `others` those of the instance that may
/// lead instead.
pub(crate) struct Everywhere<W> {
    pub(crate) here: Pokes,
    pub(crate) others: W,
}

impl<W: Wake> Wake for Everywhere<W> {
    fn wake(&self, queue: Queue) {
        self.here.wake(queue);
        self.others.wake(queue);
    }
}
