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
