//! Shared fakes and helpers of the end-to-end tests.
//!
//! They run the real program, built before by `./test` or `cargo build`.

use std::path::{Path, PathBuf};

use assert_cmd::Command;

/// The program, in a folder of its own so that nothing is written elsewhere.
#[derive(Debug)]
pub struct World {
    folder: tempfile::TempDir,
}

/// An empty folder.
///
/// # Panics
/// When the system has no temporary folder.
pub fn world() -> World {
    let folder = tempfile::tempdir().expect("temporary folder");
    World { folder }
}

impl World {
    /// Path of the folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Adds a file.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.path().join(name), content).expect("written");
        self
    }

    /// A command in the folder, without the environment's data root.
    pub fn swingload(&self, arguments: &str) -> Command {
        let mut command = Command::new(program());
        command
            .current_dir(self.path())
            .env_remove("SWINGLOAD_DATA")
            .env("NO_COLOR", "1")
            .args(arguments.split_whitespace());
        command
    }

    /// Reads a file of the folder.
    ///
    /// # Panics
    /// When it is not there.
    pub fn read(&self, name: &str) -> Vec<u8> {
        let path = self.path().join(name);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Names in the folder, sorted.
    ///
    /// # Panics
    /// When the folder is gone.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path()).expect("the folder");
        let name = |entry: std::io::Result<std::fs::DirEntry>| entry.expect("an entry").file_name();
        let mut names: Vec<String> = entries
            .map(|entry| name(entry).to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

/// The built program: beside the folder of the tests, or where `SWINGLOAD_BIN` says.
///
/// # Panics
/// When it was not built.
pub fn program() -> PathBuf {
    if let Some(path) = std::env::var_os("SWINGLOAD_BIN") {
        return path.into();
    }
    let test = std::env::current_exe().expect("the path of this test");
    let folder = test.ancestors().nth(2).expect("target/PROFILE/deps/TEST");
    let path = folder.join(format!("swingload{}", std::env::consts::EXE_SUFFIX));
    assert!(
        path.exists(),
        "build it first: cargo build -p swingload-cli"
    );
    path
}

/// The root of the repository.
///
/// # Panics
/// Never: this package is a folder of it.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("a folder above tests/")
}

/// The data root of the tests on real data; `None`, with a word about it, when unset.
pub fn data_root() -> Option<PathBuf> {
    let root = std::env::var_os("SWINGLOAD_DATA").map(PathBuf::from);
    if root.is_none() {
        eprintln!("skipped: SWINGLOAD_DATA is not set");
    }
    root
}

/// A JSON value from bytes.
///
/// # Panics
/// When they are none.
pub fn json(bytes: &[u8]) -> serde_json::Value {
    serde_json::from_slice(bytes).expect("one JSON value and nothing else")
}
