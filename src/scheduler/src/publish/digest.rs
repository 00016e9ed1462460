//! SHA-256 of what a plan was made from.
//!
//! Every field of the inputs is written as bytes in the order of its declaration: numbers
//! as their eight bytes, lists and texts with their length before them. Structures are
//! taken apart by name, so that a new field cannot be forgotten.

use sha2::{Digest, Sha256};
use swingload_model::TimeGrid;

use crate::build::Built;
use crate::inputs::{
    BlockState, DemandInput, Gangs, JobInput, NodeInput, PlanInputs, PoolInput, RampInput,
    StackInput, SupplyInput, TierInput,
};

/// Lower-case hexadecimal hash of the inputs and of the money no decision changes. Equal
/// inputs give equal hashes on every machine.
pub fn sha256(built: &Built) -> String {
    let mut bytes = Bytes(Sha256::new());
    inputs(&mut bytes, &built.inputs);
    bytes.number(built.constant);
    let digest = bytes.0.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Bytes(Sha256);

impl Bytes {
    fn number(&mut self, number: f64) {
        // Zeros of either sign plan alike.
        self.0.update((number + 0.0).to_bits().to_le_bytes());
    }

    fn whole(&mut self, number: i64) {
        self.0.update(number.to_le_bytes());
    }

    fn count(&mut self, count: usize) {
        self.0.update((count as u64).to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.update(text);
    }

    fn numbers(&mut self, numbers: &[f64]) {
        self.each(numbers, |bytes, number| bytes.number(*number));
    }

    /// A number that may be missing.
    fn maybe(&mut self, number: Option<f64>) {
        self.each(number.as_slice(), |bytes, number| bytes.number(*number));
    }

    fn each<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.count(items.len());
        items.iter().for_each(|item| write(self, item));
    }
}

fn inputs(to: &mut Bytes, inputs: &PlanInputs) {
    let PlanInputs {
        grid,
        nodes,
        supplies,
        stacks,
        pools,
        jobs,
        job_adder,
        ramps,
        demand,
    } = inputs;
    self::grid(to, grid);
    to.each(nodes, node);
    to.each(supplies, supply);
    to.each(stacks, stack);
    to.each(pools, pool);
    to.each(jobs, job);
    to.numbers(job_adder);
    to.each(ramps, ramp);
    to.each(demand, self::demand);
}

fn grid(to: &mut Bytes, grid: &TimeGrid) {
    to.each(grid.boundaries(), |to, second| to.whole(*second));
}

fn node(to: &mut Bytes, node: &NodeInput) {
    let NodeInput {
        id,
        parent,
        limit,
        export,
        factor,
    } = node;
    to.text(id);
    to.each(parent.as_slice(), |to, parent| to.count(*parent));
    to.numbers(limit);
    to.number(*export);
    to.numbers(factor);
}

fn supply(to: &mut Bytes, supply: &SupplyInput) {
    let SupplyInput {
        id,
        node,
        available,
        cost,
    } = supply;
    to.text(id);
    to.count(*node);
    to.numbers(available);
    to.numbers(cost);
}

fn stack(to: &mut Bytes, stack: &StackInput) {
    let StackInput {
        id,
        node,
        used_for,
        tiers,
    } = stack;
    to.text(id);
    to.count(*node);
    to.text(used_for.name());
    to.each(tiers, |to, tier| {
        let TierInput {
            mw,
            value,
            penalty,
            must_serve,
        } = tier;
        to.numbers(mw);
        to.numbers(value);
        to.numbers(penalty);
        to.whole(i64::from(*must_serve));
    });
}

fn pool(to: &mut Bytes, pool: &PoolInput) {
    let PoolInput {
        id,
        node,
        points,
        revenue,
        adder,
        scale,
        min_on,
        min_off,
        start_cost,
        wake,
        starts_per_day,
        day,
        blocks,
    } = pool;
    to.text(id);
    to.count(*node);
    to.each(points, |to, (mw, hashrate)| {
        to.number(*mw);
        to.number(*hashrate);
    });
    to.numbers(revenue);
    to.numbers(adder);
    to.numbers(scale);
    for number in [min_on, min_off, start_cost, wake] {
        to.number(*number);
    }
    to.maybe(starts_per_day.map(f64::from));
    to.each(day, |to, day| to.whole(i64::from(*day)));
    to.each(blocks, |to, block| {
        let BlockState {
            devices,
            on,
            hours_in_state,
            starts_today,
        } = block;
        to.number(*devices);
        to.whole(i64::from(*on));
        to.number(*hours_in_state);
        to.whole(i64::from(*starts_today));
    });
}

fn job(to: &mut Bytes, job: &JobInput) {
    let JobInput {
        id,
        node,
        gpu_mw,
        first,
        end,
        work,
        gangs,
        value,
        deadline,
        late_per_hour,
        unmet,
        restart,
        min_run,
        running,
        running_hours,
        after,
        beyond,
        beyond_cost,
    } = job;
    to.text(id);
    to.count(*node);
    to.number(*gpu_mw);
    to.count(*first);
    to.count(*end);
    to.number(*work);
    match gangs {
        Gangs::Divisible(most) => {
            to.text("divisible");
            to.number(*most);
        }
        Gangs::Sizes(sizes) => {
            to.text("sizes");
            to.each(sizes, |to, size| to.whole(i64::from(*size)));
        }
    }
    to.number(*value);
    to.whole(*deadline);
    for number in [late_per_hour, unmet, restart, min_run] {
        to.number(*number);
    }
    to.whole(i64::from(*running));
    to.number(*running_hours);
    to.each(after, |to, before| to.count(*before));
    to.number(*beyond);
    to.maybe(*beyond_cost);
}

fn ramp(to: &mut Bytes, ramp: &RampInput) {
    let RampInput {
        node,
        up,
        down,
        initial,
    } = ramp;
    to.count(*node);
    to.number(*up);
    to.number(*down);
    to.maybe(*initial);
}

fn demand(to: &mut Bytes, demand: &DemandInput) {
    let DemandInput {
        id,
        first,
        end,
        per_mw,
        peak_so_far,
    } = demand;
    to.text(id);
    to.count(*first);
    to.count(*end);
    to.number(*per_mw);
    to.number(*peak_so_far);
}
