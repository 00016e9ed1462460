//! Bindings of series to files, constants and generators.

use super::Builder;
use crate::scenario::binding::{
    Binding, BindingFile, FileSource, Publication, Source, SyntheticFile, TimeFile,
};
use crate::series::Unit;
use crate::time::Seconds;
use std::path::Path;

impl Builder<'_> {
    pub(crate) fn binding(&mut self, name: &str, raw: &BindingFile) -> Option<Binding> {
        let before = self.faults.len();
        let key = |field: &str| format!("data.{name}.{field}");
        let unit = match Unit::parse(&raw.unit) {
            Ok(unit) => Some(unit),
            Err(error) => {
                self.fault(
                    &key("unit"),
                    error.to_string(),
                    "name the unit after `scale` has been applied",
                );
                None
            }
        };
        let publication = match Publication::parse(&raw.publication) {
            Ok(rule) => Some(rule),
            Err(problem) => {
                self.fault(
                    &key("publication"),
                    problem,
                    "write `start`, `end`, `end + 15 min`, `D-1 13:30 America/Chicago`, `column NAME` or `always`",
                );
                None
            }
        };
        for (field, minutes) in [
            ("step_min", raw.step_min),
            ("gap_max_min", raw.gap_max_min),
            ("events_per_second_min", raw.events_per_second_min),
        ] {
            if minutes.is_some_and(|m| !(m.is_finite() && m > 0.0)) {
                self.fault(
                    &key(field),
                    "must be a positive number of minutes",
                    "check the value",
                );
            }
        }
        if !(raw.scale.is_finite() && raw.scale != 0.0) {
            self.fault(
                &key("scale"),
                "must be a finite number other than zero",
                "1 leaves values as they are",
            );
        }
        for (field, limit) in [("min", raw.min), ("max", raw.max)] {
            if limit.is_some_and(f64::is_nan) {
                self.fault(&key(field), "must be a number", "leave it out for no limit");
            }
        }
        if let (Some(low), Some(high)) = (raw.min, raw.max)
            && low > high
        {
            self.fault(&key("min"), "lies above `max`", "exchange the two");
        }
        let source = match (&raw.file, raw.constant, &raw.synthetic) {
            (Some(file), None, None) => self.file_source(name, file, raw),
            (None, Some(value), None) if value.is_finite() => {
                if raw.min.is_some_and(|m| value < m) || raw.max.is_some_and(|m| value > m) {
                    self.fault(
                        &key("constant"),
                        "lies outside the plausible range `min` to `max`",
                        "correct the value or its unit, or widen the range",
                    );
                }
                Some(Source::Constant(value))
            }
            (None, Some(_), None) => {
                self.fault(
                    &key("constant"),
                    "must be a finite number",
                    "check the value",
                );
                None
            }
            (None, None, Some(shape)) => {
                self.synthetic(name, shape);
                Some(Source::Synthetic(shape.clone()))
            }
            _ => {
                self.fault(
                    &format!("data.{name}"),
                    "exactly one of `file`, `constant` and `synthetic` says where values come from",
                    "keep one of the three",
                );
                None
            }
        };
        let allowed = self.allowed.allows(&format!("data.{name}"));
        let minutes = |m: f64| Seconds::from_minutes(m).get();
        let (Some(unit), Some(publication), Some(source)) = (unit, publication, source) else {
            return None;
        };
        let binding = Binding {
            unit,
            source,
            publication,
            gaps: raw.gaps,
            gap_max: raw.gap_max_min.map(minutes),
            fx: raw.fx.clone(),
            range: (
                raw.min.unwrap_or(f64::NEG_INFINITY),
                raw.max.unwrap_or(f64::INFINITY),
            ),
            allowed,
        };
        if let Source::Constant(value) = binding.source
            && let Some(doubt) = binding.doubt(value, Some(self.start), true)
        {
            let help = doubt.help(&format!("data.{name}"), self.document.file());
            self.fault(&key("constant"), doubt.problem, help);
        }
        (self.faults.len() == before).then_some(binding)
    }

    /// A path beginning with `./` lies beside the scenario file: it is given from where the scenario was.
    pub(super) fn beside(&self, file: &str) -> String {
        let folder = Path::new(self.document.file()).parent();
        match (file.strip_prefix("./"), folder) {
            (Some(name), Some(folder)) if folder.is_absolute() => {
                folder.join(name).display().to_string()
            }
            (Some(name), Some(folder)) => format!("./{}", folder.join(name).display()),
            _ => file.to_owned(),
        }
    }

    fn file_source(&mut self, name: &str, file: &str, raw: &BindingFile) -> Option<Source> {
        let key = |field: &str| format!("data.{name}.{field}");
        let columns = match (&raw.column, &raw.columns) {
            (Some(column), None) => vec![column.clone()],
            (None, Some(columns)) if !columns.is_empty() => columns.clone(),
            // Events may count rows without a value.
            (None, None) if raw.events_per_second_min.is_some() => Vec::new(),
            _ => {
                self.fault(
                    &format!("data.{name}"),
                    "give either `column`, or `columns` to add up",
                    "name the column of values in the file's header",
                );
                return None;
            }
        };
        let Some(time) = raw.time.clone() else {
            self.fault(
                &format!("data.{name}"),
                "a file needs `time`",
                "for example time = { column = \"time_utc\" }",
            );
            return None;
        };
        self.time(&key("time"), &time);
        let seconds = |m: f64| Seconds::from_minutes(m).get();
        Some(Source::File(FileSource {
            file: self.beside(file),
            columns,
            filter: raw.filter.clone(),
            scale: raw.scale,
            time,
            step: raw.step_min.map(seconds),
            shift_days: raw.shift_days,
            until: raw.until.map(jiff::Timestamp::as_second),
            repeat: raw.repeat,
            events_step: raw.events_per_second_min.map(seconds),
        }))
    }

    pub(super) fn time(&mut self, path: &str, time: &TimeFile) {
        if jiff::tz::TimeZone::get(time.zone()).is_err() {
            self.fault(
                &format!("{path}.zone"),
                "no IANA time zone of this name is known",
                "for example America/Chicago or UTC",
            );
        }
        let known =
            ["rfc3339", "date", "unix_s", "seconds", "hours"].contains(&time.format.as_str());
        if !known && !time.format.contains('%') {
            self.fault(
                &format!("{path}.format"),
                "is no time format",
                "use rfc3339, date, unix_s, seconds, hours, or a strptime pattern such as %Y-%m-%d %H:%M",
            );
        }
        if time.is_local_pattern() && time.zone.is_none() {
            self.fault(
                &format!("{path}.format"),
                "this pattern shows no offset from UTC, so the times could be of any zone",
                "add the zone of the file's clock, such as zone = \"Europe/Berlin\" or zone = \"UTC\"",
            );
        }
        if ["seconds", "hours"].contains(&time.format.as_str()) && time.origin.is_none() {
            self.fault(
                &format!("{path}.origin"),
                "a relative time needs the instant it counts from",
                "for example origin = \"2022-01-01T00:00:00Z\"",
            );
        }
    }

    fn synthetic(&mut self, name: &str, shape: &SyntheticFile) {
        self.shape_numbers(&format!("data.{name}.synthetic"), shape);
        let key = |field: &str| format!("data.{name}.synthetic.{field}");
        for (field, values, len) in [
            ("daily", &shape.daily, 24),
            ("weekly", &shape.weekly, 7),
            ("yearly", &shape.yearly, 12),
        ] {
            if !values.is_empty() && values.len() != len {
                self.fault(
                    &key(field),
                    format!("has {} values", values.len()),
                    format!("give {len} values, or leave the key out"),
                );
            }
        }
        if jiff::tz::TimeZone::get(&shape.zone).is_err() {
            self.fault(
                &key("zone"),
                "no IANA time zone of this name is known",
                "for example Asia/Karachi or UTC",
            );
        }
        if shape
            .noise
            .as_ref()
            .is_some_and(|n| !(n.sigma >= 0.0 && n.memory_h > 0.0))
        {
            self.fault(
                &key("noise"),
                "needs sigma of at least 0 and memory_h above 0",
                "memory_h is the time after which noise is forgotten",
            );
        }
        if let (Some(low), Some(high)) = (shape.min, shape.max)
            && low > high
        {
            self.fault(&key("min"), "lies above `max`", "exchange the two");
        }
        if let Some(sun) = &shape.sun
            && !((0.0..=1.0).contains(&sun.clouds) && (-90.0..=90.0).contains(&sun.latitude))
        {
            self.fault(
                &key("sun"),
                "needs clouds between 0 and 1 and a latitude between -90 and 90",
                "clouds is a share, latitude is in degrees north",
            );
        }
        if let Some(spikes) = &shape.spikes
            && !(spikes.per_day.is_finite()
                && spikes.per_day >= 0.0
                && spikes.hours > 0.0
                && spikes.hours.is_finite())
        {
            self.fault(
                &key("spikes"),
                "needs per_day of at least 0 and hours above 0",
                "hours is their mean length",
            );
        }
        for (i, other) in shape.follows.iter().enumerate() {
            let path = key(&format!("follows[{i}].series"));
            let found = self
                .document
                .table()
                .get("data")
                .and_then(|d| d.get(&other.series));
            if found.and_then(|d| d.get("synthetic")).is_none() {
                self.fault(
                    &path,
                    "is no synthetic series of this scenario",
                    "a shape can follow synthetic series only",
                );
            } else if other.series.as_str() >= name {
                self.fault(
                    &path,
                    "must come before this series by name",
                    "shapes are generated in the order of their names, so that none follows itself",
                );
            }
        }
    }
}
