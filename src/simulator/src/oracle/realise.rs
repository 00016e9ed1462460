//! Realises a plan made with hindsight: a policy that knows each step's set points.
//!
//! It runs in the product's own controller, so limits, gangs and acknowledgements are
//! those of every other policy; only its foresight is not. Where machines are not where
//! the plan has them, ramps and shortest times go before it.

use swingload_model::units::Power;
use swingload_scheduler::build::Built;
use swingload_scheduler::dispatch::{Dispatch, Repairs};
use swingload_scheduler::evaluate::outcome;
use swingload_scheduler::plan::Planned;
use swingload_scheduler::policy::fit::{Fit, GiveWay, supply};
use swingload_scheduler::policy::{Policy, Setup, View};
use swingload_scheduler::schedule::{Problem, Room, Run};
use swingload_scheduler::state::{BLOCKS_PER_POOL, SiteState, block_sizes};

use crate::run::Context;

/// Set points of every step, flat.
pub(super) struct Hindsight {
    starts: Vec<i64>,
    /// Devices per pool, block and point, `width` of them per step.
    devices: Vec<u32>,
    width: usize,
    services: Vec<u32>,
    hosting: Vec<Power>,
    marginal: Vec<f64>,
    /// Power expected at each node, W.
    supply: Vec<f64>,
    fit: Fit,
    /// Runs of step t are `runs[from[t]..from[t + 1]]`: position of the job, GPUs.
    runs: Vec<(usize, u32)>,
    from: Vec<usize>,
    /// Per job: whether the plan does all its work, and the last step it runs in.
    whole: Vec<bool>,
    last: Vec<usize>,
    /// Jobs the plan has begun.
    begun: Vec<usize>,
    seen: Vec<bool>,
}

impl Hindsight {
    pub(super) fn new(
        context: &Context<'_>,
        setup: &Setup,
        built: &Built,
        planned: &Planned,
    ) -> Self {
        let grid = &context.truth.grid;
        let steps = grid.len();
        // Demand charges are held down by caps on the root that the plan chose.
        let mut inputs = built.inputs.clone();
        if let Some(caps) = &planned.caps {
            inputs.nodes[0].limit.clone_from(caps);
        }
        let problem = Problem::new(&inputs);
        let mut bare = planned.schedule.clone();
        bare.jobs.clear();
        bare.adders.clear();
        let mut state = SiteState::asleep(&setup.site, grid.start_s(0));
        let mut room = Room::default();
        let width = setup
            .site
            .pools
            .iter()
            .map(|p| p.points.len() * BLOCKS_PER_POOL as usize)
            .sum();
        let mut all = Self {
            starts: grid.boundaries()[..steps].to_vec(),
            devices: Vec::with_capacity(width * steps),
            width,
            services: Vec::new(),
            hosting: Vec::new(),
            marginal: Vec::with_capacity(steps),
            supply: Vec::new(),
            fit: Fit::default(),
            runs: Vec::new(),
            from: Vec::new(),
            whole: Vec::new(),
            last: Vec::new(),
            begun: Vec::new(),
            seen: vec![false; context.jobs.len()],
        };
        for t in 0..steps {
            let now = grid.start_s(t);
            for (pool, state) in setup.site.pools.iter().zip(&mut state.pools) {
                let sizes = block_sizes(pool.count.at(now), BLOCKS_PER_POOL);
                state
                    .blocks
                    .iter_mut()
                    .zip(sizes)
                    .for_each(|(block, size)| block.available = size);
            }
            let mut step = outcome(
                &problem,
                &bare,
                &planned.evaluated.ramped_loads,
                t,
                &mut room,
            );
            step.power.jobs.clear();
            let dispatch = built.dispatch(setup, &state, &[], t, &step.power);
            all.devices
                .extend(dispatch.pools.into_iter().flatten().flatten());
            all.services.extend(dispatch.services);
            all.hosting.extend(dispatch.hosting);
            all.marginal.push(step.marginal[0]);
            all.supply.extend(supply(&setup.site, built, t));
        }
        all.list_jobs(context, built, planned);
        all
    }

    /// Sorts the runs of all jobs by step.
    fn list_jobs(&mut self, context: &Context<'_>, built: &Built, planned: &Planned) {
        let steps = self.starts.len();
        let jobs = &planned.schedule.jobs;
        // What is planned for after the run is not performed.
        let within = |run: &&Run| (run.step as usize) < steps;
        self.from = vec![0; steps + 1];
        for run in jobs.iter().flatten().filter(within) {
            self.from[run.step as usize + 1] += 1;
        }
        for t in 0..steps {
            self.from[t + 1] += self.from[t];
        }
        let mut next = self.from.clone();
        self.runs = vec![(0, 0); self.from[steps]];
        self.whole = vec![false; context.jobs.len()];
        self.last = vec![0; context.jobs.len()];
        for (j, of_job) in jobs.iter().enumerate() {
            let position = built.job[j];
            let gangs = &context.jobs[position].gangs;
            let mut done = 0.0;
            for run in of_job.iter().filter(within) {
                // A gang planned for part of a step runs whole until its work is done.
                let gang = gangs
                    .iter()
                    .rev()
                    .find(|g| f64::from(**g) <= run.gpus + 1e-6)
                    .or(gangs.first());
                let at = &mut next[run.step as usize];
                self.runs[*at] = (position, gang.copied().unwrap_or(0));
                *at += 1;
                self.last[position] = run.step as usize;
                done += run.gpus * context.truth.grid.hours(run.step as usize);
            }
            self.whole[position] = done * 3600.0 >= 0.98 * context.jobs[position].work as f64;
        }
    }

    fn take<T: Copy>(all: &[T], steps: usize, t: usize) -> &[T] {
        let width = all.len() / steps;
        &all[t * width..(t + 1) * width]
    }
}

impl Policy for Hindsight {
    fn name(&self) -> &'static str {
        super::NAME
    }

    fn decide(&mut self, view: &View<'_>) -> Dispatch {
        let steps = self.starts.len();
        let t = self
            .starts
            .partition_point(|s| *s <= view.now)
            .saturating_sub(1);
        let mut devices = self.devices[t * self.width..(t + 1) * self.width]
            .iter()
            .copied();
        let pools = view.setup.site.pools.iter().map(|pool| {
            let block =
                |devices: &mut dyn Iterator<Item = u32>| devices.take(pool.points.len()).collect();
            (0..BLOCKS_PER_POOL).map(|_| block(&mut devices)).collect()
        });
        let pools = pools.collect();
        let planned = &self.runs[self.from[t]..self.from[t + 1]];
        let ready = |job: usize| view.jobs.get(job).is_some_and(|j| j.is_open());
        let mut jobs: Vec<(usize, u32)> = planned
            .iter()
            .copied()
            .filter(|(job, gpus)| *gpus > 0 && ready(*job))
            .collect();
        // Restarts and checkpoints may leave a rest after a job's last planned step: it goes
        // on. So does one that was released within the step it was planned to start in,
        // until its shortest stretch is over.
        let mut carried: Vec<(usize, u32)> = Vec::new();
        let whole = &self.whole;
        self.begun.retain(|job| ready(*job));
        for job in &self.begun {
            let state = &view.jobs[*job];
            let young = view.now - state.since < state.job.min_runtime.get();
            let rest = whole[*job] && self.last[*job] < t;
            let planned = jobs.iter().any(|(j, _)| j == job);
            if state.gpus > 0 && !planned && (rest || young) {
                carried.push((*job, state.gpus));
            }
        }
        jobs.extend(carried);
        jobs.sort_unstable();
        for (job, _) in &jobs {
            if !self.seen[*job] {
                self.seen[*job] = true;
                self.begun.push(*job);
            }
        }
        let mut dispatch = Dispatch {
            pools,
            services: Self::take(&self.services, steps, t).to_vec(),
            hosting: Self::take(&self.hosting, steps, t).to_vec(),
            jobs,
            reasons: Vec::new(),
            marginal_value: Some(self.marginal[t]),
            proof: None,
            repairs: Repairs::default(),
        };
        let supply = Self::take(&self.supply, steps, t);
        self.fit.fit(view, supply, GiveWay::PLANNED, &mut dispatch);
        dispatch
    }
}
