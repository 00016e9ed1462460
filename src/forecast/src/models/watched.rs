//! What every forecast reports about the series it was made from, whatever its model.
//!
//! ```text
//! forecast series, companion, inputs  ->  values refused, doubtful or missing in the past days?
//!                                         silent for longer than usual?
//! ```
//!
//! Models do not see these faults: to them a refused value was never published, a doubtful one
//! counts for decisions and not for learning, and after a silence the last value is older.
//! Which rule stands in, and how wide its band is, follows from that; here the cause is named.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use swingload_model::forecast::{ANOTHER_UNIT, Fallback, Forecast};

use super::Model;
use crate::calendar::{DAY, HOUR};
use crate::{Forecaster, History, Request};

/// How far back missing values are reported, s: rules look back to the week before.
const OF_LATE: i64 = 8 * DAY;

/// A model whose data are watched.
pub(super) struct Watched {
    model: Model,
    /// Per series the time of counting, what was known then, and the seconds missing before it.
    missing: Mutex<BTreeMap<String, (i64, u64, i64)>>,
}

impl Watched {
    pub(super) fn new(model: Model) -> Self {
        Self {
            model,
            missing: Mutex::default(),
        }
    }

    /// Seconds without a value in the past days, as known at the last full hour.
    fn missing(&self, history: &History, name: &str, at: i64) -> i64 {
        let view = history.believed(name, at - at.rem_euclid(HOUR));
        let (hour, print) = (view.as_of(), view.fingerprint());
        let mut known = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((time, known, seconds)) = known.get(name)
            && (*time, *known) == (hour, print)
        {
            return *seconds;
        }
        let from = hour.saturating_sub(OF_LATE);
        // Before its first value a series was not there.
        let from = view.latest_before(from + 1).map(|_| from);
        // Forecasts may have holes ahead, too.
        let until = view
            .frontier()
            .map_or(hour, |f| f.min(hour.saturating_add(OF_LATE)));
        let seconds = match from {
            Some(from) if until > from => until - from - view.cover(from, until).seconds,
            _ => 0,
        };
        known.insert(name.to_owned(), (hour, print, seconds));
        seconds
    }

    /// What is wrong with a series at the time of issue; `open` steps are not published yet.
    fn faults(&self, request: &Request<'_>, name: &str, open: usize) -> Vec<Fallback> {
        let (history, at) = (request.history, request.issued_at);
        let fault = |what: &str, extent: String| Fallback {
            what: format!("{name} {what}"),
            steps: open,
            extent: Some(extent),
        };
        let values = |n: usize| if n == 1 { "value" } else { "values" };
        let odd = history.odd(name, at.saturating_sub(OF_LATE), at);
        let refused = Some(odd.refused).filter(|n| *n > 0);
        let refused = refused.map(|n| fault(ANOTHER_UNIT, format!("refused, {n} {}", values(n))));
        let doubtful = Some(odd.doubtful.len()).filter(|n| *n > 0);
        let doubtful = doubtful.map(|n| {
            let own = match name == request.series {
                true => touched(request, &odd.doubtful),
                false => 0,
            };
            Fallback {
                steps: open + own,
                ..fault(
                    "far from usual",
                    format!("taken at its word, not learned from, {n} {}", values(n)),
                )
            }
        });
        if open == 0 {
            return doubtful.into_iter().filter(|f| f.steps > 0).collect();
        }
        let missing = Some(self.missing(history, name, at)).filter(|seconds| *seconds > 0);
        let missing = missing.map(|s| fault("missing", format!("for {} around now", length(s))));
        let silent = history.silence(name, at);
        let silent = silent.map(|seconds| fault("silent", format!("for {}", length(seconds))));
        let odd = refused.into_iter().chain(doubtful);
        odd.chain(missing).chain(silent).collect()
    }
}

fn length(seconds: i64) -> String {
    match seconds {
        s if s < 2 * HOUR => format!("{} min", (s + 59) / 60),
        s if s < 3 * DAY => format!("{} h", s / HOUR),
        s => format!("{} days", s / DAY),
    }
}

impl Forecaster for Watched {
    fn name(&self) -> &str {
        self.model.name()
    }

    fn reads(&self) -> Vec<&str> {
        self.model.reads()
    }

    fn forecast(&self, request: &Request<'_>) -> Forecast {
        let mut forecast = self.model.forecast(request);
        let names = std::iter::once(request.series).chain(self.reads());
        let open = open_steps(request);
        let found = names.flat_map(|name| self.faults(request, name, open));
        forecast.fallbacks.extend(found);
        forecast
    }
}

/// Steps whose value is not published yet.
fn open_steps(request: &Request<'_>) -> usize {
    let view = request.history.believed(request.series, request.issued_at);
    let grid = request.grid;
    let is_open = |step: &usize| {
        let (start, end) = (grid.start_s(*step), grid.end_s(*step));
        view.mean(start, end).is_none()
    };
    (0..grid.len()).filter(is_open).count()
}

/// Steps of the request that one of the intervals lies in, at least in part.
fn touched(request: &Request<'_>, intervals: &[(i64, i64)]) -> usize {
    let grid = request.grid;
    let touches = |step: &usize| {
        let (start, end) = (grid.start_s(*step), grid.end_s(*step));
        (intervals.iter()).any(|(from, until)| *from < end && *until > start)
    };
    (0..grid.len()).filter(touches).count()
}
