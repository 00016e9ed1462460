//! What was repaired in dispatches, and what the checker found in them, over a run.

use std::collections::BTreeMap;

use swingload_model::time::Seconds;

use crate::check::dispatch::{DispatchRule, Finding};
use crate::dispatch::Repairs;

/// Counts of a run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tally {
    /// For limits of nodes and for supply.
    pub limit: Repaired,
    /// For called events and promised limits.
    pub called_event: Repaired,
    /// For ramps.
    pub ramp: Repaired,
    /// For shortest times.
    pub shortest_time: Repaired,
    /// Steps in which a dispatch broke a rule as the policy handed it out.
    pub handed_out: BTreeMap<DispatchRule, u64>,
    /// Steps in which a dispatch broke a rule as it was sent.
    pub sent: BTreeMap<DispatchRule, u64>,
}

/// How much was repaired for one rule.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Repaired {
    /// Steps.
    pub steps: u64,
    /// Power changed times the length of its steps, J.
    pub joules: f64,
    /// Most power changed in a step, facility W.
    pub watts_max: f64,
}

impl Repaired {
    fn add(&mut self, watts: f64, step: Seconds) {
        if watts > 0.0 {
            self.steps += 1;
            self.joules += watts * step.get() as f64;
            self.watts_max = self.watts_max.max(watts);
        }
    }
}

impl Tally {
    /// Adds a step of such a length.
    pub(super) fn note(
        &mut self,
        step: Seconds,
        repairs: &Repairs,
        handed_out: &[Finding],
        sent: &[Finding],
    ) {
        self.limit.add(repairs.limit, step);
        self.called_event.add(repairs.called_event, step);
        self.ramp.add(repairs.ramp, step);
        self.shortest_time.add(repairs.shortest_time, step);
        for (counts, findings) in [(&mut self.handed_out, handed_out), (&mut self.sent, sent)] {
            for rule in DispatchRule::ALL {
                if findings.iter().any(|finding| finding.rule == rule) {
                    *counts.entry(rule).or_insert(0) += 1;
                }
            }
        }
    }
}
