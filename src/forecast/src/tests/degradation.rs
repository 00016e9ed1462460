//! Every model under every fault of every series it reads: it goes on, says so, and is no
//! surer of itself than without the fault.

use swingload_model::series::{Observation, Unit};

use super::world::{self, DAY, HOUR};
use super::{bits, names};
use crate::models::{Model, Options};
use crate::{Forecast, History, Request, model};

const ISSUED_AT: i64 = 36 * DAY + 9 * HOUR;
/// Part of the width without the fault that a band may lack: bands rest on samples of past
/// errors, and those of neighbouring leads differ by chance.
const TOLERANCE: f64 = 0.1;

/// What can go wrong with a series from some time before the issue on.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    /// Published only after the issue, and then one after the other.
    Late,
    /// Never published, for six hours of the day before and of all weeks before.
    Missing,
    /// Nothing for thirty hours.
    Stale,
    /// Published twice.
    Duplicated,
    /// In a unit of a thousandth, or of a thousand.
    Times(f64),
}

const FAULTS: [Fault; 6] = [
    Fault::Late,
    Fault::Missing,
    Fault::Stale,
    Fault::Duplicated,
    Fault::Times(1e3),
    Fault::Times(1e-3),
];

impl Fault {
    /// What is published in place of an observation that lies so far behind the issue.
    fn of(self, o: Observation) -> Vec<Observation> {
        // Forecasts are published ahead; their fault is that of the hours to come.
        let is_ahead = o.known_at < o.start;
        let since = |hours: i64| match is_ahead {
            true => o.start >= ISSUED_AT,
            false => o.end > ISSUED_AT - hours * HOUR,
        };
        match self {
            Self::Late if since(6) => vec![Observation {
                known_at: o.known_at.max(ISSUED_AT) + 1,
                ..o
            }],
            Self::Missing if (8..14).contains(&(o.start.rem_euclid(DAY) / HOUR)) => {
                match is_ahead || (o.start - ISSUED_AT).div_euclid(DAY).rem_euclid(7) > 4 {
                    true => vec![],
                    false => vec![o],
                }
            }
            Self::Stale if is_ahead && o.start >= ISSUED_AT - 30 * HOUR => vec![],
            Self::Stale if since(30) => vec![],
            Self::Duplicated => vec![o, o],
            Self::Times(factor) if since(3) => vec![Observation {
                value: factor * o.value,
                ..o
            }],
            _ => vec![o],
        }
    }
}

/// The series of [`world`], all prices well above zero, with faults in one of them.
fn history(faulty: &str, fault: Option<Fault>, scrambled: bool) -> History {
    let plain = world::history(40, 1.0);
    let mut history = History::new();
    for (name, ahead) in [("price", 0), ("outlook", 2 * DAY)] {
        history.declare(name, Unit::PricePerMwh("USD".into()));
        let view = plain.view(name, i64::MAX);
        let mut published = Vec::new();
        for start in (0..40 * DAY).step_by(HOUR as usize) {
            let end = start + HOUR;
            let value = 100.0 + view.mean(start, end).expect("known");
            let o = Observation {
                start,
                end,
                value,
                known_at: if ahead > 0 { start - ahead } else { end },
            };
            match fault.filter(|_| name == faulty) {
                Some(fault) => published.extend(fault.of(o)),
                None => published.push(o),
            }
        }
        for o in &mut published {
            if scrambled && o.known_at > ISSUED_AT {
                o.value = 3.0 * o.value - 77.0;
            }
        }
        published.sort_by_key(|o| (o.known_at, o.start));
        for o in published {
            history.push(name, o).expect("valid");
        }
    }
    history
}

fn ask(model: &Model, history: &History) -> Forecast {
    model.forecast(&Request {
        history,
        series: "price",
        issued_at: ISSUED_AT,
        grid: &world::grid(ISSUED_AT, HOUR, 36),
        quantiles: true,
        paths: 5,
        seed: 1,
    })
}

fn width(forecast: &Forecast) -> f64 {
    let widths = forecast.quantiles.iter().map(|q| q[17] - q[1]);
    widths.sum::<f64>() / forecast.quantiles.len() as f64
}

#[test]
fn every_fault_is_survived_named_and_widens_the_band() {
    let plain = history("", None, false);
    let mut problems = Vec::new();
    let truth = world::truth(60);
    let inputs = ["outlook".to_owned()];
    let options = Options {
        inputs: &inputs,
        ..world::options(&truth)
    };
    // Of the regressions on day-ahead prices one is enough: they read their series alike.
    for name in names().filter(|name| !name.contains("kernel")) {
        // One instance for all, which remembers what is the same in all.
        let model = model(name, &options).expect("registered");
        let whole = ask(&model, &plain);
        assert_eq!(whole.fallback_text(), None, "{name}");
        for series in ["price", "outlook"] {
            for fault in FAULTS {
                let case = format!("{name}, {series} {fault:?}");
                let forecast = ask(&model, &history(series, Some(fault), false));
                let all = bits(&forecast);
                let finite = all.iter().all(|b| f64::from_bits(*b).is_finite());
                assert!(finite, "{case}");
                assert!(forecast.quantiles.iter().all(|q| q.is_sorted()), "{case}");
                let scrambled = ask(&model, &history(series, Some(fault), true));
                assert_eq!(all, bits(&scrambled), "{case}: the future shows");
                assert_eq!(forecast.fallbacks, scrambled.fallbacks, "{case}");
                if all == bits(&whole) {
                    continue;
                }
                assert_ne!(fault, Fault::Duplicated, "{case}: not the same");
                if forecast.fallbacks.is_empty() {
                    problems.push(format!("{case}: not named"));
                }
                let (less, full) = (width(&forecast), width(&whole));
                if less < (1.0 - TOLERANCE) * full {
                    problems.push(format!("{case}: {less} wide, without the fault {full}"));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
