//! The `swingload` command.
//!
//! `main` reads arguments and chooses; each command is a file. What people read is made
//! by `swingload-report`, what is wrong is said by [`failure::Failure`].

mod args;
mod at;
mod embedded;
mod engine;
mod failure;
mod forecast;
mod lists;
mod output;
mod plan;
mod progress;
mod scenario;
mod simulate;
mod study;

use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Args, Command, Schema};
use failure::Failure;

fn main() -> ExitCode {
    let args = Args::parse();
    // The default hook tells where; a defect of ours ends with code 1, like any failure.
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| dispatch(args.command)));
    let failure = match outcome {
        Ok(Ok(())) => return ExitCode::SUCCESS,
        Ok(Err(failure)) => failure,
        Err(_) => Failure::Other {
            problem: "Swingload met a defect of its own, shown above".into(),
            help: "report it with the scenario, the seed and the command line".into(),
        },
    };
    eprint!("{}", failure.text(output::width_of_errors()));
    failure.code()
}

fn dispatch(command: Command) -> Result<(), Failure> {
    match command {
        Command::Simulate(simulate) => simulate::run(&simulate),
        Command::Plan(plan) => plan::run(&plan).map_err(|failure| failure.of_command("plan")),
        Command::Forecast(forecast) => forecast::run(&forecast),
        Command::Schema { which } => schema(which),
        Command::Policies => lists::policies(),
        Command::Models => lists::models(),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "swingload", &mut script);
            output::print(&String::from_utf8_lossy(&script))
        }
    }
}

fn schema(which: Schema) -> Result<(), Failure> {
    let schema = match which {
        Schema::Site => swingload_model::schema::site_schema(),
        Schema::Scenario => swingload_model::schema::scenario_schema(),
        Schema::Plan => swingload_model::schema::plan_schema(),
        Schema::Evaluation => swingload_model::schema::evaluation_schema(),
        Schema::Scores => swingload_model::schema::scores_schema(),
        Schema::Forecast => swingload_model::schema::forecast_schema(),
        Schema::Summary => swingload_report::json::schema(),
    };
    let text = serde_json::to_string_pretty(&schema);
    let text = text.expect("invariant: a schema is a JSON value");
    output::print(&format!("{text}\n"))
}
