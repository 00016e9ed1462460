//! Revenue of hashing: the bitcoin price stays, the difficulty is forecast, the subsidy is known.
//!
//! ```text
//! hashprice = 1e15 x 86400 x (subsidy + fees) x price / (difficulty x 2^32)     per PH/s and day
//! ```
//!
//! It is what the planner makes of the forecasts of the same three series, with their
//! uncertainty. Every quantile of the price with every quantile of the difficulty gives one
//! hashprice, all equally likely, and these give the band: over the days a plan looks ahead the
//! two are taken as independent. A path takes one path of each.

use swingload_model::forecast::{Fallback, QUANTILE_LEVELS};
use swingload_model::mining;
use swingload_model::series::Unit;

use super::difficulty::Difficulty;
use crate::baseline::Baseline;
use crate::errors::quantiles::of_equals;
use crate::{Forecast, Forecaster, Request};

/// The model. The unit of each input tells what it is: the bitcoin price, the difficulty, fees per
/// block, and a plain number, the observed hashrate in EH/s.
pub(super) struct Hashprice {
    inputs: Vec<String>,
    /// For prices and fees.
    plain: Baseline,
}

/// The inputs by what they are; each may be absent.
#[derive(Default)]
struct Parts<'a> {
    price: Option<&'a str>,
    difficulty: Option<&'a str>,
    fees: Option<&'a str>,
    hashrate: Option<&'a str>,
}

impl Hashprice {
    pub(super) fn new(inputs: &[String], plain: Baseline) -> Self {
        Self {
            inputs: inputs.to_vec(),
            plain,
        }
    }

    fn parts(&self, request: &Request<'_>) -> Parts<'_> {
        let mut parts = Parts::default();
        for name in &self.inputs {
            let part = match request.history.unit(name) {
                Some(Unit::PricePerBitcoin(_)) => &mut parts.price,
                Some(Unit::Difficulty) => &mut parts.difficulty,
                Some(Unit::BitcoinPerBlock) => &mut parts.fees,
                _ => &mut parts.hashrate,
            };
            part.get_or_insert(name);
        }
        parts
    }
}

impl Forecaster for Hashprice {
    fn name(&self) -> &str {
        "hashprice"
    }

    fn reads(&self) -> Vec<&str> {
        self.inputs.iter().map(String::as_str).collect()
    }

    fn forecast(&self, request: &Request<'_>) -> Forecast {
        let parts = self.parts(request);
        let (Some(price), Some(difficulty)) = (parts.price, parts.difficulty) else {
            return self.without(request, "its price or its difficulty");
        };
        let hashrate: Vec<String> = parts.hashrate.into_iter().map(str::to_owned).collect();
        let ask = |series| Request { series, ..*request };
        let price = self.plain.forecast(&ask(price));
        let difficulty = Difficulty::new(&hashrate).forecast(&ask(difficulty));
        let fees = parts.fees.map(|name| {
            let means = Request {
                quantiles: false,
                paths: 0,
                ..ask(name)
            };
            self.plain.forecast(&means).mean
        });
        let grid = request.grid;
        let at = |step: usize, price: f64, difficulty: f64| {
            let fees = fees.as_ref().map_or(0.0, |fees| fees[step].max(0.0));
            let reward = mining::subsidy(grid.start_s(step)) + fees;
            mining::hashprice(difficulty, reward, price).map(|hashprice| hashprice.get())
        };
        let steps = 0..grid.len();
        let mean: Option<Vec<f64>> = steps
            .clone()
            .map(|k| at(k, price.mean[k], difficulty.mean[k]))
            .collect();
        let Some(mut mean) = mean else {
            return self.without(request, "its price or its difficulty");
        };
        let band = |k: usize| {
            let pairs = (price.quantiles[k].iter())
                .flat_map(|p| difficulty.quantiles[k].iter().map(move |d| (*p, *d)));
            of_equals(pairs.filter_map(|(p, d)| at(k, p, d)))
        };
        let mut bands: Vec<[f64; QUANTILE_LEVELS.len()]> = match request.quantiles {
            true => steps.clone().map(band).collect(),
            false => Vec::new(),
        };
        let mut paths: Vec<Vec<f64>> = (price.paths.iter().zip(&difficulty.paths))
            .map(|(p, d)| {
                steps
                    .clone()
                    .map(|k| at(k, p[k], d[k]).unwrap_or(mean[k]))
                    .collect()
            })
            .collect();
        // What is published already is passed on as it is.
        let view = request.history.believed(request.series, request.issued_at);
        for step in steps {
            if let Some(known) = view.mean(grid.start_s(step), grid.end_s(step)) {
                mean[step] = known;
                bands
                    .get_mut(step)
                    .into_iter()
                    .for_each(|band| *band = [known; 19]);
                paths.iter_mut().for_each(|path| path[step] = known);
            }
        }
        Forecast {
            issued_at: request.issued_at,
            grid: grid.clone(),
            mean,
            quantiles: bands,
            paths,
            model: self.name().to_owned(),
            fallbacks: named(&[&price, &difficulty]),
        }
    }
}

impl Hashprice {
    /// The plain rule on the series itself.
    fn without(&self, request: &Request<'_>, what: &str) -> Forecast {
        let mut forecast = self.plain.forecast(request);
        forecast.model = self.name().to_owned();
        if forecast.fallbacks.is_empty() {
            forecast.fallbacks.push(Fallback {
                what: format!("{} without {what}", self.plain.name()),
                steps: request.grid.len(),
                extent: None,
            });
        }
        forecast
    }
}

/// What stood in for the parts, each of which is said of its own model.
fn named(parts: &[&Forecast]) -> Vec<Fallback> {
    let all = parts.iter().flat_map(|part| {
        part.fallbacks.iter().map(|fallback| Fallback {
            what: format!("{}: {}", part.model, fallback.what),
            ..fallback.clone()
        })
    });
    all.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{Options, model};
    use crate::{History, seed::mix};
    use swingload_model::TimeGrid;
    use swingload_model::series::Observation;

    const DAY: i64 = 86_400;
    /// 2022-01-01; the subsidy is 6.25 until 2024.
    const START: i64 = 1_640_995_200;
    const NOW: i64 = START + 120 * DAY;

    /// A price that walks, a difficulty that rises by 2 % every fortnight, fees of a tenth.
    fn history() -> History {
        let mut history = History::new();
        history.declare("usd", Unit::PricePerBitcoin("USD".into()));
        history.declare("difficulty", Unit::Difficulty);
        history.declare("fees", Unit::BitcoinPerBlock);
        history.declare("hashprice", Unit::Hashprice("USD".into()));
        let mut price = 40_000.0;
        for day in 0..130 {
            let start = START + day * DAY;
            price *= libm::exp(0.03 * ((mix(day as u64) % 2_001) as f64 / 1_000.0 - 1.0));
            let mut push = |series: &str, value, known_at| {
                let end = start + DAY;
                let observation = Observation {
                    start,
                    end,
                    value,
                    known_at,
                };
                history.push(series, observation).expect("valid");
            };
            push("usd", price, start);
            push(
                "difficulty",
                2e13 * libm::exp(0.02 * (day / 14) as f64),
                start + DAY,
            );
            push("fees", 0.1, start + DAY);
        }
        history
    }

    fn ask(history: &History, inputs: &[&str]) -> Forecast {
        let inputs: Vec<String> = inputs.iter().map(|name| (*name).to_owned()).collect();
        let options = Options {
            inputs: &inputs,
            ..Options::default()
        };
        let grid = TimeGrid::from_boundaries((0..=7).map(|d| NOW + d * DAY).collect());
        model("hashprice", &options)
            .expect("registered")
            .forecast(&Request {
                history,
                series: "hashprice",
                issued_at: NOW,
                grid: &grid.expect("rising"),
                quantiles: true,
                paths: 20,
                seed: 1,
            })
    }

    #[test]
    fn it_is_what_its_parts_make_of_it() {
        let history = history();
        let forecast = ask(&history, &["difficulty", "usd", "fees"]);
        assert_eq!(forecast.fallback_text(), None);
        let price = history
            .view("usd", NOW)
            .mean(NOW, NOW + DAY)
            .expect("known");
        let difficulty = 2e13 * libm::exp(0.02 * 8.0);
        let now = mining::hashprice(difficulty, 6.25 + 0.1, price)
            .expect("valid")
            .get();
        assert!(
            (forecast.mean[0] / now - 1.0).abs() < 1e-9,
            "{} for {now}",
            forecast.mean[0]
        );
        for (step, band) in forecast.quantiles.iter().enumerate() {
            assert!(band.is_sorted());
            assert!(
                (band[1]..=band[17]).contains(&forecast.mean[step]),
                "{band:?}"
            );
        }
        let width = |step: usize| forecast.quantiles[step][17] - forecast.quantiles[step][1];
        assert!(width(6) > 1.5 * width(1), "{} and {}", width(6), width(1));
        assert_eq!(forecast.paths.len(), 20);
    }

    #[test]
    fn without_its_parts_it_is_the_plain_rule_and_says_so() {
        let mut history = history();
        for day in 0..120 {
            let (start, end) = (START + day * DAY, START + (day + 1) * DAY);
            let observation = Observation {
                start,
                end,
                value: 90.0 + (day % 3) as f64,
                known_at: end,
            };
            history.push("hashprice", observation).expect("valid");
        }
        let forecast = ask(&history, &["difficulty"]);
        assert_eq!(forecast.mean, [92.0; 7]);
        let said = forecast.fallback_text().expect("says so");
        assert!(said.starts_with("persistence without its price"), "{said}");
    }
}
