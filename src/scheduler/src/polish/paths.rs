//! On/off paths of blocks: which paths are feasible, and the best paths of a few blocks together.

use super::Search;
use crate::inputs::PoolInput;
use crate::schedule::{Problem, Schedule, minimum_ends};

/// Most combined states of several blocks, times the choices in each, that are searched.
const STATES_MAX: usize = 4000;

/// A block: the pool and its number in it.
pub(super) type Place = (usize, usize);

/// What a block may do: states of each step and the ways between them.
pub(super) struct Automaton {
    /// Ways out of each state of each step.
    steps: Vec<Vec<Vec<Way>>>,
}

/// A way from a state: what the block does in the step, and the state it leads to.
#[derive(Clone, Copy)]
struct Way {
    to: u32,
    on: bool,
    starts: bool,
}

/// On or off, first step at which it may change, starts made on the day.
type State = (bool, usize, u32);

impl Automaton {
    pub(super) fn new(problem: &Problem<'_>, (m, b): Place) -> Self {
        let pool = &problem.inputs.pools[m];
        let block = pool.blocks[b];
        let [on_until, off_until] = &problem.shortest[m];
        let least = if block.on { pool.min_on } else { pool.min_off };
        let missing = least - block.hours_in_state;
        let held = match missing > 1e-9 {
            true => minimum_ends(&problem.hours, missing)[0],
            false => 0,
        };
        let made = pool.starts_per_day.map_or(0, |_| block.starts_today);
        let mut states: Vec<State> = vec![(block.on, held, made)];
        let mut steps = Vec::with_capacity(problem.hours.len());
        for t in 0..problem.hours.len() {
            let mut next: Vec<State> = Vec::new();
            let mut number = |state: State| {
                let at = next.iter().position(|s| *s == state);
                at.unwrap_or_else(|| {
                    next.push(state);
                    next.len() - 1
                }) as u32
            };
            let mut ways = Vec::with_capacity(states.len());
            for (on, until, made) in states {
                let stay = (on, until, made);
                let mut own = vec![Way {
                    to: number(carried(pool, stay, t)),
                    on,
                    starts: false,
                }];
                let may_start = pool.starts_per_day.is_none_or(|most| made < most);
                if until <= t && (on || may_start) {
                    let until = if on { off_until[t] } else { on_until[t] };
                    let count = u32::from(!on && pool.starts_per_day.is_some());
                    own.push(Way {
                        to: number(carried(pool, (!on, until, made + count), t)),
                        on: !on,
                        starts: !on,
                    });
                }
                ways.push(own);
            }
            steps.push(ways);
            states = next;
        }
        Self { steps }
    }

    /// Most states of a step.
    fn width(&self) -> usize {
        self.steps.iter().map(Vec::len).max().unwrap_or(1)
    }
}

/// A state as the step after `t` sees it.
fn carried(pool: &PoolInput, (on, until, made): State, t: usize) -> State {
    let new_day = pool.starts_per_day.is_some() && pool.day.get(t + 1) != pool.day.get(t);
    let until = if until <= t + 1 { 0 } else { until };
    (on, until, if new_day { 0 } else { made })
}

impl Search<'_, '_, '_> {
    /// Paths of `blocks` that are worth most together, all else fixed and loads charged; `None`
    /// where their combined states are too many.
    pub(super) fn best_joint_paths(
        &mut self,
        schedule: &Schedule,
        blocks: &[Place],
    ) -> Option<Vec<Vec<bool>>> {
        let widths = blocks.iter().map(|p| self.automata[p.0][p.1].width());
        let states: usize = widths.product();
        if blocks.len() > 1 && states << blocks.len() > STATES_MAX {
            return None;
        }
        let steps = self.problem.inputs.steps();
        let sets = 1usize << blocks.len();
        let worth = self.worth_of_sets(schedule, blocks);
        // Best worth so far per state of all blocks, a mixed number with the first as its lowest digit.
        let mut best = vec![0.0f64];
        let mut back: Vec<Vec<(u32, u8)>> = Vec::with_capacity(steps);
        for t in 0..steps {
            let automata: Vec<&Vec<Vec<Way>>> = blocks
                .iter()
                .map(|p| &self.automata[p.0][p.1].steps[t])
                .collect();
            let next_widths: Vec<usize> = blocks
                .iter()
                .map(|p| {
                    self.automata[p.0][p.1]
                        .steps
                        .get(t + 1)
                        .map_or_else(|| automata_end(&self.automata[p.0][p.1]), Vec::len)
                })
                .collect();
            let size: usize = next_widths.iter().product();
            let mut next = vec![f64::NEG_INFINITY; size];
            let mut from = vec![(0u32, 0u8); size];
            for (state, own) in best.iter().enumerate().filter(|(_, v)| v.is_finite()) {
                let mut rest = state;
                let mut ends: Vec<(usize, u8, f64)> = vec![(0, 0, *own)];
                let mut unit = 1;
                for (k, (ways, place)) in automata.iter().zip(blocks).enumerate() {
                    let at = rest % ways.len();
                    rest /= ways.len();
                    let loss = self.appraiser.start_losses(place.0, place.1)[t];
                    let mut more = Vec::with_capacity(2 * ends.len());
                    for way in &ways[at] {
                        more.extend(ends.iter().map(|(to, set, v)| {
                            let cost = if way.starts { loss } else { 0.0 };
                            (
                                to + unit * way.to as usize,
                                set | u8::from(way.on) << k,
                                v - cost,
                            )
                        }));
                    }
                    unit *= next_widths[k];
                    ends = more;
                }
                for (to, set, v) in ends {
                    let v = v + worth[t * sets + usize::from(set)];
                    if v > next[to] {
                        (next[to], from[to]) = (v, (state as u32, set));
                    }
                }
            }
            self.appraiser.spent += best.len() / 8;
            back.push(from);
            best = next;
        }
        let mut at = (0..best.len()).max_by(|a, b| best[*a].total_cmp(&best[*b]))?;
        let mut paths = vec![vec![false; steps]; blocks.len()];
        for t in (0..steps).rev() {
            let (before, set) = back[t][at];
            for (k, path) in paths.iter_mut().enumerate() {
                path[t] = set >> k & 1 == 1;
            }
            at = before as usize;
        }
        Some(paths)
    }

    /// Worth of every step with every set of the blocks on, loads charged.
    fn worth_of_sets(&mut self, schedule: &Schedule, blocks: &[Place]) -> Vec<f64> {
        let steps = self.problem.inputs.steps();
        let mut schedule = schedule.clone();
        for (m, b) in blocks {
            let path = vec![false; steps];
            self.problem.set_path(&mut schedule, *m, *b, path);
        }
        let sets = 1usize << blocks.len();
        let mut worth = Vec::with_capacity(steps * sets);
        for t in 0..steps {
            let charge = self.charge(t);
            let before: Vec<f64> = schedule.awake.iter().map(|a| a[t]).collect();
            for set in 0..sets {
                for (awake, before) in schedule.awake.iter_mut().zip(&before) {
                    awake[t] = *before;
                }
                for (k, (m, b)) in blocks.iter().enumerate() {
                    if set >> k & 1 == 1 {
                        let devices = self.problem.inputs.pools[*m].blocks[*b].devices;
                        schedule.awake[*m][t] += devices;
                    }
                }
                worth.push(self.appraiser.charged(&schedule, t, charge));
            }
            for (awake, before) in schedule.awake.iter_mut().zip(&before) {
                awake[t] = *before;
            }
        }
        worth
    }

    /// Commits every block in turn, until none changes; returns whether any did.
    pub(super) fn commit(&mut self, schedule: &mut Schedule) -> bool {
        let mut changed = false;
        for _ in 0..3 {
            let mut again = false;
            for place in self.places.clone() {
                again |= self.decide(schedule, &[place]);
            }
            changed |= again;
            if !again {
                break;
            }
        }
        changed
    }

    /// Gives blocks the paths worth most together; returns whether any changed.
    pub(super) fn decide(&mut self, schedule: &mut Schedule, blocks: &[Place]) -> bool {
        let Some(paths) = self.best_joint_paths(schedule, blocks) else {
            return false;
        };
        let mut changed = false;
        for ((m, b), path) in blocks.iter().zip(paths) {
            if schedule.on[*m][*b] != path {
                self.problem.set_path(schedule, *m, *b, path);
                changed = true;
            }
        }
        changed
    }
}

/// States after the last step.
fn automata_end(automaton: &Automaton) -> usize {
    let last = automaton.steps.last().map(|ways| ways.iter().flatten());
    last.and_then(|ways| ways.map(|w| w.to as usize + 1).max())
        .unwrap_or(1)
}
