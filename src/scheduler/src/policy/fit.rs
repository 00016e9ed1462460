//! Fits a dispatch of whole devices, replicas and gangs into called events, ramps and limits;
//! hashing gives way first.
//!
//! A market or a plan chooses watts; rounded to whole devices, replicas and gangs they may be a
//! little more, or move a little faster, than the site allows. Policies that look at one step
//! consider ramps only here.

mod ramps;

use swingload_model::site::Site;
use swingload_model::site::commitment::CommitmentKind;

use crate::build::Built;
use crate::controller::guard;
use crate::controller::limits::{Limits, StepLimits, amount};
use crate::controller::trim::{Interruptible, Trim};
use crate::dispatch::{Dispatch, Repairs};
use crate::policy::View;

/// What gives way beside sleeping devices.
#[derive(Debug, Clone, Copy)]
pub struct GiveWay {
    /// Whether devices are set lower before they are put to sleep.
    pub underclock: bool,
    /// Whether called events and promised limits are kept whatever they cost; false for a plan,
    /// which has weighed that already.
    pub called: bool,
    /// Whether inference above its floor and jobs give way to a called event.
    pub ai: bool,
}

impl GiveWay {
    /// Of a plan: whole devices, replicas and gangs give way only to ramps and limits.
    pub const PLANNED: Self = Self {
        underclock: true,
        called: false,
        ai: true,
    };
}

/// The site's tree and a step's limits, kept from step to step.
#[derive(Debug, Default)]
pub struct Fit {
    tree: Option<Limits>,
    step: StepLimits,
}

impl Fit {
    /// Takes load off until called events, supply and the tree's limits hold, and moves it
    /// to keep ramps: limits win over ramps, ramps over events. Shortest times are cut
    /// short only where nothing else is left to give. What is changed is added to the
    /// dispatch's [`Repairs`].
    ///
    /// `supply` is the power expected at each node, W.
    pub fn fit(&mut self, view: &View<'_>, supply: &[f64], way: GiveWay, dispatch: &mut Dispatch) {
        let site = &view.setup.site;
        let tree = self.tree.get_or_insert_with(|| Limits::new(site));
        tree.prepare(site, view.outlook, view.step, &mut self.step);
        let fitter = Fitter {
            view,
            way,
            tree,
            step: &mut self.step,
            more: vec![0.0; site.tree.len()],
            repairs: Repairs::default(),
        };
        dispatch.repairs = fitter.fit(supply, dispatch);
    }
}

/// Power expected at each node of the site in step `t` of its inputs, W. Flexible supply counts as
/// the planner sees it: its quantile where only surplus may be used.
pub fn supply(site: &Site, built: &Built, t: usize) -> Vec<f64> {
    let mut supply = vec![0.0; site.tree.len()];
    for block in &built.inputs.supplies {
        supply[block.node] += block.available[t] * 1e6;
    }
    supply
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
    /// IT watts at each node beside the set points.
    more: Vec<f64>,
    /// Facility watts changed so far, by rule.
    repairs: Repairs,
}

impl Fitter<'_> {
    fn fit(mut self, supply: &[f64], dispatch: &mut Dispatch) -> Repairs {
        self.shortest_times(dispatch);
        self.step.set_supply(supply);
        if self.way.called {
            self.step.root_import = Some(supply[0].min(called_limit(self.view) * 1e6));
            self.limits(dispatch, self.way.ai, supply[0]);
            self.step.root_import = Some(supply[0]);
        }
        self.limits(dispatch, true, supply[0]);
        // Where limits took off more than a ramp allows, hashing elsewhere makes up for it.
        self.ramps(dispatch);
        self.limits(dispatch, true, supply[0]);
        self.repairs
    }

    /// Keeps blocks that have not been awake, or asleep, for their shortest time as they are.
    fn shortest_times(&mut self, dispatch: &mut Dispatch) {
        let view = self.view;
        let mut changed = 0.0;
        for (p, blocks) in dispatch.pools.iter_mut().enumerate() {
            for (b, at_point) in blocks.iter_mut().enumerate() {
                let awake = at_point.iter().any(|n| *n > 0);
                let pool = &view.setup.site.pools[p];
                let watts = |at_point: &[u32]| -> f64 {
                    let above_sleep = pool.points.iter().map(|o| (o.power - pool.sleep).get());
                    let watts = above_sleep.zip(at_point).map(|(w, n)| w * i64::from(*n));
                    watts.sum::<i64>() as f64 * self.step.pue[pool.node]
                };
                if awake && !guard::may_be_awake(view, p, b) {
                    changed += watts(at_point);
                    at_point.fill(0);
                } else if !awake
                    && guard::block_interruptible(view, p, b) == Interruptible::LastResort
                {
                    at_point.clone_from(&view.state.pools[p].blocks[b].at_point);
                    changed += watts(at_point);
                }
            }
        }
        self.repairs.shortest_time += changed;
    }

    /// Measures the most that the dispatch draws, gangs that write checkpoints included.
    fn measure(&mut self, dispatch: &Dispatch) {
        self.more.fill(0.0);
        guard::add_checkpoint_power(self.view, &dispatch.jobs, &mut self.more);
        self.sum_up(dispatch);
    }

    fn sum_up(&mut self, dispatch: &Dispatch) {
        let view = self.view;
        self.tree.measure(
            &view.setup.site,
            view.now,
            dispatch,
            view.jobs,
            &self.more,
            self.step,
        );
    }

    /// Takes load off below `node`, with `ai` inference above its floor and jobs too, what
    /// runs for its shortest time last; returns what is left of `excess` watts.
    fn take_off(&self, node: usize, excess: f64, ai: bool, dispatch: &mut Dispatch) -> f64 {
        let view = self.view;
        let mut trim = Trim {
            site: &view.setup.site,
            limits: self.tree,
            step: self.step,
            node,
            excess,
        };
        let block = |p: usize, b: usize| guard::block_interruptible(view, p, b);
        let job = |j: usize| guard::job_interruptible(view, j);
        if self.way.underclock {
            trim.underclock(dispatch, &|_, _| true);
        }
        trim.sleep(dispatch, Interruptible::Freely, &block);
        trim.underclock(dispatch, &|p, b| block(p, b) == Interruptible::LastResort);
        if ai {
            trim.jobs(dispatch, view.jobs, Interruptible::NewStart, &job);
        }
        trim.sleep(dispatch, Interruptible::LastResort, &block);
        if ai {
            trim.inference(dispatch, &|v| guard::floor_gpus(view, v));
            trim.jobs(dispatch, view.jobs, Interruptible::Freely, &job);
            trim.jobs(dispatch, view.jobs, Interruptible::LastResort, &job);
        }
        trim.excess
    }

    /// Takes load off until every node's import is within its limit. What must be served stays.
    /// `supply` is what may be drawn at the root without any called event, W.
    fn limits(&mut self, dispatch: &mut Dispatch, ai: bool, supply: f64) {
        let (limit, root_import) = (self.step.limit.clone(), self.step.root_import);
        for _ in 0..4 * limit.len() + 4 {
            self.measure(dispatch);
            let Some((node, excess)) = self.step.worst(&[]) else {
                break;
            };
            let left = self.take_off(node, excess, ai, dispatch);
            let taken = excess - left;
            let (load, drawn) = (self.step.load[0], self.step.import[0]);
            let without_event = match node {
                0 => (load - limit[0]).max(drawn - supply).max(0.0),
                _ => excess,
            };
            // Whole devices may be more than was asked for.
            let of_limit = match without_event < excess {
                true => taken.min(without_event),
                false => taken,
            };
            self.repairs.limit += of_limit;
            self.repairs.called_event += taken - of_limit;
            if left >= excess {
                // Only what must be served is left there.
                self.step.give_up(node);
            }
        }
        self.step.limit = limit;
        self.step.root_import = root_import;
    }
}
