//! Numbers of a scenario that must be finite, and not below what they mean.

use super::{Builder, DAYS_MAX, STEPS_MAX, VALUE_MAX};
use crate::plausible::{Place, Quantity};
use crate::scenario::binding::SyntheticFile;
use crate::scenario::file::ScenarioFile;
use crate::scenario::jobs::TermsFile;

/// Furthest a plan looks ahead, h.
const HORIZON_MAX_H: f64 = 8784.0;

/// Longest time over which a variant's money is counted.
const YEARS_MAX: f64 = 100.0;

/// Most of a number in a unit: twenty years of time, the largest site's power.
fn most(unit: &str) -> f64 {
    match unit {
        "days" => DAYS_MAX,
        "h" => DAYS_MAX * 24.0,
        "min" => DAYS_MAX * 1440.0,
        "s" => DAYS_MAX * 86_400.0,
        "MW" => 10_000.0,
        "parts of the value" => 1000.0,
        // One a minute.
        "a day" => 1440.0,
        _ => 1e9,
    }
}

impl Builder<'_> {
    fn finite(&mut self, path: &str, value: f64) {
        if !value.is_finite() {
            self.fault(path, "must be a finite number", "check the value");
        }
    }

    fn not_negative(&mut self, path: &str, value: f64, unit: &str) {
        if !(value.is_finite() && value >= 0.0) {
            self.fault(
                path,
                format!("must be a number of at least 0 {unit}").trim_end(),
                "check the value and its unit",
            );
        } else if value > most(unit) {
            self.fault(
                path,
                format!("must be at most {} {unit}", most(unit)).trim_end(),
                "check the value and its unit",
            );
        }
    }

    /// Refuses a value outside the plausible range of what it is, unless it is allowed by name.
    pub(super) fn plausible(&mut self, path: &str, value: f64, what: Quantity, currency: &str) {
        let place = Place {
            currency,
            at: Some(self.start),
            lasting: true,
            ..Place::default()
        };
        let name = self.document.name_of(path);
        if self.allowed.allows(&name) || !value.is_finite() {
            return;
        }
        if let Some(doubt) = what.doubt(value, place) {
            let help = doubt.help(&name, self.document.file());
            self.fault(path, doubt.problem, help);
        }
    }

    /// Refuses entries of `allow` that name nothing: a name that is misspelt allows nothing.
    pub(crate) fn idle_allowances(&mut self) {
        for (i, help) in self.allowed.idle(self.document) {
            let problem = "names no value of this file whose range is checked";
            self.fault(&format!("allow[{i}]"), problem, help);
        }
    }

    fn share(&mut self, path: &str, value: f64) {
        if !(0.0..=1.0).contains(&value) {
            self.fault(
                path,
                "must lie between 0 and 1",
                "it is a share, not a percentage",
            );
        }
    }

    /// The numbers of a generator; `path` is its table.
    pub(super) fn shape_numbers(&mut self, path: &str, shape: &SyntheticFile) {
        self.finite(&format!("{path}.base"), shape.base);
        for (field, values) in [
            ("daily", &shape.daily),
            ("weekly", &shape.weekly),
            ("yearly", &shape.yearly),
        ] {
            for (i, value) in values.iter().enumerate() {
                self.finite(&format!("{path}.{field}[{i}]"), *value);
            }
        }
        for (i, other) in shape.follows.iter().enumerate() {
            self.finite(&format!("{path}.follows[{i}].factor"), other.factor);
        }
        if let Some(sun) = &shape.sun {
            self.finite(&format!("{path}.sun.peak"), sun.peak);
            self.share(&format!("{path}.sun.clouds"), sun.clouds);
            if !(-90.0..=90.0).contains(&sun.latitude) {
                self.fault(
                    &format!("{path}.sun.latitude"),
                    "must lie between -90 and 90",
                    "in degrees north",
                );
            }
        }
        if let Some(spikes) = &shape.spikes {
            self.not_negative(&format!("{path}.spikes.per_day"), spikes.per_day, "a day");
            self.finite(&format!("{path}.spikes.mean"), spikes.mean);
            self.not_negative(&format!("{path}.spikes.hours"), spikes.hours, "h");
        }
        for (field, clip) in [("min", shape.min), ("max", shape.max)] {
            if let Some(clip) = clip {
                self.finite(&format!("{path}.{field}"), clip);
            }
        }
        if let (Some(low), Some(high)) = (shape.min, shape.max)
            && low > high
        {
            self.fault(
                &format!("{path}.min"),
                "lies above `max`",
                "exchange the two",
            );
        }
        // A second at least, and no more values than a run may have steps.
        let span_min = self.span_s as f64 / 60.0;
        let least = (span_min / STEPS_MAX as f64 / 2.0).max(1.0 / 60.0);
        if shape
            .step_min
            .is_some_and(|m| !(least..=DAYS_MAX * 1440.0).contains(&m))
        {
            self.fault(
                &format!("{path}.step_min"),
                format!("must be a number of minutes from {least:.3} to twenty years"),
                "leave it out for the scenario's step",
            );
        }
    }

    /// The numbers of jobs' terms; `path` is their table.
    pub(super) fn terms_numbers(&mut self, path: &str, terms: &TermsFile, currency: &str) {
        for (end, value) in [
            ("low", terms.value_per_gpu_h.low),
            ("high", terms.value_per_gpu_h.high),
        ] {
            if value <= VALUE_MAX {
                let path = format!("{path}.value_per_gpu_h.{end}");
                self.plausible(&path, value, Quantity::GpuHour, currency);
            }
        }
        for (field, value, what) in [
            (
                "unmet_penalty_share",
                terms.unmet_penalty_share,
                Quantity::Share,
            ),
            (
                "lateness_share_per_h",
                terms.lateness_share_per_h,
                Quantity::Share,
            ),
            (
                "checkpoint_cost_s",
                terms.checkpoint_cost_s,
                Quantity::ShortTime,
            ),
            ("restart_s", terms.restart_s, Quantity::ShortTime),
            ("notice_s", terms.notice_s, Quantity::ShortTime),
        ] {
            if (0.0..=1000.0).contains(&value) || what == Quantity::ShortTime && value >= 0.0 {
                self.plausible(&format!("{path}.{field}"), value, what, currency);
            }
        }
        for (field, value, unit) in [
            ("window_min_h", terms.window_min_h, "h"),
            (
                "unmet_penalty_share",
                terms.unmet_penalty_share,
                "parts of the value",
            ),
            (
                "lateness_share_per_h",
                terms.lateness_share_per_h,
                "parts of the value",
            ),
            ("late_h", terms.late_h, "h"),
            ("min_runtime_min", terms.min_runtime_min, "min"),
            ("checkpoint_cost_s", terms.checkpoint_cost_s, "s"),
            ("restart_s", terms.restart_s, "s"),
            ("notice_s", terms.notice_s, "s"),
        ] {
            self.not_negative(&format!("{path}.{field}"), value, unit);
        }
        let interval = terms.checkpoint_interval_min;
        if !(interval.is_finite() && interval > 0.0) {
            self.fault(
                &format!("{path}.checkpoint_interval_min"),
                "must be a positive number of minutes",
                "60 is usual; a job that never checkpoints has an interval as long as its run",
            );
        }
        self.share(&format!("{path}.elastic_share"), terms.elastic_share);
        self.share(&format!("{path}.chained_share"), terms.chained_share);
        if terms.tier > 3 {
            self.fault(
                &format!("{path}.tier"),
                "tiers run from 0 to 3",
                "0 tolerates no slowdown, 3 half speed",
            );
        }
    }

    /// The numbers of policies, horizon, variants and discounting.
    pub(super) fn settings_numbers(&mut self, raw: &ScenarioFile) {
        let p = &raw.policies;
        self.not_negative("policies.strike_tuning_days", p.strike_tuning_days, "days");
        self.not_negative("policies.strike_dwell_min", p.strike_dwell_min, "min");
        self.share("policies.quantile_share", p.quantile_share);
        for (field, mw) in [
            ("static_split_mining_mw", p.static_split_mining_mw),
            ("static_split_ai_mw", p.static_split_ai_mw),
        ] {
            if let Some(mw) = mw {
                self.not_negative(&format!("policies.{field}"), mw, "MW");
            }
        }
        for (i, stretch) in raw.planning.horizon.iter().enumerate() {
            if !(0.0..=HORIZON_MAX_H).contains(&stretch.until_h) {
                self.fault(
                    &format!("planning.horizon[{i}].until_h"),
                    format!("must lie between 0 and {HORIZON_MAX_H} h, a year"),
                    "168 is usual",
                );
            }
        }
        if !(raw.discount_rate > -1.0 && raw.discount_rate <= 1.0) {
            self.fault(
                "discount_rate",
                "must lie between -1 and 1",
                "0.1 is ten percent a year",
            );
        }
        for (i, variant) in raw.variants.iter().enumerate() {
            let path = format!("variants[{i}]");
            if !(0.0..=YEARS_MAX).contains(&variant.years) {
                self.fault(
                    &format!("{path}.years"),
                    format!("must lie between 0 and {YEARS_MAX} years"),
                    "12 is usual for a hosting contract",
                );
            }
            if raw.variants[..i].iter().any(|v| v.id == variant.id) {
                self.fault(
                    &format!("{path}.id"),
                    "names another variant already",
                    "choose another name",
                );
            }
            for (j, spent) in variant.capex.iter().enumerate() {
                self.finite(&format!("{path}.capex[{j}].amount"), spent.amount);
            }
        }
    }
}
