//! Demand charges: how high each month's peak may rise.
//!
//! With a cap L on the root's load, the worth of the capped steps is concave in L
//! and the charge linear, so the best cap is found by golden section. The plan is
//! then made under that cap; what its last MW is worth in the steps that reach it is the dual
//! of the peak.

use crate::inputs::{DemandInput, PlanInputs};
use crate::schedule::{Problem, Room, Schedule};

/// Narrowings of the golden section: the range shrinks to a thousandth.
const SECTIONS: usize = 15;

/// Halvings of the range in which the best peak lies.
const HALVINGS: usize = 30;

/// The inputs with the root capped in every charged range, around the jobs and blocks of `schedule`.
pub(crate) fn cap_peaks(problem: &Problem<'_>, schedule: &Schedule, room: &mut Room) -> PlanInputs {
    let mut inputs = problem.inputs.clone();
    for demand in &problem.inputs.demand {
        let range = demand.first..demand.end;
        let steps: Vec<Step> = range
            .clone()
            .map(|t| Step::new(problem, schedule, t, room))
            .collect();
        let high = steps
            .iter()
            .map(|s| s.load)
            .fold(demand.peak_so_far, f64::max);
        let worth = |cap: f64| -> f64 {
            let lost: f64 = steps.iter().map(|step| step.loss(cap)).sum();
            -lost - demand.per_mw * (cap - demand.peak_so_far).max(0.0)
        };
        let cap = golden_section(demand.peak_so_far, high, SECTIONS, worth);
        for (t, step) in range.zip(&steps) {
            inputs.nodes[0].limit[t] = inputs.nodes[0].limit[t].min(cap.max(step.must_take));
        }
    }
    inputs
}

/// What capping the root's load costs in one step.
struct Step {
    /// Load without a cap, MW.
    load: f64,
    /// Power that jobs and running blocks draw whatever the cap, MW.
    must_take: f64,
    /// Value lost by cutting, cheapest first: `(currency per MW, MW)`.
    cuts: Vec<(f64, f64)>,
}

impl Step {
    fn new(problem: &Problem<'_>, schedule: &Schedule, t: usize, room: &mut Room) -> Self {
        problem.clear(schedule, t, room);
        let mut cuts = problem.market.cuts(&room.work);
        cuts.iter_mut().for_each(|cut| cut.0 *= problem.hours[t]);
        Self {
            load: crate::evaluate::root_load(room),
            must_take: room.fixed.iter().sum(),
            cuts,
        }
    }

    /// What the last MW cut at `cap` is worth, currency per MW, at most `most`: 0 where the load
    /// lies below the cap, `most` where it cannot be cut so far.
    fn last_worth(&self, cap: f64, most: f64) -> f64 {
        let mut left = self.load - cap;
        if left <= 0.0 {
            return 0.0;
        }
        for (worth, width) in &self.cuts {
            left -= width;
            if left <= 0.0 {
                return worth.clamp(0.0, most);
            }
        }
        most
    }

    /// Value lost by cutting the load at `cap`, currency.
    fn loss(&self, cap: f64) -> f64 {
        let (mut left, mut loss) = (self.load - cap, 0.0);
        for (worth, width) in &self.cuts {
            if left <= 0.0 {
                break;
            }
            loss += worth * width.min(left);
            left -= width;
        }
        loss
    }
}

/// No price for any peak.
pub(crate) fn zero_peak_prices(inputs: &PlanInputs) -> Vec<Vec<f64>> {
    let demands = inputs.demand.iter();
    demands.map(|d| vec![0.0; d.end - d.first]).collect()
}

/// Prices of each charge's peak per step of its range, currency per MW: what the last MW of
/// load is worth in the steps that would make the best peak, together at most the charge.
///
/// They are the multipliers of `load <= peak` around the jobs and blocks of `schedule`.
pub(crate) fn peak_prices(
    problem: &Problem<'_>,
    schedule: &Schedule,
    room: &mut Room,
) -> Vec<Vec<f64>> {
    let demands = problem.inputs.demand.iter();
    demands
        .map(|demand| prices_of(problem, schedule, demand, room))
        .collect()
}

fn prices_of(
    problem: &Problem<'_>,
    schedule: &Schedule,
    demand: &DemandInput,
    room: &mut Room,
) -> Vec<f64> {
    let steps: Vec<Step> = (demand.first..demand.end)
        .map(|t| Step::new(problem, schedule, t, room))
        .collect();
    let peak = steps.iter().map(|s| s.load).fold(0.0, f64::max);
    let (mut low, mut high) = (demand.peak_so_far.min(peak), peak);
    if peak <= demand.peak_so_far {
        return vec![0.0; steps.len()];
    }
    let worth = |cap: f64| {
        steps
            .iter()
            .map(|s| s.last_worth(cap, demand.per_mw))
            .sum::<f64>()
    };
    // The lower the peak, the more its last MW is worth: seek where that equals the charge.
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if worth(middle) > demand.per_mw {
            low = middle;
        } else {
            high = middle;
        }
    }
    let of = |cap: f64| -> Vec<f64> {
        let prices = steps.iter().map(|s| s.last_worth(cap, demand.per_mw));
        prices.collect()
    };
    // At the peak between the two, the multipliers lie between theirs.
    let (above, below) = (of(high), of(low));
    let (least, most) = (above.iter().sum::<f64>(), below.iter().sum::<f64>());
    let share = if most > least {
        ((demand.per_mw - least) / (most - least)).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let mix = |(a, b): (&f64, &f64)| a + share * (b - a);
    let mut prices: Vec<f64> = above.iter().zip(&below).map(mix).collect();
    scale_to_charge(&mut prices, demand.per_mw);
    prices
}

/// Scales peak prices down to add up to at most the charge.
pub(crate) fn scale_to_charge(prices: &mut [f64], per_mw: f64) {
    prices.iter_mut().for_each(|p| *p = p.max(0.0));
    let total: f64 = prices.iter().sum();
    if total > per_mw {
        prices.iter_mut().for_each(|p| *p *= per_mw / total);
    }
}

/// Where a concave function is largest on `[low, high]`, after `sections` narrowings.
pub(crate) fn golden_section(
    mut low: f64,
    mut high: f64,
    sections: usize,
    mut worth: impl FnMut(f64) -> f64,
) -> f64 {
    const RATIO: f64 = 0.618_033_988_749_894_9;
    let (mut a, mut b) = (high - RATIO * (high - low), low + RATIO * (high - low));
    let (mut at_a, mut at_b) = (worth(a), worth(b));
    for _ in 0..sections {
        if at_a >= at_b {
            high = b;
            (b, at_b) = (a, at_a);
            a = high - RATIO * (high - low);
            at_a = worth(a);
        } else {
            low = a;
            (a, at_a) = (b, at_b);
            b = low + RATIO * (high - low);
            at_b = worth(b);
        }
    }
    let middle = 0.5 * (low + high);
    // An end of the range is often the answer: no cap, or no new peak.
    [low, high, middle]
        .into_iter()
        .map(|cap| (worth(cap), cap))
        .max_by(|x, y| x.0.total_cmp(&y.0))
        .map_or(middle, |(_, cap)| cap)
}
