//! What went wrong, for people: what, where, why, and what to do next.

use std::process::ExitCode;

use swingload_model::{Diagnostic, Diagnostics};
use swingload_report::terminal::wrap;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The input is wrong: exit code 2, nothing written.
    Input {
        /// All that is wrong.
        faults: Diagnostics,
        /// The next command to try.
        next: String,
    },
    /// Anything else: exit code 1.
    Other {
        /// What failed.
        problem: String,
        /// What to do.
        help: String,
    },
}

impl Failure {
    /// One fault without a place in a file.
    pub(crate) fn input(
        subject: impl Into<String>,
        problem: impl Into<String>,
        help: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        let fault = Diagnostic {
            file: subject.into(),
            line: None,
            field: String::new(),
            value: String::new(),
            problem: problem.into(),
            help: help.into(),
            more: 0,
        };
        Self::Input {
            faults: fault.into(),
            next: next.into(),
        }
    }

    /// The same as another command than `simulate` says it.
    pub(crate) fn of_command(mut self, command: &str) -> Self {
        if let Self::Input { next, .. } = &mut self {
            *next = next.replace("swingload simulate", &format!("swingload {command}"));
        }
        self
    }

    /// What the shell is told.
    pub(crate) fn code(&self) -> ExitCode {
        match self {
            Self::Input { .. } => ExitCode::from(2),
            Self::Other { .. } => ExitCode::from(1),
        }
    }

    /// The message, in lines of at most `width`.
    pub(crate) fn text(&self, width: usize) -> String {
        let mut out = String::new();
        let mut line = |head: &str, text: &str| {
            let indent = " ".repeat(head.len());
            let text = wrap(text, width.saturating_sub(head.len()), &indent);
            out += &format!("{head}{text}\n");
        };
        match self {
            Self::Input { faults, next } => {
                for fault in &faults.0 {
                    line("error: ", &place(fault));
                    line("       ", &fault.problem);
                    if !fault.help.is_empty() {
                        line("  help: ", &fault.help);
                    }
                }
                let count = faults.count();
                if count > 1 {
                    line("", &format!("{count} errors; nothing was written."));
                } else {
                    line("", "Nothing was written.");
                }
                line("Next: ", next);
            }
            Self::Other { problem, help } => {
                line("error: ", problem);
                line("  help: ", help);
            }
        }
        out
    }
}

/// `file:line: field = value`.
fn place(fault: &Diagnostic) -> String {
    let mut out = fault.file.clone();
    if let Some(line) = fault.line {
        out += &format!(":{line}");
    }
    if !fault.field.is_empty() {
        out += &format!(": {}", fault.field);
        if !fault.value.is_empty() {
            out += &format!(" = {}", fault.value);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Faults that are only counted count, and the entry that counts them does not.
    #[test]
    fn all_faults_are_counted() {
        let fault = |line: usize, more: usize| Diagnostic {
            file: "prices.csv".into(),
            line: Some(line).filter(|_| more == 0),
            field: String::new(),
            value: String::new(),
            problem: match more {
                0 => "is no finite number".to_owned(),
                more => format!("and {more} more faults like these"),
            },
            help: String::new(),
            more,
        };
        let faults = Diagnostics(vec![fault(2, 0), fault(3, 0), fault(0, 36)]);
        let next = String::new();
        let text = Failure::Input { faults, next }.text(80);
        assert!(text.contains("38 errors; nothing was written."), "{text}");
    }

    #[test]
    fn a_fault_reads_in_eighty_columns() {
        let faults = Diagnostics(vec![Diagnostic {
            file: "my/site.toml".into(),
            line: Some(12),
            field: "pools[0].count".into(),
            value: "-1".into(),
            problem: "a pool cannot have fewer than no devices, and this one is said to have"
                .into(),
            help: "give a whole number of 0 or more".into(),
            more: 0,
        }]);
        let next = "swingload schema site".into();
        let text = Failure::Input { faults, next }.text(60);
        assert_eq!(
            text,
            "error: my/site.toml:12: pools[0].count = -1\n       a pool cannot have fewer than no devices, and this\n       one is said to have\n  help: give a whole number of 0 or more\nNothing was written.\nNext: swingload schema site\n"
        );
    }
}
