//! One issue: the curve of every open step, its values, and what stood in for what.

use swingload_model::forecast::{Fallback, QUANTILE_LEVELS};

use crate::baseline::{Estimate, floor};
use crate::calendar::DAY;
use crate::conformal::spread;
use crate::{Forecast, Request};

use super::SeriesCache;
use super::bands::{Place, trackers};
use super::columns::{Moment, REACH};
use super::course::Course;
use super::input::State;
use super::paths;
use super::regression::{Curve, LEVELS, MEDIAN};
use super::trained::{Subject, about, learned_at};
use crate::scale::Scale;

/// How far beyond the values seen in the past year a quantile may lie, in the scale of
/// the regression: a spike may be some three times the highest.
const BEYOND: f64 = 1.0;
/// The longest silence of the price itself that the regressions may bridge, s.
const SILENCE_MAX: i64 = 4 * DAY;

/// One step: what of it is known already, and the curve of the rest.
pub(super) struct Step {
    /// Part of the step that is a forecast.
    open: f64,
    /// The known rest's part of the mean.
    known: f64,
    /// Values at the fitted levels.
    pub(super) curve: Curve,
}

impl Step {
    /// The step's value where the open part has `value`.
    pub(super) fn value(&self, value: f64) -> f64 {
        // A step without any known part takes the value as it is, to the last bit.
        if self.open == 1.0 {
            value
        } else {
            self.open * value + self.known
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.open > 0.0
    }
}

/// How values are made of a curve.
#[derive(Clone, Copy)]
pub(super) struct Values {
    pub(super) scale: Scale,
    floor: f64,
}

impl Values {
    pub(super) fn of(&self, z: f64) -> f64 {
        self.scale
            .unbend(self.scale.limit(z, BEYOND))
            .max(self.floor)
    }
}

/// A step's curves at the two knots about its lead.
struct Draft {
    step: usize,
    places: [Place; 2],
    weight: f64,
    curves: [Curve; 2],
}

/// The forecast; `None` when there is too little history for this model.
pub(super) fn issue(
    cache: &mut SeriesCache,
    subject: &Subject<'_>,
    request: &Request<'_>,
    estimates: &[Estimate],
) -> Option<Forecast> {
    let Request {
        issued_at, grid, ..
    } = *request;
    let view = subject.view(issued_at);
    let believed = subject.history.believed(subject.series, issued_at);
    let learned = learned_at(view.first_known()?, issued_at)?;
    let reach = if request.paths > 0 {
        REACH + paths::REACH
    } else {
        REACH
    };
    let inputs = subject.inputs_believed(issued_at);
    let mut notes = Notes::new(subject, grid.len());

    let (course, drafts, scale) = cache.with_trained(subject, learned, |trained, tables| {
        let (scale, readings) = (trained.scale, trained.readings.clone());
        let course = Course::new(
            &view,
            &scale,
            issued_at - reach,
            grid.boundaries()[grid.len()],
        );
        let table = tables.at(subject.history, subject.series, subject.clock, issued_at);
        let moment = Moment {
            course: &course,
            usual: &trained.usual(&table),
            inputs: &inputs,
            readings: &readings,
            clock: subject.clock,
        };
        let mut row = Vec::new();
        let mut drafts = Vec::new();
        for (step, _) in estimates.iter().enumerate().filter(|(_, e)| e.open > 0.0) {
            let (start, end) = (grid.start_s(step), grid.end_s(step));
            let known = course.known_until(start)?;
            if issued_at - known > SILENCE_MAX {
                return None;
            }
            notes.step(&moment.states(start, end, known));
            let (low, high, weight) = about(start - known);
            let mut at = |knot| {
                trained.curve(
                    subject,
                    tables,
                    &moment,
                    knot,
                    (start, end),
                    known,
                    &mut row,
                )
            };
            let first = at(low)?;
            let second = if high == low { first } else { at(high)? };
            let places = [(low, end - start), (high, end - start)];
            drafts.push(Draft {
                step,
                places,
                weight,
                curves: [first, second],
            });
        }
        notes.implausible = course.implausible;
        Some((course, drafts, scale))
    })??;

    let mut places: Vec<Place> = drafts.iter().flat_map(|d| d.places).collect();
    places.sort_unstable();
    places.dedup();
    let trackers = trackers(cache, subject, issued_at, &places);
    let mut steps: Vec<Step> = estimates
        .iter()
        .map(|e| Step {
            open: 0.0,
            known: e.mean,
            curve: [0.0; LEVELS.len()],
        })
        .collect();
    for draft in drafts {
        let middle = (grid.start_s(draft.step) + grid.end_s(draft.step)) / 2;
        let hour = subject.clock.hour(middle);
        let [a, b] = [0, 1].map(|i| {
            let factors = trackers[&draft.places[i]].at(hour);
            spread(&draft.curves[i], &LEVELS, MEDIAN, factors)
        });
        let open = estimates[draft.step].open;
        let cover = || {
            believed
                .cover(grid.start_s(draft.step), grid.end_s(draft.step))
                .mean
        };
        steps[draft.step] = Step {
            open,
            known: if open < 1.0 {
                (1.0 - open) * cover()
            } else {
                0.0
            },
            curve: std::array::from_fn(|i| a[i] + draft.weight * (b[i] - a[i])),
        };
    }

    let values = Values {
        scale,
        floor: floor(subject.history.unit(subject.series)),
    };
    let quantiles = |step: &Step| match step.is_open() {
        false => [step.known; 19],
        true => QUANTILE_LEVELS
            .map(|level| step.value(values.of(at_level(&step.curve, f64::from(level) / 100.0)))),
    };
    Some(Forecast {
        issued_at,
        mean: steps.iter().map(|step| mean(step, &values)).collect(),
        quantiles: match request.quantiles {
            true => steps.iter().map(quantiles).collect(),
            false => Vec::new(),
        },
        paths: paths::draw(request, &course, &steps, &values),
        model: "realtime".to_owned(),
        fallbacks: notes.fallbacks(),
        grid: grid.clone(),
    })
}

/// The curve's value at a level between 0 and 1, straight between the fitted ones and
/// level beyond them.
pub(super) fn at_level(curve: &Curve, level: f64) -> f64 {
    let above = LEVELS.partition_point(|l| *l <= level);
    if above == 0 {
        return curve[0];
    }
    let Some(high) = LEVELS.get(above) else {
        return curve[above - 1];
    };
    let low = LEVELS[above - 1];
    let part = (level - low) / (high - low);
    curve[above - 1] + part * (curve[above] - curve[above - 1])
}

/// Mean of the distribution, its outer 2 % on either side taken as P2 and P98: what lies
/// beyond is too rare to be learned from a year.
fn mean(step: &Step, values: &Values) -> f64 {
    if !step.is_open() {
        return step.known;
    }
    let points = step.curve.map(|z| values.of(z));
    let mut sum =
        LEVELS[0] * points[0] + (1.0 - LEVELS[LEVELS.len() - 1]) * points[LEVELS.len() - 1];
    for i in 1..LEVELS.len() {
        sum += 0.5 * (points[i] + points[i - 1]) * (LEVELS[i] - LEVELS[i - 1]);
    }
    step.value(sum)
}

/// What was not there as it should be.
struct Notes<'a> {
    inputs: &'a [String],
    steps: usize,
    /// Per input: steps with only its latest value, and without it.
    counts: Vec<(usize, usize)>,
    implausible: usize,
}

impl<'a> Notes<'a> {
    fn new(subject: &Subject<'a>, steps: usize) -> Self {
        Self {
            inputs: subject.inputs,
            steps,
            counts: vec![(0, 0); subject.inputs.len()],
            implausible: 0,
        }
    }

    fn step(&mut self, states: &[State]) {
        for (count, state) in self.counts.iter_mut().zip(states) {
            match state {
                State::Ahead => {}
                State::Recent => count.0 += 1,
                State::Missing => count.1 += 1,
            }
        }
    }

    fn fallbacks(self) -> Vec<Fallback> {
        let mut all = Vec::new();
        let mut note = |what: String, steps: usize, extent: Option<String>| {
            if steps > 0 {
                all.push(Fallback {
                    what,
                    steps,
                    extent,
                });
            }
        };
        for (name, (recent, missing)) in self.inputs.iter().zip(self.counts) {
            note(format!("latest {name}"), recent, None);
            note(format!("without {name}"), missing, None);
        }
        if self.implausible > 0 {
            let extent = format!("left out, {} of them", self.implausible);
            note("implausible values".to_owned(), self.steps, Some(extent));
        }
        all
    }
}
