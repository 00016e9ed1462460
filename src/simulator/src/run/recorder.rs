//! One policy through all steps: commands, machines, supply, settlement, columns.

use swingload_model::scenario::Faults;
use swingload_model::site::supply::SupplyKind;
use swingload_model::site::tariff::TariffLine;
use swingload_model::site::{Site, Use};
use swingload_model::units::JOULES_PER_MWH;

use swingload_scheduler::controller::FallbackLog;
use swingload_scheduler::controller::tally::Tally;
use swingload_scheduler::dispatch::Proof;

use super::{Context, Progress};
use crate::column::Column;
use crate::flow::{Flow, split_over_uses};
use crate::ledger::{Ledger, LineKind};
use crate::load::{Loads, use_index};
use crate::record::{Incidents, JobOutcome, PolicyRun, PoolColumns, StepReason};
use crate::settlement::inputs::{TooMuch, too_much};
use crate::settlement::{Metered, Settlement, carbon, open_work};
use crate::truth::Truth;
use crate::world::World;

/// Whoever commands the world: a controller in closed loop, or a plan made with hindsight.
pub(crate) trait Driver {
    /// Begins step `t`; `node_power` is what the meters showed of the step before, W.
    fn step(
        &mut self,
        t: usize,
        now: i64,
        end: i64,
        node_power: Option<&[i64]>,
        world: &mut World<'_>,
    );

    /// Adds the reasons of step `t`; returns the marginal value of power it saw, if it names one.
    fn reasons(&mut self, t: usize, reasons: &mut Vec<StepReason>) -> Option<f64>;

    /// Expected charge of coincident peaks in the price it saw last, currency per MWh.
    fn peak_charge(&self) -> f64 {
        0.0
    }

    /// How good its last plan is, where it plans.
    fn proof(&self) -> Option<Proof> {
        None
    }

    /// Incidents it noted itself.
    fn incidents(&self) -> u64;

    /// What was repaired in its dispatches, and what the dispatch checker found in them.
    fn tally(&self) -> Tally {
        Tally::default()
    }

    /// How often what it decided rested on fallbacks of its forecasts.
    fn fallbacks(&self) -> FallbackLog {
        FallbackLog::default()
    }
}

/// Runs one policy.
///
/// # Errors
/// Money that cannot be counted.
pub(crate) fn run<'a>(
    context: &'a Context<'a>,
    name: &str,
    faults: &Faults,
    driver: impl Driver,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Result<PolicyRun, Box<TooMuch>> {
    let mut recording = Recording::new(context, name, faults, driver);
    for t in 0..context.truth.grid.len() {
        recording.step(t, progress)?;
    }
    recording.finish()
}

/// A run under way: its driver, its world, and what is settled and noted so far.
pub(crate) struct Recording<'a, D> {
    context: &'a Context<'a>,
    driver: D,
    world: World<'a>,
    flow: Flow,
    settlement: Settlement,
    out: PolicyRun,
    /// Energy of each supply block that is paid for already, J.
    prepaid: Vec<i64>,
    /// What the meters showed of the step before, W.
    node_power: Option<Vec<i64>>,
    prices: Prices,
    watch: Watch,
}

impl<'a, D: Driver> Recording<'a, D> {
    /// Of a run that has not begun.
    pub(crate) fn new(context: &'a Context<'a>, name: &str, faults: &Faults, driver: D) -> Self {
        let (site, truth) = (&context.scenario.site, &context.truth);
        let (loads, never_runs) = (&context.loads, &context.never_runs);
        let jobs: (&[_], &[_]) = (&context.jobs, never_runs);
        let mut ledger = Ledger::new(truth.grid.len());
        let settlement = Settlement::new(site, truth, &mut ledger);
        Self {
            context,
            driver,
            world: World::new(site, truth, loads, jobs, faults, context.scenario.seed),
            flow: Flow::new(site),
            settlement,
            out: empty(context, name, ledger),
            prepaid: vec![0; site.supply.len()],
            node_power: None,
            prices: Prices::new(site, truth),
            watch: Watch::new(site, loads),
        }
    }

    /// Runs step `t`; steps come in their order.
    ///
    /// # Errors
    /// Money that cannot be counted.
    pub(crate) fn step(
        &mut self,
        t: usize,
        progress: &(dyn Fn(Progress<'_>) + Sync),
    ) -> Result<(), Box<TooMuch>> {
        let (site, truth) = (&self.context.scenario.site, &self.context.truth);
        let (loads, out) = (&self.context.loads, &mut self.out);
        let (start, end) = (truth.grid.start_s(t), truth.grid.end_s(t));
        let before = self.node_power.as_deref();
        self.driver.step(t, start, end, before, &mut self.world);
        self.world.draw(t);
        self.settlement.prepaid(site, truth, t, &mut self.prepaid);
        let meter = &mut self.world.meter.load;
        let delivered = self.flow.serve(truth, loads, t, meter, &self.prepaid);
        self.world.deliver(t, &delivered);
        let mut uses = [0; 4];
        for (load, energy) in loads.all.iter().zip(&self.world.meter.load) {
            uses[use_index(load.used_for)] += energy;
        }
        let step = Metered {
            t,
            start,
            seconds: end - start,
            site,
            truth,
            meter: &self.world.meter,
            flow: &self.flow,
            uses,
        };
        self.settlement.book(&step, &mut out.ledger);
        counted(self.context, out)?;
        out.carbon.push(carbon::grams(truth, &self.flow, t));
        attribute(&step, &self.prices, out);
        columns(&step, out);
        self.watch.step(&step, self.node_power.as_deref(), out);
        let power = self
            .node_power
            .get_or_insert_with(|| vec![0; site.tree.len()]);
        for (watts, energy) in power.iter_mut().zip(&self.flow.node_load) {
            *watts = energy / (end - start);
        }
        let marginal = self.driver.reasons(t, &mut out.reasons);
        out.marginal_value.push(marginal.map(|value| value as f32));
        out.peak_charge.push(self.driver.peak_charge() as f32);
        out.proof.push(self.driver.proof());
        let steps = truth.grid.len();
        if (t + 1).is_multiple_of((steps / 100).max(1)) || t + 1 == steps {
            progress(Progress {
                policy: &out.name,
                done: t + 1,
                of: steps,
            });
        }
        Ok(())
    }

    /// Closes the books behind the last step.
    ///
    /// # Errors
    /// Money that cannot be counted.
    pub(crate) fn finish(self) -> Result<PolicyRun, Box<TooMuch>> {
        let Self {
            context,
            driver,
            world,
            settlement,
            mut out,
            ..
        } = self;
        let (site, truth) = (&context.scenario.site, &context.truth);
        let before = out.ledger.total(LineKind::Mining).as_units();
        settlement.close(truth, &mut out.ledger);
        if before > 0.0 {
            out.difficulty_share = out.ledger.total(LineKind::Mining).as_units() / before;
        }
        let last = truth.grid.len() - 1;
        finish(&world, &driver, truth.grid.end_s(last), &mut out);
        let open: Vec<open_work::Open> = (world.gpus.states().iter().zip(&out.jobs).enumerate())
            .filter(|(_, (_, o))| o.submitted && !o.closed && o.finished.is_none())
            .map(|(job, (state, _))| state.open(job))
            .collect();
        out.open_work = open_work::book(
            site,
            &context.after,
            &context.jobs,
            |job| out.jobs[job].finished.is_some(),
            &open,
            last,
            &mut out.ledger,
        );
        counted(context, &out)?;
        Ok(out)
    }
}

/// Whether everything so far fits into the ledger.
fn counted(context: &Context<'_>, run: &PolicyRun) -> Result<(), Box<TooMuch>> {
    let Some(overflow) = run.ledger.overflow() else {
        return Ok(());
    };
    let (scenario, truth) = (context.scenario, &context.truth);
    let error = too_much(scenario, truth, &run.name, &run.ledger, overflow);
    Err(Box::new(error))
}

fn empty(context: &Context<'_>, name: &str, ledger: Ledger) -> PolicyRun {
    let site = &context.scenario.site;
    let steps = context.truth.grid.len();
    let room = || Vec::with_capacity(steps);
    PolicyRun {
        name: name.to_owned(),
        load_energy: context.loads.all.iter().map(|_| room()).collect(),
        supply_energy: site.supply.iter().map(|_| room()).collect(),
        exported: vec![0; site.supply.len()],
        ledger,
        carbon: room(),
        pools: vec![PoolColumns::default(); site.pools.len()],
        services: vec![Vec::with_capacity(steps); site.services.len()],
        gpus_busy: vec![Vec::with_capacity(steps); site.gpu_pools.len()],
        marginal_value: Vec::with_capacity(steps),
        peak_charge: Vec::with_capacity(steps),
        proof: Vec::with_capacity(steps),
        jobs: Vec::new(),
        open_work: Vec::new(),
        spans: Vec::new(),
        reasons: Vec::new(),
        incidents: Incidents::default(),
        tally: Tally::default(),
        fallbacks: FallbackLog::default(),
        energy_by_supply_and_use: vec![[0; 4]; site.supply.len()],
        energy_cost_by_use: [0.0; 4],
        reference_cost_by_use: [0.0; 4],
        supply_cost: 0.0,
        pool_reference_cost: 0.0,
        pools_at_top: (0.0, 0.0),
        difficulty_share: 1.0,
        node_peak: vec![0; site.tree.len()],
    }
}

/// Prices that attribution needs, currency per MWh.
pub(crate) struct Prices {
    /// Grid block whose price is the reference, where there is one.
    grid: Option<usize>,
    adders: [Column<f64>; 4],
}

impl Prices {
    pub(crate) fn new(site: &Site, truth: &Truth) -> Self {
        Self {
            grid: site.supply.iter().position(|s| s.kind == SupplyKind::Grid),
            adders: Use::ALL.map(|u| adders(site, truth, u)),
        }
    }

    /// The price a watt is held against: the grid's, or without one that of the dearest
    /// block in use; where nothing is drawn, that of the cheapest block there is.
    pub(crate) fn reference(&self, truth: &Truth, t: usize, used: impl Fn(usize) -> i64) -> f64 {
        if let Some(k) = self.grid {
            return truth.supply[k].price_at(t);
        }
        let blocks = || 0..truth.supply.len();
        let price = |k: usize| truth.supply[k].price_at(t);
        let dearest = blocks()
            .filter(|k| used(*k) > 0)
            .map(price)
            .reduce(f64::max);
        let there = |k: &usize| truth.supply[*k].available.at(t) > 0;
        dearest
            .or_else(|| blocks().filter(there).map(price).reduce(f64::min))
            .unwrap_or(0.0)
    }

    /// The price expected of a watt whatever was decided: the grid's, or without one the
    /// mean over the blocks by their power, each as far as the root could carry it.
    pub(crate) fn expected(&self, truth: &Truth, t: usize) -> f64 {
        if let Some(k) = self.grid {
            return truth.supply[k].price_at(t);
        }
        let (mut power, mut cost) = (0.0, 0.0);
        for block in &truth.supply {
            let usable = block.available.at(t).min(truth.limit[0].at(t)) as f64;
            power += usable;
            cost += usable * block.price_at(t);
        }
        if power > 0.0 { cost / power } else { 0.0 }
    }

    /// Adders on a use.
    pub(crate) fn adder(&self, used_for: usize, t: usize) -> f64 {
        self.adders[used_for].at(t)
    }
}

fn adders(site: &Site, truth: &Truth, used_for: Use) -> Column<f64> {
    let lines = site.tariff.lines.iter().filter_map(|line| match line {
        TariffLine::Adder { per_mwh, uses, .. } if uses.contains(&used_for) => {
            Some(truth.amount(per_mwh))
        }
        _ => None,
    });
    lines.fold(Column::Constant(0.0), |sum, more| {
        sum.plus(&more, truth.grid.len())
    })
}

/// Splits the step's supply over its uses, and prices both.
fn attribute(step: &Metered<'_>, prices: &Prices, out: &mut PolicyRun) {
    let mwh = |joules: i64| joules as f64 / JOULES_PER_MWH as f64;
    split_over_uses(&step.flow.used, step.uses, |block, part| {
        // What could not have been exported forgoes nothing.
        let supply = &step.truth.supply[block];
        let share = match step.flow.used[block] {
            0 => 0.0,
            used => step.flow.forgone[block] as f64 / used as f64,
        };
        let (own, forgone) = (supply.price.at(step.t), supply.forgone.at(step.t));
        let price = own.as_per_mwh() + share * forgone.as_per_mwh();
        for u in 0..4 {
            out.energy_by_supply_and_use[block][u] += part[u];
            out.energy_cost_by_use[u] += mwh(part[u]) * price;
        }
        out.supply_cost += mwh(step.flow.used[block]) * price;
    });
    let reference = prices.reference(step.truth, step.t, |k| step.flow.used[k]);
    for u in 0..4 {
        let adder = prices.adder(u, step.t);
        out.energy_cost_by_use[u] += mwh(step.uses[u]) * adder;
        out.reference_cost_by_use[u] += mwh(step.uses[u]) * (reference + adder);
    }
    if let Some(market) = &step.truth.mining {
        let price = reference + prices.adder(use_index(Use::Hashing), step.t);
        for (p, (pool, meter)) in step.site.pools.iter().zip(&step.meter.pools).enumerate() {
            // The pools' loads come first.
            out.pool_reference_cost += mwh(step.meter.load[p]) * price;
            let per_terahash = market.hashprice[step.t] / 86_400_000.0
                * (1.0 - pool.pool_fee)
                * (1.0 - pool.reject_rate);
            let energy = mwh(step.truth.facility(pool.node, step.t, meter.top_energy));
            out.pools_at_top.0 += meter.top_terahashes * per_terahash;
            out.pools_at_top.1 += energy * price;
        }
    }
}

fn columns(step: &Metered<'_>, out: &mut PolicyRun) {
    let seconds = step.seconds as f64;
    for (column, energy) in out.load_energy.iter_mut().zip(&step.meter.load) {
        column.push(*energy);
    }
    for (column, energy) in out.supply_energy.iter_mut().zip(&step.flow.used) {
        column.push(*energy);
    }
    for (sum, energy) in out.exported.iter_mut().zip(&step.flow.exported) {
        *sum += i128::from(*energy);
    }
    for (k, (column, meter)) in out.pools.iter_mut().zip(&step.meter.pools).enumerate() {
        column.awake.push((meter.awake_s as f64 / seconds) as f32);
        column
            .available
            .push((meter.available_s as f64 / seconds) as f32);
        column
            .hashrate
            .push((meter.terahashes / seconds / 1000.0) as f32);
        column.starts += u64::from(meter.starts);
        column.terahashes += meter.terahashes;
        column.awake_s += meter.awake_s;
        column.available_s += meter.available_s;
        column.full_energy += meter.full_energy;
        if let Some(market) = step
            .truth
            .mining
            .as_ref()
            .filter(|m| m.btc_price[step.t] > 0.0)
        {
            let pool = &step.site.pools[k];
            let keep = pool.keeps();
            column.bitcoin += meter.terahashes / 86_400_000.0 * market.hashprice[step.t]
                / market.btc_price[step.t]
                * keep;
        }
    }
    for (column, served) in out.services.iter_mut().zip(&step.meter.served) {
        column.push((*served as f64 / seconds) as f32);
    }
    for (column, (busy, _)) in out.gpus_busy.iter_mut().zip(&step.meter.gpus) {
        column.push((*busy as f64 / seconds) as f32);
    }
}

/// Limits the meter is held against.
struct Watch {
    /// Per node: largest rise and fall, W per minute.
    ramps: Vec<(usize, Option<i64>, Option<i64>)>,
    /// Loads the rule on surplus is about; `None` without the rule.
    surplus_only: Option<Vec<usize>>,
}

impl Watch {
    fn new(site: &Site, loads: &Loads) -> Self {
        let ramps =
            site.tree.nodes().enumerate().filter(|(_, n)| {
                n.ramp_up_per_minute.is_some() || n.ramp_down_per_minute.is_some()
            });
        let ramps = ramps.map(|(k, n)| {
            (
                k,
                n.ramp_up_per_minute.map(|p| p.get()),
                n.ramp_down_per_minute.map(|p| p.get()),
            )
        });
        Self {
            ramps: ramps.collect(),
            // Hosted equipment must be served, whatever it is used for.
            surplus_only: site
                .surplus_only
                .as_ref()
                .map(|_| [loads.pool.clone(), loads.training.clone()].concat()),
        }
    }

    fn step(&self, step: &Metered<'_>, before: Option<&[i64]>, out: &mut PolicyRun) {
        let mwh = |joules: i64| joules as f64 / JOULES_PER_MWH as f64;
        for (node, import) in step.flow.import.iter().enumerate() {
            // The root's bus carries all load, whatever feeds it.
            let import = if node == 0 {
                step.flow.node_load[0]
            } else {
                *import
            };
            let over = import - step.truth.limit[node].at(step.t) * step.seconds;
            // A few joules are the rounding of the cooling's share.
            if over > step.seconds * 10 {
                out.incidents.limit_exceeded_steps += 1;
                out.incidents.limit_exceeded_mwh += mwh(over);
            }
            let power = step.flow.node_load[node] / step.seconds;
            out.node_peak[node] = out.node_peak[node].max(power);
        }
        if let Some(before) = before {
            let minutes = step.seconds as f64 / 60.0;
            for (node, up, down) in &self.ramps {
                let change = (step.flow.node_load[*node] / step.seconds - before[*node]) as f64;
                let over = up.is_some_and(|up| change > up as f64 * minutes + 10.0)
                    || down.is_some_and(|down| -change > down as f64 * minutes + 10.0);
                out.incidents.ramp_exceeded_steps += u64::from(over);
            }
        }
        out.incidents.beyond_supply_mwh += mwh(step.flow.beyond.iter().sum());
        if step.flow.shed > 0 {
            out.incidents.shed_steps += 1;
            out.incidents.shed_mwh += mwh(step.flow.shed);
        }
        if let Some(flexible) = &self.surplus_only {
            let surplus: i64 = (0..step.site.supply.len())
                .filter(|k| step.site.supply[*k].kind == SupplyKind::Surplus)
                .map(|k| step.flow.used[k])
                .sum();
            let flexible: i64 = flexible.iter().map(|k| step.meter.load[*k]).sum();
            out.incidents.beyond_surplus_mwh += mwh((flexible - surplus).max(0));
        }
    }
}

fn finish(world: &World<'_>, driver: &impl Driver, end: i64, out: &mut PolicyRun) {
    let submitted = world.gpus.submitted();
    out.jobs = world
        .gpus
        .states()
        .iter()
        .enumerate()
        .map(|(k, state)| JobOutcome {
            finished: state.finished,
            closed: state.closed,
            submitted: k < submitted,
            on_time: state.on_time,
            late: state.late,
            lost: state.lost,
            left: state.work_left,
            starts: state.starts,
            earned: state.earned,
            lateness: state.lateness_money,
            unmet: state.unmet_money,
        })
        .collect();
    out.spans.clone_from(&world.gpus.spans);
    // A checkpoint may still be under way when the run ends.
    for span in &mut out.spans {
        span.end = span.end.min(end);
    }
    out.spans.retain(|span| span.end > span.start);
    out.fallbacks = driver.fallbacks();
    out.tally = driver.tally();
    let counts = &world.counts;
    out.incidents.device_failures = counts.device_failures;
    out.incidents.lying_device_h = counts.lying_device_s as f64 / 3600.0;
    out.incidents.commands = counts.commands;
    out.incidents.commands_refused = counts.commands_refused;
    out.incidents.acknowledgements_lost = counts.acks_lost;
    out.incidents.early_switches = counts.early_switches;
    out.incidents.starts_beyond_limit = counts.starts_beyond_limit;
    out.incidents.short_runs = counts.short_runs;
    out.incidents.gpu_overcommitments = counts.gpu_overcommitments;
    out.incidents.noted_by_controller = driver.incidents();
}
