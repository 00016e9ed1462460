//! One series: disjoint pieces of time, each with the versions of its value.

use swingload_model::series::Observation;

use super::View;
use super::screen::{Rule, Screen, Verdict};
use super::view::Pieces;
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
    /// Whether it is used for decisions and not learned from.
    pub(super) doubtful: bool,
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
    /// What it is taken for by itself; see [`Track::verdict`].
    verdict: Verdict,
    /// Latest end of an accepted interval known by then, and of one that is not refused.
    frontier: i64,
    believed: i64,
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
    /// Positions of the milestones that are not accepted, in order.
    odd: Vec<u32>,
    /// Times of the publications in another unit, sorted: of them nothing but zeros is used.
    other_units: Vec<i64>,
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
        Self::judged_by(Rule::accept_all())
    }

    /// A track whose values are judged by `rule`.
    pub(super) fn judged_by(rule: Rule) -> Self {
        Self {
            screen: Screen::new(rule),
            ..Self::default()
        }
    }

    pub(super) fn rule(&self) -> Rule {
        self.screen.rule()
    }

    /// Judges everything anew where `rule` is another one.
    pub(super) fn set_rule(&mut self, rule: Rule) {
        if rule != self.screen.rule() {
            self.screen = Screen::new(rule);
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
            verdict: Verdict::Accepted,
            frontier: 0,
            believed: 0,
            fingerprint: 0,
        };
        self.milestones.insert(index, late);
        self.screen = Screen::new(self.screen.rule());
        self.replay();
    }

    fn replay(&mut self) {
        self.pieces.clear();
        self.versions.clear();
        self.odd.clear();
        self.other_units.clear();
        for milestone in std::mem::take(&mut self.milestones) {
            self.admit(milestone.observation);
        }
    }

    /// Adds the observation that became known last.
    fn admit(&mut self, observation: Observation) {
        let verdict = self.screen.judge(&observation);
        let at = observation.known_at;
        let was_other_unit = self.other_units.last() == Some(&at);
        match (was_other_unit, self.screen.is_other_unit()) {
            (false, true) => self.other_units.push(at),
            (true, false) => drop(self.other_units.pop()),
            _ => {}
        }
        if was_other_unit != self.screen.is_other_unit() {
            // Its first values were judged before the others came.
            let first = (self.milestones).partition_point(|m| m.observation.known_at < at);
            let again = self.milestones.split_off(first);
            (self.odd).truncate(self.odd.partition_point(|m| (*m as usize) < first));
            for milestone in again {
                self.note(milestone.observation, milestone.verdict);
            }
        }
        self.note(observation, verdict);
        if verdict == Verdict::Refused {
            return;
        }
        let fresh = Version {
            value: observation.value,
            known_at: observation.known_at,
            older: NONE,
            doubtful: verdict == Verdict::Doubtful,
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

    /// What is not accepted of the values published by `as_of`, and what it is taken for.
    pub(super) fn odd(&self, as_of: i64) -> impl Iterator<Item = (Observation, Verdict)> {
        let known = |m: &u32| self.milestones[*m as usize].observation.known_at <= as_of;
        let count = self.odd.partition_point(known);
        self.odd[..count].iter().map(|m| {
            let milestone = &self.milestones[*m as usize];
            let verdict = self.verdict(&milestone.observation, milestone.verdict);
            (milestone.observation, verdict)
        })
    }

    /// What a value is taken for, its whole publication considered.
    fn verdict(&self, observation: &Observation, own: Verdict) -> Verdict {
        let is_refused = observation.value != 0.0
            && self
                .other_units
                .binary_search(&observation.known_at)
                .is_ok();
        if is_refused { Verdict::Refused } else { own }
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

    /// What may be learned from, as known at `as_of`.
    pub(crate) fn view(&self, as_of: i64) -> View<'_> {
        self.seen(as_of, false)
    }

    /// What decisions may rest on, as known at `as_of`: doubtful values, too.
    pub(super) fn believed(&self, as_of: i64) -> View<'_> {
        self.seen(as_of, true)
    }

    fn seen(&self, as_of: i64, believing: bool) -> View<'_> {
        // What is published first is always accepted.
        let first = self.milestones.first().map(|m| m.observation.known_at);
        let last = self.published(as_of).last();
        let frontier = |m: &Milestone| if believing { m.believed } else { m.frontier };
        View::new(
            Pieces {
                pieces: &self.pieces,
                versions: &self.versions,
                other_units: &self.other_units,
                believing,
            },
            as_of,
            last.and(first),
            last.map(frontier),
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
        let is_heard = |m: &&Milestone| self.verdict(&m.observation, m.verdict) != Verdict::Refused;
        let mut published = published.take(LOOKED).filter(is_heard);
        let last = published.next()?;
        let silent_s = as_of.saturating_sub(last.observation.known_at);
        let (mut reaches, mut gaps) = (Vec::with_capacity(SEEN), Vec::with_capacity(SEEN));
        let mut next = last.observation.known_at;
        for milestone in published {
            let known_at = milestone.observation.known_at;
            if known_at < next {
                reaches.push(milestone.believed.saturating_sub(next));
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
        let reach = last.believed.saturating_sub(as_of);
        (usual.saturating_sub(reach) > patience).then_some(silent_s)
    }

    fn note(&mut self, observation: Observation, own: Verdict) {
        let before = self.milestones.last();
        let (mut frontier, mut believed, mut fingerprint) = before
            .map_or((i64::MIN, i64::MIN, 0), |m| {
                (m.frontier, m.believed, m.fingerprint)
            });
        let verdict = self.verdict(&observation, own);
        if verdict == Verdict::Accepted {
            let own = [
                observation.end as u64,
                observation.value.to_bits(),
                observation.known_at as u64,
            ]
            .iter()
            .fold(mix(observation.start as u64), |hash, word| mix(hash ^ word));
            frontier = frontier.max(observation.end);
            fingerprint = fingerprint.wrapping_add(own);
        } else {
            let position = u32::try_from(self.milestones.len())
                .expect("invariant: fewer than four thousand million observations fit in memory");
            self.odd.push(position);
        }
        if verdict != Verdict::Refused {
            believed = believed.max(observation.end);
        }
        self.milestones.push(Milestone {
            observation,
            verdict: own,
            frontier,
            believed,
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
