//! Realises a plan made with hindsight, step by step, without a controller.

use swingload_scheduler::build::Built;
use swingload_scheduler::dispatch::Dispatch;
use swingload_scheduler::evaluate::outcome;
use swingload_scheduler::event::Action;
use swingload_scheduler::plan::Planned;
use swingload_scheduler::policy::Setup;
use swingload_scheduler::schedule::{Problem, Room, Schedule};
use swingload_scheduler::state::{BLOCKS_PER_POOL, SiteState, block_sizes};

use crate::record::StepReason;
use crate::run::Context;
use crate::run::recorder::Driver;
use crate::world::World;

/// A plan of the whole period, performed as it stands.
pub(super) struct PlanDriver<'a> {
    context: &'a Context<'a>,
    setup: &'a Setup,
    built: &'a Built,
    problem: &'a Problem<'a>,
    planned: &'a Planned,
    /// The schedule without its jobs, which are listed by step below.
    bare: Schedule,
    /// Runs of step t are `runs[from[t]..from[t + 1]]`: position of the job, GPUs.
    runs: Vec<(usize, f64)>,
    from: Vec<usize>,
    state: SiteState,
    room: Room,
    last: Dispatch,
    marginal: f64,
    next_job: usize,
}

impl<'a> PlanDriver<'a> {
    pub(super) fn new(
        context: &'a Context<'a>,
        setup: &'a Setup,
        built: &'a Built,
        problem: &'a Problem<'a>,
        planned: &'a Planned,
    ) -> Self {
        let steps = context.truth.grid.len();
        let schedule = &planned.schedule;
        let mut from = vec![0; steps + 1];
        for run in schedule.jobs.iter().flatten() {
            from[run.step as usize + 1] += 1;
        }
        for t in 0..steps {
            from[t + 1] += from[t];
        }
        let mut next = from.clone();
        let mut runs = vec![(0, 0.0); from[steps]];
        for (j, of_job) in schedule.jobs.iter().enumerate() {
            for run in of_job {
                let at = &mut next[run.step as usize];
                runs[*at] = (built.job[j], run.gpus);
                *at += 1;
            }
        }
        let mut bare = schedule.clone();
        bare.jobs.clear();
        bare.adders.clear();
        let state = SiteState::asleep(&setup.site, context.truth.grid.start_s(0));
        Self {
            context,
            setup,
            built,
            problem,
            planned,
            bare,
            runs,
            from,
            state,
            room: Room::default(),
            last: Dispatch::default(),
            marginal: 0.0,
            next_job: 0,
        }
    }

    fn command(&mut self, dispatch: &Dispatch, world: &mut World<'_>) {
        for (pool, blocks) in dispatch.pools.iter().enumerate() {
            for (block, at_point) in blocks.iter().enumerate() {
                if self.last.pools.get(pool).and_then(|b| b.get(block)) != Some(at_point) {
                    world.apply(&Action::SetBlock {
                        pool,
                        block,
                        at_point: at_point.clone(),
                    });
                }
            }
        }
        for (service, gpus) in dispatch.services.iter().enumerate() {
            world.apply(&Action::SetService {
                service,
                gpus: *gpus,
            });
        }
        for (commitment, power) in dispatch.hosting.iter().enumerate() {
            world.apply(&Action::SetHosting {
                commitment,
                power: *power,
            });
        }
        for (job, _) in self
            .last
            .jobs
            .iter()
            .filter(|(job, _)| dispatch.jobs.binary_search_by_key(job, |j| j.0).is_err())
        {
            world.apply(&Action::SetJob { job: *job, gpus: 0 });
        }
        for (job, gpus) in &dispatch.jobs {
            world.apply(&Action::SetJob {
                job: *job,
                gpus: *gpus,
            });
        }
    }
}

impl Driver for PlanDriver<'_> {
    fn step(
        &mut self,
        t: usize,
        now: i64,
        _end: i64,
        _node_power: Option<&[i64]>,
        world: &mut World<'_>,
    ) {
        while self
            .context
            .jobs
            .get(self.next_job)
            .is_some_and(|job| job.release <= now)
        {
            world.gpus.submit();
            self.next_job += 1;
        }
        for (pool, state) in self.setup.site.pools.iter().zip(&mut self.state.pools) {
            for (block, size) in state
                .blocks
                .iter_mut()
                .zip(block_sizes(pool.count.at(now), BLOCKS_PER_POOL))
            {
                block.available = size;
            }
        }
        let mut step = outcome(
            self.problem,
            &self.bare,
            &self.planned.evaluated.levels,
            t,
            &mut self.room,
        );
        step.power.jobs.clear();
        let mut dispatch = self
            .built
            .dispatch(self.setup, &self.state, &[], t, &step.power);
        for (job, gpus) in &self.runs[self.from[t]..self.from[t + 1]] {
            // A gang planned for part of a step runs whole until its work is done.
            let gangs = &self.context.jobs[*job].gangs;
            let gang = gangs
                .iter()
                .rev()
                .find(|g| f64::from(**g) <= gpus + 1e-6)
                .or(gangs.first());
            dispatch
                .jobs
                .extend(gang.filter(|_| *gpus > 1e-6).map(|g| (*job, *g)));
        }
        dispatch.jobs.sort_unstable();
        self.command(&dispatch, world);
        self.last = dispatch;
        self.marginal = step.marginal[0];
    }

    fn reasons(&mut self, _t: usize, _reasons: &mut Vec<StepReason>) -> f64 {
        self.marginal
    }

    fn incidents(&self) -> u64 {
        0
    }
}
