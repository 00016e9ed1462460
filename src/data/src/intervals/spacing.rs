//! How long a row without a given length lasts: judged by the rows around it.
//!
//! ```text
//! |----|----|----|----|--|--|--|--|--|--|           |--|--|--|
//!   hours, until the rows come by the quarter         ^ a hole: far beyond what is around it
//! ```
//!
//! A row lasts until the next one, as long as that is at most [`FAR`] times the long distances
//! of the rows before it, or of those after it. So a file may change the length of its rows,
//! weekends in daily rates belong to it, and an outage does not. A distance that comes twice in
//! a row is a length, too. Where distances are all
//! different, as where repeated values are left out, a row may last for a day.

/// Rows looked at on either side.
const AROUND: usize = 12;
/// Beyond so many times the long distances around it (nine in ten are shorter) rows are missing.
const FAR: i64 = 3;
/// A distance that one in so many of those around has is a length that rows have there.
const USUAL: usize = 8;
/// A distance that comes so many times in a row is no row lost.
const RUN: usize = 3;
const DAY: i64 = 86_400;

/// Times of rows, each once, in order.
pub(super) struct Spacing {
    times: Vec<i64>,
    /// From each to the next; whole days where rows are civil days.
    apart: Vec<i64>,
}

/// Rows that seem lost between two others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lost {
    /// How many.
    pub(super) rows: usize,
    /// How long they would have lasted together, s.
    pub(super) lasts: i64,
}

impl Spacing {
    /// Of sorted times; civil days are of equal length whatever the clock does.
    pub(super) fn new(sorted: impl Iterator<Item = i64>, are_days: bool) -> Self {
        let mut times: Vec<i64> = sorted.collect();
        times.dedup();
        let apart = times.windows(2).map(|pair| match pair[1] - pair[0] {
            apart if are_days => ((apart + DAY / 2) / DAY * DAY).max(DAY),
            apart => apart,
        });
        let apart = apart.collect();
        Self { times, apart }
    }

    /// Position of a row's time.
    pub(super) fn position(&self, time: i64) -> usize {
        self.times.partition_point(|t| *t < time)
    }

    /// Least and greatest distance; `None` where there are fewer than two rows.
    pub(super) fn ends(&self) -> Option<(i64, i64)> {
        Some((*self.apart.iter().min()?, *self.apart.iter().max()?))
    }

    /// The next time, where the row lasts until then.
    pub(super) fn next(&self, position: usize) -> Option<i64> {
        let next = *self.times.get(position + 1)?;
        self.is_row(position).then_some(next)
    }

    /// The time before, where a row that ends at this one began there.
    pub(super) fn before(&self, position: usize) -> Option<i64> {
        let before = position.checked_sub(1)?;
        self.is_row(before).then(|| self.times[before])
    }

    /// How long a row lasts that no other one ends: as the middle one of those before it, or
    /// where there are none of those after it; `None` for a single row.
    pub(super) fn usual(&self, position: usize) -> Option<i64> {
        let (before, after) = self.around(position);
        let side = if before.is_empty() { after } else { before };
        let mut side = match side.is_empty() {
            true => self.apart.get(position..=position)?.to_vec(),
            false => side.to_vec(),
        };
        side.sort_unstable();
        side.get(side.len() / 2).copied()
    }

    /// How long a row lasts at least, as far as the rows before it tell; the whole of it where
    /// they are as long as itself.
    pub(super) fn sure(&self, position: usize) -> i64 {
        let (before, _) = self.around(position);
        let own = self.apart.get(position).copied().unwrap_or(i64::MAX);
        before.iter().copied().fold(own, i64::min)
    }

    /// Whether all rows before it are as long as itself.
    pub(super) fn is_even(&self, position: usize) -> bool {
        let (before, _) = self.around(position);
        (self.apart.get(position)).is_none_or(|own| before.iter().all(|apart| apart == own))
    }

    /// The rows that seem lost behind a row that lasts until the next one: it lasts longer than
    /// those beside it, by one or more whole rows of theirs, and that is no habit of the rows
    /// around (as weekends are in daily rates).
    pub(super) fn lost(&self, position: usize) -> Option<Lost> {
        let own = *self.apart.get(position)?;
        let (before, after) = self.around(position);
        let beside = [before.last().copied(), after.first().copied()];
        if beside.iter().flatten().all(|length| *length >= own)
            || !self.is_row(position)
            || self.run(position) >= RUN
            || is_uneven(before, after)
        {
            return None;
        }
        let all = before.len() + after.len();
        let first = position - before.len();
        let others = (first..=first + all).filter(|other| *other != position);
        let alike = others.filter(|other| self.apart[*other] == own && self.run(*other) < RUN);
        if alike.count() * USUAL >= all {
            return None;
        }
        let is_usual = |length: &i64| {
            let alike = before.iter().chain(after).filter(|other| *other == length);
            *length < own && alike.count() * USUAL >= all
        };
        let usual = || beside.into_iter().flatten().filter(is_usual);
        // Where lengths change, the row itself is as long as those before it; of the lost ones
        // the fewest rows are told that explain the distance.
        usual().find_map(|kept| {
            let each = usual().filter(|each| (own - kept) % each == 0).max()?;
            let rows = usize::try_from((own - kept) / each).ok()?;
            Some(Lost {
                rows,
                lasts: own - kept,
            })
        })
    }

    /// How many times in a row a distance comes, as far as [`RUN`]; two of them that begin or
    /// end the file may be the rest of a longer run.
    fn run(&self, position: usize) -> usize {
        let alike = |other: &&i64| **other == self.apart[position];
        let before = self.apart[..position].iter().rev();
        let before = before.take_while(alike).take(RUN).count();
        let after = self.apart[position..].iter();
        let after = after.take_while(alike).take(RUN).count();
        let is_cut = before == position || position + after == self.apart.len();
        match before + after {
            2 if is_cut => RUN,
            run => run,
        }
    }

    fn around(&self, position: usize) -> (&[i64], &[i64]) {
        let position = position.min(self.apart.len());
        let from = position.saturating_sub(AROUND);
        let after = (position + 1).min(self.apart.len());
        let until = (after + AROUND).min(self.apart.len());
        (&self.apart[from..position], &self.apart[after..until])
    }

    /// Whether the distance behind that position is a row's length rather than a hole.
    fn is_row(&self, position: usize) -> bool {
        let own = self.apart[position];
        let (before, after) = self.around(position);
        if before.last() == Some(&own) || after.first() == Some(&own) {
            return true;
        }
        let mut longest = None;
        for side in [before, after].into_iter().filter(|side| !side.is_empty()) {
            let mut sorted = side.to_vec();
            sorted.sort_unstable();
            longest = longest.max(Some(sorted[(sorted.len() * 9 / 10).min(sorted.len() - 1)]));
        }
        let Some(longest) = longest else { return true };
        own <= longest.saturating_mul(FAR) || (own <= DAY && is_uneven(before, after))
    }
}

/// Whether no distance is that of half of the rows around.
fn is_uneven(before: &[i64], after: &[i64]) -> bool {
    let mut all: Vec<i64> = before.iter().chain(after).copied().collect();
    all.sort_unstable();
    let most = all.chunk_by(|a, b| a == b).map(<[i64]>::len).max();
    2 * most.unwrap_or(0) < all.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows whose distances are given in minutes.
    fn rows(apart: impl IntoIterator<Item = i64>) -> Spacing {
        let mut at = 0;
        let times = std::iter::once(0).chain(apart.into_iter().map(|minutes| {
            at += minutes * 60;
            at
        }));
        Spacing::new(times.collect::<Vec<_>>().into_iter(), false)
    }

    fn holes(spacing: &Spacing) -> Vec<usize> {
        let all = 0..spacing.apart.len();
        all.filter(|i| !spacing.is_row(*i)).collect()
    }

    #[test]
    fn lengths_may_change_inside_a_file_however_much_follows() {
        let switch = |hours: usize, quarters: usize| {
            let lengths = [vec![60; hours], vec![15; quarters]].concat();
            assert!(
                holes(&rows(lengths.clone())).is_empty(),
                "{hours} {quarters}"
            );
            let back: Vec<i64> = lengths.into_iter().rev().collect();
            assert!(holes(&rows(back)).is_empty(), "{hours} {quarters}");
        };
        for hours in [3, 24, 24 * 400] {
            for quarters in [4, 96, 96 * 400] {
                switch(hours, quarters);
            }
        }
    }

    #[test]
    fn an_outage_is_a_hole_on_either_side_of_a_change() {
        let mut lengths = [vec![60; 100], vec![15; 100]].concat();
        lengths[50] = 6 * 60;
        lengths[150] = 60;
        assert_eq!(holes(&rows(lengths)), [50, 150]);
    }

    /// Rows lost, as position, how many, and minutes they would have lasted.
    fn lost(spacing: &Spacing) -> Vec<(usize, usize, i64)> {
        let all = 0..spacing.apart.len();
        all.filter_map(|i| {
            let lost = spacing.lost(i)?;
            Some((i, lost.rows, lost.lasts / 60))
        })
        .collect()
    }

    #[test]
    fn rows_lost_among_hours_and_quarters_are_told() {
        // Two days of hours, one of quarters, two of hours.
        let whole = [vec![60; 48], vec![15; 96], vec![60; 48]].concat();
        assert_eq!(lost(&rows(whole.clone())), []);
        let without = |from: usize, rows: usize| {
            let mut lengths = whole.clone();
            let own = lengths[from..=from + rows].iter().sum();
            lengths.splice(from..=from + rows, [own]);
            lengths
        };
        for (from, count, minutes) in [
            (20, 1, 60),
            (20, 2, 120),
            (100, 1, 15),
            (100, 2, 30),
            // Three quarters are an hour, which is as long as rows are nearby.
            (50, 3, 45),
            // The last hours and the first quarter; the last quarter and the first hours.
            (46, 1, 60),
            (47, 1, 15),
            (142, 1, 15),
            (143, 1, 60),
        ] {
            let found = lost(&rows(without(from, count)));
            assert_eq!(found, [(from, count, minutes)]);
        }
        // One row in two lost, twice.
        let mut twice = vec![60; 48];
        twice.splice(20..24, [120, 120]);
        assert_eq!(lost(&rows(twice)), [(20, 1, 60), (21, 1, 60)]);
    }

    #[test]
    fn habits_and_changes_of_length_are_no_rows_lost() {
        let none = |lengths: Vec<i64>| assert_eq!(lost(&rows(lengths)), []);
        for hours in [3, 24] {
            none([vec![60; hours], vec![15; 96]].concat());
            none([vec![15; 96], vec![60; hours]].concat());
        }
        let left_out = [
            45, 30, 15, 60, 15, 360, 75, 30, 15, 45, 90, 120, 15, 30, 480, 45,
        ];
        none(left_out.repeat(5));
        let mut stray = vec![60; 48];
        stray.splice(20..21, [25, 35]);
        none(stray);
        let days = |days: Vec<i64>| days.into_iter().map(|d| d * 1_440).collect();
        none(days([1, 1, 1, 1, 3].repeat(30)));
        none(days(
            [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].repeat(3),
        ));
    }

    #[test]
    fn repeats_left_out_and_stray_rows_are_no_holes() {
        let left_out = [
            45, 30, 15, 60, 15, 360, 75, 30, 15, 45, 90, 120, 15, 30, 480, 45,
        ];
        assert!(holes(&rows(left_out.repeat(5))).is_empty());
        let mut stray = vec![60; 48];
        stray.splice(20..21, [25, 35]);
        assert!(holes(&rows(stray)).is_empty());
        let weekends = [1, 1, 1, 1, 3].repeat(30).into_iter().map(|d| d * 1_440);
        assert!(holes(&rows(weekends)).is_empty());
    }
}
