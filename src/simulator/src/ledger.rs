//! Money per step and line, in micro-units of the site's currency.

use serde::Serialize;
use swingload_model::units::Money;

/// What a line of the ledger is; for subtotals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// Energy at its block's own price.
    Energy,
    /// Export earnings given up by using surplus.
    ExportForgone,
    /// Financial contract against the real-time price.
    Contract,
    /// Charge per MWh.
    Adder,
    /// Charge per MWh that is a tax.
    Tax,
    /// Monthly demand charge.
    Demand,
    /// Charge on load in the grid's peak intervals.
    CoincidentPeak,
    /// Payment for availability to a programme.
    Availability,
    /// Penalty for load above the firm level during a call.
    CallPenalty,
    /// Penalty for load above a power limit.
    PowerLimit,
    /// Mining revenue, pool fee and rejects off.
    Mining,
    /// Wear of miner starts.
    Wear,
    /// Inference served: its floor and value steps.
    Inference,
    /// Inference floor not served.
    InferencePenalty,
    /// Hosting delivered.
    Hosting,
    /// Hosting paid although not drawn.
    TakeOrPay,
    /// Hosting asked for and not delivered.
    HostingPenalty,
    /// Job work done, at full value.
    JobValue,
    /// Value lost because work was late.
    JobLateness,
    /// Value of work lost by stops without a checkpoint.
    JobLostWork,
    /// Penalty for job work never done.
    JobUnmet,
    /// Work still open at the run's end that can yet be done in time, at its value less what it will cost.
    OpenWork,
}

/// One line over all steps.
#[derive(Debug, Clone)]
pub struct Line {
    /// Stable name: the supply block, contract, tariff line, load or programme it is about.
    pub id: String,
    /// What it is.
    pub kind: LineKind,
    /// Micro-units per step, positive when the site earns; empty when the line was never used.
    pub steps: Vec<i64>,
    /// Sum of all steps.
    pub total: Money,
}

/// All lines of a run.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// The lines, in the order of the bill.
    pub lines: Vec<Line>,
    steps: usize,
}

impl Ledger {
    /// An empty ledger over so many steps.
    pub fn new(steps: usize) -> Self {
        Self {
            lines: Vec::new(),
            steps,
        }
    }

    /// Adds a line; returns its position for [`Ledger::book`].
    pub fn line(&mut self, id: impl Into<String>, kind: LineKind) -> usize {
        self.lines.push(Line {
            id: id.into(),
            kind,
            steps: Vec::new(),
            total: Money::ZERO,
        });
        self.lines.len() - 1
    }

    /// Adds an amount to a line in step `t`; positive when the site earns.
    pub fn book(&mut self, line: usize, t: usize, amount: Money) {
        if amount == Money::ZERO {
            return;
        }
        let steps = self.steps;
        let line = &mut self.lines[line];
        if line.steps.is_empty() {
            line.steps = vec![0; steps];
        }
        line.steps[t] += amount.get();
        line.total += amount;
    }

    /// Sum of all lines.
    pub fn value(&self) -> Money {
        self.lines.iter().map(|line| line.total).sum()
    }

    /// Sum of all lines in step `t`.
    pub fn value_of_step(&self, t: usize) -> Money {
        Money::new(
            self.lines
                .iter()
                .map(|line| line.steps.get(t).copied().unwrap_or(0))
                .sum(),
        )
    }

    /// Sum of the lines of one kind.
    pub fn total(&self, kind: LineKind) -> Money {
        self.lines
            .iter()
            .filter(|line| line.kind == kind)
            .map(|line| line.total)
            .sum()
    }
}
