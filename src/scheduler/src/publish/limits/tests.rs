//! Caps, calls and supply that bind are named, and their worth is what more of them earns
//! when the plan is made again.

use swingload_model::TimeGrid;
use swingload_model::plan::{BindingLimit, Engine, LimitKind, Plan};

use crate::build::build;
use crate::controller::tests::world::{START, setup, site_of};
use crate::outlook::Outlook;
use crate::plan::{Budget, plan};
use crate::publish::{Occasion, publish};
use crate::state::SiteState;

const STEPS: usize = 6;

/// 100 USD per PH/s and day, power at 40 USD/MWh, a call of half the steps.
struct Calm;

impl Outlook for Calm {
    fn mean(&self, series: &str, grid: &TimeGrid) -> Vec<f64> {
        let value = |t: usize| match series {
            "btc" => 20_000.0,
            "difficulty" => 1e15 * 86_400.0 * 6.25 * 20_000.0 / (100.0 * 4_294_967_296.0),
            "calls" => [0.0, 1.0][t % 2],
            "perhaps" => [0.0, 0.05][t % 2],
            _ => 40.0,
        };
        (0..grid.len()).map(value).collect()
    }

    fn quantile(&self, series: &str, grid: &TimeGrid, _pct: u8) -> Vec<f64> {
        self.mean(series, grid)
    }
}

/// A site of 1 MW (or `root`) with miners of 1 MW that earn 20 J/TH's worth: 208.33 USD/MWh.
fn site(root: f64, grid_mw: f64, pool: &str, extra: &str) -> String {
    format!(
        r#"
name = "One"
currency = "USD"
time_zone = "UTC"
nodes = [{{ id = "root", kind = "interconnect", rating_mw = {root:?} }}]
[[supply]]
id = "grid"
kind = "grid"
available_mw = {grid_mw:?}
price_per_mwh = {{ series = "price" }}
[[pools]]
id = "miners"
node = "root"
model = "own"
count = 100
sleep_w = 0
points = [{{ power_w = 10000, hashrate_th_per_s = 500 }}]
{pool}
{extra}
"#
    )
}

fn planned(text: &str) -> Plan {
    let setup = setup(site_of(text));
    let boundaries = (0..=STEPS as i64).map(|h| START + h * 3600).collect();
    let grid = TimeGrid::from_boundaries(boundaries).expect("rising");
    let state = SiteState::asleep(&setup.site, START);
    let built = build(&setup, &Calm, &state, &[], &[], &grid);
    let planned = plan(&built.inputs, Budget::STUDY);
    let occasion = Occasion {
        site: &setup.site,
        jobs: &[],
        number: 1,
        engine: Engine::Fast,
        flips: 0,
    };
    publish(&occasion, &built, &planned).expect("certified")
}

/// The only limit that binds.
fn only(plan: &Plan) -> &BindingLimit {
    assert_eq!(plan.limits.len(), 1, "{:?}", plan.limits);
    &plan.limits[0]
}

/// What a plan made again with `more` MW of the limit earns beyond the first, per MW.
fn gained(text: &str, changed: &str, more: f64) -> f64 {
    let value = |text: &str| planned(text).certificate.value.as_units();
    (value(changed) - value(text)) / more
}

const HASH: f64 = 100.0 / 24.0 / 20e-3 - 40.0;

fn cap(mw: f64, penalty: f64) -> String {
    format!(
        "[[commitments]]\nid = \"dso-cap\"\nkind = \"power_limit\"\nlimit_mw = {mw:?}\n\
         penalty_per_mwh = {penalty:?}\n"
    )
}

/// Miners with and without memory: the latter fill a limit to the watt, the former in blocks.
const POOLS: [&str; 2] = ["", "wear_per_start = 0.01"];

#[test]
fn a_power_limit_is_worth_what_the_miners_it_keeps_out_earn() {
    for pool in POOLS {
        let text = site(1.0, 10.0, pool, &cap(0.5, 2000.0));
        let plan = planned(&text);
        let limit = only(&plan);
        assert_eq!(
            (limit.kind, &limit.of[..]),
            (LimitKind::PowerLimit, "dso-cap")
        );
        let worth = limit.worth().as_units();
        assert!((worth - HASH * STEPS as f64).abs() < 0.01, "{worth}");
        let truth = gained(&text, &site(1.0, 10.0, pool, &cap(0.75, 2000.0)), 0.25);
        assert!((worth - truth).abs() < 0.02 * truth, "{worth} {truth}");
    }
}

/// Room for less than a whole block of miners is no room for them.
#[test]
fn a_limit_binds_where_the_next_block_does_not_fit() {
    let plan = planned(&site(1.0, 10.0, POOLS[1], &cap(0.507, 2000.0)));
    let worth = only(&plan).worth().as_units();
    assert!((worth - HASH * STEPS as f64).abs() < 0.01, "{worth}");
}

/// Paying the penalty is cheaper than stopping: then the limit is worth the penalty.
#[test]
fn a_broken_power_limit_is_worth_its_penalty() {
    let text = site(1.0, 10.0, "", &cap(0.5, 30.0));
    let plan = planned(&text);
    let worth = only(&plan).worth().as_units();
    assert!((worth - 30.0 * STEPS as f64).abs() < 1e-3, "{worth}");
    let truth = gained(&text, &site(1.0, 10.0, "", &cap(0.6, 30.0)), 0.1);
    assert!((worth - truth).abs() < 1e-3 * truth, "{worth} {truth}");
}

/// A limit at which all that wants power has it binds nothing, whatever that power is worth.
#[test]
fn a_limit_that_keeps_nobody_out_is_worth_nothing() {
    for limit in [
        site(1.0, 10.0, "", &cap(1.0, 2000.0)),
        site(1.0, 1.0, "", ""),
        site(1.0, 10.0, "", ""),
        // The rating, and not the cap that could carry more, keeps them out.
        site(0.5, 10.0, "", &cap(0.8, 2000.0)).replace("count = 100", "count = 50"),
    ] {
        assert_eq!(planned(&limit).limits, [], "{limit}");
    }
    let both = planned(&site(0.5, 10.0, "", &cap(0.5, 2000.0)));
    assert_eq!(both.limits, [], "more of one alone earns nothing");
}

#[test]
fn a_call_is_named_while_it_lasts() {
    let programme = |firm: f64, calls: &str| {
        format!(
            "[[programmes]]\nid = \"reserve\"\ncapacity_mw = 0.5\navailability_per_mw_h = 5\n\
             firm_mw = {firm:?}\npenalty_per_mwh = 1000\ncalls = \"{calls}\"\n"
        )
    };
    for pool in POOLS {
        let text = site(1.0, 10.0, pool, &programme(0.25, "calls"));
        let plan = planned(&text);
        let limit = only(&plan);
        assert_eq!(
            (limit.kind, &limit.of[..]),
            (LimitKind::Programme, "reserve")
        );
        assert_eq!(limit.steps, [1, 3, 5]);
        let more = site(1.0, 10.0, pool, &programme(0.5, "calls"));
        let (worth, truth) = (limit.worth().as_units(), gained(&text, &more, 0.25));
        assert!((worth - truth).abs() < 0.02 * truth, "{worth} {truth}");
    }
    // A call of one step in twenty costs 50 USD/MWh, less than hashing earns.
    let text = site(1.0, 10.0, "", &programme(0.25, "perhaps"));
    let plan = planned(&text);
    assert_eq!(only(&plan).steps, [1, 3, 5]);
    let worth = only(&plan).worth().as_units();
    assert!((worth - 150.0).abs() < 1e-3, "{worth}");
}

#[test]
fn supply_is_worth_what_it_would_feed_or_displace() {
    for pool in POOLS {
        let text = site(1.0, 0.5, pool, "");
        let plan = planned(&text);
        let limit = only(&plan);
        assert_eq!((limit.kind, &limit.of[..]), (LimitKind::Supply, "grid"));
        let worth = limit.worth().as_units();
        assert!((worth - HASH * STEPS as f64).abs() < 0.01, "{worth}");
        let truth = gained(&text, &site(1.0, 0.75, pool, ""), 0.25);
        assert!((worth - truth).abs() < 0.02 * truth, "{worth} {truth}");
    }
    // Wind at 10 displaces the grid at 40; the rating is no part of it.
    let wind = |mw: f64| {
        format!(
            "[[supply]]\nid = \"wind\"\nkind = \"generation\"\navailable_mw = {mw:?}\n\
             price_per_mwh = 10\n"
        )
    };
    let text = site(2.0, 10.0, "", &wind(0.5));
    let plan = planned(&text);
    let limit = only(&plan);
    assert_eq!((limit.kind, &limit.of[..]), (LimitKind::Supply, "wind"));
    let truth = gained(&text, &site(2.0, 10.0, "", &wind(0.6)), 0.1);
    let worth = limit.worth().as_units();
    assert!((worth - 30.0 * STEPS as f64).abs() < 1e-3, "{worth}");
    assert!((worth - truth).abs() < 1e-3 * truth, "{worth} {truth}");
    // A source that is not there is no limit.
    assert_eq!(planned(&site(2.0, 10.0, "", &wind(0.0))).limits, []);
}

#[test]
fn a_tenant_that_has_all_it_asked_for_gives_no_limit_a_worth() {
    let tenant = "[[commitments]]\nid = \"tenant\"\nkind = \"hosting\"\nnode = \"root\"\n\
                  use = \"inference\"\npower_mw = 0.5\ncontracted_mw = 0.5\nprice_per_mwh = 120\n\
                  penalty_per_mwh = 500\n";
    let none = site(0.5, 10.0, "", tenant).replace("count = 100", "count = 0");
    assert_eq!(planned(&none).limits, []);
    // With miners beside it, they are who would take more, at what they earn.
    let miners = planned(&site(0.5, 10.0, "", tenant));
    let worth = only(&miners).worth().as_units();
    assert!((worth - HASH * STEPS as f64).abs() < 0.01, "{worth}");
}

#[test]
fn a_block_cut_at_the_limit_on_exports_is_the_one_that_is_named() {
    let sun = |mw: f64| {
        let text = site(
            2.0,
            10.0,
            "",
            &format!(
                "[[supply]]\nid = \"sun\"\nkind = \"surplus\"\navailable_mw = {mw:?}\n\
                 price_per_mwh = 5\nexport_price_per_mwh = 20\n"
            ),
        );
        // The sun stands before the grid, so that parts cut off it move the grid's position.
        let (before, rest) = text.split_once("[[supply]]\nid = \"grid\"").expect("grid");
        let (rest, sun) = rest.split_once("[[supply]]\nid = \"sun\"").expect("sun");
        let nodes = before.replace("rating_mw = 2.0", "rating_mw = 2.0, export_mw = 0.1");
        format!("{nodes}[[supply]]\nid = \"sun\"{sun}\n[[supply]]\nid = \"grid\"{rest}")
    };
    let plan = planned(&sun(0.5));
    let limit = only(&plan);
    assert_eq!((limit.kind, &limit.of[..]), (LimitKind::Supply, "sun"));
    // What more of it displaces of the grid, beyond its own price: none of it could be exported.
    let truth = gained(&sun(0.5), &sun(0.6), 0.1);
    let worth = limit.worth().as_units();
    assert!((truth - 35.0 * STEPS as f64).abs() < 1e-3, "{truth}");
    assert!((worth - truth).abs() < 1e-3 * truth, "{worth} {truth}");
    // Its price is what exporting it would earn.
    let supply = plan.supply.iter().find(|s| s.supply == "sun").expect("sun");
    assert!(
        supply.per_mwh.iter().all(|p| p.as_per_mwh() == 20.0),
        "{supply:?}"
    );
}
