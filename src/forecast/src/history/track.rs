//! One series: disjoint pieces of time, each with the versions of its value.

use swingload_model::series::Observation;

use super::View;
use crate::seed::mix;

/// Index of no version.
pub(super) const NONE: u32 = u32::MAX;

/// A stretch of time over which every version is constant, with the newest of them.
///
/// ```text
/// pieces    |---a---|---a---|   gap   |--b--|      sorted, disjoint
///               |       |
/// versions      |       a' -> a''                  older and older
/// ```
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) newest: Version,
}

/// A value, since when it was known, and what was known before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Version {
    pub(super) value: f64,
    pub(super) known_at: i64,
    /// Index into the track's versions, or [`NONE`].
    pub(super) older: u32,
}

impl Version {
    /// Later knowledge wins; at the same time the greater value, so that order does not matter.
    fn supersedes(&self, other: &Self) -> bool {
        self.known_at > other.known_at
            || (self.known_at == other.known_at && self.value > other.value)
    }
}

/// All that was published up to one `known_at`.
#[derive(Debug, Clone, Copy)]
struct Milestone {
    known_at: i64,
    /// Latest end of an interval known by then.
    frontier: i64,
    /// Sum of the hashes of all observations known by then.
    fingerprint: u64,
}

/// The observations of one series.
#[derive(Debug, Clone, Default)]
pub(crate) struct Track {
    pieces: Vec<Piece>,
    versions: Vec<Version>,
    /// Sorted by `known_at`; one per observation.
    milestones: Vec<Milestone>,
}

impl Track {
    /// Adds one valid observation.
    pub(crate) fn push(&mut self, observation: Observation) {
        self.note(&observation);
        let fresh = Version {
            value: observation.value,
            known_at: observation.known_at,
            older: NONE,
        };
        let piece = Piece {
            start: observation.start,
            end: observation.end,
            newest: fresh,
        };
        match self.pieces.last() {
            Some(last) if last.end > piece.start => self.overlay(piece),
            _ => self.pieces.push(piece),
        }
    }

    /// Adds valid observations, those known first before the others, which is cheapest.
    pub(crate) fn extend(&mut self, observations: &[Observation]) {
        let mut order: Vec<&Observation> = observations.iter().collect();
        order.sort_by_key(|o| (o.known_at, o.start));
        for observation in order {
            self.push(*observation);
        }
    }

    /// The track as known at `as_of`.
    pub(crate) fn view(&self, as_of: i64) -> View<'_> {
        let known = match self.milestones.last() {
            Some(last) if last.known_at <= as_of => self.milestones.len(),
            _ => self.milestones.partition_point(|m| m.known_at <= as_of),
        };
        let last = self.milestones[..known].last();
        View::new(
            &self.pieces,
            &self.versions,
            as_of,
            last.map(|_| self.milestones[0].known_at),
            last.map(|m| m.frontier),
            last.map_or(0, |m| m.fingerprint),
        )
    }

    fn note(&mut self, observation: &Observation) {
        let own = [
            observation.end as u64,
            observation.value.to_bits(),
            observation.known_at as u64,
        ]
        .iter()
        .fold(mix(observation.start as u64), |hash, word| mix(hash ^ word));
        let index = match self.milestones.last() {
            Some(last) if last.known_at > observation.known_at => self
                .milestones
                .partition_point(|m| m.known_at <= observation.known_at),
            _ => self.milestones.len(),
        };
        let before = index.checked_sub(1).map(|i| self.milestones[i]);
        for later in &mut self.milestones[index..] {
            later.frontier = later.frontier.max(observation.end);
            later.fingerprint = later.fingerprint.wrapping_add(own);
        }
        self.milestones.insert(
            index,
            Milestone {
                known_at: observation.known_at,
                frontier: before.map_or(observation.end, |m| m.frontier.max(observation.end)),
                fingerprint: before.map_or(own, |m| m.fingerprint.wrapping_add(own)),
            },
        );
    }

    /// Lays `fresh` over existing pieces, splitting those it covers in part.
    fn overlay(&mut self, fresh: Piece) {
        let low = self.pieces.partition_point(|p| p.end <= fresh.start);
        let high = self.pieces.partition_point(|p| p.start < fresh.end);
        if high == low {
            self.pieces.insert(low, fresh);
            return;
        }
        let mut cut = Vec::with_capacity(high - low + 2);
        let mut covered = fresh.start;
        for index in low..high {
            let old = self.pieces[index];
            let part = |start, end, newest| Piece { start, end, newest };
            if old.start < fresh.start {
                cut.push(part(old.start, fresh.start, old.newest));
            }
            if covered < old.start {
                cut.push(part(covered, old.start, fresh.newest));
            }
            let (start, end) = (old.start.max(fresh.start), old.end.min(fresh.end));
            let newest = self.with_version(old.newest, fresh.newest);
            cut.push(part(start, end, newest));
            if old.end > fresh.end {
                cut.push(part(fresh.end, old.end, old.newest));
            }
            covered = old.end;
        }
        if covered < fresh.end {
            cut.push(Piece {
                start: covered,
                ..fresh
            });
        }
        self.pieces.splice(low..high, cut);
    }

    /// The chain `newest` with `fresh` in its place. Chains are shared between
    /// pieces, so nodes are copied, never changed.
    fn with_version(&mut self, newest: Version, fresh: Version) -> Version {
        if fresh.supersedes(&newest) {
            let older = self.keep(newest);
            return Version { older, ..fresh };
        }
        let mut above = vec![newest];
        let mut next = newest.older;
        while next != NONE && !fresh.supersedes(&self.versions[next as usize]) {
            above.push(self.versions[next as usize]);
            next = self.versions[next as usize].older;
        }
        let mut older = self.keep(Version {
            older: next,
            ..fresh
        });
        for version in above[1..].iter().rev() {
            older = self.keep(Version { older, ..*version });
        }
        Version { older, ..newest }
    }

    fn keep(&mut self, version: Version) -> u32 {
        self.versions.push(version);
        u32::try_from(self.versions.len() - 1)
            .expect("invariant: fewer than four thousand million versions fit in memory")
    }
}
