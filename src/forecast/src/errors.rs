//! A model's own past errors, by lead time and hour of day.
//!
//! Every full hour of the past at which something new was published the model is asked
//! again, as of that hour, for steps in each bucket of lead times, and the answers are held
//! against what came. So every error is out of sample, and fallbacks and late data are in
//! it. A series that changes by the hour is asked for one lead of each bucket in turn; one
//! that changes by the day, for all of them. Errors are told apart by what was known of the
//! model's inputs and by the rule that answered, so that a forecast made before its inputs
//! are out widens no band of one made after. Lead counts from the latest interval known at
//! issue rather than from the issue itself: when a feed falls silent, leads and bands grow
//! by themselves.
//!
//! Quantiles are of the errors of eight weeks, those of a fortnight ago counting half. They
//! lag behind a change of regime; so past forecasts are held against the quantiles of errors
//! known before them, and a tracker (`conformal.rs`) spreads bands as far as that asks for.

mod asked;
mod leads;
pub(crate) mod quantiles;
mod shelf;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use swingload_model::time::TimeGrid;

use crate::baseline::{Baseline, Estimate, floor};
use crate::calendar::{HOUR, anchor};
use crate::{History, View};

use asked::Asked;
use leads::bucket;
use shelf::{Kind, Page, Shelf, TRACKED, WINDOW};

/// How often errors are looked at anew.
const REFRESH: i64 = 6 * HOUR;

/// Where a step of a forecast stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// From the latest known value to the start, s.
    pub(crate) lead: i64,
    /// Local hour of its middle.
    pub(crate) hour: usize,
    /// What the model knows of its inputs there.
    pub(crate) informed: u64,
}

/// Errors of one model on one series as known at one time, and their quantiles once asked for.
#[derive(Debug)]
pub(crate) struct Book {
    pages: BTreeMap<(u64, usize), Arc<Page>>,
    offsets: Mutex<BTreeMap<Cell, [f64; 19]>>,
}

/// What is known of the inputs, bucket of lead, rule and hour of day.
type Cell = (u64, usize, usize, usize);

impl Book {
    pub(crate) fn is_empty(&self) -> bool {
        self.pages.values().all(|page| page.is_empty())
    }

    /// Values at the quantile levels of a step; rising.
    pub(crate) fn spread(&self, estimate: &Estimate, step: &Step, floor: f64) -> [f64; 19] {
        let bucket = bucket(step.lead);
        let key = (step.informed, bucket, estimate.rule, step.hour);
        let mut known = self.offsets.lock().unwrap_or_else(PoisonError::into_inner);
        let offsets = known.entry(key).or_insert_with(|| {
            let before = self
                .pages
                .range((step.informed, 0)..(step.informed, bucket));
            let before: Vec<&Page> = before.map(|(_, page)| &**page).collect();
            let page = &self.pages[&(step.informed, bucket)];
            page.offsets(estimate.rule, step.hour, &before)
        });
        offsets.map(|offset| (estimate.mean + estimate.open * offset).max(floor))
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
        }
        let missing: Vec<Kind> = (kinds.iter().copied())
            .filter(|kind| !shelves.pages.contains_key(kind))
            .collect();
        if !missing.is_empty() {
            shelves.read(baseline, history, series, (first, at), &missing);
        }
        let page = |kind: &Kind| {
            let page = Arc::clone(&shelves.pages[kind]);
            ((kind.informed, kind.bucket), page)
        };
        Book {
            pages: kinds.iter().map(page).collect(),
            offsets: Mutex::default(),
        }
    }
}

/// The kinds of the steps, and those of shorter leads, which stand in where errors are few.
fn kinds(grid: &TimeGrid, frontier: i64, steps: &[Step]) -> BTreeSet<Kind> {
    let of = |step: &Step| {
        let informed = step.informed;
        (0..=bucket(step.lead)).map(move |bucket| (informed, bucket))
    };
    let all: BTreeSet<(u64, usize)> = steps.iter().flat_map(of).collect();
    let kind = |(informed, bucket)| Kind {
        bucket,
        informed,
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
            let sight = baseline.sight(history, series, hour * HOUR);
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
