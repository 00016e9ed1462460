//! Files as columns: CSV, gzip CSV and Parquet, decoded once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;
use swingload_model::Diagnostics;

use crate::fault::fault;
use crate::parquet_file;

/// Cells of one column.
pub(crate) enum Column {
    /// Text as written; empty where unknown.
    Text(Texts),
    /// Numbers of a typed file.
    Number(Vec<Option<f64>>),
    /// Instants of a typed file, Unix microseconds.
    Instant(Vec<Option<i64>>),
    /// Clock times without zone of a typed file, microseconds since 1970-01-01T00:00 on that clock.
    Clock(Vec<Option<i64>>),
}

/// Strings one after another in one allocation.
#[derive(Default)]
pub(crate) struct Texts {
    bytes: String,
    ends: Vec<usize>,
}

impl Texts {
    pub(crate) fn push(&mut self, text: &str) {
        self.bytes.push_str(text.trim());
        self.ends.push(self.bytes.len());
    }

    fn get(&self, row: usize) -> &str {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.bytes[start..self.ends[row]]
    }
}

impl Column {
    /// The cell as it would be written; empty where unknown.
    pub(crate) fn text(&self, row: usize) -> Cow<'_, str> {
        let owned = match self {
            Self::Text(texts) => return Cow::Borrowed(texts.get(row)),
            Self::Number(cells) => cells[row].map(|v| v.to_string()),
            Self::Instant(cells) => cells[row].map(|v| {
                jiff::Timestamp::from_microsecond(v).map_or(v.to_string(), |t| t.to_string())
            }),
            Self::Clock(cells) => cells[row].map(|v| {
                let text = jiff::Timestamp::from_microsecond(v);
                text.map_or(v.to_string(), |t| {
                    t.to_string().trim_end_matches('Z').to_owned()
                })
            }),
        };
        Cow::Owned(owned.unwrap_or_default())
    }

    /// The cell as a number: `None` where unknown.
    ///
    /// # Errors
    /// Text that is no finite number.
    pub(crate) fn number(&self, row: usize) -> Result<Option<f64>, ()> {
        let value = match self {
            Self::Text(texts) => match texts.get(row) {
                "" => return Ok(None),
                text => text.parse().map_err(|_| ())?,
            },
            Self::Number(cells) => match cells[row] {
                None => return Ok(None),
                Some(value) => value,
            },
            Self::Instant(_) | Self::Clock(_) => return Err(()),
        };
        if value.is_finite() {
            Ok(Some(value))
        } else {
            Err(())
        }
    }

    /// Whether the cell equals the text of a filter; numbers of typed files compare by value.
    pub(crate) fn equals(&self, row: usize, text: &str, number: Option<f64>) -> bool {
        match self {
            Self::Number(cells) => cells[row].is_some() && cells[row] == number,
            other => other.text(row) == text,
        }
    }
}

/// A decoded file.
pub(crate) struct Table {
    /// The file as it was opened.
    pub(crate) file: String,
    pub(crate) names: Vec<String>,
    pub(crate) columns: Vec<Column>,
    /// Line of each row; empty for typed files, where rows are counted from 1.
    pub(crate) lines: Vec<u32>,
    pub(crate) rows: usize,
}

impl Table {
    /// The column `name`, bound by `subject`.
    ///
    /// # Errors
    /// A missing or doubled column; the message lists the columns there are.
    pub(crate) fn column(&self, name: &str, subject: &str) -> Result<&Column, Diagnostics> {
        let mut found = self.names.iter().enumerate().filter(|(_, n)| *n == name);
        let header = (!self.lines.is_empty()).then_some(1);
        match (found.next(), found.next()) {
            (Some((index, _)), None) => Ok(&self.columns[index]),
            (Some(_), Some(_)) => Err(fault(
                &self.file,
                header,
                name,
                "",
                format!("`{subject}` binds a column that the file has twice"),
                "rename one of the two in the header",
            )
            .into()),
            (None, _) => {
                let mut help = format!("columns of the file: {}", self.names.join(", "));
                if self.names.len() == 1 && self.names[0].contains([';', '\t']) {
                    help = "the file seems to be separated by semicolons or tabs; write it with commas".into();
                }
                Err(fault(
                    &self.file,
                    header,
                    name,
                    "",
                    format!("`{subject}` binds a column that the file does not have"),
                    help,
                )
                .into())
            }
        }
    }

    /// Line of a row for messages, counted from 1 with the header; the row's number in a typed file.
    pub(crate) fn line(&self, row: usize) -> usize {
        self.lines.get(row).map_or(row + 1, |line| *line as usize)
    }

    fn from_csv(file: &str, reader: impl Read) -> Result<Self, Diagnostics> {
        let mut reader = csv::Reader::from_reader(reader);
        let refuse = |error: &csv::Error| {
            let line = error.position().map(|p| p.line() as usize);
            let (problem, help) = match error.kind() {
                csv::ErrorKind::UnequalLengths {
                    expected_len, len, ..
                } => (
                    format!("the row has {len} cells and the header {expected_len}"),
                    "quote cells with commas in them; write an empty cell where a value is unknown",
                ),
                csv::ErrorKind::Utf8 { .. } => (
                    "the text is not UTF-8".to_owned(),
                    "convert the file to UTF-8",
                ),
                csv::ErrorKind::Io(error) => (
                    format!("reading failed: {error}"),
                    "the file may be cut off; fetch it again",
                ),
                _ => (
                    format!("the row cannot be read: {error}"),
                    "compare with a plain CSV file",
                ),
            };
            Diagnostics::from(fault(file, line, "", "", problem, help))
        };
        let names: Vec<String> = reader
            .headers()
            .map_err(|e| refuse(&e))?
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}').trim().to_owned())
            .collect();
        let mut texts: Vec<Texts> = names.iter().map(|_| Texts::default()).collect();
        let (mut lines, mut record) = (Vec::new(), csv::StringRecord::new());
        while reader.read_record(&mut record).map_err(|e| refuse(&e))? {
            lines.push(record.position().map_or(0, |p| p.line() as u32));
            record
                .iter()
                .zip(&mut texts)
                .for_each(|(cell, column)| column.push(cell));
        }
        Ok(Self {
            file: file.to_owned(),
            names,
            rows: lines.len(),
            lines,
            columns: texts.into_iter().map(Column::Text).collect(),
        })
    }

    fn read(path: &Path, file: &str) -> Result<Self, Diagnostics> {
        let refuse = |error: std::io::Error| {
            let help = "set the data root with --data DIR or SWINGLOAD_DATA; paths beginning with ./ lie beside the scenario";
            let problem = format!("the file cannot be read: {error}");
            Diagnostics::from(fault(file, None, "", "", problem, help))
        };
        let mut handle = File::open(path).map_err(refuse)?;
        let mut magic = Vec::new();
        (&mut handle)
            .take(4)
            .read_to_end(&mut magic)
            .map_err(refuse)?;
        handle.rewind().map_err(refuse)?;
        let table = match &magic[..] {
            b"PAR1" => parquet_file::read(file, handle)?,
            [0x1f, 0x8b, ..] => Self::from_csv(file, MultiGzDecoder::new(BufReader::new(handle)))?,
            _ => Self::from_csv(file, handle)?,
        };
        if table.rows == 0 {
            return Err(fault(
                file,
                None,
                "",
                "",
                "the file has no rows",
                "check how it was made",
            )
            .into());
        }
        Ok(table)
    }
}

/// A path without the `.` that says no more: `./../own/prices.csv` is `../own/prices.csv`. What
/// stands before a `..` stays, for it may be a link.
fn plain(path: &Path) -> PathBuf {
    let parts = path.components();
    let kept: PathBuf = parts.filter(|part| *part != Component::CurDir).collect();
    // A file beside the scenario keeps the look of one.
    match path.strip_prefix(".") {
        Ok(name) if name.components().count() == 1 => path.to_owned(),
        _ => kept,
    }
}

/// Files opened in one load, each decoded once.
pub(crate) struct Files<'a> {
    root: Option<&'a Path>,
    tables: BTreeMap<String, Rc<Table>>,
}

impl<'a> Files<'a> {
    pub(crate) fn new(root: Option<&'a Path>) -> Self {
        Self {
            root,
            tables: BTreeMap::new(),
        }
    }

    /// Where a path of a binding leads: absolute and `./` paths as they are, others below the data root.
    fn path(&self, file: &str) -> Option<PathBuf> {
        if file.starts_with("./") || Path::new(file).is_absolute() {
            Some(plain(Path::new(file)))
        } else {
            self.root.map(|root| plain(&root.join(file)))
        }
    }

    /// The decoded file, for `subject`.
    ///
    /// # Errors
    /// No data root, a file that is missing, cut off, empty or of no known form.
    pub(crate) fn open(&mut self, file: &str, subject: &str) -> Result<Rc<Table>, Diagnostics> {
        if let Some(table) = self.tables.get(file) {
            return Ok(Rc::clone(table));
        }
        let Some(path) = self.path(file) else {
            let problem =
                format!("`{subject}` names a file below the data root, and there is no data root");
            let help = "give the folder with --data DIR or SWINGLOAD_DATA";
            return Err(fault(file, None, "", "", problem, help).into());
        };
        if let Some(root) = self
            .root
            .filter(|root| path.starts_with(root) && !root.is_dir())
        {
            let problem = format!(
                "`{subject}` names a file below the data root, and that is no folder: {}",
                root.display()
            );
            let help = "give the folder with --data DIR or SWINGLOAD_DATA";
            return Err(fault(file, None, "", "", problem, help).into());
        }
        let table = Rc::new(Table::read(&path, &path.display().to_string())?);
        self.tables.insert(file.to_owned(), Rc::clone(&table));
        Ok(table)
    }
}
