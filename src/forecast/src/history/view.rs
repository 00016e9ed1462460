//! One series as it was known at a time.

use std::cell::{Cell, OnceCell};

use super::track::{NONE, Piece, Version};

/// A series as it was known at one time; nothing published later shows.
///
/// Holds a position, so that queries that move forward cost a few nanoseconds each.
#[derive(Debug, Clone)]
pub struct View<'h> {
    pieces: &'h [Piece],
    versions: &'h [Version],
    other_units: &'h [i64],
    believing: bool,
    as_of: i64,
    first_known: Option<i64>,
    frontier: Option<i64>,
    fingerprint: u64,
    cursor: Cell<usize>,
    /// The value up to the frontier, once it was asked for.
    latest: OnceCell<Option<f64>>,
}

/// Where the values are, and which of them show.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pieces<'h> {
    pub(super) pieces: &'h [Piece],
    pub(super) versions: &'h [Version],
    /// Times of the publications in another unit, sorted.
    pub(super) other_units: &'h [i64],
    /// Whether doubtful values show.
    pub(super) believing: bool,
}

/// How much of an interval is known, and its mean there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cover {
    /// Seconds with a value.
    pub seconds: i64,
    /// Time-weighted mean over those seconds; 0 when there are none.
    pub mean: f64,
}

impl<'h> View<'h> {
    pub(super) fn new(
        values: Pieces<'h>,
        as_of: i64,
        first_known: Option<i64>,
        frontier: Option<i64>,
        fingerprint: u64,
    ) -> Self {
        Self {
            pieces: values.pieces,
            versions: values.versions,
            other_units: values.other_units,
            believing: values.believing,
            as_of,
            first_known,
            frontier,
            fingerprint,
            cursor: Cell::new(0),
            latest: OnceCell::new(),
        }
    }

    pub(crate) fn empty(as_of: i64) -> Self {
        let nothing = Pieces {
            pieces: &[],
            versions: &[],
            other_units: &[],
            believing: false,
        };
        Self::new(nothing, as_of, None, None, 0)
    }

    /// The time as of which this is what was known.
    pub(crate) fn as_of(&self) -> i64 {
        self.as_of
    }

    /// When the first observation became known; `None` when nothing is.
    pub(crate) fn first_known(&self) -> Option<i64> {
        self.first_known
    }

    /// Whether doubtful values show: for decisions, and not for learning.
    pub(crate) fn is_believed(&self) -> bool {
        self.believing
    }

    /// Whether forecasts start from this view, with doubtful values in it, rather than from
    /// the one that is `learned` from: while its newest value is doubtful and larger. A small
    /// one says little of what comes next, and as soon as a usual one has come all is as if
    /// the others had never been.
    pub(crate) fn is_ahead_of(&self, learned: &Self) -> bool {
        let size = |view: &Self| view.latest_before(i64::MAX).map_or(0.0, |(_, v)| v.abs());
        self.frontier > learned.frontier && size(self) > size(learned)
    }

    /// Latest end of a known interval, in the past or in the future.
    pub fn frontier(&self) -> Option<i64> {
        self.frontier
    }

    /// Hash of all that was known; equal views have equal fingerprints.
    pub(crate) fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// Latest known value before `at`: the end of its time, at most `at`, and the value.
    ///
    /// Constant time from the frontier on; before it, as far back as the gap is long.
    pub(crate) fn latest_before(&self, at: i64) -> Option<(i64, f64)> {
        let frontier = self.frontier?;
        if at >= frontier {
            let latest = self
                .latest
                .get_or_init(|| self.mean(frontier - 1, frontier));
            return Some((frontier, (*latest)?));
        }
        let behind = self.seek(at);
        let before = (self.pieces[behind..].first()).filter(|p| p.start < at);
        before
            .into_iter()
            .chain(self.pieces[..behind].iter().rev())
            .find_map(|piece| Some((piece.end.min(at), self.visible(piece)?)))
    }

    /// Time-weighted mean over `[start, end)`; `None` unless all of it is known.
    pub fn mean(&self, start: i64, end: i64) -> Option<f64> {
        if self.frontier? < end {
            return None;
        }
        let cover = self.cover(start, end);
        (cover.seconds == end - start).then_some(cover.mean)
    }

    /// What is known of `[start, end)`.
    ///
    /// Neighbours of equal value are added as one, so that the last bit does not
    /// depend on how revisions, even later ones, cut the time.
    pub(crate) fn cover(&self, start: i64, end: i64) -> Cover {
        let first = self.seek(start);
        let (mut seconds, mut sum) = (0, 0.0);
        let (mut run, mut run_value) = (0_i64, 0.0);
        let mut index = first;
        while let Some(piece) = self.pieces.get(index).filter(|p| p.start < end) {
            if let Some(value) = self.visible(piece) {
                let length = piece.end.min(end) - piece.start.max(start);
                seconds += length;
                if value != run_value {
                    sum += run_value * run as f64;
                    (run, run_value) = (0, value);
                }
                run += length;
            }
            index += 1;
        }
        self.cursor.set(index.saturating_sub(1).max(first));
        let mean = if seconds == 0 {
            0.0
        } else if run == seconds {
            run_value
        } else {
            (sum + run_value * run as f64) / seconds as f64
        };
        Cover { seconds, mean }
    }

    fn visible(&self, piece: &Piece) -> Option<f64> {
        let mut version = piece.newest;
        while version.known_at > self.as_of || !self.shows(&version) {
            if version.older == NONE {
                return None;
            }
            version = self.versions[version.older as usize];
        }
        Some(version.value)
    }

    /// Whether a version is used at all, whenever it was known.
    fn shows(&self, version: &Version) -> bool {
        (self.believing || !version.doubtful)
            && (self.other_units.is_empty()
                || version.value == 0.0
                || self.other_units.binary_search(&version.known_at).is_err())
    }

    /// Index of the first piece that ends after `at`, found from the last position.
    fn seek(&self, at: i64) -> usize {
        let pieces = self.pieces;
        let from = self.cursor.get();
        let behind = from == 0 || pieces[from - 1].end <= at;
        if !behind {
            return pieces[..from].partition_point(|p| p.end <= at);
        }
        let mut low = from;
        let mut stride = 1;
        while low + stride <= pieces.len() && pieces[low + stride - 1].end <= at {
            low += stride;
            stride *= 2;
        }
        let high = (low + stride).min(pieces.len());
        low + pieces[low..high].partition_point(|p| p.end <= at)
    }
}
