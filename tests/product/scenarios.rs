//! Every scenario of the repository runs, and its results are compared.

use serde_json::Value;
use swingload_model::scenario::ScenarioFile;
use swingload_tests::{data_root, json, root, world};

/// Days of each scenario that are run.
const DAYS: i64 = 3;

/// Periods longer than twice this are entered here, where contracts have begun.
const IN_DAYS: i64 = 45;

/// A scenario's folder with the arguments that shorten it; `None`, with a word about it,
/// when its data is not here.
fn shortened(name: &str) -> Option<String> {
    let folder = root().join("simulations").join(name);
    let text = std::fs::read_to_string(folder.join("scenario.toml")).expect("a scenario");
    let (raw, _) = ScenarioFile::from_toml("scenario.toml", &text, &[])
        .unwrap_or_else(|faults| panic!("{name}: {faults}"));
    let traces = raw.jobs.iter().filter_map(|source| source.trace.as_ref());
    let files = raw
        .data
        .values()
        .filter_map(|binding| binding.file.as_ref());
    let outside = files
        .chain(traces.map(|trace| &trace.file))
        .any(|file| !file.starts_with("./"));
    let data = if outside {
        format!("--data {}", data_root()?.display())
    } else {
        String::new()
    };
    let (start, end) = (raw.period.start.as_second(), raw.period.end.as_second());
    let long = end - start > 2 * IN_DAYS * 86_400;
    let from = start + if long { IN_DAYS * 86_400 } else { 0 };
    let instant = swingload_model::time::timestamp;
    Some(format!(
        "simulate {} {data} --json --quiet --set period.start={} --set period.end={}",
        folder.display(),
        instant(from),
        instant(from + DAYS * 86_400),
    ))
}

fn run(arguments: &str) -> Value {
    let shown = world().swingload(arguments).assert().success();
    json(&shown.get_output().stdout)
}

/// What a reader would notice first, in lines: whole money, tenths of MWh and percent.
fn digest(summary: &Value) -> String {
    let mut out = format!(
        "{} {} steps, {} jobs\n",
        summary["currency"].as_str().expect("a currency"),
        summary["steps"],
        summary["jobs"]
    );
    let number = |value: &Value, decimals: usize| match value.as_f64() {
        Some(number) => format!("{number:.decimals$}"),
        None => "-".to_owned(),
    };
    for name in summary["order"].as_array().expect("names") {
        let name = name.as_str().expect("a name");
        let p = &summary["policies"][name];
        out += &format!("\n{name}\n  value {}\n", number(&p["value"], 0));
        for line in p["lines"].as_array().expect("lines") {
            let of = |key: &str| line[key].as_str().expect("text").to_owned();
            out += &format!(
                "    {} {} {}\n",
                of("id"),
                of("kind"),
                number(&line["amount"], 0)
            );
        }
        let energy = &p["energy"];
        out += &format!(
            "  MWh {} peak {} tCO2e {}\n",
            number(&energy["total_mwh"], 1),
            number(&energy["peak_mw"], 3),
            number(&p["emissions"]["tonnes"], 1)
        );
        for (id, block) in energy["supply"].as_object().expect("supply") {
            out += &format!(
                "    {id} {} of {}\n",
                number(&block["drawn_mwh"], 1),
                number(&block["available_mwh"], 1)
            );
        }
        for (id, pool) in p["pools"].as_object().expect("pools") {
            out += &format!("  {id} up {} %\n", number(&pool["uptime_pct"], 1));
        }
        for (id, pool) in p["gpus"].as_object().expect("GPU pools") {
            out += &format!("  {id} used {} %\n", number(&pool["utilisation_pct"], 1));
        }
        for (id, s) in p["services"].as_object().expect("services") {
            out += &format!(
                "  {id} served {} of {} GPU-h, floor missed {}\n",
                number(&s["served_gpu_h"], 1),
                number(&s["demand_gpu_h"], 1),
                number(&s["floor_missed_gpu_h"], 1)
            );
        }
        for (id, h) in p["hosting"].as_object().expect("hosting") {
            out += &format!(
                "  {id} delivered {} of {} IT MWh, missed {}\n",
                number(&h["delivered_mwh"], 1),
                number(&h["asked_mwh"], 1),
                number(&h["missed_mwh"], 1)
            );
        }
        let jobs = &p["jobs"];
        out += &format!(
            "  jobs {} submitted, {} on time, {} late, {} unmet\n",
            jobs["submitted"], jobs["on_time"], jobs["late"], jobs["unmet"]
        );
        for (what, count) in p["incidents"].as_object().expect("incidents") {
            let count = count.as_f64().expect("a number");
            if count != 0.0 && what != "commands" {
                out += &format!("  {what} {count:.2}\n");
            }
        }
    }
    for variant in summary["variants"].as_array().expect("variants") {
        let id = variant["id"].as_str().expect("an id");
        let eras = variant["eras"].as_array().expect("eras").iter();
        let years: Vec<String> = eras.map(|era| number(&era["value_per_year"], 0)).collect();
        out += &format!(
            "\n{id}: {} a year, NPV {}\n",
            years.join(", "),
            number(&variant["npv"], 0)
        );
    }
    out
}

/// Rule-based policies change only with the scenario, the world and the settlement.
#[test]
fn every_scenario_gives_what_it_gave() {
    let folders = std::fs::read_dir(root().join("simulations")).expect("simulations/");
    let mut names: Vec<String> = folders
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert!(names.len() >= 8, "{names:?}");
    for name in names {
        let Some(arguments) = shortened(&name) else {
            eprintln!("{name} is left out");
            continue;
        };
        let summary = run(&format!("{arguments} --policies always_on,breakeven,asap"));
        insta::assert_snapshot!(name, digest(&summary));
    }
}

/// What the scenario is for: mining on surplus alone, underclocked, each region fed by its
/// own surplus first.
#[test]
fn regions_of_pakistan_mine_on_their_own_surplus() {
    let arguments = shortened("pakistan-2000mw").expect("it needs no data");
    let summary = run(&format!("{arguments} --policies swingload"));
    let run = &summary["policies"]["swingload"];
    let figure = |value: &Value| value.as_f64().expect("a number");
    for (id, pool) in run["pools"].as_object().expect("pools") {
        assert!(figure(&pool["uptime_pct"]) > 50.0, "{id} is awake");
    }
    let held = run["pools"]["balochistan-s21"]["uptime_by_energy_pct"].clone();
    assert!(figure(&held) < 95.0, "underclocked: {held}");
    for region in ["punjab", "sindh", "k-electric", "kp", "balochistan"] {
        let node = &run["nodes"][region];
        let (own, import) = (figure(&node["surplus_mwh"]), figure(&node["imported_mwh"]));
        assert!(import < 0.3 * own, "{region}: {import} beside {own}");
    }
    let beyond = figure(&run["incidents"]["beyond_surplus_mwh"]);
    let hashing = figure(&run["energy"]["by_use_mwh"]["hashing"]);
    assert!(beyond < 0.01 * hashing, "{beyond} of {hashing}");
    let supply = run["energy"]["supply"].as_object().expect("supply");
    let surplus = supply.iter().filter(|(id, _)| id.starts_with("surplus-"));
    let (drawn, available) = surplus.fold((0.0, 0.0), |(drawn, available), (_, block)| {
        (
            drawn + figure(&block["drawn_mwh"]),
            available + figure(&block["available_mwh"]),
        )
    });
    assert!(
        drawn > 0.3 * available && drawn < 0.95 * available,
        "{drawn} of {available}"
    );
}
