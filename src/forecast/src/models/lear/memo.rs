//! Results kept for the very same question.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Results by all that they depend on; the oldest go first. What it returns does not
/// depend on what it holds.
pub(super) struct Memo<K, V> {
    most: usize,
    made: Mutex<(BTreeMap<K, V>, VecDeque<K>)>,
}

impl<K: Ord + Clone, V: Clone> Memo<K, V> {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            made: Mutex::default(),
        }
    }

    /// The result for the key, made when it is not held; others may ask meanwhile.
    pub(super) fn get_or_make(&self, key: &K, make: impl FnOnce() -> V) -> V {
        let lock = || self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().0.get(key) {
            return known.clone();
        }
        let value = make();
        let mut made = lock();
        if made.0.insert(key.clone(), value.clone()).is_none() {
            made.1.push_back(key.clone());
        }
        if made.1.len() > self.most
            && let Some(oldest) = made.1.pop_front()
        {
            made.0.remove(&oldest);
        }
        value
    }
}
