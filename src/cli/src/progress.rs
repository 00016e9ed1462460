//! One progress bar per policy, on standard error.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use swingload_simulator::Progress;

/// Bars that appear as policies report, and vanish when dropped.
pub(crate) struct Bars {
    all: MultiProgress,
    by_policy: Mutex<BTreeMap<String, ProgressBar>>,
    /// Whether there is somebody to tell, and no terminal to draw on.
    lines: bool,
}

impl Bars {
    /// Hidden when asked for, and where standard error is no terminal.
    pub(crate) fn new(hidden: bool) -> Self {
        let drawn = io::stderr().is_terminal();
        let target = if hidden || !drawn {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        Self {
            all: MultiProgress::with_draw_target(target),
            by_policy: Mutex::new(BTreeMap::new()),
            lines: !hidden && !drawn,
        }
    }

    /// Says in a line, where no bar is drawn, each time that a tenth more is kept.
    pub(crate) fn kept(&self, before: usize, done: usize, of: usize) {
        let tenths = |n: usize| 10 * n / of.max(1);
        if self.lines && tenths(done) > tenths(before) {
            eprintln!("kept {done} of {of}");
        }
    }

    /// Shows how far a policy is; called from several threads.
    pub(crate) fn show(&self, progress: Progress<'_>) {
        let Ok(mut bars) = self.by_policy.lock() else {
            return;
        };
        let bar = bars.entry(progress.policy.to_owned()).or_insert_with(|| {
            let style = ProgressStyle::with_template("{msg:<14} {bar:30} {percent:>3} %  {eta}")
                .expect("invariant: the template is valid");
            let bar = self.all.add(ProgressBar::new(progress.of as u64));
            bar.set_style(style);
            bar.set_message(progress.policy.to_owned());
            bar
        });
        bar.set_position(progress.done as u64);
        if progress.done == progress.of {
            bar.finish();
        }
    }
}

impl Bars {
    /// Shows that something is under way whose end cannot be told, until the spinner that
    /// is returned is cleared.
    pub(crate) fn spin(&self, what: &str) -> ProgressBar {
        let bar = self.all.add(ProgressBar::new_spinner());
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        // A terminal that cannot be cleared has gone.
        let _ = self.all.clear();
    }
}
