//! `swingload`: the whole horizon planned at every step, from the last plan and every hour
//! afresh, too; the first step is done.
//! `mining_only` and `ai_only` plan in the same way for half of the site.

use crate::build::{Built, build};
use crate::carry::Carried;
use crate::dispatch::{Dispatch, Proof};
use crate::explain::reasons;
use crate::plan::{Planned, Start, Stood, plan_in_loop};
use crate::schedule::Room;

use super::fit::{Fit, GiveWay, supply};
use super::{Policy, View};

/// Which loads a plan may use beside what must be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Uses {
    All,
    Mining,
    Ai,
}

/// Plans at every step.
#[derive(Debug)]
pub struct Swingload {
    uses: Uses,
    fit: Fit,
    last: Last,
    room: Room,
}

/// What is kept of the last plan.
#[derive(Debug, Default)]
struct Last {
    /// When one was last made afresh, Unix second.
    made: i64,
    carried: Option<Carried>,
    /// Per job its position in the controller's list, rising, the price of its work, and by
    /// how much it may have fallen short of its best.
    jobs: Vec<(usize, f64, f64)>,
}

impl Last {
    /// Where a plan of `built` begins.
    fn stood(&self, built: &Built) -> Stood {
        let known = |position: &usize| {
            let found = self.jobs.binary_search_by_key(position, |job| job.0);
            found.map_or((f64::NAN, f64::NAN), |k| (self.jobs[k].1, self.jobs[k].2))
        };
        let (price, slack) = built.job.iter().map(known).unzip();
        let start = match &self.carried {
            Some(carried) => carried.start(&built.inputs),
            None => Start::default(),
        };
        Stood {
            start,
            price,
            slack,
        }
    }
}

/// Where an hour of this many seconds begins, a plan is made afresh beside the one carried on,
/// and the better one kept. One job at a time, a plan carried on for days stays in its hollow;
/// made afresh alone, jobs stop and start that could have gone on.
///
/// # Source
/// A year of `simulations/texas-100mw`: always carried on 0.2 % of value less than made
/// afresh at every hour, the better of both 0.07 % more; a week of `quickstart` at five
/// minutes: carried on 0.1 % more.
const AFRESH: i64 = 3600;

impl Swingload {
    /// Plans from the last plan, and afresh where that is an hour old.
    pub(super) fn plan(&mut self, now: i64, built: &Built) -> Planned {
        let afresh = self.last.made.div_euclid(AFRESH) != now.div_euclid(AFRESH);
        if afresh {
            self.last.made = now;
        }
        let stood = self.last.stood(built);
        let planned = plan_in_loop(&built.inputs, stood, afresh, &mut self.room);
        self.keep(built, &planned);
        planned
    }

    /// Carries this plan on instead of the last one.
    pub(super) fn keep(&mut self, built: &Built, planned: &Planned) {
        let schedule = &planned.schedule;
        let prices = schedule.work_price.iter().zip(&schedule.slack);
        self.last.carried = Some(Carried::new(&built.inputs, planned));
        self.last.jobs.clear();
        self.last.jobs.extend(
            (built.job.iter().zip(prices))
                .map(|(position, (price, slack))| (*position, *price, *slack)),
        );
    }

    fn using(uses: Uses) -> Self {
        Self {
            uses,
            fit: Fit::default(),
            last: Last::default(),
            room: Room::default(),
        }
    }

    /// Plans all loads.
    pub fn new() -> Self {
        Self::using(Uses::All)
    }

    /// Plans mining; AI gets what it must.
    pub fn mining_only() -> Self {
        Self::using(Uses::Mining)
    }

    /// Plans inference and training; miners sleep.
    pub fn ai_only() -> Self {
        Self::using(Uses::Ai)
    }
}

impl Default for Swingload {
    fn default() -> Self {
        Self::new()
    }
}

impl Policy for Swingload {
    fn name(&self) -> &'static str {
        match self.uses {
            Uses::All => "swingload",
            Uses::Mining => "mining_only",
            Uses::Ai => "ai_only",
        }
    }

    fn decide(&mut self, view: &View<'_>) -> Dispatch {
        let step = view.step.duration(0);
        let grid = view.setup.horizon.grid(view.now, step);
        let open = if self.uses == Uses::Mining {
            &[][..]
        } else {
            view.open
        };
        let mut built = build(view.setup, view.outlook, view.state, view.jobs, open, &grid);
        leave_out(&mut built, self.uses);
        let planned = self.plan(view.now, &built);
        let mut dispatch =
            built.dispatch(view.setup, view.state, view.jobs, 0, &planned.first.power);
        let supply = supply(&view.setup.site, &built, 0);
        self.fit.fit(view, &supply, GiveWay::PLANNED, &mut dispatch);
        dispatch.reasons = reasons(&built, &planned);
        dispatch.marginal_value = Some(planned.first.marginal[0]);
        dispatch.proof = proof(&built, &planned);
        dispatch
    }
}

/// How good the plan of these inputs is; `None` where nothing is proven.
pub(super) fn proof(built: &Built, planned: &Planned) -> Option<Proof> {
    let proof = Proof {
        value: planned.value() + built.constant,
        bound: planned.bound + built.constant,
    };
    (proof.value.is_finite() && proof.bound.is_finite()).then_some(proof)
}

/// Takes the loads that are not to be used out of the inputs.
fn leave_out(built: &mut Built, uses: Uses) {
    match uses {
        Uses::All => {}
        Uses::Mining => {
            for s in &built.service {
                built.inputs.stacks[*s]
                    .tiers
                    .iter_mut()
                    .filter(|t| !t.must_serve)
                    .for_each(|t| t.mw.fill(0.0));
            }
        }
        Uses::Ai => {
            for place in &built.pool {
                match place {
                    crate::build::PoolPlace::Pool(m) => built.inputs.pools[*m].scale.fill(0.0),
                    crate::build::PoolPlace::Stack(s) => built.inputs.stacks[*s]
                        .tiers
                        .iter_mut()
                        .for_each(|t| t.mw.fill(0.0)),
                }
            }
        }
    }
}
