//! The output folder: all files, or none.
//!
//! Files are written to `.NAME.partial` beside the target and moved into it once all are
//! there, so that a run that fails or is stopped leaves the earlier results as they were.
//! The target itself stays: somebody may stand in it (`--out .`), or it may be a link.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Component, Path, PathBuf};

use swingload_model::evaluation::result::{EvaluationResult, IssuedForecasts};

use crate::evaluation;
use crate::frame::{self, CsvSink, Field, ParquetSink, Sink, WriteError};
use crate::plan::Planned;
use crate::{Results, html, json, page};

/// Names of the files, in the order of interest.
pub(crate) const FILES: [&str; 6] = [
    "report.html",
    "summary.json",
    "slots.csv",
    "slots.parquet",
    "steps.csv",
    "steps.parquet",
];

/// Names of the files of a plan.
pub(crate) const PLAN_FILES: [&str; 2] = ["plan.html", "plan.json"];

/// Names of the files of an evaluation of forecasts.
pub(crate) const EVALUATION_FILES: [&str; 4] = [
    "evaluation.html",
    "evaluation.json",
    "forecasts.csv",
    "forecasts.parquet",
];

/// Folder inside the target where an evaluation that was stopped left what it had.
pub const UNFINISHED: &str = "unfinished";

/// Names of the files of issued forecasts.
pub(crate) const FORECAST_FILES: [&str; 3] = ["forecast.json", "forecast.csv", "forecast.parquet"];

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The target is a file, or a folder with other things in it.
    #[error("{path} exists and is no output folder of an earlier run")]
    Occupied {
        /// The target.
        path: PathBuf,
    },
    /// A file or folder could not be made.
    #[error("{path} cannot be written: {source}")]
    Write {
        /// What was written.
        path: PathBuf,
        /// Why it failed.
        source: WriteError,
    },
}

/// Refuses a target that holds anything but an earlier run's files, or where nothing can
/// be written; leaves nothing behind.
///
/// # Errors
/// [`Error`].
pub fn check(target: &Path) -> Result<(), Error> {
    check_for(target, &FILES)
}

/// [`check`] for the files of a plan.
///
/// # Errors
/// [`Error`].
pub fn check_plan(target: &Path) -> Result<(), Error> {
    check_for(target, &PLAN_FILES)
}

/// [`check`] for the files of an evaluation; what a stopped one left may be there too.
///
/// # Errors
/// [`Error`].
pub fn check_evaluation(target: &Path) -> Result<(), Error> {
    let mut files = EVALUATION_FILES.to_vec();
    files.push(UNFINISHED);
    check_for(target, &files)
}

/// [`check`] for the files of issued forecasts.
///
/// # Errors
/// [`Error`].
pub fn check_forecast(target: &Path) -> Result<(), Error> {
    check_for(target, &FORECAST_FILES)
}

fn check_for(target: &Path, files: &[&str]) -> Result<(), Error> {
    let occupied = || Error::Occupied {
        path: target.to_owned(),
    };
    if !target.exists() {
        return writable(target);
    }
    let entries = fs::read_dir(target).map_err(|_| occupied())?;
    for entry in entries {
        let name = entry.map_err(|_| occupied())?.file_name();
        if !files.iter().any(|file| name == *file) {
            return Err(occupied());
        }
    }
    writable(target)
}

/// Tries whether a folder can be made where the first new one of the target will be.
fn writable(target: &Path) -> Result<(), Error> {
    let place = place(target).map_err(|error| failed(target, error))?;
    let partial = beside(&place, "partial")?;
    let there = partial.ancestors().skip(1).find(|folder| folder.exists());
    let (Some(there), Some(name)) = (there, partial.file_name()) else {
        return Ok(());
    };
    let probe = there.join(name);
    match fs::create_dir(&probe) {
        Ok(()) => fs::remove_dir(&probe).map_err(|error| failed(target, error)),
        // Left by a run that was stopped.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(failed(target, error)),
    }
}

/// Writes all outputs into `target`, replacing those of an earlier run; returns their paths.
///
/// # Errors
/// [`Error`]; nothing is left behind then, and an earlier run's files stay.
pub fn write(results: &Results, target: &Path) -> Result<Vec<PathBuf>, Error> {
    check(target)?;
    write_all(target, &FILES, |folder| fill(results, folder))
}

/// Writes the page and the JSON of a plan into `target`, replacing those of an earlier one;
/// returns their paths.
///
/// # Errors
/// [`Error`]; nothing is left behind then, and an earlier plan's files stay.
pub fn write_plan(planned: &Planned, target: &Path) -> Result<Vec<PathBuf>, Error> {
    check_plan(target)?;
    write_all(target, &PLAN_FILES, |folder| {
        text(folder, "plan.html", &planned.html())?;
        text(folder, "plan.json", &planned.json())
    })
}

/// Writes page, JSON and forecasts of an evaluation into `target`, replacing those of an
/// earlier one; returns their paths.
///
/// # Errors
/// [`Error`]; nothing is left behind then, and an earlier one's files stay.
pub fn write_evaluation(
    result: &EvaluationResult,
    forecasts: evaluation::Forecasts<'_>,
    target: &Path,
) -> Result<Vec<PathBuf>, Error> {
    check_evaluation(target)?;
    write_all(target, &EVALUATION_FILES, |folder| {
        text(folder, "evaluation.html", &evaluation::html(result))?;
        text(folder, "evaluation.json", &evaluation::json(result))?;
        let stem = folder.join("forecasts");
        evaluation::forecasts(forecasts, Box::new(|fields| sinks(&stem, fields)))
            .map_err(|e| failed(&folder.join("forecasts.csv"), e))
    })
}

/// Writes issued forecasts into `target`, replacing earlier ones; returns their paths.
///
/// # Errors
/// [`Error`]; nothing is left behind then, and earlier files stay.
pub fn write_forecast(issued: &IssuedForecasts, target: &Path) -> Result<Vec<PathBuf>, Error> {
    check_forecast(target)?;
    write_all(target, &FORECAST_FILES, |folder| {
        text(folder, "forecast.json", &evaluation::issued_json(issued))?;
        let stem = folder.join("forecast");
        evaluation::issued_rows(issued, Box::new(|fields| sinks(&stem, fields)))
            .map_err(|e| failed(&folder.join("forecast.csv"), e))
    })
}

/// Fills a folder beside the target, which was checked, and moves its files there.
fn write_all(
    target: &Path,
    files: &[&str],
    fill: impl FnOnce(&Path) -> Result<(), Error>,
) -> Result<Vec<PathBuf>, Error> {
    let place = place(target).map_err(|error| failed(target, error))?;
    let partial = beside(&place, "partial")?;
    let fresh = remove(&partial)
        .and_then(|()| fs::create_dir_all(&partial).map_err(|e| failed(&partial, e)));
    let written = fresh
        .and_then(|()| fill(&partial))
        .and_then(|()| replace(&partial, &place, files));
    if written.is_err() {
        // Best effort: the error that led here is the one to report.
        let _ = fs::remove_dir_all(&partial);
    }
    written.map(|()| files.iter().map(|file| target.join(file)).collect())
}

/// The target as an absolute path without links, `.` and `..`, so that it has a name and
/// what lies beside it does not lie inside it.
fn place(target: &Path) -> io::Result<PathBuf> {
    let mut place = PathBuf::new();
    for part in std::path::absolute(target)?.components() {
        match part {
            // What is there was resolved already; what is not has no links.
            Component::ParentDir => {
                place.pop();
            }
            part => place.push(part),
        }
        if let Ok(resolved) = fs::canonicalize(&place) {
            place = resolved;
        }
    }
    Ok(place)
}

/// `.NAME.SUFFIX` beside a folder.
fn beside(place: &Path, suffix: &str) -> Result<PathBuf, Error> {
    let Some(name) = place.file_name() else {
        // The root of the file system holds other things.
        return Err(Error::Occupied {
            path: place.to_owned(),
        });
    };
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(".");
    hidden.push(suffix);
    Ok(place.with_file_name(hidden))
}

fn failed(path: &Path, source: impl Into<WriteError>) -> Error {
    Error::Write {
        path: path.to_owned(),
        source: source.into(),
    }
}

fn fill(results: &Results, folder: &Path) -> Result<(), Error> {
    text(folder, "summary.json", &json::summary(results))?;
    text(
        folder,
        "report.html",
        &html::render(&page::payload(results)),
    )?;
    let both = |stem: &str| {
        let stem = folder.join(stem);
        move |fields: &[Field]| sinks(&stem, fields)
    };
    frame::slots(results, both("slots")).map_err(|e| failed(&folder.join("slots.csv"), e))?;
    frame::steps(results, both("steps")).map_err(|e| failed(&folder.join("steps.csv"), e))
}

fn text(folder: &Path, file: &str, text: &str) -> Result<(), Error> {
    let path = folder.join(file);
    fs::write(&path, text).map_err(|e| failed(&path, e))
}

fn sinks(stem: &Path, fields: &[Field]) -> Result<Vec<Box<dyn Sink>>, WriteError> {
    let csv = BufWriter::new(File::create(stem.with_extension("csv"))?);
    let parquet = BufWriter::new(File::create(stem.with_extension("parquet"))?);
    Ok(vec![
        Box::new(CsvSink::new(csv, fields)?),
        Box::new(ParquetSink::new(parquet, fields)?),
    ])
}

/// Removes a folder that an earlier, stopped run may have left.
fn remove(folder: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(folder, error)),
        _ => Ok(()),
    }
}

/// Puts the finished files in the place of earlier ones, which come back when that fails.
fn replace(partial: &Path, place: &Path, files: &[&str]) -> Result<(), Error> {
    if !place.exists() {
        return fs::rename(partial, place).map_err(|e| failed(place, e));
    }
    let earlier = beside(place, "earlier")?;
    remove(&earlier)?;
    fs::create_dir(&earlier).map_err(|e| failed(&earlier, e))?;
    let there: Vec<&str> = files
        .iter()
        .copied()
        .filter(|file| place.join(file).exists())
        .collect();
    let moved = shift(place, &earlier, &there).and_then(|()| shift(partial, place, files));
    if moved.is_err() {
        // Best effort, as above.
        for file in files {
            let _ = if there.contains(file) {
                fs::rename(earlier.join(file), place.join(file))
            } else {
                fs::remove_file(place.join(file))
            };
        }
        let _ = fs::remove_dir(&earlier);
    }
    moved?;
    remove(&earlier)?;
    remove(partial)
}

/// Moves files from one folder to another.
fn shift(from: &Path, to: &Path, files: &[&str]) -> Result<(), Error> {
    for file in files {
        fs::rename(from.join(file), to.join(file)).map_err(|e| failed(&to.join(file), e))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(folder: &Path, files: &[&str], text: &str) {
        fs::create_dir_all(folder).expect("made");
        for file in files {
            fs::write(folder.join(file), text).expect("written");
        }
    }

    #[test]
    fn a_failed_replacement_leaves_the_earlier_results() {
        let world = tempfile::tempdir().expect("a temporary folder");
        let (partial, place) = (world.path().join(".r.partial"), world.path().join("r"));
        filled(&place, &FILES, "old");
        // The last file is missing, so the move fails after five were replaced.
        filled(&partial, &FILES[..5], "new");
        assert!(matches!(
            replace(&partial, &place, &FILES),
            Err(Error::Write { .. })
        ));
        for file in FILES {
            let text = fs::read_to_string(place.join(file)).expect("there");
            assert_eq!(text, "old", "{file}");
        }
        assert!(!world.path().join(".r.earlier").exists());

        filled(&partial, &FILES, "new");
        replace(&partial, &place, &FILES).expect("complete");
        assert_eq!(
            fs::read_to_string(place.join("steps.parquet")).expect("there"),
            "new"
        );
        let left: Vec<_> = fs::read_dir(world.path()).expect("there").collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }

    #[test]
    fn what_cannot_be_written_is_refused_before_the_work() {
        let world = tempfile::tempdir().expect("a temporary folder");
        fs::write(world.path().join("file"), "keep").expect("written");
        let refused = check(&world.path().join("file/out")).expect_err("a file is no folder");
        assert!(matches!(refused, Error::Write { .. }), "{refused}");
        check(&world.path().join("new/out")).expect("can be made");
        let left = fs::read_dir(world.path()).expect("there").count();
        assert_eq!(left, 1, "nothing is left behind");
    }

    #[test]
    fn a_place_has_a_name_however_it_is_written() {
        let world = tempfile::tempdir().expect("a temporary folder");
        let root = fs::canonicalize(world.path()).expect("there");
        fs::create_dir_all(root.join("a/b")).expect("made");
        for (written, meant) in [
            ("a/b/.", "a/b"),
            ("a/b/..", "a"),
            ("new/../other", "other"),
            ("a/new", "a/new"),
        ] {
            assert_eq!(
                place(&root.join(written)).expect("a place"),
                root.join(meant),
                "{written}"
            );
        }
        assert!(beside(Path::new("/"), "partial").is_err());
    }
}
