//! The same words and numbers everywhere.

use swingload_model::plan::ReasonCode;
use swingload_simulator::ledger::LineKind;

/// `1,234,567`, with so many digits after the point; `-` for what is no number.
pub fn thousands(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "-".into();
    }
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut out = String::with_capacity(text.len() + text.len() / 3 + 1);
    // Minus zero is zero.
    if value < 0.0 && text.bytes().any(|b| b.is_ascii_digit() && b != b'0') {
        out.push('-');
    }
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// What a line of the bill is, in words.
pub(crate) fn line_kind(kind: LineKind) -> &'static str {
    match kind {
        LineKind::Energy => "energy",
        LineKind::Export => "export",
        LineKind::Contract => "contract",
        LineKind::Adder => "charge",
        LineKind::Tax => "tax",
        LineKind::Demand => "demand charge",
        LineKind::CoincidentPeak => "coincident peak",
        LineKind::Availability => "programme payment",
        LineKind::CallPenalty => "call penalty",
        LineKind::PowerLimit => "limit penalty",
        LineKind::Mining => "mining revenue",
        LineKind::Wear => "wear of starts",
        LineKind::Inference => "inference revenue",
        LineKind::InferencePenalty => "inference penalty",
        LineKind::Hosting => "hosting revenue",
        LineKind::TakeOrPay => "take or pay",
        LineKind::HostingPenalty => "hosting penalty",
        LineKind::JobValue => "job revenue",
        LineKind::JobLateness => "job lateness",
        LineKind::JobLostWork => "job work lost",
        LineKind::JobUnmet => "jobs not done",
        LineKind::OpenWork => "jobs in progress at the end",
    }
}

/// All reasons.
pub(crate) const CODES: [ReasonCode; 15] = [
    ReasonCode::Profitable,
    ReasonCode::Unprofitable,
    ReasonCode::Marginal,
    ReasonCode::MustServe,
    ReasonCode::Committed,
    ReasonCode::Deferred,
    ReasonCode::NotEligible,
    ReasonCode::NotReleased,
    ReasonCode::WaitsForJob,
    ReasonCode::NoGpus,
    ReasonCode::NoPower,
    ReasonCode::Done,
    ReasonCode::LimitBinding,
    ReasonCode::RampLimited,
    ReasonCode::Heat,
];

/// What a reason means, with the placeholders of the report page.
pub(crate) fn sentence(code: ReasonCode) -> &'static str {
    match code {
        ReasonCode::Profitable => {
            "Worth more than its power: ahead of {runner_up} by {margin} at {price}."
        }
        ReasonCode::Unprofitable => {
            "Its power would cost more than it earns, by {margin} at {price}."
        }
        ReasonCode::Marginal => "The marginal user: it takes what power is left, {power}.",
        ReasonCode::MustServe => "Promised: it is served whatever power costs.",
        ReasonCode::Committed => {
            "Held on or off by a minimum time, a start cost or a start limit; switching now would \
             cost more. A margin below zero is what an MWh loses while it runs all the same, or \
             would earn while it stands still."
        }
        ReasonCode::Deferred => "Waits for cheaper steps before its deadline.",
        ReasonCode::NotEligible => "Nothing of it may run.",
        ReasonCode::NotReleased => "Its window has not begun.",
        ReasonCode::WaitsForJob => "Waits for another job to be done.",
        ReasonCode::NoGpus => "Waits for GPUs: too few are free for its smallest gang.",
        ReasonCode::NoPower => "Waits for power: too little is free for its smallest gang.",
        ReasonCode::Done => "Its work is finished.",
        ReasonCode::LimitBinding => "A limit of the power tree leaves no room for it.",
        ReasonCode::RampLimited => "The ramp limit holds it at {power}.",
        ReasonCode::Heat => "Throttled or shut down by heat.",
    }
}

/// The same without placeholders, for running text.
pub(crate) fn phrase(code: ReasonCode) -> &'static str {
    match code {
        ReasonCode::Profitable => "worth more than its power",
        ReasonCode::Unprofitable => "its power would cost more than it earns",
        ReasonCode::Marginal => "takes what power is left",
        ReasonCode::MustServe => "promised, whatever power costs",
        ReasonCode::Committed => "held by a minimum time, a start cost or a start limit",
        ReasonCode::Deferred => "waits for cheaper steps before its deadline",
        ReasonCode::NotEligible => "nothing of it may run",
        ReasonCode::NotReleased => "its window has not begun",
        ReasonCode::WaitsForJob => "waits for another job to be done",
        ReasonCode::NoGpus => "waits for GPUs: too few are free",
        ReasonCode::NoPower => "waits for power: too little is free",
        ReasonCode::Done => "finished",
        ReasonCode::LimitBinding => "a limit of the power tree leaves no room",
        ReasonCode::RampLimited => "the ramp limit holds it",
        ReasonCode::Heat => "throttled or shut down by heat",
    }
}

#[cfg(test)]
mod tests {
    use super::thousands;

    #[test]
    fn numbers_are_grouped_and_signed() {
        assert_eq!(thousands(1_234_567.891, 1), "1,234,567.9");
        assert_eq!(thousands(-999.4, 0), "-999");
        assert_eq!(thousands(-0.04, 1), "0.0");
        assert_eq!(thousands(100.0, 0), "100");
        assert_eq!(thousands(f64::NAN, 2), "-");
    }
}
