//! Values allowed by name although they lie outside the plausible range.

use std::collections::BTreeSet;

use crate::document::{Document, near};

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

    /// Position of each entry that names nothing that was asked about, with what to do.
    pub(crate) fn idle(&self, document: &Document) -> Vec<(usize, String)> {
        let entries = self.entries.iter().enumerate();
        entries
            .filter(|(_, entry)| !self.asked.contains(*entry))
            .map(|(i, entry)| (i, self.help(document, entry)))
            .collect()
    }

    /// Which names were probably meant.
    fn help(&self, document: &Document, entry: &str) -> String {
        let names = || self.asked.iter().map(String::as_str);
        // Where it is written, as `--set` has it, instead of by its id.
        let place = entry.strip_prefix("site.").unwrap_or(entry);
        let by_place = document.name_of(place);
        if self.asked.contains(&by_place) {
            return format!("did you mean `{by_place}`?");
        }
        let (id, key) = place.rsplit_once('.').unwrap_or((place, ""));
        let of_id: Vec<&str> = names().filter(|name| of(name).0 == id).collect();
        if !of_id.is_empty() {
            let keys = of_id.iter().map(|name| of(name).1);
            let part_of = keys.clone().find(|other| other.contains(key));
            let only = keys.clone().next().filter(|_| of_id.len() == 1);
            return match only.or_else(|| near(key, keys)).or(part_of) {
                Some(near) => format!("did you mean `{id}.{near}`?"),
                None => format!("names of `{id}`: {}", of_id.join(", ")),
            };
        }
        // The right key of something else, such as the kind of a line instead of its id.
        let of_key: Vec<&str> = names().filter(|name| of(name).1 == key).collect();
        let misspelt = match of_key.is_empty() {
            true => near(entry, names()),
            false => near(id, of_key.iter().map(|name| of(name).0))
                .and_then(|id| of_key.iter().copied().find(|name| of(name).0 == id)),
        };
        match (misspelt, &of_key[..]) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, []) => {
                "take the entry out; names are ID.KEY in the file where the value stands".to_owned()
            }
            (None, several) => format!("did you mean `{}`?", several.join("` or `")),
        }
    }
}

/// Id and key of a name.
fn of(name: &str) -> (&str, &str) {
    name.rsplit_once('.').unwrap_or((name, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_met_with_the_near_ones() {
        let document = Document::parse(
            "site.toml",
            "[[tariff]]\nid = \"monthly-peak\"\nper_kw_month = 3\n",
        );
        let document = document.expect("valid");
        let help = |entry: &str| {
            let mut allowed = Allowed::new(&[entry.to_owned()]);
            for name in [
                "ers.availability_per_mw_h",
                "ers.penalty_per_mwh",
                "ers.firm_mw",
                "monthly-peak.per_kw_month",
                "peak.per_kw_month",
                "s21.pool_fee",
                "s19j.pool_fee",
                "chat.tiers.0.value_per_gpu_h",
            ] {
                allowed.allows(name);
            }
            let mut idle = allowed.idle(&document);
            idle.pop().expect("it names nothing").1
        };
        for (entry, said) in [
            (
                "monthly-peak.kw",
                "did you mean `monthly-peak.per_kw_month`?",
            ),
            ("peak.kw", "did you mean `peak.per_kw_month`?"),
            ("ers.penalty", "did you mean `ers.penalty_per_mwh`?"),
            (
                "tariff.0.per_kw_month",
                "did you mean `monthly-peak.per_kw_month`?",
            ),
            (
                "site.tariff[0].per_kw_month",
                "did you mean `monthly-peak.per_kw_month`?",
            ),
            (
                "pools.pool_fee",
                "did you mean `s19j.pool_fee` or `s21.pool_fee`?",
            ),
            (
                "ers.xyz",
                "names of `ers`: ers.availability_per_mw_h, ers.firm_mw, ers.penalty_per_mwh",
            ),
            (
                "zzz.www",
                "take the entry out; names are ID.KEY in the file where the value stands",
            ),
        ] {
            assert_eq!(help(entry), said, "{entry}");
        }
    }
}
