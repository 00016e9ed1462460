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
const DAY: i64 = 86_400;

/// Times of rows, each once, in order.
pub(super) struct Spacing {
    times: Vec<i64>,
    /// From each to the next; whole days where rows are civil days.
    apart: Vec<i64>,
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
