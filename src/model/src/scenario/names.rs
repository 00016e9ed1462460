//! What a scenario can name: policies and forecast models, each with a line for people.
//!
//! Files, schemas, lists and messages read these tables; a new policy or model is one
//! row here beside its own file and its line in the registry of its crate.

/// A name with what stands behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named {
    /// As written in a scenario.
    pub name: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
}

const fn named(name: &'static str, about: &'static str) -> Named {
    Named { name, about }
}

/// All policies, in the order of reports.
pub const POLICIES: &[Named] = &[
    named(
        "always_on",
        "everything runs at its top point whenever limits allow, jobs as they come",
    ),
    named(
        "breakeven",
        "each device model stops at its own break-even price",
    ),
    named(
        "strike",
        "two price thresholds with a dwell time, tuned on the days before",
    ),
    named(
        "asap",
        "jobs as soon as possible, gangs whole; miners at their break-even price",
    ),
    named(
        "quantile",
        "runs in the cheapest share of the expected hours",
    ),
    named(
        "static_split",
        "a fixed power for mining and a fixed power for GPUs",
    ),
    named(
        "follow_surplus",
        "miners draw what surplus there is, GPUs always run",
    ),
    named("mining_only", "the planner, with miners only"),
    named("ai_only", "the planner, with GPUs only"),
    named(
        "swingload",
        "one plan over hashing, inference and training, renewed at every step",
    ),
    named(
        "oracle",
        "perfect foresight, with a proven upper bound for all the others",
    ),
];

/// All forecast models.
pub const FORECAST_MODELS: &[Named] = &[
    named("persistence", "the last value known"),
    named("seasonal_naive_day", "the same hour of the day before"),
    named("seasonal_naive_week", "the same hour of the week before"),
    named(
        "climatology",
        "the mean of the hour of day, on weekdays and weekends",
    ),
    named(
        "reverting",
        "the last value, returning to the mean of the hour of day",
    ),
    named(
        PUBLISHED,
        "a bound series with published forecasts, with their past error",
    ),
    named(
        "lear",
        "regressions on past prices and published inputs, the mean of four calibration windows",
    ),
    named("lear_56", "LEAR with a window of 56 days"),
    named("lear_84", "LEAR with a window of 84 days"),
    named("lear_1092", "LEAR with a window of 1092 days"),
    named("lear_1456", "LEAR with a window of 1456 days"),
    named("kernel_364", "kernel regressions with a window of 364 days"),
    named(
        "lear_kernel",
        "LEAR and kernel regressions over other windows, weighed by their errors of late",
    ),
    named(
        "corrected",
        "a bound series with published forecasts, corrected by its recent error",
    ),
    named(
        "ramping",
        "the last value with its ramp: surplus without a published forecast",
    ),
    named(
        "temperature",
        "the usual course of the past days and how far the present lies from it",
    ),
    named("load", "the same, with weekends apart from working days"),
    named(
        "difficulty",
        "network difficulty to the next retarget from observed hashrate, then drift",
    ),
    named(
        "hashprice",
        "revenue of hashing from the bitcoin price, the forecast of the difficulty and the subsidy",
    ),
    named(
        "realtime",
        "quantile regressions of real-time prices on the day-ahead price, other inputs and the last hours",
    ),
    named("perfect", "what will happen: a yardstick, not a forecast"),
];

/// The model that takes published forecasts as they are.
pub(crate) const PUBLISHED: &str = "published";

/// Models that need a series of published forecasts, and so belong to one series.
pub(crate) const NEEDING_PUBLISHED: &[&str] = &[PUBLISHED, "corrected"];

/// Models that read other series beside the one they forecast.
pub(crate) const TAKING_INPUTS: &[&str] = &[
    "lear",
    "lear_kernel",
    "lear_56",
    "lear_84",
    "lear_1092",
    "lear_1456",
    "kernel_364",
    "difficulty",
    "hashprice",
    "realtime",
];

/// Whether a table holds a name.
pub(crate) fn known(table: &[Named], name: &str) -> bool {
    table.iter().any(|entry| entry.name == name)
}

/// The names of a table, as a list for messages.
pub(crate) fn listed(table: &[Named]) -> String {
    let names: Vec<&str> = table.iter().map(|entry| entry.name).collect();
    names.join(", ")
}
