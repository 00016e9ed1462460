//! Per-slot decisions: node, step, use, watts, and why.
//!
//! Thirty days at five minutes with ten nodes and four uses are 345,600
//! decisions, so they are kept in columns. Reasons are a dictionary: one
//! sentence per code, with placeholders that the page fills per slot.

use super::payload::{Mismatch, Use, same_length};

/// Decisions of a window of steps, at full resolution.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slots {
    pub(super) starts: Vec<i64>,
    pub(super) end: i64,
    pub(super) nodes: Vec<Node>,
    pub(super) reasons: Vec<Reason>,
    pub(super) runners_up: Vec<String>,
    pub(super) lines: Vec<Line>,
    pub(super) events: Vec<Event>,
    pub(super) charges: Vec<Charge>,
}

/// A line of decisions: one use (or pool) at one node.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LineId(usize);

/// One decision, as the caller gives it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Decision<'a> {
    /// Watts given to the line.
    pub watts: i64,
    /// Code of the reason; its sentence is set by [`Slots::reason`].
    pub reason: &'a str,
    /// The best alternative for the same watts, if there was one.
    pub runner_up: Option<&'a str>,
    /// By how much the decision beats the runner-up, currency per MWh.
    pub margin: Option<f64>,
    /// What the last running, or first idle, MWh is worth, currency per MWh.
    pub value: Option<f64>,
    /// What it is held against: price, charges, penalties and limits, currency per MWh.
    pub held: Option<f64>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Node {
    pub(super) label: String,
    pub(super) price: Vec<Option<f64>>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Reason {
    pub(super) code: String,
    pub(super) text: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    pub(super) node: usize,
    pub(super) usage: Use,
    pub(super) label: String,
    pub(super) watts: Vec<i64>,
    /// Index into the reasons plus one; 0 is "none given".
    pub(super) reason: Vec<usize>,
    /// Index into the runners-up plus one; 0 is "none".
    pub(super) runner_up: Vec<usize>,
    pub(super) margin: Vec<Option<f64>>,
    pub(super) value: Vec<Option<f64>>,
    pub(super) held: Vec<Option<f64>>,
}

/// A part of what power is held against beyond the site's price, per step.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Charge {
    pub(super) label: String,
    /// Currency per MWh; none where there is none.
    pub(super) per_mwh: Vec<Option<f64>>,
    /// Of a coincident peak, the charge if the step is one, currency per MWh.
    pub(super) if_peak: Option<f64>,
}

/// Something asked of the site from one step of the window to another, exclusive.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Event {
    pub(super) from: usize,
    pub(super) until: usize,
    pub(super) text: String,
}

impl Slots {
    /// An empty window of steps: their starts (Unix seconds, increasing) and the end of the last.
    pub fn new(starts: Vec<i64>, end: i64) -> Self {
        Self {
            starts,
            end,
            ..Self::default()
        }
    }

    /// Adds a node of the power tree with the energy price it sees per step; returns its index.
    pub fn node(&mut self, label: impl Into<String>, price: Vec<Option<f64>>) -> usize {
        let label = label.into();
        self.nodes.push(Node { label, price });
        self.nodes.len() - 1
    }

    /// Adds a charge that is part of what power is held against, currency per MWh and step.
    /// `if_peak` is the charge of a coincident peak, of which the step bears the chance.
    pub fn charge(
        &mut self,
        label: impl Into<String>,
        per_mwh: Vec<Option<f64>>,
        if_peak: Option<f64>,
    ) {
        let label = label.into();
        self.charges.push(Charge {
            label,
            per_mwh,
            if_peak,
        });
    }

    /// Adds a line at a node. `label` tells lines of one use apart (a pool's
    /// name) and may be empty. All its slots start at 0 W without a reason.
    pub fn line(&mut self, node: usize, usage: Use, label: impl Into<String>) -> LineId {
        let steps = self.starts.len();
        self.lines.push(Line {
            node,
            usage,
            label: label.into(),
            watts: vec![0; steps],
            reason: vec![0; steps],
            runner_up: vec![0; steps],
            margin: vec![None; steps],
            value: vec![None; steps],
            held: vec![None; steps],
        });
        LineId(self.lines.len() - 1)
    }

    /// Sets the sentence of a reason code. It may hold `{price}`, `{margin}`,
    /// `{runner_up}`, `{power}` and `{use}`, filled in per slot by the page.
    pub fn reason(&mut self, code: &str, text: &str) {
        let index = self.reason_index(code);
        text.clone_into(&mut self.reasons[index].text);
    }

    /// Sets the decision of a line at a step of the window.
    ///
    /// # Panics
    /// When `step` lies outside the window.
    pub fn set(&mut self, line: LineId, step: usize, decision: Decision<'_>) {
        let reason = self.reason_index(decision.reason) + 1;
        let runner_up = decision.runner_up.map_or(0, |label| {
            position_or_push(&mut self.runners_up, label, |known| known, str::to_owned) + 1
        });
        let line = &mut self.lines[line.0];
        line.watts[step] = decision.watts;
        line.reason[step] = reason;
        line.runner_up[step] = runner_up;
        line.margin[step] = decision.margin;
        line.value[step] = decision.value;
        line.held[step] = decision.held;
    }

    /// Says what was asked of the site at a step of the window: a called programme, a limit
    /// by contract, a peak of the grid. Steps are given in order.
    pub fn event(&mut self, step: usize, text: &str) {
        let open = self
            .events
            .iter_mut()
            .rev()
            .find(|e| e.until == step && e.text == text);
        match open {
            Some(event) => event.until = step + 1,
            None => self.events.push(Event {
                from: step,
                until: step + 1,
                text: text.to_owned(),
            }),
        }
    }

    fn reason_index(&mut self, code: &str) -> usize {
        // A code without a sentence is shown as itself.
        position_or_push(
            &mut self.reasons,
            code,
            |known| &known.code,
            |code| Reason {
                code: code.to_owned(),
                text: code.to_owned(),
            },
        )
    }

    pub(super) fn check(&self) -> Result<(), Mismatch> {
        let steps = self.starts.len();
        for node in &self.nodes {
            same_length(
                || format!("price at {}", node.label),
                steps,
                node.price.len(),
            )?;
        }
        for charge in &self.charges {
            let found = charge.per_mwh.len();
            same_length(|| format!("charge {}", charge.label), steps, found)?;
        }
        Ok(())
    }
}

/// A linear search: dictionaries hold tens of entries, most often hit near the front.
fn position_or_push<T>(
    entries: &mut Vec<T>,
    key: &str,
    key_of: impl Fn(&T) -> &str,
    make: impl FnOnce(&str) -> T,
) -> usize {
    if let Some(index) = entries.iter().position(|entry| key_of(entry) == key) {
        return index;
    }
    entries.push(make(key));
    entries.len() - 1
}
