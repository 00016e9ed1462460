//! TOML documents that remember where each key was written.

use serde::de::DeserializeOwned;
use toml_edit::{Document as Spanned, Item, TableLike, Value};

use crate::diagnostic::{Diagnostic, Diagnostics};

mod typed;
mod wording;

use typed::{FAULTS_MAX, mended, read};
pub(crate) use wording::{near, nearest};

/// A parsed TOML text with its name and the overrides put on top of it.
#[derive(Debug)]
pub struct Document {
    file: String,
    text: String,
    spans: Spanned<String>,
    table: toml::Table,
    /// The table before any override.
    written: toml::Table,
    overrides: Vec<String>,
}

/// A replacement of one key: dotted path and TOML value, as given by `--set path=value`.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    /// Dotted path, such as `data.price.file` or `pools.0.count`.
    pub path: String,
    /// The new value.
    pub value: toml::Value,
}

impl Override {
    /// Parses `path=value`. A value that is no TOML literal is taken as a string.
    ///
    /// # Errors
    /// A text without `=` or with an empty path.
    pub fn parse(text: &str) -> Result<Self, Diagnostics> {
        let refuse = || {
            Diagnostics::from(Diagnostic {
                file: "--set".into(),
                line: None,
                field: text.to_owned(),
                value: String::new(),
                problem: "an override needs the form path=value".into(),
                help: "for example --set data.price.file=prices/2021.csv.gz".into(),
                more: 0,
            })
        };
        let (path, raw) = text
            .split_once('=')
            .filter(|(path, _)| !path.trim().is_empty())
            .ok_or_else(refuse)?;
        let literal = format!("v = {raw}")
            .parse::<toml::Table>()
            .ok()
            .and_then(|mut t| t.remove("v"));
        let value = literal.unwrap_or_else(|| toml::Value::String(raw.to_owned()));
        Ok(Self {
            path: path.trim().to_owned(),
            value,
        })
    }
}

impl Document {
    /// Parses `text`; `file` is the name used in messages.
    ///
    /// # Errors
    /// The syntax error with its line.
    pub fn parse(file: &str, text: &str) -> Result<Self, Diagnostics> {
        let syntax = |message: &str, at: usize| Diagnostic {
            file: file.to_owned(),
            line: Some(line_of(text, at)),
            field: String::new(),
            value: String::new(),
            problem: format!("this is not valid TOML: {}", message.trim()),
            help: "compare with the examples in simulations/ and forecasts/".into(),
            more: 0,
        };
        let spans = Spanned::parse(text.to_owned())
            .map_err(|e| syntax(e.message(), e.span().map_or(0, |s| s.start)))?;
        let table = text
            .parse::<toml::Table>()
            .map_err(|e| syntax(e.message(), e.span().map_or(0, |s| s.start)))?;
        Ok(Self {
            file: file.to_owned(),
            text: text.to_owned(),
            spans,
            written: table.clone(),
            table,
            overrides: Vec::new(),
        })
    }

    /// Puts an override on top of the document; missing tables are created.
    ///
    /// # Errors
    /// A path that runs through a value that is no table, or past the end of an array.
    pub fn set(&mut self, change: &Override) -> Result<(), Diagnostics> {
        let refuse = |problem: String| {
            Diagnostics::from(Diagnostic {
                file: "--set".into(),
                line: None,
                field: change.path.clone(),
                value: change.value.to_string(),
                problem,
                help: format!(
                    "the path must lead through tables and existing list entries of {}",
                    self.file
                ),
                more: 0,
            })
        };
        let keys: Vec<&str> = change.path.split('.').collect();
        let (last, parents) = keys
            .split_last()
            .ok_or_else(|| refuse("the path is empty".into()))?;
        let mut table = toml::Value::Table(std::mem::take(&mut self.table));
        let outcome = insert(&mut table, parents, last, change.value.clone());
        if let toml::Value::Table(table) = table {
            self.table = table;
        }
        outcome.map_err(refuse)?;
        self.overrides.push(change.path.clone());
        Ok(())
    }

    /// The document as a typed value.
    ///
    /// # Errors
    /// Keys that are unknown, missing or of the wrong type: the first, and those after it
    /// that the reader reaches once it is mended.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Diagnostics> {
        let mut table = self.table.clone();
        let mut faults = Vec::new();
        let mut fault = match read(&table) {
            Ok(value) => return Ok(value),
            Err(fault) => fault,
        };
        loop {
            faults.push(self.refuse(&fault.path, &fault.problem, &fault.help));
            if faults.len() == FAULTS_MAX {
                break;
            }
            match mended::<T>(&mut table, &fault) {
                Some(next) => fault = next,
                None => break,
            }
        }
        Err(Diagnostics(faults))
    }

    /// A refusal of the value at `path` (`pools[2].count` or `pools.2.count`).
    pub fn refuse(
        &self,
        path: &str,
        problem: impl Into<String>,
        help: impl Into<String>,
    ) -> Diagnostic {
        let keys = split_path(path);
        let dotted = keys.join(".");
        let overridden = self.overrides.iter().any(|o| {
            let inside = |path: &str, outer: &str| path.starts_with(&format!("{outer}."));
            let made = inside(o, &dotted) && find(&self.written, &keys).is_none();
            dotted == *o || inside(&dotted, o) || made
        });
        Diagnostic {
            file: if overridden {
                format!("{} (by --set)", self.file)
            } else {
                self.file.clone()
            },
            line: (!overridden).then(|| self.line(&keys)),
            field: path.to_owned(),
            value: self.value_at(&keys),
            problem: problem.into(),
            help: help.into(),
            more: 0,
        }
    }

    /// The name of the value at a path, for the key `allow`: entries of lists that have an
    /// `id` go by it, so that `tariff[1].per_kw_month` is `demand.per_kw_month`.
    pub(crate) fn name_of(&self, path: &str) -> String {
        let keys = split_path(path);
        let mut name = keys.join(".");
        for end in 1..=keys.len() {
            let Some(toml::Value::Table(entry)) = find(&self.table, &keys[..end]) else {
                continue;
            };
            if let Some(id) = entry.get("id").and_then(toml::Value::as_str) {
                name = std::iter::once(id)
                    .chain(keys[end..].iter().map(String::as_str))
                    .collect::<Vec<_>>()
                    .join(".");
            }
        }
        name
    }

    /// The name used in messages: the path as the user gave it.
    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// The table with all overrides in place.
    pub(crate) fn table(&self) -> &toml::Table {
        &self.table
    }

    /// Line of the deepest key of the path that was written in the file; the first where none was.
    fn line(&self, keys: &[String]) -> usize {
        locate(self.spans.as_table(), keys).map_or(1, |at| line_of(&self.text, at))
    }

    fn value_at(&self, keys: &[String]) -> String {
        match find(&self.table, keys) {
            None | Some(toml::Value::Table(_) | toml::Value::Array(_)) => String::new(),
            Some(scalar) => scalar.to_string(),
        }
    }
}

/// The value at a path.
fn find<'a>(table: &'a toml::Table, keys: &[String]) -> Option<&'a toml::Value> {
    let (first, rest) = keys.split_first()?;
    rest.iter()
        .try_fold(table.get(first)?, |value, key| match value {
            toml::Value::Table(table) => table.get(key),
            toml::Value::Array(array) => array.get(key.parse::<usize>().ok()?),
            _ => None,
        })
}

/// Byte at which the deepest known key of the path starts.
fn locate(table: &dyn TableLike, keys: &[String]) -> Option<usize> {
    let (first, rest) = keys.split_first()?;
    let (key, item) = table.get_key_value(first)?;
    let own = key.span().or_else(|| item.span()).map(|span| span.start);
    let index = || rest.first().and_then(|k| k.parse::<usize>().ok());
    let deeper = match item {
        Item::ArrayOfTables(array) => index().and_then(|i| array.get(i)).and_then(|entry| {
            locate(entry, &rest[1..]).or_else(|| entry.span().map(|span| span.start))
        }),
        Item::Value(Value::Array(array)) => index().and_then(|i| array.get(i)).and_then(|entry| {
            let inside = entry.as_inline_table().and_then(|t| locate(t, &rest[1..]));
            inside.or_else(|| entry.span().map(|span| span.start))
        }),
        other => other.as_table_like().and_then(|inner| locate(inner, rest)),
    };
    deeper.or(own)
}

fn insert(
    value: &mut toml::Value,
    parents: &[&str],
    last: &str,
    new: toml::Value,
) -> Result<(), String> {
    match (value, parents.split_first()) {
        (toml::Value::Table(table), None) => {
            table.insert(last.to_owned(), new);
            Ok(())
        }
        (toml::Value::Table(table), Some((key, rest))) => {
            let next = table
                .entry((*key).to_owned())
                .or_insert_with(|| toml::Value::Table(toml::Table::new()));
            insert(next, rest, last, new)
        }
        (toml::Value::Array(array), step) => {
            let (key, rest) = step.map_or((last, None), |(key, rest)| (*key, Some(rest)));
            let len = array.len();
            let entry = key
                .parse::<usize>()
                .ok()
                .and_then(|i| array.get_mut(i))
                .ok_or_else(|| format!("`{key}` is no entry of a list of {len}"))?;
            match rest {
                Some(rest) => insert(entry, rest, last, new),
                None => {
                    *entry = new;
                    Ok(())
                }
            }
        }
        (_, step) => Err(format!(
            "`{}` lies inside a plain value",
            step.map_or(last, |(key, _)| key)
        )),
    }
}

/// `a.b[2].c` and `a.b.2.c` as keys.
fn split_path(path: &str) -> Vec<String> {
    path.replace('[', ".")
        .replace(']', "")
        .split('.')
        .filter(|k| !k.is_empty())
        .map(str::to_owned)
        .collect()
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.as_bytes()[..at.min(text.len())]
        .iter()
        .filter(|b| **b == b'\n')
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Shape {
        name: String,
        pools: Vec<Pool>,
    }
    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape is tested")]
    struct Pool {
        count: i64,
        heat: Option<toml::Table>,
    }

    const TEXT: &str =
        "name = \"x\"\n\n[[pools]]\ncount = 3\n\n[[pools]]\ncount = -1\nheat = { above = 40 }\n";

    #[test]
    fn a_refusal_names_line_and_value() {
        let document = Document::parse("site.toml", TEXT).expect("valid");
        let refusal = document.refuse(
            "pools[1].count",
            "must be positive",
            "give a count of 1 or more",
        );
        assert_eq!(
            refusal.to_string(),
            "site.toml:7: pools[1].count = -1: must be positive\n  help: give a count of 1 or more"
        );
        assert_eq!(document.refuse("pools[1].heat.above", "", "").line, Some(8));
    }

    #[test]
    fn type_errors_name_the_path() {
        let document =
            Document::parse("site.toml", &TEXT.replace("-1", "\"many\"")).expect("valid");
        let error = document
            .read::<Shape>()
            .expect_err("wrong type")
            .0
            .remove(0);
        assert_eq!(
            (error.line, error.field.as_str()),
            (Some(7), "pools[1].count")
        );
    }

    #[test]
    fn overrides_replace_values_and_are_named() {
        let mut document = Document::parse("site.toml", TEXT).expect("valid");
        document
            .set(&Override::parse("pools.1.count=5").expect("form"))
            .expect("path");
        document
            .set(&Override::parse("name=new name").expect("form"))
            .expect("path");
        let shape: Shape = document.read().expect("valid");
        assert_eq!((shape.name.as_str(), shape.pools[1].count), ("new name", 5));
        assert_eq!(
            document.refuse("pools[1].count", "p", "h").file,
            "site.toml (by --set)"
        );
        assert!(
            document
                .set(&Override::parse("pools.9.count=5").expect("form"))
                .is_err()
        );
        assert!(
            document
                .set(&Override::parse("name.x=5").expect("form"))
                .is_err()
        );
    }

    #[test]
    fn syntax_errors_have_lines() {
        let error = Document::parse("site.toml", "a = 1\nb = [\n")
            .expect_err("open list")
            .0
            .remove(0);
        assert!(error.line.is_some_and(|l| l >= 2), "{error}");
    }
}
