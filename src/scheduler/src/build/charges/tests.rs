use swingload_model::TimeGrid;

use super::super::tests::{Forecast, Foresight, connection};
use super::*;
use crate::controller::tests::world::{setup, site_of};
use crate::outlook::Outlook;

/// A quarter of the second step is called, and all of the third.
struct Calls;

impl Outlook for Calls {
    fn mean(&self, _series: &str, _grid: &TimeGrid) -> Vec<f64> {
        vec![0.0, 0.25, 1.0]
    }

    fn quantile(&self, series: &str, grid: &TimeGrid, _pct: u8) -> Vec<f64> {
        self.mean(series, grid)
    }
}

/// [`connection`] with `extra` appended.
fn site(extra: &str) -> Site {
    site_of(&format!("{}{extra}", connection(10.0)))
}

/// One hour's supply as `(id, MW, cost)`, what cannot be had left out.
fn offered(site: Site, outlook: &dyn Outlook, must_serve: f64) -> Vec<(String, f64, f64)> {
    let grid = TimeGrid::from_boundaries(vec![0, 3600]).expect("a step");
    let look = Look::new(outlook, &grid);
    let limits = load_limits(&site, &look);
    let (all, _) = supplies(&setup(site), &look, &[must_serve], &[1e3], &limits);
    all.into_iter()
        .map(|s| (s.id, s.available[0], s.cost[0]))
        .filter(|(_, mw, _)| *mw > 0.0)
        .collect()
}

fn offer(id: &str, mw: f64, cost: f64) -> (String, f64, f64) {
    (id.to_owned(), mw, cost)
}

#[test]
fn a_call_over_part_of_a_step_bears_that_part_of_the_penalty() {
    let site = site(
        r#"
[[supply]]
id = "grid"
kind = "grid"
available_mw = 10
price_per_mwh = 50
[[programmes]]
id = "reserve"
capacity_mw = 5
availability_per_mw_h = 10
calls = "calls"
firm_mw = 2
penalty_per_mwh = 400
"#,
    );
    let grid = TimeGrid::from_boundaries(vec![0, 3600, 7200, 10_800]).expect("steps");
    let look = Look::new(&Calls, &grid);
    let limits = load_limits(&site, &look);
    assert_eq!(limits[0].id, "reserve");
    assert_eq!(limits[0].most[..], [f64::INFINITY, 2.0, 2.0]);
    let (all, _) = supplies(&setup(site), &look, &[0.0; 3], &[1e3; 3], &limits);
    // Within the firm level, and beyond it.
    let costs: Vec<&[f64]> = all.iter().map(|s| &s.cost[..]).collect();
    assert_eq!(costs, [[50.0, 50.0, 50.0], [50.0, 150.0, 450.0]]);
}

#[test]
fn a_certificate_lets_no_local_supply_use_up_a_limit() {
    // Wind at an empty feeder that may not export reaches no load.
    let site = site(
        r#"
[[nodes]]
id = "wind_feeder"
parent = "connection"
kind = "feeder"
rating_mw = 10
[[supply]]
id = "grid"
kind = "grid"
available_mw = 10
price_per_mwh = 20
[[supply]]
id = "wind"
kind = "surplus"
node = "wind_feeder"
available_mw = 5
price_per_mwh = 1
[[commitments]]
kind = "power_limit"
id = "cap"
limit_mw = 6
penalty_per_mwh = 500
"#,
    );
    let decides = [
        offer("grid", 1.0, 20.0),
        offer("wind", 5.0, 1.0),
        offer("grid", 9.0, 520.0),
    ];
    assert_eq!(offered(site.clone(), &Forecast, 0.0), decides);
    let bounds = [
        offer("grid", 6.0, 20.0),
        offer("wind", 5.0, 1.0),
        offer("grid", 4.0, 520.0),
    ];
    assert_eq!(offered(site, &Foresight, 0.0), bounds);
}

#[test]
fn other_supply_serves_once_what_must_be_served() {
    let site = site_of(&format!(
        "surplus_only = {{ quantile_pct = 10 }}\n{}{}",
        connection(10.0),
        r#"
[[supply]]
id = "gas"
kind = "generation"
available_mw = 10
price_per_mwh = 25
[[supply]]
id = "grid"
kind = "grid"
available_mw = 1.5
price_per_mwh = 20
[[supply]]
id = "wind"
kind = "surplus"
available_mw = 3
price_per_mwh = 30
"#
    ));
    let wind = offer("wind", 3.0, 30.0);
    let grid = offer("grid", 1.5, 20.0);
    assert_eq!(
        offered(site.clone(), &Forecast, 2.0),
        [offer("gas", 0.5, 25.0), grid.clone(), wind.clone()],
        "2 MW in all, the cheaper supply first"
    );
    assert_eq!(
        offered(site, &Foresight, 2.0),
        [offer("gas", 2.0, 25.0), grid, wind],
        "a bound cannot tell which of them limits inside the tree let through"
    );
}
