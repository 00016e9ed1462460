//! Finding and reading a scenario and the site file it names.

use std::fs;
use std::path::{Path, PathBuf};

use swingload_model::catalogue::Catalogue;
use swingload_model::document::{Document, Override};
use swingload_model::scenario::{Scenario, ScenarioFile};
use swingload_model::{Diagnostic, Diagnostics};

use crate::embedded;
use crate::failure::Failure;

/// The texts of a scenario, which variants read again with other overrides.
#[derive(Debug)]
pub(crate) struct Texts {
    /// Name of the scenario, for its output folder.
    pub(crate) name: String,
    file: String,
    text: String,
    site_file: String,
    site_text: String,
}

const LOOK: &str = "compare with the folders of simulations/, or run the built-in scenario";

impl Texts {
    /// Reads `scenario`, a folder with a `scenario.toml` or a TOML file; without it the
    /// scenario that is built in. `overrides` may name another site file.
    pub(crate) fn read(scenario: Option<&Path>, overrides: &[Override]) -> Result<Self, Failure> {
        let Some(path) = scenario else {
            if let Some(site) = overrides.iter().find(|o| o.path == "site") {
                return Err(Failure::input(
                    "--set",
                    format!(
                        "site = {}: the built-in scenario has its site built in",
                        site.value
                    ),
                    "name a scenario, or change single keys of the site with site.KEY=VALUE",
                    "swingload simulate SCENARIO --set site=FILE",
                ));
            }
            return Ok(Self {
                name: embedded::NAME.into(),
                file: format!("{}/scenario.toml (built in)", embedded::NAME),
                text: embedded::SCENARIO.into(),
                site_file: format!("{}/site.toml (built in)", embedded::NAME),
                site_text: embedded::SITE.into(),
            });
        };
        let file = if path.is_dir() {
            path.join("scenario.toml")
        } else {
            path.to_owned()
        };
        // `.` would stand at the head of every path in messages.
        let file = file.strip_prefix(".").map_or(file.clone(), Path::to_owned);
        let text = read(&file, "the scenario")?;
        let shown = file.display().to_string();
        let (raw, _) = ScenarioFile::from_toml(&shown, &text, overrides).map_err(bad_scenario)?;
        let site = file.parent().unwrap_or(Path::new("")).join(&raw.site);
        let site_text = read(&site, &format!("the site file that {shown} names"))?;
        Ok(Self {
            name: name(&file),
            file: shown,
            text,
            site_file: site.display().to_string(),
            site_text,
        })
    }

    /// The scenario with `overrides` on top.
    pub(crate) fn build(&self, overrides: &[Override]) -> Result<Scenario, Failure> {
        self.read_with(overrides).map_err(bad_scenario)
    }

    /// The scenario with the overrides of its variant at `index` among `overrides`; what
    /// is wrong then is wrong with the variant, and said there.
    pub(crate) fn build_variant(
        &self,
        index: usize,
        id: &str,
        overrides: &[Override],
    ) -> Result<Scenario, Failure> {
        self.read_with(overrides).map_err(|faults| {
            let place = format!("variants[{index}].set");
            let document = Document::parse(&self.file, &self.text);
            let in_variant = |fault: Diagnostic| Diagnostic {
                file: self.file.clone(),
                line: document
                    .as_ref()
                    .ok()
                    .and_then(|d| d.refuse(&place, "", "").line),
                field: place.clone(),
                value: String::new(),
                problem: format!(
                    "with the variant `{id}`, {} = {}: {}",
                    fault.field, fault.value, fault.problem
                )
                .replace(" = : ", ": "),
                help: fault.help,
                more: fault.more,
            };
            bad_scenario(Diagnostics(faults.0.into_iter().map(in_variant).collect()))
        })
    }

    fn read_with(&self, overrides: &[Override]) -> Result<Scenario, Diagnostics> {
        Scenario::from_toml(
            &self.file,
            &self.text,
            &self.site_file,
            &self.site_text,
            overrides,
            &Catalogue::embedded(),
        )
    }
}

/// A refusal of scenario, site or data.
pub(crate) fn bad_scenario(faults: Diagnostics) -> Failure {
    let data = "swingload simulate SCENARIO --data DIR";
    let next = if faults.0.iter().any(|f| f.help.contains("--data")) {
        data
    } else if faults.0.iter().any(|f| f.file.contains("site.toml")) {
        "swingload schema site    (all keys of a site file)"
    } else if faults.0.iter().any(|f| f.field.starts_with("policies")) {
        "swingload policies"
    } else {
        "swingload schema scenario    (all keys of a scenario file)"
    };
    Failure::Input {
        faults,
        next: next.into(),
    }
}

fn read(path: &Path, what: &str) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| {
        Failure::input(
            path.display().to_string(),
            format!("{what} cannot be read: {error}"),
            LOOK,
            "swingload simulate    (the built-in scenario)",
        )
    })
}

/// The folder's name for a `scenario.toml`, otherwise the file's.
fn name(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default();
    let full = fs::canonicalize(file).unwrap_or_else(|_| PathBuf::from(file));
    let folder = full.parent().and_then(Path::file_name);
    let name = folder.filter(|_| stem == "scenario").unwrap_or(stem);
    name.to_string_lossy().into_owned()
}
