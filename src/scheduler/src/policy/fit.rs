//! Counted loads within ramps, called events and limits; hashing gives way.
//!
//! Devices, replicas and gangs are whole, so what a market or a plan chose in watts may be
//! a little more, or move a little faster, than the site allows.

use swingload_model::site::commitment::CommitmentKind;

use crate::build::Built;
use crate::controller::guard;
use crate::controller::limits::{Limits, StepLimits, amount};
use crate::controller::trim::Trim;
use crate::dispatch::Dispatch;
use crate::policy::View;

/// What gives way beside sleeping devices.
#[derive(Debug, Clone, Copy)]
pub(super) struct GiveWay {
    /// Whether devices are set lower before they are put to sleep.
    pub(super) underclock: bool,
    /// Whether called events and promised limits are kept whatever they cost; a plan has weighed that.
    pub(super) called: bool,
    /// Whether inference above its floor and jobs give way to a called event.
    pub(super) ai: bool,
}

/// The site's tree and a step's limits, kept from step to step.
#[derive(Debug, Default)]
pub(super) struct Fit {
    tree: Option<Limits>,
    step: StepLimits,
}

impl Fit {
    /// Moves hashing to keep ramps, then takes load off until called events, supply
    /// and the tree's limits hold; limits come last because they win.
    pub(super) fn fit(
        &mut self,
        view: &View<'_>,
        built: &Built,
        way: GiveWay,
        dispatch: &mut Dispatch,
    ) {
        let site = &view.setup.site;
        let tree = self.tree.get_or_insert_with(|| Limits::new(site));
        tree.prepare(site, view.outlook, view.step, &mut self.step);
        let fitter = Fitter {
            view,
            way,
            tree,
            step: &mut self.step,
            leaving: vec![0.0; site.tree.len()],
        };
        fitter.fit(built, dispatch);
    }
}

/// Facility power the site may draw under called events and promised limits, MW.
fn called_limit(view: &View<'_>) -> f64 {
    let site = &view.setup.site;
    let mut most = f64::INFINITY;
    for programme in &site.programmes {
        let called = |series: &String| view.outlook.mean(series, view.step)[0] > 0.0;
        if programme.calls.as_ref().is_some_and(called) {
            most = most.min(programme.firm_mw);
        }
    }
    for commitment in site.commitments.iter().filter(|c| c.binds(view.now)) {
        if let CommitmentKind::PowerLimit { limit_mw, .. } = &commitment.kind {
            most = most.min(amount(limit_mw, view.outlook, view.step));
        }
    }
    most
}

struct Fitter<'a> {
    view: &'a View<'a>,
    way: GiveWay,
    tree: &'a Limits,
    step: &'a mut StepLimits,
    /// IT watts at each node of jobs on their way out.
    leaving: Vec<f64>,
}

impl Fitter<'_> {
    fn fit(mut self, built: &Built, dispatch: &mut Dispatch) {
        self.ramps(dispatch);
        // Flexible supply counts as the planner sees it: its quantile where only surplus may be used.
        let mut supply = vec![0.0; self.leaving.len()];
        for block in &built.inputs.supplies {
            supply[block.node] += block.available[0] * 1e6;
        }
        let at_root = std::mem::take(&mut supply[0]);
        self.step.set_supply(&supply);
        let hard = self.step.limit[0].min(at_root);
        if self.way.called {
            self.step.limit[0] = hard.min(called_limit(self.view) * 1e6);
            self.limits(dispatch, self.way.ai);
        }
        self.step.limit[0] = hard;
        self.limits(dispatch, true);
    }

    fn measure(&mut self, dispatch: &Dispatch) {
        let view = self.view;
        self.leaving.fill(0.0);
        guard::stopping(view, &dispatch.jobs, &mut self.leaving);
        self.tree.measure(
            &view.setup.site,
            view.now,
            dispatch,
            view.jobs,
            &self.leaving,
            self.step,
        );
    }

    /// Takes hashing off below `node`; returns what is left of `excess` watts.
    fn less_hashing(&self, node: usize, excess: f64, dispatch: &mut Dispatch) -> Trim<'_> {
        let view = self.view;
        let mut trim = Trim {
            site: &view.setup.site,
            limits: self.tree,
            step: self.step,
            node,
            excess,
        };
        if self.way.underclock {
            trim.underclock(dispatch);
        }
        trim.sleep(dispatch, &|p, b| guard::grip(view, p, b));
        trim
    }

    /// Load of every ramped node within its ramp of the last step's mean, as far as hashing can move it.
    fn ramps(&mut self, dispatch: &mut Dispatch) {
        let view = self.view;
        let Some(before) = &view.state.load else {
            return;
        };
        let minutes = view.step.duration(0).get() as f64 / 60.0;
        for (n, node) in view.setup.site.tree.nodes().enumerate() {
            if node.ramp_up_per_minute.is_none() && node.ramp_down_per_minute.is_none() {
                continue;
            }
            let last = before[n].get() as f64;
            let rate = |p: swingload_model::Power| p.get() as f64 * minutes;
            let most = node
                .ramp_up_per_minute
                .map_or(f64::INFINITY, |up| last + rate(up));
            let least = node
                .ramp_down_per_minute
                .map_or(0.0, |down| last - rate(down));
            self.measure(dispatch);
            let load = self.step.load[n];
            if load > most {
                self.less_hashing(n, load - most, dispatch);
            } else if load < least {
                self.keep_awake(n, least - load, dispatch);
            }
        }
    }

    /// Keeps awake devices that were, until the load below `node` is `missing` watts higher.
    fn keep_awake(&self, node: usize, mut missing: f64, dispatch: &mut Dispatch) {
        let view = self.view;
        for (p, pool) in view.setup.site.pools.iter().enumerate() {
            let Some(rated) = pool.points.len().checked_sub(1) else {
                continue;
            };
            if !self.tree.is_below(pool.node, node) {
                continue;
            }
            let each =
                (pool.points[rated].power - pool.sleep).get() as f64 * self.step.pue[pool.node];
            for (b, block) in view.state.pools[p].blocks.iter().enumerate() {
                let awake: u32 = dispatch.pools[p][b].iter().sum();
                let asleep = block.awake().min(block.available).saturating_sub(awake);
                let more = (missing / each).ceil().clamp(0.0, f64::from(asleep)) as u32;
                dispatch.pools[p][b][rated] += more;
                missing -= f64::from(more) * each;
            }
        }
    }

    /// Takes load off until every node's import is within its limit: hashing, and
    /// if `ai` says so inference above its floor and jobs. What must be served stays.
    fn limits(&mut self, dispatch: &mut Dispatch, ai: bool) {
        let view = self.view;
        let limit = self.step.limit.clone();
        for _ in 0..4 * limit.len() + 4 {
            self.measure(dispatch);
            let Some((node, excess)) = self.step.worst(&[]) else {
                break;
            };
            let mut trim = self.less_hashing(node, excess, dispatch);
            if ai {
                trim.inference(dispatch, &|v| guard::floor_gpus(view, v));
                trim.jobs(dispatch, view.jobs, &|_| false);
            }
            if trim.excess >= excess {
                // Only what must be served is left there.
                self.step.limit[node] = f64::INFINITY;
            }
        }
        self.step.limit = limit;
    }
}
