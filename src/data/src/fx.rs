//! Series in another currency, turned over at the dated rate.

use swingload_model::series::Observation;
use swingload_model::{Diagnostics, Series};

use crate::fault::fault;
use crate::intervals::Window;
use crate::note::{Notes, count, instant};

/// Each value times the rate in force; an observation that spans several rates is split.
///
/// A converted value is known when both the value and the rate are. Outside the
/// period observations without a rate are left out and noted.
///
/// # Errors
/// A stretch of the period without a rate.
pub(crate) fn convert(
    observations: &[Observation],
    rate: &Series,
    window: Window,
    notes: &mut Notes<'_>,
) -> Result<Vec<Observation>, Diagnostics> {
    let rates = rate.observations();
    let mut converted = Vec::with_capacity(observations.len());
    let mut without = 0;
    let mut first = 0;
    for observation in observations {
        first += rates[first..].partition_point(|r| r.end <= observation.start);
        let mut start = observation.start;
        for r in rates[first..]
            .iter()
            .take_while(|r| r.start < observation.end)
        {
            if r.start > start {
                break;
            }
            let end = r.end.min(observation.end);
            converted.push(Observation {
                start,
                end,
                value: observation.value * r.value,
                known_at: observation.known_at.max(r.known_at),
            });
            start = end;
        }
        if start >= observation.end {
            continue;
        }
        if start < window.period.1 && observation.end > window.period.0 {
            let covered = |o: Option<&Observation>, end: bool| {
                o.map_or("nothing".to_owned(), |o| {
                    instant(if end { o.end } else { o.start })
                })
            };
            return Err(fault(
                &notes.file,
                None,
                &notes.subject,
                "",
                format!(
                    "the exchange rate `{}` has no value at {}",
                    rate.name,
                    instant(start)
                ),
                format!(
                    "bind rates for the whole period; these run from {} to {}",
                    covered(rates.first(), false),
                    covered(rates.last(), true)
                ),
            )
            .into());
        }
        without += 1;
    }
    if without > 0 {
        notes.push(format!(
            "{} outside the period left out for want of an exchange rate",
            count(without, "interval")
        ));
    }
    Ok(converted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use swingload_model::series::Unit;

    fn o(start: i64, end: i64, value: f64, known_at: i64) -> Observation {
        Observation {
            start,
            end,
            value,
            known_at,
        }
    }

    fn run(
        observations: &[Observation],
        period: (i64, i64),
    ) -> Result<Vec<Observation>, Diagnostics> {
        let unit = Unit::ExchangeRate("USD".into(), "EUR".into());
        let rate =
            Series::new("eur_usd", unit, vec![o(0, 10, 2.0, 0), o(10, 20, 3.0, 9)]).expect("valid");
        let mut all = Vec::new();
        let mut notes = Notes {
            all: &mut all,
            subject: "data.price".into(),
            file: String::new(),
        };
        convert(
            observations,
            &rate,
            Window {
                from: 0,
                until: 30,
                period,
            },
            &mut notes,
        )
    }

    #[test]
    fn each_part_takes_the_rate_of_its_day_and_the_later_publication() {
        assert_eq!(
            run(&[o(0, 5, 1.0, 1), o(5, 15, 1.0, 4)], (0, 15)),
            Ok(vec![o(0, 5, 2.0, 1), o(5, 10, 2.0, 4), o(10, 15, 3.0, 9)])
        );
    }

    #[test]
    fn a_missing_rate_is_refused_inside_the_period_only() {
        let refused = run(&[o(15, 25, 1.0, 0)], (0, 30))
            .expect_err("no rate")
            .0
            .remove(0);
        assert!(
            refused.problem.contains("1970-01-01T00:00:20Z"),
            "{refused}"
        );
        assert_eq!(
            run(&[o(0, 5, 1.0, 1), o(25, 30, 1.0, 0)], (0, 20)),
            Ok(vec![o(0, 5, 2.0, 1)])
        );
    }
}
