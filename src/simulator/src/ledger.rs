//! Money per step and line, in micro-units of the site's currency.

use serde::Serialize;
use swingload_model::units::{Money, WideMoney};

/// What a line of the ledger is; for subtotals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// Energy at its block's own price, used or exported.
    Energy,
    /// Surplus and own generation exported, at the export price.
    Export,
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
    /// Work still open at the run's end, as far as the site can do it before the jobs' latest
    /// times: its value less lateness and energy.
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
///
/// The sizes of all amounts together fit in 64 bits, and with them every sum of some of
/// them: of a line, a step, a kind, the whole. What would break that is not booked, but
/// kept as `Ledger::overflow`, and the run ends with it as its error.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// The lines, in the order of the bill.
    pub lines: Vec<Line>,
    steps: usize,
    /// Sizes of all amounts booked, added up.
    booked: i64,
    overflow: Option<Overflow>,
}

/// An amount that does not fit into the ledger.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Overflow {
    /// Position of its line.
    pub(crate) line: usize,
    /// Its step.
    pub(crate) t: usize,
    /// What was to be booked.
    pub(crate) amount: WideMoney,
}

impl Ledger {
    /// An empty ledger over so many steps.
    pub fn new(steps: usize) -> Self {
        Self {
            lines: Vec::new(),
            steps,
            booked: 0,
            overflow: None,
        }
    }

    /// The first amount that did not fit; everything booked after it is void.
    pub(crate) fn overflow(&self) -> Option<Overflow> {
        self.overflow
    }

    /// Adds a line; returns its position for `Ledger::book`.
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
    pub(crate) fn book(&mut self, line: usize, t: usize, amount: impl Into<WideMoney>) {
        let amount = amount.into();
        if amount == WideMoney::default() || self.overflow.is_some() {
            return;
        }
        let size = amount.fit().and_then(|money| money.get().checked_abs());
        let booked = size.and_then(|size| self.booked.checked_add(size));
        let (Some(money), Some(booked)) = (amount.fit(), booked) else {
            self.overflow = Some(Overflow { line, t, amount });
            return;
        };
        self.booked = booked;
        let steps = self.steps;
        let line = &mut self.lines[line];
        if line.steps.is_empty() {
            line.steps = vec![0; steps];
        }
        line.steps[t] += money.get();
        line.total += money;
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
    pub(crate) fn total(&self, kind: LineKind) -> Money {
        self.lines
            .iter()
            .filter(|line| line.kind == kind)
            .map(|line| line.total)
            .sum()
    }
}
