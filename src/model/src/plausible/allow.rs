//! Values allowed by name although they lie outside the plausible range.

use std::collections::BTreeSet;

/// The entries of a file's key `allow`, and which names were asked about.
#[derive(Debug, Default)]
pub(crate) struct Allowed {
    entries: Vec<String>,
    asked: BTreeSet<String>,
}

impl Allowed {
    pub(crate) fn new(entries: &[String]) -> Self {
        Self {
            entries: entries.to_vec(),
            asked: BTreeSet::new(),
        }
    }

    /// Whether the value of this name is allowed whatever it is.
    pub(crate) fn allows(&mut self, name: &str) -> bool {
        let found = self.entries.iter().any(|entry| entry == name);
        self.asked.insert(name.to_owned());
        found
    }

    /// Position and text of entries that name nothing that was asked about.
    pub(crate) fn idle(&self) -> Vec<(usize, String)> {
        let entries = self.entries.iter().enumerate();
        entries
            .filter(|(_, entry)| !self.asked.contains(*entry))
            .map(|(i, entry)| (i, entry.clone()))
            .collect()
    }

    /// Names that were asked about.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.asked.iter().map(String::as_str)
    }
}
