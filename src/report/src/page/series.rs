//! Power, price and surplus per step.

use swingload_model::site::Use as Usage;
use swingload_model::site::supply::SupplyKind;

use super::bands;
use crate::Results;
use crate::html::{StepSeries, Use, UseSeries};

/// The main policy's power under the limit, with prices and surplus.
pub(super) fn series(results: &Results) -> StepSeries {
    let study = &results.study;
    let (grid, truth) = (&study.truth.grid, &study.truth);
    let steps = grid.len();
    let surplus: Vec<usize> = (0..truth.supply.len())
        .filter(|k| study.scenario.site.supply[*k].kind == SupplyKind::Surplus)
        .collect();
    // Drawn from the bottom: what must run, then what moves.
    let order = [
        Usage::Overhead,
        Usage::Inference,
        Usage::Training,
        Usage::Hashing,
    ];
    let run = results.main();
    let uses = order.map(|used_for| {
        let mut watts = vec![0; steps];
        for (load, energy) in study.loads.iter().zip(&run.load_energy) {
            if load.used_for == used_for {
                for t in 0..steps {
                    watts[t] += energy[t] / grid.duration(t).get();
                }
            }
        }
        UseSeries {
            usage: usage(used_for),
            watts,
        }
    });
    StepSeries {
        starts: (0..steps).map(|t| grid.start_s(t)).collect(),
        end: grid.end_s(steps - 1),
        limit: (0..steps).map(|t| results.room(t)).collect(),
        uses: uses.into(),
        price: (0..steps)
            .map(|t| Some(results.reference_price(run, t)))
            .collect(),
        marginal: Vec::new(),
        price_forecast: bands::price(results),
        surplus: if surplus.is_empty() {
            Vec::new()
        } else {
            let at = |t: usize| {
                surplus
                    .iter()
                    .map(|k| truth.supply[*k].available.at(t))
                    .sum()
            };
            (0..steps).map(|t| Some(at(t))).collect()
        },
        surplus_forecast: bands::surplus(results),
    }
}

/// The page's word for a use.
pub(crate) fn usage(used_for: Usage) -> Use {
    match used_for {
        Usage::Hashing => Use::Hashing,
        Usage::Inference => Use::Inference,
        Usage::Training => Use::Training,
        Usage::Overhead => Use::Overhead,
    }
}
