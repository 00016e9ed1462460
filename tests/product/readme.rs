//! What the README shows runs as it is written.

use swingload_tests::{World, json, root, world};

/// Blocks of TOML in the README with their first line, a comment.
fn blocks() -> Vec<(String, String)> {
    let text = std::fs::read_to_string(root().join("README.md")).expect("a README");
    let blocks = text.split("```toml\n# ").skip(1);
    let block = |block: &str| {
        let (body, _) = block.split_once("```").expect("a block ends");
        let (name, body) = body.split_once('\n').expect("a comment first");
        (name.to_owned(), body.to_owned())
    };
    blocks.map(block).collect()
}

fn block(name: &str) -> String {
    let found = blocks().into_iter().find(|(known, _)| known == name);
    found.unwrap_or_else(|| panic!("no block {name}")).1
}

/// The README's own site, with its scenario changed by `change`.
fn my_site(change: impl Fn(String) -> String) -> World {
    let world = world();
    std::fs::create_dir(world.path().join("my-site")).expect("made");
    let scenario = change(block("my-site/scenario.toml"));
    world
        .file("my-site/site.toml", block("my-site/site.toml"))
        .file("my-site/scenario.toml", scenario)
}

const RUN: &str = "simulate my-site --json --quiet --policies breakeven,swingload";

#[test]
fn the_site_of_ones_own_runs() {
    let world = my_site(|scenario| scenario);
    let shown = world.swingload(RUN).assert().success();
    let summary = json(&shown.get_output().stdout);
    let swingload = &summary["policies"]["swingload"];
    assert!(swingload["energy"]["total_mwh"].as_f64() > Some(0.0));
    assert!(swingload["value"].as_f64() > Some(0.0));
}

#[test]
fn prices_of_ones_own_run_and_need_their_zone() {
    let synthetic = "synthetic = { base = 70, noise = { sigma = 30, memory_h = 6 } }\n";
    let bound = |scenario: String| {
        assert!(scenario.contains(synthetic), "{scenario}");
        scenario.replace(synthetic, &block("in place of synthetic"))
    };
    let rows = (0..24 * 21).map(|h| {
        let (day, hour) = (h / 24, h % 24);
        let month = if day < 10 { "2025-12" } else { "2026-01" };
        let day = if day < 10 { 22 + day } else { day - 9 };
        format!("{month}-{day:02} {hour:02}:00,{}\n", 40 + hour)
    });
    let prices: String = std::iter::once("time,price\n".to_owned())
        .chain(rows)
        .collect();
    let days = "--set period.end=2026-01-08T00:00:00Z --set period.history_days=7";
    let world = my_site(bound).file("my-site/prices.csv", &prices);
    let shown = world.swingload(&format!("{RUN} {days}")).assert().success();
    let summary = json(&shown.get_output().stdout);
    // Midnight UTC is one o'clock in Berlin: three whole days all the same.
    assert_eq!(summary["market"]["price_mean"], 51.5);

    let world = my_site(|scenario| bound(scenario).replace(", zone = \"Europe/Berlin\"", ""))
        .file("my-site/prices.csv", prices);
    let refused = world.swingload(&format!("{RUN} {days}")).assert().code(2);
    let text = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert!(text.contains("scenario.toml:"), "{text}");
    assert!(text.contains("add the zone of the file's clock"), "{text}");
}

#[test]
fn every_link_of_the_readme_leads_somewhere() {
    let text = std::fs::read_to_string(root().join("README.md")).expect("a README");
    for link in text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
    {
        let outside = link.starts_with("http");
        assert!(outside || root().join(link).exists(), "{link}");
    }
}
