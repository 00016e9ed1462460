//! What is wrong with an input, where, why, and what to do next.

use std::fmt;

use serde::Serialize;

/// One refusal of an input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// File as the user named it.
    pub file: String,
    /// Line counted from 1; `None` when the fault has no line (a missing file, a `--set` value).
    pub line: Option<usize>,
    /// Dotted key or column, such as `pools[2].count`.
    pub field: String,
    /// The offending value as written, empty when it is absent.
    pub value: String,
    /// What is wrong and why.
    pub problem: String,
    /// What would be right.
    pub help: String,
    /// Faults like the one before it that this entry counts instead of showing; 0 where it is
    /// a fault of its own.
    #[serde(skip_serializing_if = "is_zero")]
    pub more: usize,
}

fn is_zero(more: &usize) -> bool {
    *more == 0
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.field.is_empty() {
            write!(f, ": {}", self.field)?;
            if !self.value.is_empty() {
                write!(f, " = {}", self.value)?;
            }
        }
        write!(f, ": {}", self.problem)?;
        if !self.help.is_empty() {
            write!(f, "\n  help: {}", self.help)?;
        }
        Ok(())
    }
}

/// All refusals of an input, at least one; shown one per line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl Diagnostics {
    /// How many faults there are, those among them that are only counted.
    pub fn count(&self) -> usize {
        self.0.iter().map(|fault| fault.more.max(1)).sum()
    }
}

impl std::error::Error for Diagnostics {}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}
