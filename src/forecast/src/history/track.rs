//! One series: disjoint pieces of time, each with the versions of its value.

use swingload_model::series::Observation;

use super::View;
use super::screen::Screen;
use crate::calendar::HOUR;
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

/// One observation, and all that was published up to it.
#[derive(Debug, Clone, Copy)]
struct Milestone {
    observation: Observation,
    /// Whether it is used; refused ones are as good as never published.
    accepted: bool,
    /// Latest end of an accepted interval known by then.
    frontier: i64,
    /// Sum of the hashes of all accepted observations known by then.
    fingerprint: u64,
}

/// The observations of one series.
#[derive(Debug, Clone, Default)]
pub(crate) struct Track {
    pieces: Vec<Piece>,
    versions: Vec<Version>,
    /// Sorted by `known_at`; one per observation.
    milestones: Vec<Milestone>,
    /// Observations that are not used, sorted by `known_at`.
    refused: Vec<Observation>,
    screen: Screen,
}

/// Publications that show how often a series is published.
const SEEN: usize = 32;
/// Fewest of them that show it.
const SEEN_MIN: usize = 8;
/// Observations looked through for them.
const LOOKED: usize = 4_096;

impl Track {
    /// A track that takes every value as it is.
    pub(crate) fn unscreened() -> Self {
        Self::with_room(f64::INFINITY)
    }

    /// A track whose values may be `room` times as large as is usual.
    pub(super) fn with_room(room: f64) -> Self {
        Self {
            screen: Screen::with_room(room),
            ..Self::default()
        }
    }

    /// Judges everything anew where `room` is another one.
    pub(super) fn set_room(&mut self, room: f64) {
        if room != self.screen.room() {
            self.screen = Screen::with_room(room);
            self.replay();
        }
    }

    /// Adds one valid observation.
    pub(crate) fn push(&mut self, observation: Observation) {
        let known = |m: &Milestone| m.observation.known_at;
        let at = observation.known_at;
        if self.milestones.last().is_none_or(|last| known(last) <= at) {
            self.admit(observation);
            return;
        }
        // What was judged by less than is known now has to be judged again.
        let index = self.milestones.partition_point(|m| known(m) <= at);
        let late = Milestone {
            observation,
            accepted: false,
            frontier: 0,
            fingerprint: 0,
        };
        self.milestones.insert(index, late);
        self.screen = Screen::with_room(self.screen.room());
        self.replay();
    }

    fn replay(&mut self) {
        self.pieces.clear();
        self.versions.clear();
        self.refused.clear();
        for milestone in std::mem::take(&mut self.milestones) {
            self.admit(milestone.observation);
        }
    }

    /// Adds the observation that became known last.
    fn admit(&mut self, observation: Observation) {
        let accepted = self.screen.accepts(&observation);
        self.note(observation, accepted);
        if !accepted {
            self.refused.push(observation);
            return;
        }
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

    /// What of the published values is not used, as known at `as_of`.
    pub(super) fn refused(&self, as_of: i64) -> &[Observation] {
        &self.refused[..self.refused.partition_point(|o| o.known_at <= as_of)]
    }

    /// Everything published by `as_of`, in order of publication.
    fn published(&self, as_of: i64) -> &[Milestone] {
        let known = |m: &Milestone| m.observation.known_at <= as_of;
        let count = match self.milestones.last() {
            Some(last) if known(last) => self.milestones.len(),
            _ => self.milestones.partition_point(known),
        };
        &self.milestones[..count]
    }

    /// The track as known at `as_of`.
    pub(crate) fn view(&self, as_of: i64) -> View<'_> {
        // What is published first is always accepted.
        let first = self.milestones.first().map(|m| m.observation.known_at);
        let last = self.published(as_of).last();
        View::new(
            &self.pieces,
            &self.versions,
            as_of,
            last.and(first),
            last.map(|m| m.frontier),
            last.map_or(0, |m| m.fingerprint),
        )
    }

    /// Seconds since the last publication where one has been due for longer than usual;
    /// `None` where the series is as up to date as it mostly is, or too little was published
    /// to tell.
    ///
    /// What counts is how far into the future, or up to how long ago, values are known just
    /// before the next publication: of the last ones, the worst but a few is still usual.
    pub(super) fn silence(&self, as_of: i64) -> Option<i64> {
        let published = self.published(as_of).iter().rev();
        let mut published = published.take(LOOKED).filter(|m| m.accepted);
        let last = published.next()?;
        let silent_s = as_of.saturating_sub(last.observation.known_at);
        let (mut reaches, mut gaps) = (Vec::with_capacity(SEEN), Vec::with_capacity(SEEN));
        let mut next = last.observation.known_at;
        for milestone in published {
            let known_at = milestone.observation.known_at;
            if known_at < next {
                reaches.push(milestone.frontier.saturating_sub(next));
                gaps.push(next.saturating_sub(known_at));
                next = known_at;
            }
            if reaches.len() == SEEN {
                break;
            }
        }
        if reaches.len() < SEEN_MIN {
            return None;
        }
        reaches.sort_unstable();
        gaps.sort_unstable();
        let usual = reaches[reaches.len() / 10];
        let patience = gaps[gaps.len() / 2].min(HOUR);
        let reach = last.frontier.saturating_sub(as_of);
        (usual.saturating_sub(reach) > patience).then_some(silent_s)
    }

    fn note(&mut self, observation: Observation, accepted: bool) {
        let before = self.milestones.last();
        let (mut frontier, mut fingerprint) =
            before.map_or((i64::MIN, 0), |m| (m.frontier, m.fingerprint));
        if accepted {
            let own = [
                observation.end as u64,
                observation.value.to_bits(),
                observation.known_at as u64,
            ]
            .iter()
            .fold(mix(observation.start as u64), |hash, word| mix(hash ^ word));
            frontier = frontier.max(observation.end);
            fingerprint = fingerprint.wrapping_add(own);
        }
        self.milestones.push(Milestone {
            observation,
            accepted,
            frontier,
            fingerprint,
        });
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
