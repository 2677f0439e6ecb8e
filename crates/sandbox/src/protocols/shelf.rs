use std::collections::{BTreeMap, HashMap};

/// How many objects of one kind are kept; the oldest goes first.
const ROOM: usize = 100_000;

/// Objects by id, in the order in which they came.
pub(crate) struct Shelf<T> {
    items: BTreeMap<u64, (String, T)>,
    places: HashMap<String, u64>,
    next: u64,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { items: BTreeMap::new(), places: HashMap::new(), next: 0 }
    }
}

impl<T> Shelf<T> {
    pub(crate) fn insert(&mut self, id: &str, item: T) {
        self.remove(id);
        self.places.insert(id.to_owned(), self.next);
        self.items.insert(self.next, (id.to_owned(), item));
        self.next += 1;
        if self.items.len() > ROOM
            && let Some((_, (oldest, _))) = self.items.pop_first()
        {
            self.places.remove(&oldest);
        }
    }

    pub(crate) fn get(&self, id: &str) -> Option<&T> {
        self.items.get(self.places.get(id)?).map(|(_, item)| item)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.items.get_mut(self.places.get(id)?).map(|(_, item)| item)
    }

    pub(crate) fn remove(&mut self, id: &str) {
        if let Some(place) = self.places.remove(id) {
            self.items.remove(&place);
        }
    }

    /// From the newest to the oldest.
    pub(crate) fn newest(&self) -> impl DoubleEndedIterator<Item = (&str, &T)> {
        self.items.values().rev().map(|(id, item)| (id.as_str(), item))
    }
}
