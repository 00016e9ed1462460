use proptest::prelude::*;

use super::*;

fn observation(start: i64, end: i64, value: f64, known_at: i64) -> Observation {
    Observation {
        start,
        end,
        value,
        known_at,
    }
}

fn history(observations: &[Observation]) -> History {
    let mut history = History::new();
    history.declare("x", Unit::One);
    for o in observations {
        history.push("x", *o).expect("valid");
    }
    history
}

fn refused(history: &History, from: i64, as_of: i64) -> usize {
    history.odd("x", from, as_of).refused
}

/// The definition, second by second.
fn brute(observations: &[Observation], as_of: i64, at: i64) -> Option<f64> {
    observations
        .iter()
        .filter(|o| o.known_at <= as_of && o.start <= at && at < o.end)
        .max_by(|a, b| (a.known_at.cmp(&b.known_at)).then(a.value.total_cmp(&b.value)))
        .map(|o| o.value)
}

#[test]
fn a_revision_holds_from_its_known_at_on() {
    let history = history(&[
        observation(0, 10, 1.0, 10),
        observation(10, 20, 2.0, 20),
        observation(0, 10, 5.0, 30),
    ]);
    assert_eq!(history.view("x", 9).mean(0, 10), None);
    assert_eq!(history.view("x", 29).mean(0, 20), Some(1.5));
    assert_eq!(history.view("x", 30).mean(0, 20), Some(3.5));
    assert_eq!(history.view("x", 30).latest_before(99), Some((20, 2.0)));
}

#[test]
fn the_latest_value_is_that_of_the_latest_interval_known_then() {
    let history = history(&[
        observation(0, 10, 1.0, 10),
        observation(20, 30, 3.0, 15),
        observation(10, 20, 2.0, 40),
    ]);
    assert_eq!(history.view("x", 5).latest_before(99), None);
    assert_eq!(history.view("x", 14).latest_before(99), Some((10, 1.0)));
    assert_eq!(history.view("x", 50).latest_before(99), Some((30, 3.0)));
    assert_eq!(history.view("x", 14).frontier(), Some(10));
    assert_eq!(history.view("x", 15).frontier(), Some(30));
    assert_eq!(history.view("x", 50).first_known(), Some(10));
}

#[test]
fn bad_observations_are_refused_by_name() {
    let mut history = history(&[]);
    let push = |history: &mut History, name, o| history.push(name, o).expect_err("refused");
    assert_eq!(
        push(&mut history, "y", observation(0, 1, 1.0, 0)),
        PushError::Undeclared("y".into())
    );
    assert_eq!(
        push(&mut history, "x", observation(7, 8, f64::NAN, 0)),
        PushError::NotFinite { start: 7 }
    );
    assert_eq!(
        push(&mut history, "x", observation(7, 7, 1.0, 0)),
        PushError::NoLength { start: 7 }
    );
    assert_eq!(history.view("x", 100).frontier(), None);
}

#[test]
fn an_interval_without_end_does_not_overflow() {
    let history = history(&[observation(i64::MIN, i64::MAX, 4.0, i64::MIN)]);
    assert_eq!(history.view("x", 0).mean(0, 300), Some(4.0));
    assert_eq!(history.view("x", 0).latest_before(7), Some((7, 4.0)));
}

/// Hourly values that wave, and others from some hour on.
fn hourly(count: i64, value: impl Fn(i64) -> f64) -> Vec<Observation> {
    (0..count)
        .map(|hour| {
            observation(
                hour * 3_600,
                (hour + 1) * 3_600,
                value(hour),
                (hour + 1) * 3_600,
            )
        })
        .collect()
}

fn wave(hour: i64) -> f64 {
    40.0 + 10.0 * libm::sin(hour as f64)
}

/// The same as power: an odd value is refused, where an odd price is doubtful.
fn power(observations: &[Observation]) -> History {
    let mut history = history(&[]);
    history.declare("x", Unit::Megawatt);
    for o in observations {
        history.push("x", *o).expect("valid");
    }
    history
}

#[test]
fn a_doubtful_value_is_believed_and_not_learned_from() {
    let spike = |hour| if hour == 90 { 9_000.0 } else { wave(hour) };
    let with = history(&hourly(100, spike));
    let mut rest = hourly(100, wave);
    rest.remove(90);
    let without = history(&rest);
    let (from, until, end) = (90 * 3_600, 91 * 3_600, 100 * 3_600);
    let (a, b) = (with.view("x", end), without.view("x", end));
    assert_eq!(a.fingerprint(), b.fingerprint());
    assert_eq!(a.cover(0, end), b.cover(0, end));
    assert_eq!(with.believed("x", end).mean(from, until), Some(9_000.0));
    assert_eq!(with.believed("x", until - 1).mean(from, until), None);
    let odd = with.odd("x", 0, end);
    assert_eq!((odd.refused, odd.doubtful), (0, vec![(from, until)]));
    // Forecasts start from it until a usual value comes, and then as if it had never been.
    let latest = |at| with.newest("x", at).latest_before(at);
    assert_eq!(latest(until), Some((until, 9_000.0)));
    assert_eq!(latest(until + 3_600), Some((until + 3_600, wave(91))));
    assert_eq!(with.newest("x", end).mean(from, until), None);
    // It is no silence of the feed.
    assert_eq!(with.silence("x", until + 1_800), None);
}

#[test]
fn what_is_published_together_in_another_unit_is_as_good_as_never_published() {
    let day = |d: i64, factor: f64| {
        (24 * d..24 * (d + 1)).map(move |hour| {
            let start = hour * 3_600;
            observation(
                start,
                start + 3_600,
                factor * wave(hour),
                (24 * d - 12) * 3_600,
            )
        })
    };
    let month = || (1..30).flat_map(|d| day(d, 1.0));
    let without = history(&month().collect::<Vec<_>>());
    let with: Vec<_> = month().chain(day(30, 1_000.0)).collect();
    let (from, end) = (24 * 30 * 3_600, 24 * 31 * 3_600);
    let at = from - 12 * 3_600;
    for order in [with.clone(), with.iter().rev().copied().collect()] {
        let with = history(&order);
        for view in [with.view("x", at), with.believed("x", at)] {
            assert_eq!(view.fingerprint(), without.view("x", at).fingerprint());
            assert_eq!(view.frontier(), Some(from));
            assert_eq!(view.cover(from, end).seconds, 0);
        }
        assert_eq!(with.odd("x", from, at).refused, 24);
        assert_eq!(with.odd("x", from, at - 1).refused, 0, "not known yet");
    }
    // Published again as it should be, it holds.
    let mut again = history(&with);
    for o in day(30, 1.0) {
        let known_at = at + 3_600;
        again
            .push("x", Observation { known_at, ..o })
            .expect("valid");
    }
    assert_eq!(again.odd("x", from, end), Odd::default());
    assert_eq!(again.view("x", end).frontier(), Some(end));
}

#[test]
fn a_refused_value_is_as_good_as_never_published() {
    let odd = |hour| {
        if hour == 90 {
            1_000.0 * wave(hour)
        } else {
            wave(hour)
        }
    };
    let with = power(&hourly(100, odd));
    let mut rest = hourly(100, wave);
    rest.remove(90);
    let without = power(&rest);
    let end = 100 * 3_600;
    let (a, b) = (with.view("x", end), without.view("x", end));
    assert_eq!(a.fingerprint(), b.fingerprint());
    assert_eq!(a.cover(0, end), b.cover(0, end));
    assert_eq!(refused(&with, 0, end), 1);
    assert_eq!(refused(&with, 0, 91 * 3_600 - 1), 0, "not known yet");
    assert_eq!(refused(&with, 91 * 3_600, end), 0, "long past");
    // Pushed last, it is judged as if it had come in its turn.
    let mut late = without.clone();
    late.push("x", hourly(100, odd)[90]).expect("valid");
    assert_eq!(refused(&late, 0, end), 1);
    assert_eq!(late.view("x", end).fingerprint(), a.fingerprint());
    // Published again as it should be, it is no longer missed.
    let again = Observation {
        known_at: end,
        ..hourly(91, wave)[90]
    };
    late.push("x", again).expect("valid");
    assert_eq!(refused(&late, 0, end), 0);
    assert_eq!(
        late.view("x", end).mean(90 * 3_600, 91 * 3_600),
        Some(wave(90))
    );
}

#[test]
fn another_unit_of_the_series_judges_its_values_anew() {
    let mut history = history(&hourly(
        100,
        |hour| if hour == 90 { 5_000.0 } else { wave(hour) },
    ));
    assert_eq!(refused(&history, 0, i64::MAX), 0);
    history.declare("x", Unit::Megawatt);
    assert_eq!(refused(&history, 0, i64::MAX), 1);
}

#[test]
fn a_feed_is_silent_when_it_is_later_than_it_mostly_was() {
    let hour = 3_600;
    let hourly = history(&hourly(100, wave));
    let silence = |at| hourly.silence("x", at);
    assert_eq!(silence(100 * hour), None);
    assert_eq!(
        silence(101 * hour + 1_800),
        None,
        "the next one is not long due"
    );
    assert_eq!(silence(103 * hour), Some(3 * hour));
    assert_eq!(silence(3 * hour), None, "too few to tell");
    // The next day is published at noon: what counts is how far it reaches.
    let daily = |last: i64| {
        let day = |d: i64| {
            observation(
                (d + 1) * 24 * hour,
                (d + 2) * 24 * hour,
                wave(d),
                (24 * d + 12) * hour,
            )
        };
        history(&(0..=last).map(day).collect::<Vec<_>>())
    };
    let daily = daily(40);
    assert_eq!(daily.silence("x", (24 * 41 + 12) * hour), None);
    assert_eq!(daily.silence("x", (24 * 41 + 14) * hour), Some(26 * hour));
}

fn observations() -> impl Strategy<Value = Vec<Observation>> {
    let one = (0..40_i64, 1..12_i64, 0..6_i32, 0..20_i64);
    prop::collection::vec(one, 0..30).prop_map(|rows| {
        let make = |(start, length, value, known_at)| {
            observation(start, start + length, f64::from(value), known_at)
        };
        rows.into_iter().map(make).collect()
    })
}

proptest! {
    #[test]
    fn queries_follow_the_definition(
        pushed in observations(),
        as_of in -1..21_i64,
        queries in prop::collection::vec((-3..50_i64, 1..15_i64), 1..20),
    ) {
        let history = history(&pushed);
        // One view for all queries: its position must not matter.
        let view = history.view("x", as_of);
        for (start, length) in queries {
            let seen: Vec<f64> = (start..start + length)
                .filter_map(|at| brute(&pushed, as_of, at))
                .collect();
            let cover = view.cover(start, start + length);
            prop_assert_eq!(cover.seconds, seen.len() as i64);
            let sum: f64 = seen.iter().sum();
            prop_assert!((cover.mean * cover.seconds as f64 - sum).abs() < 1e-9);
        }
        for at in -1..60 {
            let latest = (-1..at).rev().find_map(|t| Some((t + 1, brute(&pushed, as_of, t)?)));
            prop_assert_eq!(view.latest_before(at), latest);
        }
        let frontier = pushed.iter().filter(|o| o.known_at <= as_of).map(|o| o.end).max();
        prop_assert_eq!(view.frontier(), frontier);
    }

    #[test]
    fn order_and_what_comes_later_change_no_bit(
        pushed in observations(),
        scale in 0.1..9.0_f64,
        later in observations(),
        as_of in 0..20_i64,
    ) {
        let scaled: Vec<_> = pushed.iter().map(|o| Observation { value: o.value * scale, ..*o }).collect();
        let plain = history(&scaled);
        let mut other: Vec<_> = scaled.iter().rev().copied().collect();
        other.extend(later.iter().map(|o| Observation { known_at: as_of + 1 + o.known_at, ..*o }));
        let other = history(&other);
        let (a, b) = (plain.view("x", as_of), other.view("x", as_of));
        prop_assert_eq!(a.fingerprint(), b.fingerprint());
        for start in 0..50 {
            let (a, b) = (a.cover(start, start + 7), b.cover(start, start + 7));
            prop_assert_eq!(a.mean.to_bits(), b.mean.to_bits());
            prop_assert_eq!(a.seconds, b.seconds);
        }
    }
}
