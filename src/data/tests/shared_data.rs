//! Real files bound as they lie in a data root, and figures that follow from them.
//!
//! Needs the environment variable `SWINGLOAD_DATA`; without it the tests say so and pass.

use std::path::{Path, PathBuf};

use swingload_data::{Loaded, load};
use swingload_model::catalogue::Catalogue;
use swingload_model::scenario::Scenario;
use swingload_model::units::Hashprice;
use swingload_model::{TimeGrid, mining};
use swingload_worlds::GPUS as SITE;

fn data_root() -> Option<PathBuf> {
    let root = std::env::var_os("SWINGLOAD_DATA").map(PathBuf::from);
    if root.is_none() {
        eprintln!("skipped: SWINGLOAD_DATA is not set");
    }
    root
}

fn scenario(start: &str, end: &str, step_min: u32, body: &str) -> Scenario {
    let text = format!(
        "title = \"T\"\ndescription = \"T\"\nsite = \"site.toml\"\n[period]\nstart = \"{start}\"\nend = \"{end}\"\nstep_min = {step_min}\n{body}"
    );
    Scenario::from_toml(
        "scenario.toml",
        &text,
        "site.toml",
        SITE,
        &[],
        &Catalogue::embedded(),
    )
    .unwrap_or_else(|faults| panic!("{faults}\n{body}"))
}

fn read(root: &Path, start: &str, end: &str, step_min: u32, body: &str) -> (Scenario, Loaded) {
    let scenario = scenario(start, end, step_min, body);
    let loaded = load(&scenario, Some(root)).unwrap_or_else(|faults| panic!("{faults}\n{body}"));
    (scenario, loaded)
}

/// A file with its unit, columns, other keys, and a period it covers with steps of so many minutes.
struct Bound {
    file: &'static str,
    unit: &'static str,
    columns: &'static [&'static str],
    keys: &'static str,
    period: (&'static str, &'static str),
    step_min: u32,
}

const UTC: &str = "time = { column = \"time_utc\" }\npublication = \"end\"\n";

const SERIES: &[Bound] = &[
    Bound {
        file: "power-ercot/ercot_dam_hub_avg_2020_2022.csv.gz",
        unit: "USD/MWh",
        columns: &["price_usd_per_mwh"],
        keys: "step_min = 60",
        period: ("2020-01-02T00:00:00Z", "2023-01-01T06:00:00Z"),
        step_min: 60,
    },
    Bound {
        // 2024-11-03, the day the clocks go back, is not in the file.
        file: "power-ercot/ercot_hb_south_da_rt_15min_202406_202412.csv.gz",
        unit: "USD/MWh",
        columns: &["da_price_usd_per_mwh", "rt_price_usd_per_mwh"],
        keys: "step_min = 15\ngaps = \"interpolate\"\ngap_max_min = 1500",
        period: ("2024-06-01T05:00:00Z", "2025-01-01T06:00:00Z"),
        step_min: 15,
    },
    Bound {
        file: "power-caiso/caiso_dam_np15_2020_2022.csv.gz",
        unit: "USD/MWh",
        columns: &["price_usd_per_mwh"],
        keys: "step_min = 60",
        period: ("2020-01-01T08:00:00Z", "2023-01-01T08:00:00Z"),
        step_min: 60,
    },
    Bound {
        file: "power-caiso/caiso_day_ahead_forecasts_202110_202211.csv.gz",
        unit: "MW",
        columns: &[
            "sp15_solar_forecast_mw",
            "sp15_wind_forecast_mw",
            "system_load_forecast_mw",
        ],
        keys: "step_min = 60\ngaps = \"leave\"",
        period: ("2021-10-01T00:00:00Z", "2022-11-09T06:00:00Z"),
        step_min: 60,
    },
    Bound {
        file: "power-pjm/pjm_dom_rt_2020_2022.csv.gz",
        unit: "USD/MWh",
        columns: &["price_usd_per_mwh"],
        keys: "step_min = 60\ngaps = \"previous\"\ngap_max_min = 1440",
        period: ("2020-01-01T05:00:00Z", "2022-12-31T05:00:00Z"),
        step_min: 60,
    },
    Bound {
        file: "power-nem/nem_sa1_5min_202110_2023.csv.gz",
        unit: "AUD/MWh",
        columns: &["price_aud_per_mwh"],
        keys: "step_min = 5",
        period: ("2021-10-01T00:00:00Z", "2023-12-31T13:55:00Z"),
        step_min: 5,
    },
    Bound {
        file: "power-nem/nem_sa1_30min_2014_202109.csv.gz",
        unit: "AUD/MWh",
        columns: &["price_aud_per_mwh"],
        keys: "step_min = 30",
        period: ("2014-01-01T00:00:00Z", "2021-09-30T14:00:00Z"),
        step_min: 30,
    },
    Bound {
        file: "power-eu/entsoe_de_es_2019_2020.csv.gz",
        unit: "EUR/MWh",
        columns: &["price_eur_per_mwh"],
        keys: "step_min = 60\nfilter = { column = \"zone\", equals = \"DE\" }",
        period: ("2019-01-01T00:00:00Z", "2021-01-01T00:00:00Z"),
        step_min: 60,
    },
    Bound {
        file: "power-eu/epf_de_2012_2017.csv.gz",
        unit: "EUR/MWh",
        columns: &["price_eur_per_mwh"],
        keys: "step_min = 60",
        period: ("2012-01-08T23:00:00Z", "2017-12-31T23:00:00Z"),
        step_min: 60,
    },
    Bound {
        file: "power-eu/epf_price_forecasts_de.csv.gz",
        unit: "EUR/MWh",
        columns: &[
            "price_eur_per_mwh",
            "forecast_dnn_ensemble_eur_per_mwh",
            "forecast_lear_ensemble_eur_per_mwh",
        ],
        keys: "step_min = 60",
        period: ("2016-01-03T23:00:00Z", "2017-12-31T23:00:00Z"),
        step_min: 60,
    },
    Bound {
        file: "power-eu/rte_day_ahead_de_fr_2021_2022.csv.gz",
        unit: "EUR/MWh",
        columns: &["price_eur_per_mwh"],
        keys: "step_min = 60\nfilter = { column = \"zone\", equals = \"FR\" }\ngaps = \"previous\"\ngap_max_min = 1440",
        period: ("2020-12-31T23:00:00Z", "2022-12-31T23:00:00Z"),
        step_min: 60,
    },
    Bound {
        file: "power-eu/spain_2015_2017.csv.gz",
        unit: "EUR/MWh",
        columns: &["price_day_ahead_eur_per_mwh", "price_actual_eur_per_mwh"],
        keys: "step_min = 60",
        period: ("2014-12-31T23:00:00Z", "2017-12-31T23:00:00Z"),
        step_min: 60,
    },
    Bound {
        file: "power-eu/spain_2015_2017.csv.gz",
        unit: "MW",
        columns: &[
            "load_actual_mw",
            "solar_actual_mw",
            "wind_actual_mw",
            "wind_day_ahead_forecast_mw",
        ],
        keys: "step_min = 60\ngaps = \"interpolate\"",
        period: ("2014-12-31T23:00:00Z", "2017-12-31T23:00:00Z"),
        step_min: 60,
    },
    Bound {
        file: "power-eia930/eia930_generation_2022_7ba.csv.gz",
        unit: "MW",
        columns: &["wind_mw", "solar_mw", "gas_mw"],
        keys: "step_min = 60\nfilter = { column = \"balancing_authority\", equals = \"ERCO\" }",
        period: ("2021-12-31T23:00:00Z", "2022-12-31T23:00:00Z"),
        step_min: 60,
    },
    Bound {
        file: "surplus/gb_wind_curtailment_15min_202510.csv.gz",
        unit: "MW",
        columns: &["wind_planned_mw", "wind_curtailed_mw", "all_turned_up_mw"],
        keys: "step_min = 15",
        period: ("2025-09-30T23:30:00Z", "2025-11-01T00:00:00Z"),
        step_min: 15,
    },
    Bound {
        file: "surplus/orkney_anm_10min_2018_2019.csv.gz",
        unit: "MW",
        columns: &["demand_mw", "anm_generation_mw"],
        keys: "step_min = 10\ngaps = \"leave\"",
        period: ("2018-12-01T00:00:00Z", "2019-03-01T00:00:00Z"),
        step_min: 10,
    },
    Bound {
        file: "carbon/carbon_intensity_2021_2022.csv.gz",
        unit: "g/kWh",
        columns: &["direct_g_per_kwh", "lifecycle_g_per_kwh"],
        keys: "step_min = 60\nfilter = { column = \"zone\", equals = \"GB\" }",
        period: ("2021-01-01T00:00:00Z", "2023-01-01T00:00:00Z"),
        step_min: 60,
    },
    Bound {
        file: "weather/weather_hourly_2020_2022.csv.gz",
        unit: "degC",
        columns: &["air_temp_c", "wet_bulb_c"],
        keys: "step_min = 60\nfilter = { column = \"zone\", equals = \"US-TEX-ERCO\" }",
        period: ("2020-01-01T05:00:00Z", "2023-01-01T05:00:00Z"),
        step_min: 60,
    },
    Bound {
        // Times of this zone lie on the half hour.
        file: "weather/weather_hourly_2020_2022.csv.gz",
        unit: "degC",
        columns: &["air_temp_c"],
        keys: "step_min = 60\nfilter = { column = \"zone\", equals = \"IN-WE\" }",
        period: ("2020-01-01T00:00:00Z", "2022-12-31T00:00:00Z"),
        step_min: 60,
    },
];

#[test]
fn every_series_can_be_bound_as_it_lies() {
    let Some(root) = data_root() else { return };
    for bound in SERIES {
        let body: String = bound
            .columns
            .iter()
            .enumerate()
            .map(|(i, column)| {
                format!(
                    "[data.s{i}]\nunit = \"{}\"\nfile = \"{}\"\ncolumn = \"{column}\"\n{}\n{UTC}",
                    bound.unit, bound.file, bound.keys
                )
            })
            .collect();
        let (scenario, loaded) = read(&root, bound.period.0, bound.period.1, bound.step_min, &body);
        loaded.notes.iter().for_each(|note| eprintln!("{note}"));
        for (i, column) in bound.columns.iter().enumerate() {
            let series = &loaded.series[&format!("s{i}")];
            assert!(!series.observations().is_empty());
            if !bound.keys.contains("leave") {
                let values = series.on_grid(&scenario.grid);
                assert!(values.is_ok(), "{}: {column}: {values:?}", bound.file);
            }
        }
    }
}

#[test]
fn bitcoin_files_can_be_bound_as_they_lie() {
    let Some(root) = data_root() else { return };
    let date = "time = { column = \"date\", format = \"date\" }\nstep_min = 1440\npublication = \"start\"\n";
    let rows = [
        (
            "USD/BTC",
            "btc_daily_2018_2024",
            "open_usd",
            date,
            ("2018-01-01", "2025-01-01"),
        ),
        (
            "difficulty",
            "btc_daily_2018_2024",
            "difficulty_mean",
            date,
            ("2018-01-01", "2025-01-01"),
        ),
        (
            "USD/BTC",
            "btc_network_daily_2010_2021",
            "price_usd",
            date,
            ("2010-07-17", "2021-12-14"),
        ),
        (
            "1",
            "btc_network_daily_2010_2021",
            "fees_share_of_reward_pct",
            date,
            ("2010-07-17", "2021-12-14"),
        ),
        (
            "difficulty",
            "btc_difficulty_periods_2009_2024",
            "difficulty",
            "time = { column = \"first_block_time_utc\" }\npublication = \"start\"\n",
            ("2009-01-04", "2025-01-01"),
        ),
        (
            // 144 blocks a day; one day has no value.
            "BTC/block",
            "btc_fees_daily_202304_202404",
            "fees_btc_per_day",
            "time = { column = \"date\", format = \"date\" }\nstep_min = 1440\npublication = \"end\"\nscale = 0.006944444\ngaps = \"interpolate\"\ngap_max_min = 1440\n",
            ("2023-04-30", "2024-04-28"),
        ),
        (
            "1",
            "btc_blocks_2021_2024",
            "",
            "time = { column = \"header_time_utc\" }\nevents_per_second_min = 1440\npublication = \"end\"\n",
            ("2021-01-03", "2024-12-31"),
        ),
    ];
    for (unit, file, column, keys, (start, end)) in rows {
        let column = if column.is_empty() {
            String::new()
        } else {
            format!("column = \"{column}\"\n")
        };
        let body = format!(
            "[data.s]\nunit = \"{unit}\"\nfile = \"bitcoin/{file}.csv.gz\"\n{column}{keys}"
        );
        let (scenario, loaded) = read(
            &root,
            &format!("{start}T00:00:00Z"),
            &format!("{end}T00:00:00Z"),
            1440,
            &body,
        );
        loaded.notes.iter().for_each(|note| eprintln!("{note}"));
        let values = loaded.series["s"].on_grid(&scenario.grid);
        assert!(values.is_ok(), "{file}: {values:?}");
    }
}

#[test]
fn typical_years_lie_under_any_year() {
    let Some(root) = data_root() else { return };
    for (place, origin) in [
        ("dallas", "2022-01-01T06:00:00Z"),
        ("phoenix", "2022-01-01T07:00:00Z"),
    ] {
        let body = format!(
            "[data.t]\nunit = \"degC\"\nfile = \"weather/tmy_{place}.csv.gz\"\ncolumn = \"air_temp_c\"\nstep_min = 60\nrepeat = true\npublication = \"start\"\ntime = {{ column = \"hour_of_year_local\", format = \"hours\", origin = \"{origin}\" }}\n"
        );
        let (scenario, loaded) = read(
            &root,
            "2022-07-01T00:00:00Z",
            "2023-07-01T00:00:00Z",
            60,
            &body,
        );
        let hottest = loaded.series["t"]
            .on_grid(&scenario.grid)
            .expect("covered")
            .into_iter()
            .fold(f64::MIN, f64::max);
        assert!(hottest > 39.0, "{place}: {hottest}");
    }
}

#[test]
fn requests_are_bound_per_second() {
    let Some(root) = data_root() else { return };
    for (file, requests) in [("code", 8819.0), ("conv", 19366.0)] {
        let keys = "time = { column = \"arrival_time_utc\" }\nevents_per_second_min = 5\npublication = \"end\"\nunit = \"1\"\n";
        let path = format!("file = \"llm-requests/azure_2023_{file}.csv.gz\"\n");
        let body = format!(
            "[data.count]\n{path}{keys}[data.tokens]\ncolumns = [\"input_tokens\", \"output_tokens\"]\n{path}{keys}[data.daily]\nrepeat = true\n{path}{keys}"
        );
        let (_, loaded) = read(
            &root,
            "2023-11-16T18:20:00Z",
            "2023-11-16T19:10:00Z",
            5,
            &body,
        );
        loaded.notes.iter().for_each(|note| eprintln!("{note}"));
        let total: f64 = loaded.series["count"]
            .observations()
            .iter()
            .map(|o| o.value * 300.0)
            .sum();
        assert!(
            total > 0.85 * requests && total <= requests,
            "{file}: {total}"
        );
        assert!(loaded.series["tokens"].observations()[0].value > 100.0);
        assert!(loaded.series["daily"].observations().len() > 28 * 288);
    }
}

const TERMS: &str =
    "[jobs.terms]\nvalue_per_gpu_h = { low = 0.3, high = 2 }\nslack = { low = 1.25, high = 4 }\n";

#[test]
fn job_traces_can_be_bound_as_they_lie() {
    let Some(root) = data_root() else { return };
    let rows = [
        (
            "philly_2017_set_a",
            "duration_column = \"duration_s\"\ngpus_column = \"gpus\"\ntenant_column = \"virtual_cluster\"\ntime = { column = \"submit_time_utc\" }",
            52_865,
        ),
        (
            "alibaba_pai2020_100k_year",
            "duration_column = \"duration_s\"\ntime = { column = \"arrival_s\", format = \"seconds\", origin = \"2022-01-01T00:00:00Z\" }",
            99_998,
        ),
        (
            // Pods that were never scheduled have a life but use no GPU time of their own; 5 to 10 % ask for none.
            "alibaba_openb2023_pods",
            "end_column = \"deleted_s\"\ngpus_column = \"gpus\"\ntenant_column = \"qos\"\ntime = { column = \"created_s\", format = \"seconds\", origin = \"2022-01-01T00:00:00Z\" }",
            7_000,
        ),
    ];
    for (file, keys, least) in rows {
        let body = format!(
            "[[jobs]]\nid = \"j\"\ngpu_pool = \"h100\"\n[jobs.trace]\nfile = \"gpu-jobs/{file}.csv.gz\"\nalign_start = true\n{keys}\n{TERMS}"
        );
        let (_, loaded) = read(
            &root,
            "2022-01-01T00:00:00Z",
            "2023-01-01T00:00:00Z",
            60,
            &body,
        );
        loaded.notes.iter().for_each(|note| eprintln!("{note}"));
        assert!(loaded.jobs.len() >= least, "{file}: {}", loaded.jobs.len());
        assert!(
            loaded
                .jobs
                .windows(2)
                .all(|pair| pair[0].release <= pair[1].release)
        );
    }
}

/// 18.7 % of South Australia's five-minute intervals of 2022 are negative: 18.73 % of the UTC
/// year, 18.69 % of the market's year (UTC+10).
#[test]
fn a_fifth_of_south_australia_is_negative() {
    let Some(root) = data_root() else { return };
    let body = format!(
        "[data.price]\nunit = \"AUD/MWh\"\nfile = \"power-nem/nem_sa1_5min_202110_2023.csv.gz\"\ncolumn = \"price_aud_per_mwh\"\nstep_min = 5\n{UTC}"
    );
    for (start, end, share) in [
        ("2022-01-01T00:00:00Z", "2023-01-01T00:00:00Z", 18.73),
        ("2021-12-31T14:00:00Z", "2022-12-31T14:00:00Z", 18.69),
    ] {
        let (scenario, loaded) = read(&root, start, end, 5, &body);
        let prices = loaded.series["price"]
            .on_grid(&scenario.grid)
            .expect("covered");
        let negative = prices.iter().filter(|p| **p < 0.0).count() as f64 / prices.len() as f64;
        assert!((100.0 * negative - share).abs() < 0.005, "{negative}");
    }
}

/// Mean subsidy-only hashprice at the day's open, USD per PH/s and day.
fn hashprice_mean(start: &str, end: &str) -> Option<f64> {
    let root = data_root()?;
    let body = r#"
[data.price]
unit = "USD/BTC"
file = "bitcoin/btc_daily_2018_2024.csv.gz"
column = "open_usd"
time = { column = "date", format = "date" }
step_min = 1440
publication = "start"
[data.difficulty]
unit = "difficulty"
file = "bitcoin/btc_difficulty_periods_2009_2024.csv.gz"
column = "difficulty"
time = { column = "first_block_time_utc" }
publication = "start"
"#;
    let (scenario, loaded) = read(&root, start, end, 60, body);
    let on = |name: &str, grid: &TimeGrid| loaded.series[name].on_grid(grid).expect("covered");
    let (price, difficulty) = (
        on("price", &scenario.grid),
        on("difficulty", &scenario.grid),
    );
    let hashprices: Vec<f64> = (0..scenario.grid.len())
        .map(|i| {
            let subsidy = mining::subsidy(scenario.grid.start_s(i));
            mining::hashprice(difficulty[i], subsidy, price[i])
                .expect("positive")
                .get()
        })
        .collect();
    Some(hashprices.iter().sum::<f64>() / hashprices.len() as f64)
}

#[test]
fn hashprice_of_july_2022() {
    let Some(mean) = hashprice_mean("2022-07-01T00:00:00Z", "2022-08-01T00:00:00Z") else {
        return;
    };
    assert!((mean - 93.9).abs() < 0.05, "{mean}");
    // Per IT MWh at 17.5, 21.5 and 29.5 J/TH.
    for (efficiency, expected) in [(17.5, 223.5), (21.5, 181.9), (29.5, 132.6)] {
        let per_mwh = mean * 1000.0 / (24.0 * efficiency);
        assert!((per_mwh - expected).abs() < 0.2, "{per_mwh}");
    }
}

#[test]
fn breakeven_price_of_an_s19j_pro_in_2022() {
    let months = [
        ("2022-07-01T00:00:00Z", "2022-08-01T00:00:00Z", 124.0),
        ("2022-12-01T00:00:00Z", "2023-01-01T00:00:00Z", 80.0),
    ];
    for (start, end, expected) in months {
        let Some(mean) = hashprice_mean(start, end) else {
            return;
        };
        let hashprice = Hashprice::new(mean).expect("finite");
        // 104 TH/s at 3,068 W, a pool fee of 2 % and a PUE of 1.05.
        let price = mining::hashing_per_mwh(hashprice, 0.104, 3068e-6) * 0.98 / 1.05;
        assert!(
            (price - expected).abs() < 0.6,
            "{price} USD/MWh, expected {expected}"
        );
    }
}
