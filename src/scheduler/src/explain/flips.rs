//! Flips: for each decision of the first step, the smallest changes that turn it.
//!
//! Each change is one quantity's: the price of power, what the load or its rival earns, a
//! deadline, a limit. Where it turns is first estimated with all other loads fixed
//! (`alone.rs`). From there the plan is made again with the change until
//! the load does something else (`search.rs`).

use swingload_model::plan::{Flip, Quantity, ReasonCode, Turn};

use super::alone::Alone;
use super::change::{Part, Subject, due, part};
use super::search::{Again, Ray};
use super::{OFF, millionths};
use crate::build::{Built, StepPower};
use crate::dispatch::DispatchReason;
use crate::inputs::{JobInput, PlanInputs};
use crate::plan::Planned;

/// Share of its power that a load must give up to count as having done so.
const GIVEN_UP: f64 = 0.01;

/// Flips of each of the `reasons` asked about, which are those of `planned`; `all` are the
/// reasons of the step, in which rivals are looked up. One flip takes `replans` plans at
/// most, and every flip returned was verified: planned with that change, rounded as it is
/// returned, the load does something else on the budget of `planned`.
///
/// `None` for a plan that is not made again by planning its inputs (see
/// [`Planned::budget`]).
pub fn flips(
    built: &Built,
    planned: &Planned,
    all: &[DispatchReason],
    reasons: &[DispatchReason],
    replans: usize,
) -> Option<Vec<Vec<Flip>>> {
    let mut again = Again::new(&built.inputs, planned.budget?);
    let mut alone = Alone::new(&built.inputs, planned);
    let mut of = |reason| {
        let Some(case) = Case::new(built, planned, all, reason) else {
            return Vec::new();
        };
        let questions = case.questions(&mut alone).into_iter();
        questions
            .filter_map(|q| case.answer(q, replans, &mut again))
            .collect()
    };
    Some(reasons.iter().map(&mut of).collect())
}

/// Facility MW of a part in the first step.
fn drawn(inputs: &PlanInputs, part: Part, power: &StepPower) -> f64 {
    match part {
        Part::Stack(s) => power.stacks[s],
        Part::Pool(m) => power.blocks[m].iter().sum(),
        Part::Job(j) => power.jobs[j] * gpu_mw(inputs, j),
        Part::Node(_) => 0.0,
    }
}

/// Facility MW of one GPU of a job in the first step.
fn gpu_mw(inputs: &PlanInputs, j: usize) -> f64 {
    inputs.jobs[j].gpu_mw * inputs.nodes[inputs.jobs[j].node].factor[0]
}

/// One decision, and what it was weighed against.
struct Case<'a> {
    built: &'a Built,
    all: &'a [DispatchReason],
    inputs: &'a PlanInputs,
    planned: &'a Planned,
    reason: &'a DispatchReason,
    own: Part,
    /// The runner-up, and what its last or next MWh earns.
    rival: Option<(Part, f64)>,
    runs: bool,
    drawn: f64,
}

/// A quantity that may turn the decision, and where to look.
struct Question {
    subject: Subject,
    of: String,
    up: bool,
    now: f64,
    guess: f64,
    most: f64,
    grain: f64,
    whole: bool,
    doubtful: bool,
}

impl Question {
    /// Where the quantity is after a change of size `x`, rounded as it is printed.
    fn at(&self, inputs: &PlanInputs, x: f64) -> f64 {
        match () {
            () if self.whole => self.boundary(inputs, x as usize) as f64,
            () if self.up => millionths(self.now + x),
            () => millionths(self.now - x),
        }
    }

    /// The grid's boundary `count` beyond the present time of the quantity.
    fn boundary(&self, inputs: &PlanInputs, count: usize) -> i64 {
        let boundaries = inputs.grid.boundaries();
        let now = self.now as i64;
        if self.up {
            let after = boundaries.partition_point(|b| *b <= now);
            boundaries[(after + count - 1).min(boundaries.len() - 1)]
        } else {
            let before = boundaries.partition_point(|b| *b < now);
            boundaries[before.saturating_sub(count)]
        }
    }
}

/// Smallest change, in currency per MWh, per GPU-hour or MW.
const GRAIN: f64 = 1e-3;

impl<'a> Case<'a> {
    fn new(
        built: &'a Built,
        planned: &'a Planned,
        all: &'a [DispatchReason],
        reason: &'a DispatchReason,
    ) -> Option<Self> {
        let own = part(built, reason.load)?;
        let drawn = drawn(&built.inputs, own, &planned.first.power);
        let rival = reason.runner_up.and_then(|load| {
            let reason = all.iter().find(|r| r.load == load)?;
            Some((part(built, load)?, reason.value))
        });
        Some(Self {
            built,
            all,
            inputs: &built.inputs,
            planned,
            reason,
            own,
            rival,
            runs: drawn > OFF,
            drawn,
        })
    }

    fn turned(&self, power: &StepPower) -> bool {
        let now = drawn(self.inputs, self.own, power);
        if self.runs {
            now < self.drawn * (1.0 - GIVEN_UP)
        } else {
            now > OFF
        }
    }

    /// The smallest change of the quantity that turns the decision.
    fn answer(&self, question: Question, replans: usize, again: &mut Again<'_>) -> Option<Flip> {
        // Planned with the rounded figure, which is the one returned.
        let by = |x: f64| question.at(self.inputs, x) - question.now;
        let ray = Ray {
            subject: question.subject,
            up: question.up,
            by: &by,
            guess: question.guess,
            most: question.most,
            grain: question.grain,
            whole: question.whole,
            doubtful: question.doubtful,
        };
        let found = again.smallest(&ray, replans, |power| self.turned(power))?;
        Some(Flip {
            quantity: question.subject.quantity,
            at: question.at(self.inputs, found),
            of: question.of,
            now: question.now,
            turn: if self.runs {
                Turn::GivesUp
            } else {
                Turn::Starts
            },
        })
    }

    fn questions(&self, alone: &mut Alone<'_>) -> Vec<Question> {
        let not_yet = matches!(
            self.reason.code,
            ReasonCode::NotEligible | ReasonCode::NotReleased | ReasonCode::WaitsForJob
        );
        if not_yet {
            return self.release().into_iter().collect();
        }
        if matches!(self.reason.code, ReasonCode::Heat | ReasonCode::Done) {
            return Vec::new();
        }
        let mut all = Vec::new();
        let gap = (self.reason.value - self.reason.price).abs();
        let (gap, worths) = if gap.is_finite() {
            (gap, self.reason.value.abs() + self.reason.price.abs())
        } else {
            (self.reason.value.abs(), self.reason.value.abs())
        };
        let most = 2.0 * worths + 100.0;
        // Jobs and blocks couple steps, which moves the price at which they turn.
        let price_gap = match self.own {
            Part::Pool(m) if self.runs => gap.min(alone.pool_gap(m, false)),
            Part::Pool(m) => Some(alone.pool_gap(m, true))
                .filter(|gap| gap.is_finite())
                .unwrap_or(gap),
            Part::Job(j) => alone.job_gap(j, self.runs).unwrap_or(gap),
            _ => gap,
        };
        if self.reason.price.is_finite() {
            all.push(Question {
                subject: Subject {
                    quantity: Quantity::PowerPrice,
                    part: Part::Node(0),
                },
                of: self.inputs.nodes[self.own.node(self.inputs)].id.clone(),
                up: self.runs,
                now: millionths(self.reason.price),
                guess: price_gap * 1.001 + GRAIN,
                most: most.max(2.0 * price_gap),
                grain: GRAIN,
                whole: false,
                doubtful: false,
            });
        }
        let own_gap = if matches!(self.own, Part::Pool(_)) {
            price_gap
        } else {
            gap
        };
        // A job that waits will run later whatever it earns.
        let waits = matches!(
            self.reason.code,
            ReasonCode::Deferred | ReasonCode::NoGpus | ReasonCode::NoPower
        );
        if !waits {
            all.push(self.value(self.own, self.reason.value, !self.runs, own_gap, most));
        }
        all.extend(self.own_deadline(alone));
        if let Some((rival, value)) = self.rival {
            let gap = (self.reason.value - value).abs();
            let most = 2.0 * (self.reason.value.abs() + value.abs()) + 100.0;
            all.push(self.value(rival, value, self.runs, gap, most));
            if let (Part::Job(j), true) = (rival, self.runs) {
                all.extend(self.earlier(j, None));
            }
        }
        all.extend(self.limits());
        all
    }

    /// What a load earns; `gap` and `most` per facility MWh.
    fn value(&self, part: Part, value: f64, up: bool, gap: f64, most: f64) -> Question {
        let (quantity, now, per_mwh) = match part {
            Part::Job(j) => (
                Quantity::JobValue,
                self.inputs.jobs[j].value,
                gpu_mw(self.inputs, j),
            ),
            _ => (Quantity::LoadValue, value, 1.0),
        };
        Question {
            subject: Subject { quantity, part },
            of: part.name(self.inputs).to_owned(),
            up,
            now: millionths(now),
            guess: (gap * 1.001 + GRAIN) * per_mwh,
            // A job is worth no less than nothing.
            most: match (part, up) {
                (Part::Job(_), false) => now.max(GRAIN * per_mwh),
                _ => most * per_mwh,
            },
            grain: GRAIN * per_mwh,
            whole: false,
            doubtful: self.own != part,
        }
    }

    /// The deadline of a job: later for one that runs, which then could wait; earlier for one
    /// that waits, which then could not.
    fn own_deadline(&self, alone: &mut Alone<'_>) -> Option<Question> {
        let Part::Job(j) = self.own else { return None };
        let end = alone.job_end(j, self.runs);
        if !self.runs {
            return self.earlier(j, end);
        }
        let now = due(self.inputs, &self.inputs.jobs[j]);
        let boundaries = self.inputs.grid.boundaries();
        let passed = boundaries.partition_point(|b| *b <= now);
        let later = boundaries.len() - passed;
        let guess = end.map_or(1, |end| (end + 1).saturating_sub(passed));
        (later > 0).then(|| self.deadline(j, true, guess as f64, later as f64))
    }

    /// An earlier deadline of a job, expected at boundary `end` and at the earliest where the job
    /// could just be done in time.
    fn earlier(&self, j: usize, end: Option<usize>) -> Option<Question> {
        let job = &self.inputs.jobs[j];
        let shortest = earliest_end(self.inputs, job);
        let boundaries = self.inputs.grid.boundaries();
        let before = boundaries.partition_point(|b| *b < due(self.inputs, job));
        let most = before.checked_sub(shortest).filter(|most| *most > 0)?;
        let guess = end.map_or(most, |end| before.saturating_sub(end));
        Some(self.deadline(j, false, guess as f64, most as f64))
    }

    fn deadline(&self, j: usize, up: bool, guess: f64, most: f64) -> Question {
        let job = &self.inputs.jobs[j];
        Question {
            subject: Subject {
                quantity: Quantity::Deadline,
                part: Part::Job(j),
            },
            of: job.id.clone(),
            up,
            now: due(self.inputs, job) as f64,
            guess,
            most,
            grain: 1.0,
            whole: true,
            doubtful: false,
        }
    }

    /// Release now of a job that is released later.
    fn release(&self) -> Option<Question> {
        let Part::Job(j) = self.own else { return None };
        let job = &self.inputs.jobs[j];
        (job.first > 0).then(|| Question {
            subject: Subject {
                quantity: Quantity::Release,
                part: Part::Job(j),
            },
            of: job.id.clone(),
            up: false,
            now: self.inputs.grid.start_s(job.first) as f64,
            guess: job.first as f64,
            most: job.first as f64,
            grain: 1.0,
            whole: true,
            doubtful: false,
        })
    }

    /// The tightest limit above a load that runs, lowered; those that are reached above one
    /// that does not, raised.
    fn limits(&self) -> Vec<Question> {
        let inputs = self.inputs;
        let above = |at: &usize| inputs.nodes[*at].parent;
        let path = std::iter::successors(Some(self.own.node(inputs)), above);
        let mut slacks: Vec<(usize, f64)> = path.map(|node| (node, self.slack(node))).collect();
        slacks.sort_by(|a, b| a.1.total_cmp(&b.1));
        if self.runs {
            slacks.truncate(1);
        } else {
            slacks.retain(|(_, slack)| *slack < self.least());
        }
        let question = |(node, slack): (usize, f64)| {
            let now = inputs.nodes[node].limit[0];
            let guess = if self.runs {
                slack + self.weaker(node) + 1.1 * GIVEN_UP * self.drawn
            } else {
                self.least() - slack
            };
            Question {
                subject: Subject {
                    quantity: Quantity::NodeLimit,
                    part: Part::Node(node),
                },
                of: inputs.nodes[node].id.clone(),
                up: !self.runs,
                now: millionths(now),
                guess: guess + GRAIN,
                most: if self.runs {
                    now
                } else {
                    8.0 * (guess + GRAIN)
                },
                grain: GRAIN,
                whole: false,
                doubtful: false,
            }
        };
        slacks
            .into_iter()
            .filter(|(node, _)| inputs.nodes[*node].limit[0].is_finite())
            .map(question)
            .filter(|q| q.most > 0.0)
            .collect()
    }

    /// What loads below a node that earn less than this one draw, MW: they give way first.
    fn weaker(&self, node: usize) -> f64 {
        let weaker = |r: &&DispatchReason| {
            r.load != self.reason.load
                && r.code != ReasonCode::MustServe
                && r.value < self.reason.value
        };
        let parts = self.all.iter().filter(weaker);
        let parts = parts.filter_map(|r| part(self.built, r.load));
        parts
            .filter(|part| self.inputs.is_below(part.node(self.inputs), node))
            .map(|part| drawn(self.inputs, part, &self.planned.first.power))
            .sum()
    }

    /// Least power the load can run at, MW.
    fn least(&self) -> f64 {
        match self.own {
            Part::Pool(m) => {
                let pool = &self.inputs.pools[m];
                let devices = pool.blocks.iter().map(|b| b.devices);
                let factor = self.inputs.nodes[pool.node].factor[0];
                pool.points[0].0 * pool.scale[0] * factor * devices.fold(f64::INFINITY, f64::min)
            }
            Part::Job(j) => {
                let gpus = match &self.inputs.jobs[j].gangs {
                    crate::inputs::Gangs::Divisible(_) => 1.0,
                    crate::inputs::Gangs::Sizes(sizes) => {
                        sizes.first().copied().map_or(0.0, f64::from)
                    }
                };
                gpus * gpu_mw(self.inputs, j)
            }
            _ => 1e-3,
        }
    }

    /// What a node could still carry in the first step, MW: the root by all load below it,
    /// others by their net import.
    fn slack(&self, node: usize) -> f64 {
        let (inputs, first) = (self.inputs, &self.planned.first);
        let below = |at: usize| inputs.is_below(at, node);
        let stacks = (0..inputs.stacks.len()).map(Part::Stack);
        let pools = (0..inputs.pools.len()).map(Part::Pool);
        let jobs = (0..inputs.jobs.len()).map(Part::Job);
        let load: f64 = (stacks.chain(pools).chain(jobs))
            .filter(|part| below(part.node(inputs)))
            .map(|part| drawn(inputs, part, &first.power))
            .sum();
        let supplied: f64 = (inputs.supplies.iter().zip(&first.supply))
            .filter(|(supply, _)| node != 0 && below(supply.node))
            .map(|(_, mw)| mw)
            .sum();
        (inputs.nodes[node].limit[0] - load + supplied).max(0.0)
    }
}

/// Boundary at which a job that runs without pause from its first step on is done.
fn earliest_end(inputs: &PlanInputs, job: &JobInput) -> usize {
    let mut needed = job.work / job.gangs.max().max(1e-12) + job.restart;
    let mut end = job.first;
    while end < job.end && needed > 1e-9 {
        needed -= inputs.grid.hours(end);
        end += 1;
    }
    end.max(job.first + 1)
}
