//! Lead times: their buckets, and for which leads hindcasts are made.

use swingload_model::time::TimeGrid;

use crate::calendar::HOUR;

/// Ends of the buckets, s: fine at first, where errors grow fastest and the next decision
/// is taken. The last bucket has no end.
const ENDS: [i64; 8] = [
    HOUR / 4,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    12 * HOUR,
    24 * HOUR,
    48 * HOUR,
    96 * HOUR,
];
pub(super) const BUCKETS: usize = ENDS.len() + 1;
/// Longest lead of hindcasts in the open bucket, s.
const LAST: i64 = 168 * HOUR;
/// Number of leads per bucket for which hindcasts are made where a series changes by the day.
const COUNTS: [i64; BUCKETS] = [1, 1, 1, 2, 8, 12, 24, 16, 12];
/// Number of leads that take turns where it changes by the hour. It shares no factor with the
/// 24 hours of a day, so each of them meets every hour.
const TURNS: i64 = 23;

/// Bucket of a lead in seconds.
pub(super) fn bucket(lead: i64) -> usize {
    ENDS.partition_point(|end| *end <= lead)
}

fn bounds(bucket: usize) -> (i64, i64) {
    let low = bucket.checked_sub(1).map_or(0, |i| ENDS[i]);
    (low, *ENDS.get(bucket).unwrap_or(&LAST))
}

/// Leads from the first of a bucket on, s.
pub(super) fn all(bucket: usize) -> impl Iterator<Item = i64> {
    let ((low, high), count) = (bounds(bucket), COUNTS[bucket]);
    (0..count).map(move |i| low + (high - low) * i / count)
}

/// The lead whose turn it is in the issue at that hour, counted from any.
pub(super) fn turn(bucket: usize, hour: i64) -> i64 {
    let (low, high) = bounds(bucket);
    low + (high - low) * (2 * hour.rem_euclid(TURNS) + 1) / (2 * TURNS)
}

/// Length of the grid's step in the middle of a bucket: errors of five minutes and of
/// hours differ.
pub(super) fn width(grid: &TimeGrid, frontier: i64, bucket: usize) -> i64 {
    let (low, high) = bounds(bucket);
    let middle = frontier.saturating_add((low + high) / 2);
    let step = grid.boundary_at_or_before(middle).min(grid.len() - 1);
    grid.duration(step).get()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leads_fall_into_their_buckets() {
        assert_eq!(bucket(-5), 0);
        assert_eq!(bucket(HOUR - 1), 1);
        assert_eq!(bucket(HOUR), 2);
        assert_eq!(bucket(i64::MAX), BUCKETS - 1);
        for index in 0..BUCKETS {
            for hour in 0..50 {
                assert_eq!(bucket(turn(index, hour)), index);
            }
            assert!(all(index).all(|lead| bucket(lead) == index));
        }
        let hourly: Vec<i64> = all(5).collect();
        assert_eq!(hourly, (12..24).map(|h| h * HOUR).collect::<Vec<_>>());
    }
}
