//! The incumbent: which jobs run when, which blocks are on, and the step markets they leave.

use crate::commitment;
use crate::inputs::PlanInputs;
use crate::market::{Cleared, CostStep, EPSILON_MW, Market, Owner, Segment, Workspace};
use crate::placement::{Offers, SuccessorValues, Tables};
use crate::residuals::Residuals;

/// GPUs of a job in one step, as a mean over the step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Run {
    /// The step.
    pub step: u32,
    /// Mean GPUs.
    pub gpus: f64,
}

/// Decisions that couple steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Per job its runs by rising step.
    pub jobs: Vec<Vec<Run>>,
    /// Per job the work left for after the horizon, GPU-hours.
    pub beyond: Vec<f64>,
    /// Per job the price of its work when it was placed last, currency per GPU-hour.
    pub work_price: Vec<f64>,
    /// Per job, by how much its runs may be worse than its best ones, currency, where plans
    /// follow one another: while that does not grow, the job keeps its runs. Empty where every
    /// job is placed anew.
    pub slack: Vec<f64>,
    /// What the ends of jobs are worth to their successors: it steers where jobs are placed and
    /// does not count in the plan's value.
    pub successors: SuccessorValues,
    /// Power of jobs per node that has any (see [`JobNodes`]) and step, MW.
    pub job_mw: Vec<Vec<f64>>,
    /// Per pool and block, whether it is on in each step.
    pub on: Vec<Vec<Vec<bool>>>,
    /// Per pool and step, the devices of all blocks that are on.
    pub awake: Vec<Vec<f64>>,
    /// Whether pools still count as stacks of freely divisible power (before commitment).
    pub relaxed: bool,
    /// Charge on load per node and step that stands for ramps and demand charges,
    /// currency per MWh; empty where there is none.
    pub adders: Vec<(usize, Vec<f64>)>,
}

/// The nodes that jobs run on, numbered.
#[derive(Debug, Clone, PartialEq)]
pub struct JobNodes {
    /// Node of each number.
    pub nodes: Vec<usize>,
    /// Number of each node of the tree; `usize::MAX` where no job runs.
    pub number: Vec<usize>,
}

impl JobNodes {
    /// Numbers the nodes of all jobs.
    pub fn new(inputs: &PlanInputs) -> Self {
        let mut number = vec![usize::MAX; inputs.nodes.len()];
        let mut nodes = Vec::new();
        for job in &inputs.jobs {
            if number[job.node] == usize::MAX {
                number[job.node] = nodes.len();
                nodes.push(job.node);
            }
        }
        Self { nodes, number }
    }
}

mod settings;

use settings::Settings;

/// Everything a stage works with: inputs, sorted markets, room.
pub struct Problem<'a> {
    /// The inputs.
    pub inputs: &'a PlanInputs,
    /// Sorted static segments.
    pub market: Market,
    /// Every step as its jobs see it, where nothing else couples steps.
    pub residuals: Option<Residuals>,
    /// Nodes with jobs.
    pub job_nodes: JobNodes,
    /// Hours per step.
    pub hours: Vec<f64>,
    /// Per pool, the hull of its settings from asleep: `(MW, PH/s)` per device.
    pub hull: Vec<Vec<(f64, f64)>>,
    /// Per pool, the hull of its settings while awake.
    pub awake_hull: Vec<Vec<(f64, f64)>>,
    /// The hulls as steps of power by falling value.
    settings: Settings,
    /// Per pool and step, the first step at which a stretch of being on, and one of being off,
    /// that begins there may end.
    pub(crate) shortest: Vec<[Vec<usize>; 2]>,
}

impl<'a> Problem<'a> {
    /// Prepares the stages' common ground.
    pub fn new(inputs: &'a PlanInputs) -> Self {
        let hull = |points: &[(f64, f64)]| crate::build::hull_from_zero(points);
        let awake = |points: &[(f64, f64)]| {
            let Some(&(mw, ph)) = points.first() else {
                return Vec::new();
            };
            let above: Vec<(f64, f64)> = points[1..].iter().map(|p| (p.0 - mw, p.1 - ph)).collect();
            let mut all = vec![(mw, ph)];
            all.extend(
                if above.is_empty() {
                    Vec::new()
                } else {
                    hull(&above)
                }
                .into_iter()
                .map(|p| (p.0 + mw, p.1 + ph)),
            );
            all
        };
        let market = Market::new(inputs);
        let hours: Vec<f64> = (0..inputs.steps()).map(|t| inputs.grid.hours(t)).collect();
        let shortest = inputs.pools.iter();
        let shortest = shortest.map(|p| [p.min_on, p.min_off].map(|h| minimum_ends(&hours, h)));
        let mut problem = Self {
            inputs,
            shortest: shortest.collect(),
            residuals: Residuals::new(inputs, &market),
            market,
            job_nodes: JobNodes::new(inputs),
            hours,
            hull: inputs.pools.iter().map(|p| hull(&p.points)).collect(),
            awake_hull: inputs.pools.iter().map(|p| awake(&p.points)).collect(),
            settings: Settings::default(),
        };
        problem.settings = Settings::new(&problem);
        problem
    }

    /// Nothing runs, pools are divisible.
    pub(crate) fn empty_schedule(&self) -> Schedule {
        let steps = self.inputs.steps();
        Schedule {
            jobs: vec![Vec::new(); self.inputs.jobs.len()],
            beyond: vec![0.0; self.inputs.jobs.len()],
            work_price: vec![0.0; self.inputs.jobs.len()],
            slack: Vec::new(),
            successors: SuccessorValues::default(),
            job_mw: vec![vec![0.0; steps]; self.job_nodes.nodes.len()],
            on: self
                .inputs
                .pools
                .iter()
                .map(|p| vec![vec![false; steps]; p.blocks.len()])
                .collect(),
            awake: vec![vec![0.0; steps]; self.inputs.pools.len()],
            relaxed: true,
            adders: Vec::new(),
        }
    }

    /// Replaces the on/off path of a block.
    pub(crate) fn set_path(&self, schedule: &mut Schedule, m: usize, b: usize, path: Vec<bool>) {
        let devices = self.inputs.pools[m].blocks[b].devices;
        for (t, (before, now)) in schedule.on[m][b].iter().zip(&path).enumerate() {
            match (before, now) {
                (true, false) => schedule.awake[m][t] -= devices,
                (false, true) => schedule.awake[m][t] += devices,
                _ => {}
            }
        }
        schedule.on[m][b] = path;
    }

    /// Most that loads below `node` can draw in step `t`, MW: its import, and supply beside them.
    pub(crate) fn most_at(&self, node: usize, t: usize) -> f64 {
        let inputs = self.inputs;
        let beside = inputs
            .supplies
            .iter()
            .filter(|s| inputs.is_below(s.node, node));
        let own = beside.map(|s| s.available[t]).sum::<f64>();
        // The root's limit holds all load, whatever feeds it.
        inputs.nodes[node].limit[t] + if node == 0 { 0.0 } else { own }
    }

    /// Facility MW of one GPU of job `j` in step `t`.
    pub fn gpu_mw(&self, j: usize, t: usize) -> f64 {
        let job = &self.inputs.jobs[j];
        job.gpu_mw * self.inputs.nodes[job.node].factor[t]
    }

    /// Charge on load at `node` in step `t` from the schedule's adders.
    pub fn adder(&self, schedule: &Schedule, node: usize, t: usize) -> f64 {
        schedule
            .adders
            .iter()
            .filter(|(above, _)| self.market.is_below(node, *above))
            .map(|(_, a)| a[t])
            .sum()
    }

    /// Facility power and revenue per hour of one device's settings in step `t`: `(MW, currency per hour)`.
    pub fn setting(&self, m: usize, t: usize, point: (f64, f64)) -> (f64, f64) {
        let pool = &self.inputs.pools[m];
        let mw = point.0 * self.inputs.nodes[pool.node].factor[t];
        (mw, point.1 * pool.revenue[t] - pool.adder[t] * mw)
    }

    /// Power fixed at each node and flexible segments of pools in step `t`, leaving out
    /// the pool `without` and, if asked, the jobs of node number `without_jobs`.
    pub(crate) fn lay_out(
        &self,
        schedule: &Schedule,
        t: usize,
        without: Option<usize>,
        without_jobs: Option<usize>,
        fixed: &mut Vec<f64>,
        extra: &mut Vec<Segment>,
    ) {
        fixed.clear();
        fixed.resize(self.inputs.nodes.len(), 0.0);
        extra.clear();
        for (number, node) in self.job_nodes.nodes.iter().enumerate() {
            if without_jobs != Some(number) {
                fixed[*node] += schedule.job_mw[number][t];
            }
        }
        let pools = &self.inputs.pools;
        if !schedule.relaxed {
            for (m, pool) in pools
                .iter()
                .enumerate()
                .filter(|(m, _)| without != Some(*m))
            {
                let devices = schedule.awake[m][t] * pool.scale[t];
                if devices > 0.0 {
                    fixed[pool.node] += self.setting(m, t, self.awake_hull[m][0]).0 * devices;
                }
            }
        }
        let settings = match schedule.relaxed {
            true => self.settings.asleep(t),
            false => self.settings.awake(t),
        };
        for setting in settings {
            let m = setting.pool as usize;
            let devices = match schedule.relaxed {
                true => self.settings.fleets[m],
                false => schedule.awake[m][t],
            };
            let width = setting.mw * devices * pools[m].scale[t];
            if width > EPSILON_MW && without != Some(m) {
                let charge = match schedule.adders.is_empty() {
                    true => 0.0,
                    false => self.adder(schedule, pools[m].node, t),
                };
                extra.push(Segment {
                    slope: setting.slope - charge,
                    width,
                    node: pools[m].node as u32,
                    owner: Owner::Pool(setting.pool),
                });
            }
        }
    }

    /// Clears step `t` under the schedule.
    pub fn clear(&self, schedule: &Schedule, t: usize, room: &mut Room) -> Cleared {
        self.clear_without(schedule, t, None, None, room)
    }

    /// Clears step `t` without a pool or the jobs of a node, as in [`Problem::lay_out`].
    fn clear_without(
        &self,
        schedule: &Schedule,
        t: usize,
        without: Option<usize>,
        without_jobs: Option<usize>,
        room: &mut Room,
    ) -> Cleared {
        self.lay_out(
            schedule,
            t,
            without,
            without_jobs,
            &mut room.fixed,
            &mut room.extra,
        );
        if schedule.adders.is_empty() {
            self.market
                .clear(t, &room.fixed, &room.extra, &mut room.work)
        } else {
            let charge = |node| self.adder(schedule, node, t);
            self.market
                .clear_charged(t, &room.fixed, &room.extra, charge, &mut room.work)
        }
    }

    /// Price of more power, adders included, with what `ask` leaves out left out.
    pub(crate) fn residual(
        &self,
        schedule: &Schedule,
        t: usize,
        ask: Ask,
        room: &mut Room,
        steps: &mut Vec<CostStep>,
    ) {
        self.clear_without(schedule, t, ask.without_pool, ask.without_jobs, room);
        self.market
            .residual(t, ask.node, ask.most, &mut room.work, steps);
        let charge = self.adder(schedule, ask.node, t);
        if charge != 0.0 {
            steps.iter_mut().for_each(|s| s.cost += charge);
        }
    }
}

/// Where more power is asked for, how much, and who is left out of the market.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ask {
    /// Node at which it is asked for.
    pub node: usize,
    /// How much at most, MW.
    pub most: f64,
    /// Pool left out.
    pub without_pool: Option<usize>,
    /// Number of the node whose jobs are left out.
    pub without_jobs: Option<usize>,
}

impl Ask {
    /// So much at a node, with everybody there.
    pub(crate) fn at(node: usize, most: f64) -> Self {
        Self {
            node,
            most,
            without_pool: None,
            without_jobs: None,
        }
    }

    /// The same without a pool.
    pub(crate) fn without_pool(self, pool: usize) -> Self {
        Self {
            without_pool: Some(pool),
            ..self
        }
    }

    /// The same without the jobs of a node number.
    pub(crate) fn without_jobs(self, number: usize) -> Self {
        Self {
            without_jobs: Some(number),
            ..self
        }
    }
}

/// Buffers of the planner, one per thread and kept from call to call; results do not depend on
/// what they hold.
#[derive(Debug, Default)]
pub struct Room {
    /// The market's.
    pub work: Workspace,
    /// Power fixed per node.
    pub fixed: Vec<f64>,
    /// Segments beside the static ones.
    pub extra: Vec<Segment>,
    /// Segments taken below nodes held at their ramped load, and how much of each.
    pub held: Vec<(Segment, f64)>,
    /// What a job can buy.
    pub offers: Offers,
    /// Tables over a job's runs.
    pub runs: Tables,
    /// Steps that pools' prices are read from, and what pools are worth in each.
    pub(crate) cleared_steps: Vec<commitment::ClearedStep>,
    pub(crate) markets: Vec<commitment::PoolMarket>,
    /// Steps' own optima where the last courses of ramped loads keep them.
    pub cleared: Vec<Cleared>,
}

/// Cost of `from..to` MW on a residual, currency per hour; `None` beyond its end.
pub(crate) fn area(steps: &[CostStep], from: f64, to: f64) -> Option<f64> {
    let (mut at, mut cost) = (0.0, 0.0);
    for step in steps {
        let end = at + step.width;
        let overlap = to.min(end) - from.max(at);
        if overlap > 0.0 {
            cost += overlap * step.cost;
        }
        at = end;
        if at >= to - EPSILON_MW {
            return Some(cost);
        }
    }
    (to <= at + EPSILON_MW).then_some(cost)
}

/// Per step, the first step after at least `least` hours from its start, and at least one
/// step; the grid's end where there is none.
pub(crate) fn minimum_ends(hours: &[f64], least: f64) -> Vec<usize> {
    let mut ends = Vec::with_capacity(hours.len());
    minimum_ends_into(hours, least, &mut ends);
    ends
}

/// [`minimum_ends`] at the end of `ends`.
pub(crate) fn minimum_ends_into(hours: &[f64], least: f64, ends: &mut Vec<usize>) {
    let (mut end, mut held) = (0, 0.0);
    for (t, own) in hours.iter().enumerate() {
        while end < hours.len() && (end <= t || held < least - 1e-9) {
            held += hours[end];
            end += 1;
        }
        ends.push(end);
        held -= own;
    }
}

/// [`minimum_ends`] of the first step.
pub(crate) fn minimum_end(hours: &[f64], least: f64) -> usize {
    let (mut end, mut held) = (0, 0.0);
    while end < hours.len() && (end == 0 || held < least - 1e-9) {
        held += hours[end];
        end += 1;
    }
    end
}
