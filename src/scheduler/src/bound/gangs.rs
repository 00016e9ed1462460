//! Jobs that buy power: each job alone against a price per node and step, gangs whole and
//! starts paid for.
//!
//! Where jobs bid, their gangs are as good as divisible and their starts free. Against
//! prices of power each job's own optimum is a dynamic program over step and gang at a price
//! of its work; every such price bounds what the job can be worth, and the price of the
//! lowest bound is sought.
//! Of dependencies only the earliest end of what a job waits for counts, and shortest runs
//! are left out.

use super::Prices;
use crate::inputs::{Gangs, JobInput};
use crate::placement::{Offers, Windows};
use crate::schedule::Problem;

/// No gang.
const NONE: u16 = u16::MAX;

/// Most prices of a job's work that are tried.
const TRIES: usize = 9;

/// Share of its worth by which a job's bound may lie above the lowest one.
const NEAR: f64 = 1e-6;

/// Buffers, and the last price of each job's work.
#[derive(Default)]
pub(super) struct Buyers {
    hints: Vec<f64>,
    tables: Tables,
    offers: Offers,
}

#[derive(Default)]
struct Tables {
    /// Per step: worth of a GPU-hour, its power at the node's price, hours.
    steps: Vec<(f64, f64, f64)>,
    /// Gangs worth looking at: what a stretch of running is worth grows with the GPUs, so it
    /// is the largest, and the one that runs when the horizon begins.
    gangs: Vec<u32>,
    /// What a start at each step takes.
    starts: Vec<Start>,
    /// First step of the job: not before those it waits for can be done.
    first: usize,
    /// The job's own optimum at the price tried last, and at the nearest ones below and above
    /// the best.
    tried: Course,
    low: Course,
    high: Course,
}

/// A job's own optimum at a price of its work.
#[derive(Default)]
struct Course {
    /// Best worth from each step on while nothing runs, and the work done by it.
    off: Vec<(f64, f64)>,
    /// Gang that starts at each step in that case; `NONE` where none does.
    start: Vec<u16>,
    /// The same while a gang runs in the step, gang by gang.
    on: [Vec<(f64, f64)>; 2],
}

/// The steps that a start spans, for one GPU.
#[derive(Debug, Clone, Copy, Default)]
struct Start {
    /// First step after them; beyond the job's last where the start does not end in time.
    end: usize,
    /// Their power, currency.
    cost: f64,
    /// Hours of the last of them in which work is done.
    works: f64,
}

/// Tangent of a job's worth over the price of its work.
struct Line {
    price: f64,
    worth: f64,
    rise: f64,
}

impl Line {
    /// Price at which this falling line meets a rising one, and the worth there.
    fn meets(&self, rising: &Self) -> (f64, f64) {
        let at = |x: f64| self.worth + self.rise * (x - self.price);
        let across = at(rising.price) - rising.worth;
        let x = rising.price - across / (self.rise - rising.rise);
        let x = x.clamp(self.price, rising.price);
        (x, at(x))
    }
}

impl Buyers {
    /// Price of each job's work at the last prices of power, currency per GPU-hour.
    pub(super) fn price_work(&self, work: &mut [f64]) {
        work.iter_mut().zip(&self.hints).for_each(|(w, h)| *w = *h);
    }

    /// Adds what all jobs are worth at most, at prices of power, to `bound`, and what they draw, MWh per
    /// node number and step, to `drawn`.
    pub(super) fn buy(
        &mut self,
        problem: &Problem<'_>,
        windows: &Windows,
        prices: &Prices,
        bound: &mut f64,
        drawn: &mut [Vec<f64>],
    ) {
        self.hints.resize(problem.inputs.jobs.len(), 0.0);
        for (j, job) in problem.inputs.jobs.iter().enumerate() {
            let number = problem.job_nodes.number[job.node];
            self.tables
                .lay_out(problem, windows, j, &prices.jobs[number]);
            let later = (windows.beyond_worth[j].max(0.0), job.beyond.min(job.work));
            let hint = if self.hints[j] > 0.0 {
                self.hints[j]
            } else {
                prices.work[j]
            };
            let (row, first) = (&mut drawn[number], self.tables.first);
            let power = |i: usize, gpu_hours: f64| {
                let t = first + i;
                row[t] += gpu_hours * problem.gpu_mw(j, t);
            };
            let (worth, price) = match &job.gangs {
                Gangs::Sizes(sizes) => self.tables.best(job, sizes, later, hint, power),
                Gangs::Divisible(most) => {
                    self.tables
                        .divisible(job, *most, later, hint, &mut self.offers, power)
                }
            };
            self.hints[j] = price;
            *bound += worth - job.unmet * job.work;
        }
    }
}

impl Tables {
    fn lay_out(&mut self, problem: &Problem<'_>, windows: &Windows, j: usize, power: &[f64]) {
        let job = &problem.inputs.jobs[j];
        self.first = windows.first(j);
        self.steps.clear();
        self.steps.extend((self.first..job.end).map(|t| {
            let cost = (power[t] + problem.inputs.job_adder[t]) * problem.gpu_mw(j, t);
            let worth = job.value_in(&problem.inputs.grid, t) + job.unmet;
            (worth, cost, problem.hours[t])
        }));
        self.starts.clear();
        for i in 0..self.steps.len() {
            let mut start = Start {
                end: i,
                ..Start::default()
            };
            let mut left = job.restart;
            while left > 1e-12 {
                let Some((_, cost, hours)) = self.steps.get(start.end) else {
                    start.end = self.steps.len() + 1;
                    break;
                };
                start.cost += cost * hours;
                start.works = (hours - left).max(0.0);
                left -= hours;
                start.end += 1;
            }
            self.starts.push(start);
        }
    }

    /// What the job is worth at most, and the price of work that proves it.
    fn best(
        &mut self,
        job: &JobInput,
        sizes: &[u32],
        later: (f64, f64),
        hint: f64,
        mut power: impl FnMut(usize, f64),
    ) -> (f64, f64) {
        self.gangs.clear();
        self.gangs.extend(sizes.last());
        if self.first == 0 && job.running > 0 && self.gangs != [job.running] {
            self.gangs
                .extend(sizes.iter().find(|size| **size == job.running));
        }
        // A gang of another size may start in the next step, one of the same size after a pause.
        let pause = if sizes.len() > 1 { 1 } else { 2 };
        let top = self.steps.iter().map(|s| s.0).fold(0.0, f64::max);
        // Worth is convex in the price, and each price tried gives a tangent: the next one is
        // where the tangents on both sides of the lowest worth meet.
        let (mut low, mut high): (Option<Line>, Option<Line>) = (None, None);
        let mut best = (f64::INFINITY, 0.0);
        let mut price = hint.clamp(0.0, top);
        let mut stride = 0.02 * top;
        for _ in 0..TRIES {
            let (worth, done) = self.price(job, pause, price);
            let after = if later.0 > price { later.1 } else { 0.0 };
            let line = Line {
                price,
                worth: worth + (later.0 - price).max(0.0) * later.1 + price * job.work,
                rise: job.work - done - after,
            };
            if line.worth < best.0 {
                best = (line.worth, price);
            }
            let (side, course) = match line.rise < 0.0 {
                true => (&mut low, &mut self.low),
                false => (&mut high, &mut self.high),
            };
            *side = Some(line);
            std::mem::swap(course, &mut self.tried);
            price = match (&low, &high) {
                (Some(low), Some(high)) => {
                    let (at, least) = low.meets(high);
                    if best.0 - least <= NEAR * best.0.abs() {
                        break;
                    }
                    at
                }
                // Outwards from the hint first.
                (Some(low), None) if low.price < top => (low.price + stride).min(top),
                (None, Some(high)) if high.price > 0.0 => (high.price - stride).max(0.0),
                _ => break,
            };
            stride *= 4.0;
        }
        // Of the optima at the two prices beside it, the mix that does just the work.
        let share = match (&low, &high) {
            (Some(low), Some(high)) => high.rise / (high.rise - low.rise),
            (Some(_), None) => 1.0,
            (None, _) => 0.0,
        };
        for (course, share) in [(&self.low, share), (&self.high, 1.0 - share)] {
            if share > 0.0 {
                self.walk(job, course, |i, gpu_hours| power(i, share * gpu_hours));
            }
        }
        best
    }

    /// Best worth at a price of work, and the work done by it.
    fn price(&mut self, job: &JobInput, pause: usize, price: f64) -> (f64, f64) {
        let n = self.steps.len();
        let Course { off, start, on } = &mut self.tried;
        off.clear();
        off.resize(n + 1, (0.0, 0.0));
        start.clear();
        start.resize(n, NONE);
        for (row, _) in on.iter_mut().zip(&self.gangs) {
            row.clear();
            row.resize(n + 1, (f64::NEG_INFINITY, 0.0));
        }
        let most = self.gangs.first().copied().map_or(0.0, f64::from);
        for i in (0..n).rev() {
            let (value, cost, hours) = self.steps[i];
            // Worth of a GPU in the step beyond the price of its work.
            let worth = (value - price - cost) * hours;
            let begin = self.starts[i];
            let begun = match begin.end > i && begin.end <= n {
                true => (self.steps[begin.end - 1].0 - price) * begin.works - begin.cost,
                false => 0.0,
            };
            let after = off[i + 1];
            let (mut best, mut pick) = (after, NONE);
            // At negative prices a job may draw power for starts that it breaks off.
            let (mut paid, mut spent) = (0.0, 0.0);
            for k in i..n {
                if spent >= job.restart {
                    break;
                }
                spent += self.steps[k].2;
                paid -= self.steps[k].1 * self.steps[k].2 * most;
                let rest = off[(k + pause).min(n)];
                if paid + rest.0 > best.0 {
                    best = (paid + rest.0, rest.1);
                }
            }
            for (g, (row, size)) in on.iter_mut().zip(&self.gangs).enumerate() {
                let gpus = f64::from(*size);
                let next = if row[i + 1].0 > after.0 {
                    row[i + 1]
                } else {
                    after
                };
                row[i] = (next.0 + worth * gpus, next.1 + gpus * hours);
                let Some(then) = row.get(begin.end) else {
                    continue;
                };
                let then = match begin.end > i && off[begin.end].0 > then.0 {
                    true => off[begin.end],
                    false => *then,
                };
                let start = then.0 + begun * gpus;
                if start > best.0 {
                    (best, pick) = ((start, then.1 + begin.works * gpus), g as u16);
                }
            }
            (off[i], start[i]) = (best, pick);
        }
        match self.running(job, &self.tried) {
            Some(g) => self.tried.on[g][0],
            None => self.tried.off[0],
        }
    }

    /// The gang that runs when the horizon begins, where going on is worth more than stopping.
    fn running(&self, job: &JobInput, course: &Course) -> Option<usize> {
        let runs = job.running > 0 && self.first == 0 && !self.steps.is_empty();
        let gang = runs.then(|| self.gangs.iter().position(|s| *s == job.running))?;
        gang.filter(|g| course.on[*g][0].0 > course.off[0].0)
    }

    /// Calls `power` with the position and GPU-hours of every step of a course.
    fn walk(&self, job: &JobInput, course: &Course, mut power: impl FnMut(usize, f64)) {
        let mut on = self.running(job, course);
        // Where a start ends: until then the gang draws power whatever it is worth.
        let mut starting = 0;
        for i in 0..self.steps.len() {
            if on.is_none() && course.start[i] != NONE {
                on = Some(usize::from(course.start[i]));
                starting = self.starts[i].end;
            }
            if let Some(g) = on {
                power(i, f64::from(self.gangs[g]) * self.steps[i].2);
                if i + 1 >= starting && course.on[g][i + 1].0 <= course.off[i + 1].0 {
                    on = None;
                }
            }
        }
    }

    /// [`Tables::best`] of a job whose power is divisible; its starts are left out.
    fn divisible(
        &self,
        job: &JobInput,
        most: f64,
        later: (f64, f64),
        hint: f64,
        offers: &mut Offers,
        mut power: impl FnMut(usize, f64),
    ) -> (f64, f64) {
        offers.clear();
        for (i, (worth, cost, hours)) in self.steps.iter().enumerate() {
            offers.push(i, worth - cost, worth - cost, most * hours);
        }
        offers.push(self.steps.len(), later.0, later.0, later.1);
        let bought = offers.price(job.work, 0.0, hint, 1e-9);
        let price = bought.of_work();
        let mut total = price * job.work + (later.0 - price).max(0.0) * later.1;
        for i in 0..self.steps.len() {
            let (worth, cost, hours) = self.steps[i];
            // At negative prices a job may draw power for starts alone.
            let paid = if job.restart > 0.0 {
                -cost * hours
            } else {
                0.0
            };
            let gain = (worth - price - cost) * hours;
            total += gain.max(paid).max(0.0) * most;
        }
        offers.buy(bought, |i, hours| {
            if (i as usize) < self.steps.len() {
                power(i as usize, hours);
            }
        });
        (total, price)
    }
}
