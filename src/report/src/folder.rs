//! The output folder: all files, or none.
//!
//! Files are written to a sibling `.NAME.partial` and the folder is renamed at the end,
//! so that a run that fails or is stopped leaves the earlier results as they were.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use crate::frame::{self, CsvSink, Field, ParquetSink, Sink, WriteError};
use crate::{Results, html, json, page};

/// Names of the files, in the order of interest.
pub const FILES: [&str; 6] = [
    "report.html",
    "summary.json",
    "slots.csv",
    "slots.parquet",
    "steps.csv",
    "steps.parquet",
];

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

/// Refuses a target that holds anything but an earlier run's files; writes nothing.
///
/// # Errors
/// [`Error::Occupied`].
pub fn check(target: &Path) -> Result<(), Error> {
    let occupied = || Error::Occupied {
        path: target.to_owned(),
    };
    if !target.exists() {
        return Ok(());
    }
    let entries = fs::read_dir(target).map_err(|_| occupied())?;
    for entry in entries {
        let name = entry.map_err(|_| occupied())?.file_name();
        if !FILES.iter().any(|file| name == *file) {
            return Err(occupied());
        }
    }
    Ok(())
}

/// Writes all outputs into `target`, replacing those of an earlier run; returns their paths.
///
/// # Errors
/// [`Error`]; nothing is left behind then, and an earlier run's files stay.
pub fn write(results: &Results, target: &Path) -> Result<Vec<PathBuf>, Error> {
    check(target)?;
    let name = target
        .file_name()
        .map_or("out".into(), |n| n.to_string_lossy().into_owned());
    let partial = target.with_file_name(format!(".{name}.partial"));
    let written = fill(results, &partial).and_then(|()| replace(&partial, target));
    if written.is_err() {
        // Best effort: the error that led here is the one to report.
        let _ = fs::remove_dir_all(&partial);
    }
    written.map(|()| FILES.iter().map(|file| target.join(file)).collect())
}

fn fill(results: &Results, folder: &Path) -> Result<(), Error> {
    let failed = |path: &Path, source: WriteError| Error::Write {
        path: path.to_owned(),
        source,
    };
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(failed(folder, error.into()));
        }
        _ => {}
    }
    fs::create_dir_all(folder).map_err(|e| failed(folder, e.into()))?;
    let text = |file: &str, text: &str| {
        let path = folder.join(file);
        fs::write(&path, text).map_err(|e| failed(&path, e.into()))
    };
    text("summary.json", &json::summary(results))?;
    text("report.html", &html::render(&page::payload(results)))?;
    let both = |stem: &str| {
        let stem = folder.join(stem);
        move |fields: &[Field]| sinks(&stem, fields)
    };
    frame::slots(results, both("slots")).map_err(|e| failed(&folder.join("slots.csv"), e))?;
    frame::steps(results, both("steps")).map_err(|e| failed(&folder.join("steps.csv"), e))
}

fn sinks(stem: &Path, fields: &[Field]) -> Result<Vec<Box<dyn Sink>>, WriteError> {
    let csv = BufWriter::new(File::create(stem.with_extension("csv"))?);
    let parquet = BufWriter::new(File::create(stem.with_extension("parquet"))?);
    Ok(vec![
        Box::new(CsvSink::new(csv, fields)?),
        Box::new(ParquetSink::new(parquet, fields)?),
    ])
}

/// Puts the finished folder in the place of an earlier one.
fn replace(partial: &Path, target: &Path) -> Result<(), Error> {
    let failed = |error: io::Error| Error::Write {
        path: target.to_owned(),
        source: error.into(),
    };
    if target.exists() {
        fs::remove_dir_all(target).map_err(failed)?;
    }
    fs::rename(partial, target).map_err(failed)
}
