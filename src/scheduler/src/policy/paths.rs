//! `swingload_paths`: as `swingload`, with the first step decided on sample paths.
//!
//! An option, not an improvement: where it was measured it earned less. Every path knows its
//! own future behind the first step, which makes waiting look better than it is.
//!
//! # Source
//! A week of `quickstart`: 0.16 % of value less than `swingload` (46 % of G against 61 %);
//! two weeks of `texas-realtime`: 0.08 % less (14 % of G against 17 %).

use crate::build::{Built, build};
use crate::dispatch::Dispatch;
use crate::explain::reasons;
use crate::inputs::PlanInputs;
use crate::outlook::{OnPath, Outlook};
use crate::paths::on_paths;

use super::fit::{Fit, GiveWay, supply};
use super::swingload::{Swingload, proof};
use super::{Policy, View};

/// Sample paths per plan.
const PATHS: usize = 12;

/// Plans at every step, on paths.
#[derive(Debug, Default)]
pub struct Paths {
    planner: Swingload,
    fit: Fit,
}

impl Policy for Paths {
    fn name(&self) -> &'static str {
        "swingload_paths"
    }

    fn decide(&mut self, view: &View<'_>) -> Dispatch {
        let grid = view.setup.horizon.grid(view.now, view.step.duration(0));
        let on = |outlook: &dyn Outlook| -> Built {
            build(view.setup, outlook, view.state, view.jobs, view.open, &grid)
        };
        let built = on(view.outlook);
        let planned = self.planner.plan(view.now, &built);
        let paths: Vec<PlanInputs> = (0..PATHS)
            .map(|path| OnPath {
                outlook: view.outlook,
                path,
                paths: PATHS,
            })
            .map(|outlook| on(&outlook).inputs)
            .collect();
        let planned = on_paths(&built.inputs, planned, &paths).planned;
        self.planner.keep(&built, &planned);
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
