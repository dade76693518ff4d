//! Values by number, for a side that cannot hold references.

/// A place for values; the numbers of those that are gone are used again.
pub(crate) struct Slab<T> {
    places: Vec<Option<T>>,
    free: Vec<usize>,
}

impl<T> Slab<T> {
    pub(crate) const fn new() -> Self {
        Self { places: Vec::new(), free: Vec::new() }
    }

    pub(crate) fn insert(&mut self, value: T) -> usize {
        if let Some(id) = self.free.pop() {
            self.places[id] = Some(value);
            return id;
        }
        self.places.push(Some(value));
        self.places.len() - 1
    }

    pub(crate) fn get_mut(&mut self, id: usize) -> Option<&mut T> {
        self.places.get_mut(id)?.as_mut()
    }

    pub(crate) fn remove(&mut self, id: usize) -> Option<T> {
        let value = self.places.get_mut(id)?.take()?;
        self.free.push(id);
        Some(value)
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }
}
