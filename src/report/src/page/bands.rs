//! Forecast bands: what was expected of a day when it began.

use jiff::tz::TimeZone;
use swingload_forecast::models::{Options, model};
use swingload_forecast::{History, Request};
use swingload_model::TimeGrid;
use swingload_model::site::Amount;
use swingload_model::site::supply::SupplyKind;
use swingload_simulator::results::forecaster;

use crate::Results;
use crate::html::Band;

/// Band of the grid's price; `None` where it is constant or there is no grid.
pub(super) fn price(results: &Results) -> Option<Band> {
    let block = results.grid_block()?;
    band(
        results,
        &results.study.scenario.site.supply[block].price,
        1.0,
    )
}

/// Band of the surplus, W; `None` unless exactly one block has a series: the quantiles
/// of several do not add up.
pub(super) fn surplus(results: &Results) -> Option<Band> {
    let blocks = &results.study.scenario.site.supply;
    let mut blocks = blocks.iter().filter(|s| s.kind == SupplyKind::Surplus);
    let (block, None) = (blocks.next()?, blocks.next()) else {
        return None;
    };
    band(results, &block.available_mw, 1e6)
}

fn band(results: &Results, amount: &Amount, unit: f64) -> Option<Band> {
    let Amount::Series {
        series: name,
        scale,
    } = amount
    else {
        return None;
    };
    let (scenario, grid) = (&results.study.scenario, &results.study.truth.grid);
    let zone = TimeZone::get(&scenario.site.time_zone).ok()?;
    let own = scenario.forecast.series.get(name);
    let published = own.and_then(|o| o.published.as_deref());
    let inputs = own.map_or(&[][..], |o| &o.inputs);
    let truth = results.input.series.get(name)?;
    let options = Options {
        published,
        inputs,
        truth: Some(truth),
        utc_offset_s: i64::from(zone.to_offset(grid.start(0)).seconds()),
    };
    let forecaster = model(forecaster(scenario, name), &options)?;
    let mut history = History::new();
    let read = [Some(name.as_str()), published].into_iter().flatten();
    for name in read.chain(inputs.iter().map(String::as_str)) {
        let series = results.input.series.get(name)?;
        history.declare(name, series.unit.clone());
        for observation in series.observations() {
            history.push(name, *observation).ok()?;
        }
    }
    let mut band = Band::default();
    let mut from = 0;
    while from < grid.len() {
        let until = next_day(grid, from, options.utc_offset_s);
        let day = TimeGrid::from_boundaries(grid.boundaries()[from..=until].to_vec()).ok()?;
        let forecast = forecaster.forecast(&Request {
            history: &history,
            series: name,
            issued_at: grid.start_s(from),
            grid: &day,
            quantiles: true,
            paths: 0,
            seed: scenario.seed,
        });
        let levels = [
            (10, &mut band.p10),
            (50, &mut band.p50),
            (90, &mut band.p90),
        ];
        for (level, column) in levels {
            // A negative factor turns low into high.
            let level = if scale * unit < 0.0 {
                100 - level
            } else {
                level
            };
            let values = forecast.quantile(level)?;
            column.extend(values.into_iter().map(|v| Some(v * scale * unit)));
        }
        from = until;
    }
    Some(band)
}

/// First step of the next local day.
fn next_day(grid: &TimeGrid, from: usize, offset: i64) -> usize {
    let day = |t: usize| (grid.start_s(t) + offset).div_euclid(86_400);
    let rest = (from + 1..grid.len()).find(|t| day(*t) != day(from));
    rest.unwrap_or(grid.len())
}
