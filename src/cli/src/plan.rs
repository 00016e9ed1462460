//! `swingload plan`: read, run up to a time, plan once, show, write.

use std::path::Path;

use swingload_model::forecast::Fallback;
use swingload_model::job::{ImpossibleWork, Job};
use swingload_model::plan as model;
use swingload_model::scenario::Scenario;
use swingload_report::{folder, plan as report, terminal};
use swingload_scheduler::impossible;
use swingload_scheduler::publish::{Error, Occasion, publish};
use swingload_simulator::{StudyInput, moment};

use crate::args::Plan;
use crate::at;
use crate::engine;
use crate::failure::Failure;
use crate::output;
use crate::progress::Bars;
use crate::scenario::Texts;
use crate::study::{
    blame_options, cannot_run, cannot_write, doubtful, load, overrides, too_much, written,
};

/// Runs the command.
pub(crate) fn run(args: &Plan) -> Result<(), Failure> {
    engine::check_effort(args)?;
    engine::check(args.engine, args.flips)?;
    let overrides = overrides(args.seed, &[], &args.set)?;
    let seed: &[_] = args.seed.map_or(&[], |_| &[("seed", "--seed")]);
    let blamed = |failure| blame_options(failure, seed, &args.set);
    let texts = Texts::read(args.scenario.as_deref(), &overrides).map_err(blamed)?;
    let scenario = texts.build(&overrides).map_err(blamed)?;
    let at = at::choose(args.at.as_deref(), &scenario)?;
    let out = args
        .out
        .clone()
        .unwrap_or_else(|| Path::new("out").join(format!("{}-plan", texts.name)));
    folder::check_plan(&out).map_err(|error| cannot_write(&error))?;
    let style = output::style();
    if args.json {
        // Standard output belongs to the object.
        if !args.quiet {
            eprintln!("seed {}", scenario.seed);
        }
    } else if !args.quiet {
        let start = scenario.grid.start_s(at.step);
        output::print(&report::heading(&scenario, start, style))?;
    }
    let bars = Bars::new(args.quiet);
    let reading = bars.spin("reading data");
    let (input, of_data) = load(scenario, args.data.as_deref())?;
    reading.finish_and_clear();
    let now = input.scenario.grid.start_s(at.step);
    // The plan knows neither what series turn out to be nor jobs that come later, and may well
    // schedule work that they prove impossible: no such work may be told as left out of it.
    let submitted = input.jobs.iter().filter(|job| job.release <= now);
    let submitted: Vec<Job> = submitted.cloned().collect();
    let never: Vec<ImpossibleWork> = impossible::find(&input.scenario.site, &submitted)
        .into_iter()
        .filter(|(k, _)| submitted[*k].latest > now)
        .map(|(_, work)| work)
        .collect();
    let of_jobs = impossible::notes(&never);
    let shown = !args.quiet && !args.json;
    if !shown {
        output::warn(&of_jobs);
    } else if !of_jobs.is_empty() {
        output::print(&terminal::notes(&of_jobs, style))?;
    }
    let running = bars.spin("running up to then");
    let moment = moment(&input, at.step, &|progress| bars.show(progress))
        .map_err(|error| cannot_run(&error))?;
    running.finish_and_clear();
    bars.spin("planning");
    let (solved, of_search) = match args.seconds {
        Some(seconds) => {
            let (best, said) = engine::within(seconds, &moment.built.inputs);
            (best, Some(said))
        }
        None => engine::solve(args.engine, &moment.built.inputs)?,
    };
    let steps = moment.built.inputs.grid.len();
    let told = |(series, fallback): &(String, Fallback)| {
        format!("forecast of {series}: {}", fallback.text(steps))
    };
    let stood_in = moment.fallbacks.iter().map(told);
    if !shown {
        let refused = moment.fallbacks.iter().filter(|(_, f)| f.refuses());
        output::warn(&refused.map(told).collect::<Vec<_>>());
    }
    let of_plan = [at.note, variants(&input.scenario), of_search];
    let occasion = Occasion {
        site: &input.scenario.site,
        jobs: &moment.jobs,
        number: moment.number,
        engine: args.engine.into(),
        flips: args.flips,
    };
    let made = publish(&occasion, &moment.built, &solved)
        .map_err(|error| cannot_publish(&input, &error))?;
    let plan = model::Plan {
        notes: (of_plan.into_iter().flatten())
            .chain(of_jobs)
            .chain(stood_in)
            .chain(of_data)
            .collect(),
        ..made
    };
    drop(bars);
    let planned = report::Planned {
        scenario: input.scenario,
        plan,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let paths = folder::write_plan(&planned, &out).map_err(|error| cannot_write(&error))?;
    if args.json {
        return output::print(&planned.json());
    }
    if !args.quiet {
        output::print(&report::text(&planned, style))?;
        output::print(&written(&paths))?;
    }
    Ok(())
}

/// A plan that cannot be shown.
fn cannot_publish(input: &StudyInput, error: &Error) -> Failure {
    match error {
        Error::Overflow => too_much(
            &doubtful(input),
            &error.to_string(),
            "swingload schema scenario",
        ),
        Error::NotCertified | Error::NotRepeatable => Failure::Other {
            problem: error.to_string(),
            help: "report it with the scenario, the seed and the command line".into(),
        },
    }
}

/// That one site is planned, where the scenario compares several.
fn variants(scenario: &Scenario) -> Option<String> {
    let names: Vec<&str> = scenario.variants.iter().map(|v| v.id.as_str()).collect();
    (!names.is_empty()).then(|| {
        format!(
            "The scenario's variants ({}) are not planned: this is a plan of its site as it \
             stands. What a variant sets can be put on top of it with --set.",
            names.join(", ")
        )
    })
}
