use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Way {
    /// Requests.
    There,
    /// Answers.
    Back,
}

/// Cuts a wire after an exact number of bytes in one direction, wherever in a message that is.
#[derive(Debug, Default)]
pub(super) struct Fuse(Mutex<Option<(Way, u64)>>);

impl Fuse {
    pub(super) fn light(&self, way: Way, bytes: u64) {
        *self.lock() = Some((way, bytes));
    }

    pub(super) fn is_lit(&self) -> bool {
        self.lock().is_some()
    }

    pub(super) fn put_out(&self) {
        *self.lock() = None;
    }

    /// How many of `many` bytes still pass; nothing when all do.
    pub(super) fn burn(&self, way: Way, many: usize) -> Option<usize> {
        let mut fuse = self.lock();
        let (_, left) = fuse.as_mut().filter(|(lit, _)| *lit == way)?;
        let many = u64::try_from(many).unwrap_or(u64::MAX);
        if *left >= many {
            *left -= many;
            return None;
        }
        let left = *left;
        *fuse = None;
        usize::try_from(left).ok()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(Way, u64)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burns_down_at_the_byte_and_only_in_its_direction() {
        let fuse = Fuse::default();
        assert_eq!(fuse.burn(Way::Back, 10), None);
        fuse.light(Way::Back, 10);
        assert_eq!(fuse.burn(Way::There, 100), None);
        assert_eq!(fuse.burn(Way::Back, 7), None);
        assert_eq!(fuse.burn(Way::Back, 7), Some(3));
        assert!(!fuse.is_lit());
        assert_eq!(fuse.burn(Way::Back, 7), None);
    }
}
