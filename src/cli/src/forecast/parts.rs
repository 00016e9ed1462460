//! What a stopped evaluation leaves: the forecasts of each part, in a folder of its output.
//!
//! `OUT/unfinished/inputs` names what the parts were made from. A part is written beside
//! its name and moved there, and ends with its SHA-256, so that half a part is none.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};
use swingload_forecast::evaluate::Issued;
use swingload_model::evaluation::Issue;
use swingload_report::folder::UNFINISHED;

use super::hexadecimal;
use crate::failure::Failure;

/// The parts of one evaluation.
pub(super) struct Parts {
    folder: PathBuf,
    /// Parts that were there, and whether others were thrown away.
    found: usize,
    changed: bool,
    /// Folders above that were made for it.
    made: Vec<PathBuf>,
}

impl Parts {
    /// Opens the folder inside `out`; parts of other inputs, or of another build of the
    /// program, are thrown away.
    pub(super) fn open(out: &Path, inputs_sha256: &str) -> Result<Self, Failure> {
        let folder = out.join(UNFINISHED);
        let key = format!("{inputs_sha256} {}\n", program());
        let note = folder.join("inputs");
        let known = fs::read_to_string(&note).ok();
        let same = known.as_deref() == Some(key.as_str());
        let changed = !same && folder.exists();
        if changed {
            fs::remove_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
        }
        let above = out
            .ancestors()
            .filter(|a| !a.as_os_str().is_empty() && !a.exists());
        let made = above.map(Path::to_owned).collect();
        fs::create_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
        fs::write(&note, key).map_err(|error| failed(&note, &error))?;
        let entries = fs::read_dir(&folder).map_err(|error| failed(&folder, &error))?;
        let part = |entry: &io::Result<fs::DirEntry>| {
            let name = entry
                .as_ref()
                .map(fs::DirEntry::file_name)
                .unwrap_or_default();
            name.to_string_lossy().ends_with(".part")
        };
        let found = entries.filter(part).count();
        Ok(Self {
            folder,
            found,
            changed,
            made,
        })
    }

    /// What people are told of an earlier run.
    pub(super) fn said(&self) -> Option<String> {
        if self.changed {
            return Some(
                "starting anew: file, data or program changed since the run that was stopped"
                    .to_owned(),
            );
        }
        (self.found > 0).then(|| {
            format!(
                "going on: {} parts of a run that was stopped are there",
                self.found
            )
        })
    }

    fn path(&self, index: usize) -> PathBuf {
        self.folder.join(format!("{index:04}.part"))
    }

    /// The part, if it is there and whole.
    pub(super) fn load(
        &self,
        index: usize,
        issues: &[Issue],
        models: usize,
    ) -> Option<Vec<Vec<Issued>>> {
        let bytes = fs::read(self.path(index)).ok()?;
        let (body, hash) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
        (Sha256::digest(body).as_slice() == hash).then_some(())?;
        let mut reader = Reader(body);
        let mut all = Vec::with_capacity(issues.len());
        for issue in issues {
            let made = (0..models).map(|_| reader.issued(issue.grid.len()));
            all.push(made.collect::<Option<Vec<_>>>()?);
        }
        reader.0.is_empty().then_some(all)
    }

    /// Stores a part.
    pub(super) fn store(&self, index: usize, issued: &[Vec<Issued>]) -> Result<(), Failure> {
        let mut bytes = Vec::new();
        for issued in issued.iter().flatten() {
            write(&mut bytes, issued);
        }
        let hash = Sha256::digest(&bytes);
        bytes.extend_from_slice(&hash);
        let path = self.path(index);
        let beside = path.with_extension("new");
        fs::write(&beside, bytes)
            .and_then(|()| fs::rename(&beside, &path))
            .map_err(|error| failed(&path, &error))
    }

    /// Removes the folder once all is done.
    pub(super) fn remove(&self) -> Result<(), Failure> {
        fs::remove_dir_all(&self.folder).map_err(|error| failed(&self.folder, &error))
    }

    /// Removes the folder, and those that were made for it, after a refusal.
    pub(super) fn undo(&self) {
        // Best effort: the refusal is what is reported.
        let _ = fs::remove_dir_all(&self.folder);
        for folder in &self.made {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Version and build of the program: length and time of its file.
fn program() -> String {
    let file = std::env::current_exe().and_then(fs::metadata);
    let stamp = file.ok().map(|file| {
        let modified = file
            .modified()
            .ok()
            .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        (file.len(), modified.map_or(0, |since| since.as_nanos()))
    });
    let text = format!("{} {stamp:?}", env!("CARGO_PKG_VERSION"));
    hexadecimal(&Sha256::digest(text.as_bytes())[..8])
}

fn write(bytes: &mut Vec<u8>, issued: &Issued) {
    let fallback = issued.fallback.as_deref();
    bytes.push(u8::from(fallback.is_some()));
    let text = fallback.unwrap_or("");
    bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(u8::from(!issued.quantiles.is_empty()));
    let values = issued.mean.iter().chain(issued.quantiles.iter().flatten());
    values.for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
}

/// What is left of a part.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, left) = self.0.split_at_checked(count)?;
        self.0 = left;
        Some(taken)
    }

    fn flag(&mut self) -> Option<bool> {
        self.take(1).map(|byte| byte[0] == 1)
    }

    fn value(&mut self) -> Option<f64> {
        Some(f64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    fn issued(&mut self, steps: usize) -> Option<Issued> {
        let fell_back = self.flag()?;
        let length = u64::from_le_bytes(self.take(8)?.try_into().ok()?);
        let text = self.take(usize::try_from(length).ok()?)?;
        let text = String::from_utf8(text.to_vec()).ok()?;
        let spread = self.flag()?;
        let mean = (0..steps)
            .map(|_| self.value())
            .collect::<Option<Vec<_>>>()?;
        let mut quantiles = Vec::new();
        for _ in 0..if spread { steps } else { 0 } {
            let mut levels = [0.0; 19];
            for level in &mut levels {
                *level = self.value()?;
            }
            quantiles.push(levels);
        }
        Some(Issued {
            mean,
            quantiles,
            fallback: fell_back.then_some(text),
            paths: Vec::new(),
        })
    }
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::Other {
        problem: format!("{} cannot be written: {error}", path.display()),
        help: "check the folder's rights and the space left, or choose another with --out DIR"
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use swingload_model::time::TimeGrid;

    fn part() -> (Vec<Issue>, Vec<Vec<Issued>>) {
        let grid = TimeGrid::from_boundaries(vec![0, 60, 120]).expect("rising");
        let issues = vec![Issue { issued_at: 0, grid }];
        let point = Issued {
            mean: vec![1.5, -2.0],
            quantiles: Vec::new(),
            fallback: None,
            paths: Vec::new(),
        };
        let spread = Issued {
            mean: vec![0.0, 1e300],
            quantiles: vec![[0.25; 19], [7.0; 19]],
            fallback: Some("zero in 1 of 2 steps".into()),
            paths: Vec::new(),
        };
        (issues, vec![vec![point, spread]])
    }

    #[test]
    fn parts_come_back_as_they_were() {
        let world = tempfile::tempdir().expect("a temporary folder");
        let (issues, issued) = part();
        let parts = Parts::open(world.path(), "a").expect("opened");
        assert_eq!(parts.load(0, &issues, 2), None, "nothing is there");
        parts.store(0, &issued).expect("stored");
        let again = Parts::open(world.path(), "a").expect("opened");
        assert_eq!(again.load(0, &issues, 2), Some(issued));
        assert_eq!(
            again.load(0, &issues, 3),
            None,
            "more models than were stored"
        );
        assert!(
            again
                .said()
                .is_some_and(|said| said.contains("going on: 1 parts"))
        );
        let other = Parts::open(world.path(), "b").expect("opened");
        assert!(
            other
                .said()
                .is_some_and(|said| said.contains("starting anew"))
        );
        assert_eq!(other.load(0, &issues, 2), None, "of other inputs");
    }

    #[test]
    fn half_a_part_is_none() {
        let world = tempfile::tempdir().expect("a temporary folder");
        let (issues, issued) = part();
        let parts = Parts::open(world.path(), "a").expect("opened");
        parts.store(0, &issued).expect("stored");
        let whole = fs::read(parts.path(0)).expect("there");
        for length in [0, 8, whole.len() / 2, whole.len() - 1] {
            fs::write(parts.path(0), &whole[..length]).expect("written");
            assert_eq!(parts.load(0, &issues, 2), None, "{length} bytes");
        }
        let mut flipped = whole;
        flipped[20] ^= 1;
        fs::write(parts.path(0), flipped).expect("written");
        assert_eq!(parts.load(0, &issues, 2), None, "a flipped bit");
    }
}
