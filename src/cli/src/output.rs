//! The terminal: its width, and writing to it.

use std::io::{self, IsTerminal, Write};

use comfy_table::Table;
use swingload_report::terminal::{Style, wrap};

use crate::failure::Failure;

/// Width where there is no terminal.
const WIDTH: usize = 80;

/// Narrowest and widest layout: below it tables break, above it lines are hard to follow.
const RANGE: (usize, usize) = (60, 200);

/// Layout for standard output.
pub(crate) fn style() -> Style {
    let width = Table::new().width().map_or(WIDTH, usize::from);
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    Style {
        width: width.clamp(RANGE.0, RANGE.1),
        bold: io::stdout().is_terminal() && !plain,
    }
}

/// Width of lines on standard error.
pub(crate) fn width_of_errors() -> usize {
    let width = Table::new().use_stderr().width().map_or(WIDTH, usize::from);
    width.clamp(RANGE.0, 100)
}

/// Says on standard error what a reader must know to trust the figures, in lines of its width.
/// `--quiet` leaves out tables and progress bars, not this.
pub(crate) fn warn(notes: &[String]) {
    let width = width_of_errors();
    for note in notes {
        eprintln!("note: {}", wrap(note, width.saturating_sub(6), "      "));
    }
}

/// Writes to standard output; a reader that went away is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Other {
            problem: format!("standard output cannot be written: {error}"),
            help: "check the disk or the program that reads it".into(),
        }),
        _ => Ok(()),
    }
}
