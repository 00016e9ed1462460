//! Scenarios on the shared market data; they need the environment variable `SWINGLOAD_DATA`.

use swingload_tests::{data_root, json, root, world};

/// Runs a few days of a scenario with quick policies; returns its summary.
fn short(name: &str, end: &str) -> Option<serde_json::Value> {
    let data = data_root()?;
    let world = world();
    let folder = root().join("simulations").join(name);
    let run = format!(
        "simulate {} --data {} --json --quiet --policies always_on,breakeven,swingload --set period.end={end}",
        folder.display(),
        data.display(),
    );
    let shown = world.swingload(&run).assert().success();
    assert!(!world.read(&format!("out/{name}/report.html")).is_empty());
    Some(json(&shown.get_output().stdout))
}

#[test]
fn a_window_of_texas_runs() {
    let Some(summary) = short("texas-100mw", "2022-01-04T06:00:00Z") else {
        return;
    };
    assert_eq!(
        summary["policies"].as_object().map(serde_json::Map::len),
        Some(3)
    );
    assert_eq!(summary["currency"], "USD");
    assert_eq!(summary["steps"], 72);
}
