//! A rule's own past errors, by lead time and hour of day.
//!
//! Every full hour of the past at which something new was published the rule is asked
//! again, as of that hour, for steps in each bucket of lead times, and the answers are held
//! against what came. So every error is out of sample, and late data are in it. A series
//! that changes by the hour is asked for one lead of each bucket in turn; one that changes
//! by the day, for all of them. The rules that stand in for a model each have errors of
//! their own: a step has the band of the rule that answered for it. Errors are told apart by
//! what was known of the rule's inputs, too, so that a forecast made before its inputs are
//! out widens no band of one made after. Where too few are left, the band is widened by the
//! spread of the values themselves (`prior.rs`). Lead counts from the latest interval known
//! at issue rather than from the issue itself: when a feed falls silent, leads and bands
//! grow by themselves.
//!
//! Quantiles are of the errors of eight weeks, those of a fortnight ago counting half. They
//! lag behind a change of regime; so past forecasts are held against the quantiles of errors
//! known before them, and a tracker (`conformal.rs`) spreads bands as far as that asks for.

mod asked;
mod leads;
mod prior;
pub(crate) mod quantiles;
mod shelf;
mod stretch;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use swingload_model::time::TimeGrid;

use crate::baseline::{Baseline, Estimate, floor};
use crate::calendar::{HOUR, anchor};
use crate::{History, View};

use asked::Asked;
use leads::bucket;
use prior::{prior, widened};
use shelf::{Kind, Page, Shelf, TRACKED, WINDOW};
pub(crate) use stretch::Stretch;

/// How often errors are looked at anew.
const REFRESH: i64 = 6 * HOUR;
/// Position of the median in the levels.
pub(crate) const MEDIAN: usize = 9;

/// Where a step of a forecast stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// From the latest known value to the start, s.
    pub(crate) lead: i64,
    /// Local hour of its middle.
    pub(crate) hour: usize,
    /// Position of the rule that answered.
    pub(crate) rule: usize,
    /// What the rule knows of its inputs there.
    pub(crate) informed: u64,
}

impl Step {
    /// The same step as seen from `seconds` later.
    pub(crate) fn sooner(self, seconds: i64) -> Self {
        let lead = self.lead.saturating_sub(seconds);
        Self { lead, ..self }
    }
}

/// Errors of one model on one series as known at one time, and their quantiles once asked for.
#[derive(Debug)]
pub(crate) struct Book {
    pages: BTreeMap<(usize, u64, usize), Arc<Page>>,
    /// What errors may be before there were any.
    prior: [f64; 19],
    /// By rule, what is known of its inputs, bucket of lead, and hour of day.
    offsets: Mutex<BTreeMap<(usize, u64, usize, usize), Offsets>>,
}

/// How far truths lie from what is expected of a step.
#[derive(Debug, Clone, Copy)]
struct Offsets {
    /// At the quantile levels.
    band: [f64; 19],
    stretch: Stretch,
}

impl Book {
    /// Values at the quantile levels of a step; rising.
    pub(crate) fn spread(&self, estimate: &Estimate, step: &Step, floor: f64) -> [f64; 19] {
        let band = self.offsets(step).band;
        band.map(|offset| (estimate.mean + estimate.open * offset).max(floor))
    }

    /// How a path spreads an error as it was.
    pub(crate) fn stretch(&self, step: &Step) -> Stretch {
        self.offsets(step).stretch
    }

    /// Whether so few errors of that kind are known that the band does not rest on them alone.
    pub(crate) fn is_scant(&self, step: &Step) -> bool {
        self.page(step).lack() > 0.0
    }

    fn page(&self, step: &Step) -> &Page {
        &self.pages[&(step.rule, step.informed, bucket(step.lead))]
    }

    fn offsets(&self, step: &Step) -> Offsets {
        let (rule, informed, bucket) = (step.rule, step.informed, bucket(step.lead));
        let key = (rule, informed, bucket, step.hour);
        let mut known = self.offsets.lock().unwrap_or_else(PoisonError::into_inner);
        *known.entry(key).or_insert_with(|| {
            let shorter = (rule, informed, 0)..(rule, informed, bucket);
            let before: Vec<&Page> = self.pages.range(shorter).map(|(_, page)| &**page).collect();
            let page = self.page(step);
            let [plain, spread] = page.offsets(step.hour, &before);
            Offsets {
                band: widened(&spread, &self.prior, page.lack()),
                stretch: Stretch::new([plain, spread]),
            }
        })
    }
}

/// The latest pages per series. What it returns does not depend on what it holds: a page
/// is used again only for the very same past.
#[derive(Default)]
pub(crate) struct Books {
    shelves: Mutex<BTreeMap<String, Shelves>>,
}

/// What was said of one series, and the pages last read from it.
#[derive(Default)]
struct Shelves {
    asked: Asked,
    by_kind: BTreeMap<Kind, Shelf>,
    /// Time and hashes of what the pages were read from.
    read: Option<(i64, [u64; 2])>,
    pages: BTreeMap<Kind, Arc<Page>>,
    prior: [f64; 19],
}

impl Books {
    /// The errors that `steps` need.
    pub(crate) fn get(
        &self,
        baseline: &Baseline,
        history: &History,
        series: &str,
        view: &View<'_>,
        (grid, steps): (&TimeGrid, &[Step]),
    ) -> Book {
        let first = view.first_known().unwrap_or(view.as_of());
        let at = anchor(first, view.as_of(), REFRESH);
        let kinds = kinds(grid, view.frontier().unwrap_or(view.as_of()), steps);
        let mut all = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        let shelves = all.entry(series.to_owned()).or_default();
        let then = history.view(series, at);
        let read = (at, [then.fingerprint(), baseline.others(history, at)]);
        if shelves.read != Some(read) {
            shelves.read = Some(read);
            shelves.pages.clear();
            shelves.prior = prior(&then);
        }
        let missing: Vec<Kind> = (kinds.iter().copied())
            .filter(|kind| !shelves.pages.contains_key(kind))
            .collect();
        if !missing.is_empty() {
            shelves.read(baseline, history, series, (first, at), &missing);
        }
        let page = |kind: &Kind| {
            let page = Arc::clone(&shelves.pages[kind]);
            ((kind.rule, kind.informed, kind.bucket), page)
        };
        Book {
            pages: kinds.iter().map(page).collect(),
            prior: shelves.prior,
            offsets: Mutex::default(),
        }
    }
}

/// The kinds of the steps, and those of shorter leads, which stand in where errors are few.
fn kinds(grid: &TimeGrid, frontier: i64, steps: &[Step]) -> BTreeSet<Kind> {
    let of = |step: &Step| {
        let (rule, informed) = (step.rule, step.informed);
        (0..=bucket(step.lead)).map(move |bucket| (rule, informed, bucket))
    };
    let all: BTreeSet<(usize, u64, usize)> = steps.iter().flat_map(of).collect();
    let kind = |(rule, informed, bucket)| Kind {
        rule,
        informed,
        bucket,
        width: leads::width(grid, frontier, bucket),
    };
    all.into_iter().map(kind).collect()
}

impl Shelves {
    /// Asks, settles and measures what is missing, and reads the pages.
    fn read(
        &mut self,
        baseline: &Baseline,
        history: &History,
        series: &str,
        (first, at): (i64, i64),
        kinds: &[Kind],
    ) {
        let until = at.div_euclid(HOUR);
        let from = (at - TRACKED - WINDOW)
            .max(first)
            .div_euclid(HOUR)
            .min(until);
        if !self.asked.cover(baseline, history, series, (from, until)) {
            self.by_kind.clear();
        }
        for shelf in self.by_kind.values_mut() {
            shelf.forget_before(from);
        }
        for kind in kinds {
            self.by_kind.entry(*kind).or_default();
        }
        let next = kinds.iter().map(|kind| self.by_kind[kind].next(from)).min();
        for hour in next.unwrap_or(from)..=until {
            let sight = baseline.learning(history, series, hour * HOUR);
            let turn = self.asked.turn(hour);
            for kind in kinds {
                if let Some(shelf) = self.by_kind.get_mut(kind)
                    && shelf.next(from) <= hour
                {
                    shelf.ask(baseline, &sight, turn, kind);
                }
            }
        }
        let floor = floor(history.unit(series));
        for kind in kinds {
            if let Some(shelf) = self.by_kind.get_mut(kind) {
                shelf.settle(history, series, &self.asked, kind.width);
                shelf.measure(until, floor);
                let page = Arc::new(shelf.read(until));
                self.pages.insert(*kind, page);
            }
        }
    }
}
