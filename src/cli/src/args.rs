//! Arguments and help.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// Plan and simulate the power of a flexible datacenter.
///
/// For every slot (an amount of power at one place for one step) Swingload decides how
/// much goes to Bitcoin hashing, GPU inference, GPU training or nothing.
#[derive(Debug, Parser)]
#[command(name = "swingload", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Args {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  it failed for another reason than its input, such as a full disk
  2  bad input: arguments, scenario, site or data; nothing was written";

const EXAMPLES: &str = "\
Examples:
  swingload simulate                                    the built-in quickstart
  swingload simulate simulations/texas-100mw --data ../data
  swingload simulate my/scenario.toml --policies breakeven,swingload,oracle
  swingload simulate my/scenario.toml --split            and what better forecasts are worth
  swingload simulate my/scenario.toml --set data.price.file=prices/2021.csv.gz
  swingload simulate my/scenario.toml --set site.pools.0.count=3000 --json

Exit codes:
  0  done
  1  it failed for another reason than its input, such as a full disk
  2  bad input: arguments, scenario, site or data; nothing was written";

const PLAN_EXAMPLES: &str = "\
Examples:
  swingload plan                                        the built-in quickstart, at its start
  swingload plan --at 2026-07-08T14:00                  on the site's clock
  swingload plan simulations/south-australia --data ../data --at 2022-06-02T07:30:00Z
  swingload plan my/scenario.toml --json | jq .certificate
  swingload plan --at 2026-07-08T14:00 --flips 3        and what would turn three decisions
  swingload plan my/scenario.toml --engine referee      solved by HiGHS, where it is built in

The state at that time is what policy `swingload` would have left, run from the period's start.

Exit codes:
  0  done
  1  it failed for another reason than its input, such as a full disk
  2  bad input: arguments, scenario, site or data; nothing was written";

const EVALUATE_EXAMPLES: &str = "\
Examples:
  swingload forecast evaluate                           the built-in example
  swingload forecast evaluate forecasts/germany-day-ahead.toml --data ../data
  swingload forecast evaluate my.toml --set period.end=2024-07-01T00:00:00Z
  swingload forecast evaluate my.toml --json | jq '.models[] | {id, mae: .all.mae}'

A run that was stopped goes on where it was, when it is started again with the same file,
data and program; results do not depend on the number of threads.

Exit codes:
  0  done
  1  it failed for another reason than its input, such as a full disk
  2  bad input: arguments, file or data; nothing was written";

const MAKE_EXAMPLES: &str = "\
Examples:
  swingload forecast make --at 2024-05-14T11:30         the built-in example, on its clock
  swingload forecast make my.toml --at 2024-06-30T06:00:00Z --json
  swingload forecast make my.toml --at 2024-06-30T06:00:00Z --model lear --out today
  swingload forecast make my.toml --at 2024-06-30T06:00:00Z --paths 200

Exit codes:
  0  done
  1  it failed for another reason than its input, such as a full disk
  2  bad input: arguments, file or data; nothing was written";

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a scenario with all its policies and write a report
    Simulate(Simulate),
    /// Plan once, from what was published by a time, and write the plan with a page
    Plan(Plan),
    /// Evaluate forecasts over a test period, or issue one
    #[command(subcommand)]
    Forecast(Forecast),
    /// Print a JSON schema: of a file format, or of what a command prints
    Schema {
        /// Of what
        which: Schema,
    },
    /// List the policies a scenario can run
    Policies,
    /// List the ASIC and GPU models a site file can name, with their sources
    Models,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Which schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Schema {
    /// Site files
    Site,
    /// Scenario files
    Scenario,
    /// What `simulate --json` prints and summary.json holds
    Summary,
    /// What `plan --json` prints and plan.json holds
    Plan,
    /// Evaluation files
    Evaluation,
    /// What `forecast evaluate --json` prints and evaluation.json holds
    Scores,
    /// What `forecast make --json` prints and forecast.json holds
    Forecast,
}

/// Arguments of `simulate`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Simulate {
    /// Folder with a scenario.toml, or a TOML file; the built-in quickstart when left out
    pub(crate) scenario: Option<PathBuf>,
    /// Folder below which the data files of the scenario lie
    #[arg(long, value_name = "DIR", env = "SWINGLOAD_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// Replace a key of the scenario, or with site. in front of the site file; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    pub(crate) set: Vec<String>,
    /// Run these policies, in this order, instead of the scenario's
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(crate) policies: Vec<String>,
    /// Split what `swingload` left of G into price, surplus, other series, arrivals and planning:
    /// it runs again for each, with that part of the future known
    #[arg(long)]
    pub(crate) split: bool,
    /// Seed of everything random, instead of the scenario's
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Folder for report.html, summary.json, slots and steps [default: out/NAME of the scenario]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Print the summary as one JSON object instead of tables
    #[arg(long)]
    pub(crate) json: bool,
    /// No progress bars and no tables; work that cannot be done and values that are refused are told on
    /// standard error all the same
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// Who plans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    /// Swingload's own planner
    Fast,
    /// HiGHS on the same inputs: small instances, and only where it was built in
    Referee,
}

/// Arguments of `plan`.
#[derive(Debug, clap::Args)]
#[command(after_help = PLAN_EXAMPLES)]
pub(crate) struct Plan {
    /// Folder with a scenario.toml, or a TOML file; the built-in quickstart when left out
    pub(crate) scenario: Option<PathBuf>,
    /// When: RFC 3339, or date and time on the site's clock [default: the period's start]
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// Tell what would turn so many decisions of the first step; each is planned again some
    /// dozens of times
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) flips: usize,
    /// Look for a better plan and a tighter bound for so many seconds at most, from a plan
    /// found at once on; with less than a second or two that may be less than without this.
    /// How far it comes depends on the machine
    #[arg(long, value_name = "S")]
    pub(crate) seconds: Option<f64>,
    /// Who plans
    #[arg(long, value_enum, default_value = "fast")]
    pub(crate) engine: Engine,
    /// Folder below which the data files of the scenario lie
    #[arg(long, value_name = "DIR", env = "SWINGLOAD_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// Replace a key of the scenario, or with site. in front of the site file; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    pub(crate) set: Vec<String>,
    /// Seed of everything random, instead of the scenario's
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Folder for plan.html and plan.json [default: out/NAME-plan of the scenario]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Print the plan as one JSON object instead of tables
    #[arg(long)]
    pub(crate) json: bool,
    /// No progress bars and no tables; work that cannot be done and values that are refused are told on
    /// standard error all the same
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// What to do with forecasts.
#[derive(Debug, Subcommand)]
pub(crate) enum Forecast {
    /// Issue forecasts over a test period, score them, and write them with a page
    Evaluate(Evaluate),
    /// Issue one forecast, from what was published by a time, and write it
    Make(Make),
}

/// Arguments of `forecast evaluate`.
#[derive(Debug, clap::Args)]
#[command(after_help = EVALUATE_EXAMPLES)]
pub(crate) struct Evaluate {
    /// Evaluation file; the built-in example when left out
    pub(crate) file: Option<PathBuf>,
    /// Folder below which the data files lie
    #[arg(long, value_name = "DIR", env = "SWINGLOAD_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// Replace a key of the file; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    pub(crate) set: Vec<String>,
    /// Threads that issue forecasts
    #[arg(long, value_name = "N", default_value = "2", value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) threads: u8,
    /// Folder for evaluation.html, evaluation.json and the forecasts [default: out/NAME-evaluation]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Print the scores as one JSON object instead of tables
    #[arg(long)]
    pub(crate) json: bool,
    /// No progress bars and no tables
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// Arguments of `forecast make`.
#[derive(Debug, clap::Args)]
#[command(after_help = MAKE_EXAMPLES)]
pub(crate) struct Make {
    /// Evaluation file; the built-in example when left out
    pub(crate) file: Option<PathBuf>,
    /// When: RFC 3339, or date and time on the file's clock (issue.zone)
    #[arg(long, value_name = "TIME")]
    pub(crate) at: String,
    /// Only these models, by their names in the file [default: all]
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(crate) model: Vec<String>,
    /// Sample paths to draw beside the quantiles, with the file's seed
    #[arg(long, value_name = "N", default_value = "0", value_parser = clap::value_parser!(u16).range(..=1000))]
    pub(crate) paths: u16,
    /// Folder below which the data files lie
    #[arg(long, value_name = "DIR", env = "SWINGLOAD_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// Replace a key of the file; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    pub(crate) set: Vec<String>,
    /// Folder for forecast.json, forecast.csv and forecast.parquet [default: out/NAME-forecast]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Print the forecast as one JSON object instead of tables
    #[arg(long)]
    pub(crate) json: bool,
    /// No tables
    #[arg(long, short)]
    pub(crate) quiet: bool,
}
