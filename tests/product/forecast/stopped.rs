//! A run that is stopped goes on.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use swingload_tests::{World, program, root, world};

/// Issues around the clock, so that a run can be stopped in the middle.
pub(super) fn long_file() -> String {
    let text = std::fs::read_to_string(root().join("forecasts/quickstart.toml")).expect("there");
    let at = "at = [\"11:30\"]\nday_ahead = 1\n";
    assert!(text.contains(at));
    text.replace(at, "every_min = 20\nhorizon_h = 12\n")
}

fn parts(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder.join("r/unfinished"))
        .into_iter()
        .flatten();
    let part = |e: &std::io::Result<std::fs::DirEntry>| {
        e.as_ref()
            .is_ok_and(|e| e.file_name().to_string_lossy().ends_with(".part"))
    };
    entries.filter(part).count()
}

/// Starts the long evaluation and kills it once it says that a part of it is kept.
fn killed(world: &World) {
    let mut child = std::process::Command::new(program())
        .current_dir(world.path())
        .args("forecast evaluate long.toml --json --out r".split(' '))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let said = BufReader::new(child.stderr.take().expect("piped"));
    let kept = |line: std::io::Result<String>| line.expect("text").starts_with("kept ");
    assert!(said.lines().any(kept), "it ended and kept nothing");
    child.kill().expect("ours");
    child.wait().expect("ours");
    assert!(parts(world.path()) > 0, "it was done before it was stopped");
}

#[test]
fn a_stopped_run_goes_on_and_a_changed_file_starts_anew() {
    let whole = world().file("long.toml", long_file());
    let shown = whole.swingload("forecast evaluate long.toml --json --quiet --out r");
    let wanted = { shown }.assert().success().get_output().stdout.clone();

    let stopped = world().file("long.toml", long_file());
    killed(&stopped);
    let on = stopped
        .swingload("forecast evaluate long.toml --json --out r")
        .assert()
        .success();
    let said = String::from_utf8(on.get_output().stderr.clone()).expect("text");
    assert!(said.contains("going on: "), "{said}");
    assert!(
        on.get_output().stdout == wanted,
        "as if it had never been stopped"
    );
    for file in ["evaluation.html", "forecasts.csv", "forecasts.parquet"] {
        let file = format!("r/{file}");
        assert!(whole.read(&file) == stopped.read(&file), "{file}");
    }
    assert!(
        !stopped.path().join("r/unfinished").exists(),
        "nothing is left of it"
    );

    let changed = world().file("long.toml", long_file());
    killed(&changed);
    let again = changed
        .swingload("forecast evaluate long.toml --json --out r --set seed=12")
        .assert()
        .success();
    let said = String::from_utf8(again.get_output().stderr.clone()).expect("text");
    assert!(said.contains("starting anew"), "{said}");
    assert!(
        again.get_output().stdout != wanted,
        "another seed, another market"
    );
}
