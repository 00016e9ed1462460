//! Reasons with their flips as one plain sentence each.

use swingload_model::plan::{Flip, PriceKind, PricePart, Quantity, Reason, ReasonCode, Turn, Wait};

/// A reason in one sentence. `time` says a Unix second in the reader's words; money is in
/// `currency`.
///
/// "miners: last watt earns 71.00 USD/MWh against 64.00 for power, job 81 next; would give up power
/// with power above 71.20 USD/MWh or if job 81 had to be done by 16:40."
pub fn sentence(reason: &Reason, currency: &str, time: &dyn Fn(i64) -> String) -> String {
    let mut text = format!("{}: {}", reason.load, why(reason, currency, time));
    if let Some(first) = reason.flips.first() {
        text += match first.turn {
            Turn::GivesUp => "; would give up power ",
            Turn::Starts => "; would run ",
        };
        let whens = reason.flips.iter();
        let whens = whens.map(|flip| when(flip, &reason.load, currency, time));
        text += &whens.collect::<Vec<_>>().join(" or ");
    }
    text + "."
}

fn why(reason: &Reason, currency: &str, time: &dyn Fn(i64) -> String) -> String {
    let value = reason.value_per_mwh;
    let next = match reason.runner_up.as_str() {
        "" => String::new(),
        // A load that runs names who comes next, an idle one who holds the power.
        other if reason.code == ReasonCode::Unprofitable => format!(", {other} has it"),
        other => format!(", {other} next"),
    };
    let price = match reason.price_per_mwh {
        Some(price) => format!("against {price:.2} for power"),
        None => "where no more power is to be had".to_owned(),
    };
    let against = format!("last watt earns {value:.2} {currency}/MWh {price}{next}");
    match reason.code {
        ReasonCode::Profitable | ReasonCode::Unprofitable => against,
        ReasonCode::Marginal => format!("the marginal user of the power there, {against}"),
        ReasonCode::MustServe => format!("must be served, {against}"),
        ReasonCode::Committed => {
            format!("held by a minimum time, a start cost or a start limit, {against}")
        }
        ReasonCode::Deferred
        | ReasonCode::NotReleased
        | ReasonCode::WaitsForJob
        | ReasonCode::NoGpus
        | ReasonCode::NoPower => waits(reason, currency, time),
        ReasonCode::NotEligible => "may not run in this step".to_owned(),
        ReasonCode::Done => "done".to_owned(),
        ReasonCode::LimitBinding => {
            format!("no room below a limit{next}, would earn {value:.2} {currency}/MWh")
        }
        ReasonCode::RampLimited => format!("held by a ramp limit, {against}"),
        ReasonCode::Heat => "shut down by heat".to_owned(),
    }
}

/// What a job waits for, with figures where they are known.
fn waits(reason: &Reason, currency: &str, time: &dyn Fn(i64) -> String) -> String {
    match &reason.wait {
        Some(wait) => wait_words(wait, currency, time),
        None => match reason.code {
            ReasonCode::NotReleased => "its window has not begun".to_owned(),
            ReasonCode::WaitsForJob => "waits for another job".to_owned(),
            ReasonCode::NoGpus => "waits for GPUs".to_owned(),
            ReasonCode::NoPower => "waits for power".to_owned(),
            _ => "waits for cheaper steps".to_owned(),
        },
    }
}

/// What a job waits for, in words: `waits for 64 GPUs of h100, 12 are free`.
pub fn wait_words(wait: &Wait, currency: &str, time: &dyn Fn(i64) -> String) -> String {
    match wait {
        Wait::Release { at } => format!("may start at {}", time(*at)),
        Wait::Job { job } => format!("waits for {job} to be done"),
        Wait::Gpus { pool, asked, free } => {
            format!("waits for {asked} GPUs of {pool}, {free} are free")
        }
        Wait::Power {
            node,
            asked_mw,
            free_mw,
            price_per_mwh,
        } => {
            let at = match node.as_str() {
                "" => "of all supply".to_owned(),
                node => format!("at {node}"),
            };
            let price = price_per_mwh.map_or_else(String::new, |price| {
                format!(", where it costs {price:.2} {currency}/MWh outside")
            });
            format!("waits for {asked_mw:.3} MW, {free_mw:.3} are free {at}{price}")
        }
        Wait::CheaperPower {
            from,
            now_per_mwh,
            then_per_mwh,
        } => {
            let until = match from {
                Some(from) => format!("from {}", time(*from)),
                None => "after the plan's end".to_owned(),
            };
            match (now_per_mwh, then_per_mwh) {
                // Prices of the plan: now is without this job, then with it.
                (Some(now), Some(then)) if then >= now => format!(
                    "waits, and is planned {until} at {then:.2} {currency}/MWh; now {now:.2} before its own load"
                ),
                (Some(now), Some(then)) => format!(
                    "waits for cheaper power {until} at {then:.2} {currency}/MWh, now {now:.2}"
                ),
                _ => format!("waits for cheaper power {until}"),
            }
        }
    }
}

/// The parts of a price in words: `energy of grid 12.67 + 4cp 300.00 (2.0 % chance of a
/// peak that costs 15000.00)`.
pub fn price_words(parts: &[PricePart]) -> String {
    let part = |part: &PricePart| {
        let (of, amount) = (&part.of, part.per_mwh);
        match part.kind {
            PriceKind::Energy => format!("energy of {of} {amount:.2}"),
            PriceKind::CoincidentPeak => {
                let chance = 100.0 * part.chance.unwrap_or(0.0);
                let full = part.if_peak_per_mwh.unwrap_or(0.0);
                format!(
                    "{of} {amount:.2} ({chance:.1} % chance of a coincident peak that costs \
                     {full:.2})"
                )
            }
            PriceKind::Penalty => format!("penalty beyond {of} {amount:.2}"),
            PriceKind::Scarcity => format!("scarcity at {of} {amount:.2}"),
            PriceKind::Charge | PriceKind::Tax => format!("{of} {amount:.2}"),
        }
    };
    parts.iter().map(part).collect::<Vec<_>>().join(" + ")
}

/// The condition of a flip of the decision about `load`.
fn when(flip: &Flip, load: &str, currency: &str, time: &dyn Fn(i64) -> String) -> String {
    let up = flip.at > flip.now;
    let who = if flip.of == load { "it" } else { &flip.of };
    let more = if up { "more" } else { "less" };
    match flip.quantity {
        Quantity::PowerPrice => {
            let beyond = if up { "above" } else { "below" };
            format!("with power {beyond} {:.2} {currency}/MWh", flip.at)
        }
        Quantity::LoadValue => {
            format!("if {who} earned {more} than {:.2} {currency}/MWh", flip.at)
        }
        Quantity::JobValue => {
            let of = if who == "it" { "its" } else { who };
            let own = if who == "it" { "" } else { "'s" };
            format!(
                "if {of}{own} GPU-hours earned {more} than {:.4} {currency}",
                flip.at
            )
        }
        Quantity::Deadline if up => {
            format!("if {who} had until {}", time(flip.at as i64))
        }
        Quantity::Deadline => format!("if {who} had to be done by {}", time(flip.at as i64)),
        Quantity::Release => format!("if {who} were released by {}", time(flip.at as i64)),
        Quantity::NodeLimit => {
            format!("with {more} than {:.3} MW at {}", flip.at, flip.of)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flip(quantity: Quantity, of: &str, now: f64, at: f64, turn: Turn) -> Flip {
        Flip {
            quantity,
            of: of.into(),
            now,
            at,
            turn,
        }
    }

    fn reason(code: ReasonCode, runner_up: &str, flips: Vec<Flip>) -> Reason {
        Reason {
            step: 0,
            load: "miners".into(),
            code,
            value_per_mwh: 71.0,
            price_per_mwh: Some(64.0),
            price_parts: Vec::new(),
            wait: None,
            runner_up: runner_up.into(),
            margin_per_mwh: 7.0,
            flips,
        }
    }

    fn said(reason: &Reason) -> String {
        sentence(reason, "USD", &|at| format!("{:02}:00", at / 3600))
    }

    #[test]
    fn a_decision_is_stated_with_what_would_turn_it() {
        let flips = vec![
            flip(Quantity::PowerPrice, "hall", 64.0, 71.2, Turn::GivesUp),
            flip(
                Quantity::Deadline,
                "job 81",
                72_000.0,
                57_600.0,
                Turn::GivesUp,
            ),
        ];
        assert_eq!(
            said(&reason(ReasonCode::Profitable, "job 81", flips)),
            "miners: last watt earns 71.00 USD/MWh against 64.00 for power, job 81 next; would give up \
             power with power above 71.20 USD/MWh or if job 81 had to be done by 16:00."
        );
    }

    #[test]
    fn every_quantity_has_its_words() {
        let words = |quantity, of: &str, at| {
            let flips = vec![flip(quantity, of, 10.0, at, Turn::Starts)];
            let said = said(&reason(ReasonCode::Deferred, "", flips));
            said.trim_start_matches("miners: waits for cheaper steps; would run ")
                .to_owned()
        };
        for (quantity, of, at, expected) in [
            (
                Quantity::PowerPrice,
                "hall",
                5.0,
                "with power below 5.00 USD/MWh.",
            ),
            (
                Quantity::LoadValue,
                "miners",
                20.0,
                "if it earned more than 20.00 USD/MWh.",
            ),
            (
                Quantity::LoadValue,
                "chat",
                5.0,
                "if chat earned less than 5.00 USD/MWh.",
            ),
            (
                Quantity::JobValue,
                "miners",
                20.0,
                "if its GPU-hours earned more than 20.0000 USD.",
            ),
            (
                Quantity::JobValue,
                "a",
                5.0,
                "if a's GPU-hours earned less than 5.0000 USD.",
            ),
            (
                Quantity::Deadline,
                "miners",
                7200.0,
                "if it had until 02:00.",
            ),
            (
                Quantity::Deadline,
                "a",
                0.0,
                "if a had to be done by 00:00.",
            ),
            (
                Quantity::Release,
                "miners",
                0.0,
                "if it were released by 00:00.",
            ),
            (
                Quantity::NodeLimit,
                "hall",
                20.0,
                "with more than 20.000 MW at hall.",
            ),
        ] {
            assert_eq!(words(quantity, of, at), expected);
        }
        assert_eq!(
            said(&reason(ReasonCode::Heat, "", vec![])),
            "miners: shut down by heat."
        );
    }
}
