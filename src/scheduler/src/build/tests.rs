use swingload_model::TimeGrid;
use swingload_model::catalogue::Catalogue;
use swingload_model::scenario::{Horizon, PolicySettings};
use swingload_model::site::Site;

use super::build;
use crate::outlook::Outlook;
use crate::policy::Setup;
use crate::state::SiteState;

/// A mean of 1 MW and degree, hashing worth 100 USD per PH/s and day; quantiles lie their
/// own share above.
pub(super) struct Forecast;

impl Outlook for Forecast {
    fn mean(&self, series: &str, grid: &TimeGrid) -> Vec<f64> {
        let value = match series {
            "btc" => 20_000.0,
            // 1 PH/s for a day is 1e15 x 86400 x 6.25 x btc / (difficulty x 2^32).
            "difficulty" => 1e15 * 86_400.0 * 6.25 * 20_000.0 / (100.0 * 4_294_967_296.0),
            _ => 1.0,
        };
        vec![value; grid.len()]
    }

    fn quantile(&self, series: &str, grid: &TimeGrid, pct: u8) -> Vec<f64> {
        let share = 1.0 + f64::from(pct) / 100.0;
        self.mean(series, grid).iter().map(|v| v * share).collect()
    }
}

/// [`Forecast`]'s means, known for certain.
pub(super) struct Foresight;

impl Outlook for Foresight {
    fn mean(&self, series: &str, grid: &TimeGrid) -> Vec<f64> {
        Forecast.mean(series, grid)
    }

    fn is_truth(&self) -> bool {
        true
    }

    fn quantile(&self, series: &str, grid: &TimeGrid, _pct: u8) -> Vec<f64> {
        self.mean(series, grid)
    }
}

/// The beginning of a site: one connection.
pub(super) fn connection(rating_mw: f64) -> String {
    format!(
        r#"
name = "One connection"
currency = "USD"
time_zone = "UTC"
[[nodes]]
id = "connection"
kind = "interconnect"
rating_mw = {rating_mw:?}
"#
    )
}

/// A site of constants asks for no series.
struct Nothing;

impl Outlook for Nothing {
    fn mean(&self, series: &str, _grid: &TimeGrid) -> Vec<f64> {
        panic!("nobody asks for `{series}`");
    }

    fn quantile(&self, series: &str, grid: &TimeGrid, _pct: u8) -> Vec<f64> {
        self.mean(series, grid)
    }
}

const SITE: &str = r#"
name = "H100 at 2.35 USD an hour"
currency = "USD"
time_zone = "UTC"
[[nodes]]
id = "connection"
kind = "interconnect"
rating_mw = 10
[[nodes]]
id = "hall"
parent = "connection"
kind = "hall"
rating_mw = 10
[nodes.hall]
marginal_pue = 1.25
[[supply]]
id = "grid"
kind = "grid"
available_mw = 10
price_per_mwh = 50
[[gpu_pools]]
id = "h100"
node = "hall"
model = "H100"
count = 800
running_w = 1275
idle_w = 0
[[services]]
id = "chat"
gpu_pool = "h100"
demand_gpus = 400
floor_gpus = 400
floor_value_per_gpu_h = 2.35
floor_penalty_per_gpu_h = 0
"#;

#[test]
fn a_sold_gpu_is_worth_its_price_over_its_facility_power() {
    let site = Site::from_toml("site.toml", SITE, &[], &Catalogue::embedded()).expect("valid");
    let state = SiteState::asleep(&site, 0);
    let setup = Setup {
        site,
        mining: None,
        horizon: Horizon {
            stretches: Vec::new(),
        },
        policies: PolicySettings::default(),
        seed: 1,
    };
    let grid = TimeGrid::from_boundaries(vec![0, 3600]).expect("a step");
    let built = build(&setup, &Nothing, &state, &[], &[], &grid);
    let tier = &built.inputs.stacks[built.service[0]].tiers[0];
    // 2.35 USD / (1.275 kW x 1.25) while running.
    assert!(
        (tier.value[0] - 1474.5).abs() < 0.1,
        "{} USD/MWh",
        tier.value[0]
    );
    assert!(
        (tier.mw[0] - 400.0 * 0.001_275 * 1.25).abs() < 1e-12,
        "{} MW",
        tier.mw[0]
    );
}
