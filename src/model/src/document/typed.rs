//! Tables as typed values, and what comes after the first fault.
//!
//! A deserialiser stops at its first fault. To say more at once, the faulty value is taken
//! out or replaced by one that fits, and the table is read again.

use serde::de::DeserializeOwned;

use super::{insert, split_path, wording};

/// Faults of one document that are told at once.
pub(super) const FAULTS_MAX: usize = 20;

/// Where a table is not what was asked for, and why.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TypeFault {
    pub(super) path: String,
    pub(super) problem: String,
    pub(super) help: String,
    /// Whether the key is not known there, so that taking it out mends it.
    unknown: bool,
}

/// The table as a typed value.
pub(super) fn read<T: DeserializeOwned>(table: &toml::Table) -> Result<T, TypeFault> {
    serde_path_to_error::deserialize(table.clone()).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { String::new() } else { path };
        let inner = error.into_inner();
        let message = inner.message().trim();
        let wording = wording::reword(message);
        let path = match wording.key {
            Some(key) if path.is_empty() => key,
            Some(key) if !path.ends_with(&format!(".{key}")) && path != key => {
                format!("{path}.{key}")
            }
            _ => path,
        };
        TypeFault {
            path,
            problem: wording.problem,
            help: wording.help,
            unknown: message.starts_with("unknown field "),
        }
    })
}

/// Mends a fault in `table` and returns the next one elsewhere; `None` when there is none,
/// or when nothing is known that would fit: then what follows could not be trusted.
pub(super) fn mended<T: DeserializeOwned>(
    table: &mut toml::Table,
    fault: &TypeFault,
) -> Option<TypeFault> {
    let keys = split_path(&fault.path);
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let (last, parents) = keys.split_last()?;
    if fault.unknown {
        take_out(table, parents, last)?;
        let next = read::<T>(table).err()?;
        return (next.path != fault.path).then_some(next);
    }
    let fitting: [toml::Value; 6] = [
        1.into(),
        0.5.into(),
        "UTC".into(),
        "2022-01-01T00:00:00Z".into(),
        true.into(),
        toml::Value::Array(Vec::new()),
    ];
    for value in fitting {
        let mut tried = toml::Value::Table(table.clone());
        insert(&mut tried, parents, last, value).ok()?;
        let toml::Value::Table(tried) = tried else {
            return None;
        };
        match read::<T>(&tried) {
            Ok(_) => return None,
            Err(next) if apart(&next.path, &fault.path) => {
                *table = tried;
                return Some(next);
            }
            Err(_) => {}
        }
    }
    None
}

/// Whether neither path holds the other: a fault around or inside the mended place may be
/// one that the mending made.
fn apart(one: &str, other: &str) -> bool {
    !one.starts_with(other) && !other.starts_with(one)
}

fn take_out(table: &mut toml::Table, parents: &[&str], last: &str) -> Option<toml::Value> {
    let Some((first, rest)) = parents.split_first() else {
        return table.remove(last);
    };
    let inner = rest
        .iter()
        .try_fold(table.get_mut(*first)?, |value, key| match value {
            toml::Value::Table(table) => table.get_mut(*key),
            toml::Value::Array(array) => array.get_mut(key.parse::<usize>().ok()?),
            _ => None,
        })?;
    inner.as_table_mut()?.remove(last)
}
