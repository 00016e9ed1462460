//! `swingload`: plans the whole horizon at every step from the last plan, every six hours also
//! afresh, and dispatches the first step of the better plan.
//!
//! `mining_only` and `ai_only` plan in the same way for half of the site.

use crate::build::{Built, build};
use crate::carry::Carried;
use crate::dispatch::{Dispatch, Proof};
use crate::explain::reasons;
use crate::plan::{Planned, WarmStart, plan_in_loop};
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
    /// When a plan was last made afresh, Unix second.
    made_afresh: i64,
    last: Option<Carried>,
    room: Room,
}

/// A plan is also made afresh, beside the one carried on from the last, once in this many
/// seconds, counted from 1970 in UTC, and the better one is kept. A plan carried on for days
/// moves one job at a time and cannot leave a local optimum; were plans only made afresh, jobs
/// would stop and start that could have gone on.
///
/// # Source
/// "What a stage earns in the closed loop" in ARCHITECTURE.md: every hour earns less than every
/// six on four of five periods (201 of 868,101 USD in `quickstart`, 11,951 of 32,396,707 in four
/// winter weeks of `texas-100mw`) and takes up to 3.3 times as long; no fresh plans at all lose 335 USD
/// in `quickstart` and 959 in July of `texas-100mw`, and no plan has a certificate.
const AFRESH: i64 = 6 * 3600;

impl Swingload {
    /// The next plan: from the last one, and afresh where the last such is of an earlier period.
    pub(super) fn plan(&mut self, now: i64, built: &Built) -> Planned {
        let afresh = self.made_afresh.div_euclid(AFRESH) != now.div_euclid(AFRESH);
        if afresh {
            self.made_afresh = now;
        }
        let last = self.last.take();
        let start = last
            .as_ref()
            .map_or(WarmStart::default(), |last| last.start(&built.inputs));
        let planned = plan_in_loop(&built.inputs, start, afresh, &mut self.room);
        self.last = Some(Carried::new(&built.inputs, &planned).or_prices_of(last));
        planned
    }

    fn using(uses: Uses) -> Self {
        Self {
            uses,
            fit: Fit::default(),
            made_afresh: 0,
            last: None,
            room: Room::default(),
        }
    }

    /// Plans all loads.
    pub fn new() -> Self {
        Self::using(Uses::All)
    }

    /// Plans mining; AI gets what it must.
    pub(crate) fn mining_only() -> Self {
        Self::using(Uses::Mining)
    }

    /// Plans inference and training; miners sleep.
    pub(crate) fn ai_only() -> Self {
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
