use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

/// A part of the state that is copied when it is first changed, so that starting a unit is cheap.
#[derive(Debug, Default)]
pub(super) struct Cow<T>(Arc<T>);

impl<T> Clone for Cow<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Cow<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone> DerefMut for Cow<T> {
    fn deref_mut(&mut self) -> &mut T {
        Arc::make_mut(&mut self.0)
    }
}
