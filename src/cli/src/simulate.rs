//! `swingload simulate`: read, run, show, write.

use std::path::Path;

use swingload_model::document::Override;
use swingload_model::forecast::ANOTHER_UNIT;
use swingload_model::scenario::Scenario;
use swingload_model::scenario::file::VariantFile;
use swingload_report::{Results, folder, json, main_policy, terminal};
use swingload_scheduler::impossible;
use swingload_simulator::results::{
    EraSummary, FallbackSummary, VariantSummary, eras, in_era, value_per_year, variant,
};
use swingload_simulator::{Study, StudyInput, impossible, simulate};

use crate::args::Simulate;
use crate::failure::Failure;
use crate::output;
use crate::progress::Bars;
use crate::scenario::Texts;
use crate::study::{blame_options, cannot_run, cannot_write, load, overrides, written};

/// Runs the command.
pub(crate) fn run(args: &Simulate) -> Result<(), Failure> {
    let split = args.split.then(|| "policies.split=true".to_owned());
    let set: Vec<String> = split.into_iter().chain(args.set.iter().cloned()).collect();
    let overrides = overrides(args.seed, &args.policies, &set)?;
    let blamed = |failure| blame_options(failure, &options(args), &args.set);
    let texts = Texts::read(args.scenario.as_deref(), &overrides).map_err(blamed)?;
    let scenario = texts.build(&overrides).map_err(blamed)?;
    let out = args
        .out
        .clone()
        .unwrap_or_else(|| Path::new("out").join(&texts.name));
    folder::check(&out).map_err(|error| cannot_write(&error))?;
    let policy = main_policy(&scenario).to_owned();
    // All that can be wrong is found before anything runs.
    let changed = changed_scenarios(&texts, &overrides, &scenario, &policy)?;
    let style = output::style();
    if args.json {
        // Standard output belongs to the object.
        if !args.quiet {
            eprintln!("seed {}", scenario.seed);
        }
    } else if !args.quiet {
        output::print(&terminal::heading(&scenario, style))?;
    }
    let data = args.data.as_deref();
    let (input, mut notes) = load(scenario, data)?;
    let of_jobs = impossible::notes(&impossible(&input));
    let shown = !args.quiet && !args.json;
    if !shown {
        output::warn(&of_jobs);
    } else if !of_jobs.is_empty() {
        output::print(&terminal::notes(&of_jobs, style))?;
    }
    notes.extend(of_jobs);
    let changed = changed.into_iter().map(|scenario| match scenario {
        Some(scenario) => load(scenario, data).map(|(input, _)| Some(input)),
        None => Ok(None),
    });
    let changed = changed.collect::<Result<Vec<_>, _>>()?;
    let study = run_study(&input, args.quiet)?;
    if !shown {
        output::warn(&refused(&study, &policy));
    }
    let variants = variants(&input, &study, &changed, &policy, args.quiet)?;
    let results = Results {
        input,
        study,
        variants,
        notes,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let paths = folder::write(&results, &out).map_err(|error| cannot_write(&error))?;
    if args.json {
        return output::print(&json::summary(&results));
    }
    if !args.quiet {
        output::print(&terminal::results(&results, style))?;
        output::print(&written(&paths))?;
    }
    Ok(())
}

/// Keys of the scenario that options set, with the options.
fn options(args: &Simulate) -> Vec<(&'static str, &'static str)> {
    let all = [
        ("policies.run", "--policies", !args.policies.is_empty()),
        ("policies.split", "--split", args.split),
        ("seed", "--seed", args.seed.is_some()),
    ];
    let given = all.into_iter().filter(|(_, _, given)| *given);
    given.map(|(key, option, _)| (key, option)).collect()
}

/// Values that the main policy's forecasts refused: decisions were made without them.
fn refused(study: &Study, policy: &str) -> Vec<String> {
    let summary = study.summary.policies.get(policy);
    let all = summary.iter().flat_map(|of| &of.fallbacks);
    let refused = all.filter(|fallback| fallback.fallback.ends_with(ANOTHER_UNIT));
    let told = |f: &FallbackSummary| {
        format!(
            "forecast of {}: {}, its values refused in {} steps of {policy}, from {} to {}",
            f.series, f.fallback, f.steps, f.first, f.last
        )
    };
    refused.map(told).collect()
}

fn run_study(input: &StudyInput, quiet: bool) -> Result<Study, Failure> {
    let bars = Bars::new(quiet);
    simulate(input, &|progress| bars.show(progress)).map_err(|error| cannot_run(&error))
}

/// The scenario of each variant; `None` for one without overrides, the scenario itself.
fn changed_scenarios(
    texts: &Texts,
    overrides: &[Override],
    base: &Scenario,
    policy: &str,
) -> Result<Vec<Option<Scenario>>, Failure> {
    let build = |(index, file): (usize, &VariantFile)| {
        let overrides = of_variant(file, overrides, policy);
        let changes = !file.set.is_empty();
        let built = changes.then(|| texts.build_variant(index, &file.id, &overrides));
        built.transpose()
    };
    base.variants.iter().enumerate().map(build).collect()
}

/// Runs every variant with the main policy, once for each block subsidy of its years.
fn variants(
    input: &StudyInput,
    study: &Study,
    changed: &[Option<StudyInput>],
    policy: &str,
    quiet: bool,
) -> Result<Vec<VariantSummary>, Failure> {
    let mut all = Vec::new();
    for (file, changed) in study.scenario.variants.iter().zip(changed) {
        let mut own = changed.clone().unwrap_or_else(|| input.clone());
        own.scenario.policies.run = vec![policy.to_owned()];
        own.scenario.policies.split = false;
        let mut years = Vec::new();
        for era in eras(&own, file.years) {
            let value = match (in_era(&own, &era), changed) {
                (None, None) => value_per_year(study, policy),
                (later, _) => {
                    let run = run_study(later.as_ref().unwrap_or(&own), quiet)?;
                    value_per_year(&run, policy)
                }
            };
            years.push(EraSummary {
                years: era.years,
                subsidy_btc: era.subsidy_btc,
                value_per_year: value.expect("invariant: the main policy was run"),
            });
        }
        let (rate, now) = (study.scenario.discount_rate, study.truth.grid.start_s(0));
        all.push(variant(file, policy, years, rate, now));
    }
    Ok(all)
}

/// The variant's overrides under those of the command line, with one policy.
fn of_variant(file: &VariantFile, overrides: &[Override], policy: &str) -> Vec<Override> {
    let own = file.set.iter().map(|(path, value)| Override {
        path: path.clone(),
        value: value.clone(),
    });
    let only = |path: &str, value| Override {
        path: path.to_owned(),
        value,
    };
    let only = [
        only("policies.run", vec![policy.to_owned()].into()),
        only("policies.split", false.into()),
    ];
    own.chain(overrides.iter().cloned()).chain(only).collect()
}
