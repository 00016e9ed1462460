//! Refusals of data files.

use swingload_model::{Diagnostic, Diagnostics};

/// Faults of one kind of input shown before the rest is only counted.
const SHOWN: usize = 10;

/// A refusal that concerns a place in a data file.
pub(crate) fn fault(
    file: &str,
    line: Option<usize>,
    field: &str,
    value: impl Into<String>,
    problem: impl Into<String>,
    help: impl Into<String>,
) -> Diagnostic {
    Diagnostic {
        file: file.to_owned(),
        line,
        field: field.to_owned(),
        value: value.into(),
        problem: problem.into(),
        help: help.into(),
        more: 0,
    }
}

/// Faults found while reading one thing; a file with a million bad rows yields a short list.
#[derive(Default)]
pub(crate) struct Faults {
    shown: Vec<Diagnostic>,
    more: usize,
}

impl Faults {
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        if self.shown.len() < SHOWN {
            self.shown.push(diagnostic);
        } else {
            self.more += 1;
        }
    }

    pub(crate) fn extend(&mut self, mut diagnostics: Diagnostics) {
        match diagnostics.0.pop() {
            // The fault of one row among many.
            Some(only) if diagnostics.0.is_empty() => self.push(only),
            // These are a short list already, whose last entry may count the rest.
            last => self.shown.extend(diagnostics.0.into_iter().chain(last)),
        }
    }

    /// `Ok` when nothing was found.
    pub(crate) fn finish(mut self) -> Result<(), Diagnostics> {
        if let (Some(last), true) = (self.shown.last(), self.more > 0) {
            let summary = Diagnostic {
                line: None,
                field: String::new(),
                value: String::new(),
                problem: format!("and {} more faults like these", self.more),
                help: String::new(),
                more: self.more,
                ..last.clone()
            };
            self.shown.push(summary);
        }
        if self.shown.is_empty() {
            Ok(())
        } else {
            Err(Diagnostics(self.shown))
        }
    }
}
