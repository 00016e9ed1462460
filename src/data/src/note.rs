//! What was found and bridged while loading: nothing is filled without a note.

use std::fmt;

/// Something the user should know about how an input was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What it concerns: `data.price`, `jobs.philly`.
    pub subject: String,
    /// Data file as it was opened; empty for generators.
    pub file: String,
    /// The finding, a sentence without a full stop.
    pub text: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.text)?;
        if !self.file.is_empty() {
            write!(f, " ({})", self.file)?;
        }
        Ok(())
    }
}

/// Collects the notes of one subject and file.
pub(crate) struct Notes<'a> {
    pub(crate) all: &'a mut Vec<Note>,
    pub(crate) subject: String,
    pub(crate) file: String,
}

impl Notes<'_> {
    pub(crate) fn push(&mut self, text: impl Into<String>) {
        self.all.push(Note {
            subject: self.subject.clone(),
            file: self.file.clone(),
            text: text.into(),
        });
    }
}

/// `1 row`, `2 rows`.
pub(crate) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// An instant in messages: `2022-01-01T06:00:00Z`, or the number where it is out of range.
pub(crate) fn instant(second: i64) -> String {
    jiff::Timestamp::from_second(second).map_or_else(|_| second.to_string(), |t| t.to_string())
}

/// A length in messages, in the largest unit that divides it; days where it is long and odd.
pub(crate) fn length(seconds: i64) -> String {
    match seconds {
        s if s > 172_800 && s % 3600 != 0 => format!("{:.1} days", s as f64 / 86_400.0),
        s if s % 3600 == 0 => format!("{} h", s / 3600),
        s if s % 60 == 0 => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}
