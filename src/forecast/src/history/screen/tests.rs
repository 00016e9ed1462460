use super::*;

const HOUR: i64 = 3_600;

fn price() -> Unit {
    Unit::PricePerMwh("USD".into())
}

fn screen() -> Screen {
    Screen::new(Rule::of(&price()))
}

fn power() -> Screen {
    Screen::new(Rule::of(&Unit::Megawatt))
}

/// Feeds hourly values, each published when its hour is over; returns those of the verdict.
fn odd(
    screen: &mut Screen,
    verdict: Verdict,
    from: i64,
    values: impl IntoIterator<Item = f64>,
) -> Vec<f64> {
    let mut all = Vec::new();
    for (i, value) in values.into_iter().enumerate() {
        let start = (from + i as i64) * HOUR;
        let end = start + HOUR;
        let own = screen.judge(&Observation {
            start,
            end,
            value,
            known_at: end,
        });
        let is_refused = screen.is_other_unit() && value != 0.0;
        if verdict == if is_refused { Verdict::Refused } else { own } {
            all.push(value);
        }
    }
    all
}

/// Publishes a day at noon of the day before; returns what its values are taken for.
fn day(screen: &mut Screen, day: i64, value: impl Fn(i64) -> f64) -> (usize, usize, usize) {
    let own: Vec<Verdict> = (0..24)
        .map(|hour| {
            let start = (24 * day + hour) * HOUR;
            screen.judge(&Observation {
                start,
                end: start + HOUR,
                value: value(hour),
                known_at: (24 * day - 12) * HOUR,
            })
        })
        .collect();
    if screen.is_other_unit() {
        return (0, 0, 24);
    }
    let count = |verdict| own.iter().filter(|v| **v == verdict).count();
    (
        count(Verdict::Accepted),
        count(Verdict::Doubtful),
        count(Verdict::Refused),
    )
}

fn wave(from: i64, count: i64) -> impl Iterator<Item = f64> {
    (from..from + count).map(|i| 40.0 + 30.0 * libm::sin(i as f64))
}

/// Prices of a market with a morning and an evening peak, and weather that changes daily.
fn market(day: i64, hour: i64) -> f64 {
    let shape = [
        22.0, 20.0, 19.0, 18.0, 19.0, 23.0, 31.0, 40.0, 42.0, 36.0, 30.0, 27.0, 25.0, 24.0, 25.0,
        28.0, 34.0, 45.0, 52.0, 48.0, 40.0, 33.0, 28.0, 25.0,
    ];
    let weather = 1.0 + 0.5 * libm::sin(0.9 * day as f64);
    let noise = 1.0 + 0.25 * libm::sin(7.3 * (24 * day + hour) as f64);
    shape[hour as usize] * weather * noise
}

fn calm() -> Screen {
    let mut screen = screen();
    for d in 1..60 {
        assert_eq!(day(&mut screen, d, |hour| market(d, hour)), (24, 0, 0));
    }
    screen
}

#[test]
fn an_odd_price_is_doubtful_and_odd_power_is_refused() {
    let mut screen = screen();
    assert!(odd(&mut screen, Verdict::Doubtful, 0, wave(0, 100)).is_empty());
    let values = [5_000.0, -250.0, 0.0, 0.04, 40_000.0, 45.0];
    assert_eq!(
        odd(&mut screen, Verdict::Doubtful, 100, values),
        [0.04, 40_000.0]
    );
    assert!(odd(&mut screen, Verdict::Refused, 106, values).is_empty());
    let mut power = power();
    assert!(odd(&mut power, Verdict::Refused, 0, wave(0, 100)).is_empty());
    assert_eq!(odd(&mut power, Verdict::Refused, 100, [5_000.0]), [5_000.0]);
    let mut vouched = Screen::new(Rule::of(&Unit::Megawatt).within((0.0, 6_000.0)));
    assert!(odd(&mut vouched, Verdict::Refused, 0, wave(0, 100)).is_empty());
    let values = [5_000.0, 7_000.0];
    assert_eq!(
        odd(&mut vouched, Verdict::Refused, 100, values),
        [7_000.0],
        "outside the range"
    );
}

#[test]
fn a_day_at_the_cap_is_believed_whatever_its_hours() {
    for cap in [5_000.0, 9_000.0, 17_500.0, 20_300.0, -1_000.0] {
        for (from, until) in [(17, 19), (6, 24), (0, 24)] {
            let is_at = |hour: i64| (from..until).contains(&hour);
            let mut screen = calm();
            let flat = day(&mut screen, 60, |hour| match is_at(hour) {
                true => cap,
                false => market(60, hour),
            });
            assert_eq!(flat.2, 0, "{cap} from {from} to {until}: {flat:?}");
            // Some dollars below the cap here and there.
            let mut screen = calm();
            let near = day(&mut screen, 60, |hour| match is_at(hour) {
                true => cap * (1.0 - 0.02 * (hour % 3) as f64),
                false => 4.0 * market(60, hour),
            });
            assert_eq!(near.2, 0, "{cap} from {from} to {until}: {near:?}");
        }
    }
    // A day of scarcity climbs towards the cap and has another course.
    let mut screen = calm();
    let climb = day(&mut screen, 60, |hour| {
        (4_000.0 + 1_500.0 * hour as f64).min(20_000.0)
    });
    assert_eq!(climb.2, 0, "{climb:?}");
    assert!(climb.1 > 0, "{climb:?}");
}

#[test]
fn a_day_in_another_unit_is_refused_whole() {
    for factor in [1_000.0, 0.001, 100.0, 150.0, 83.0, 1e6] {
        for d in 60..70 {
            let mut screen = calm();
            let other = day(&mut screen, d, |hour| factor * market(d, hour));
            if factor == 0.001 || factor >= 1_000.0 {
                assert_eq!(other, (0, 0, 24), "times {factor} on day {d}");
            }
        }
    }
    // Other factors show where hours keep their course: nothing but the factor changes.
    for factor in [100.0, 150.0, 83.0, 400.0] {
        let mut screen = screen();
        let course = |hour: i64| 30.0 + 12.0 * libm::sin(0.26 * hour as f64);
        for d in 1..60 {
            day(&mut screen, d, course);
        }
        let other = day(&mut screen, 60, |hour| factor * course(hour));
        assert_eq!(other, (0, 0, 24), "times {factor}");
    }
}

#[test]
fn another_unit_inside_the_plausible_range_is_believed() {
    let mut screen = Screen::new(Rule::of(&price()).within((-1_000.0, 60_000.0)));
    for d in 1..60 {
        day(&mut screen, d, |hour| market(d, hour));
    }
    let high = day(&mut screen, 60, |hour| 1_000.0 * market(60, hour));
    assert_eq!(high.2, 0, "{high:?}");
    // A greatest plausible value answers for nothing that is too small.
    let mut screen = Screen::new(Rule::of(&price()).within((f64::NEG_INFINITY, 60_000.0)));
    for d in 1..60 {
        day(&mut screen, d, |hour| market(d, hour));
    }
    let low = day(&mut screen, 60, |hour| 0.001 * market(60, hour));
    assert_eq!(low, (0, 0, 24));
}

#[test]
fn single_values_in_another_unit_are_refused_once_they_are_many() {
    let mut screen = screen();
    let hours = |from: i64, count: i64| (from..from + count).map(|h| market(h / 24, h % 24));
    assert!(odd(&mut screen, Verdict::Doubtful, 0, hours(0, 480)).is_empty());
    let mut other = screen.clone();
    let scaled = hours(480, 48).map(|v| v * 1_000.0);
    let refused = odd(&mut other, Verdict::Refused, 480, scaled);
    assert!(refused.len() > 24, "{}", refused.len());
    // Two days at the cap, with some noise, are two days at the cap.
    let cap = (0..48).map(|i| 9_000.0 - 3.0 * f64::from(i % 5));
    assert!(odd(&mut screen, Verdict::Refused, 480, cap).is_empty());
}

#[test]
fn calm_weather_and_prices_near_zero_are_no_other_unit() {
    // A week without wind, then a storm; and the other way round.
    let wind = |level: f64| move |i: i64| level * (1.0 + 0.6 * libm::sin(0.3 * i as f64));
    let mut screen = power();
    let windy = (0..2_000).map(wind(60.0));
    assert!(odd(&mut screen, Verdict::Refused, 0, windy).is_empty());
    for d in 84..88 {
        assert_eq!(day(&mut screen, d, wind(3.0)).2, 0);
    }
    for d in 88..92 {
        assert_eq!(day(&mut screen, d, wind(80.0)).2, 0);
    }
    // A spring of prices about one, then a normal day.
    let mut screen = calm();
    for d in 60..80 {
        assert_eq!(day(&mut screen, d, |hour| market(d, hour) / 30.0).2, 0);
    }
    let normal = day(&mut screen, 80, |hour| market(80, hour) * 1.5);
    assert_eq!(normal, (24, 0, 0));
}

#[test]
fn a_market_that_knows_prices_near_zero_keeps_them() {
    let mut screen = Screen::default();
    let near_zero = (0..200).map(|i| f64::from(i % 50) - 1.0 + 0.01);
    assert!(odd(&mut screen, Verdict::Doubtful, 0, near_zero).is_empty());
    assert!(odd(&mut screen, Verdict::Doubtful, 200, [0.02, -0.04, 0.001]).is_empty());
}

#[test]
fn what_has_been_odd_for_a_week_is_the_new_level() {
    let mut screen = power();
    assert!(odd(&mut screen, Verdict::Refused, 0, wave(0, 500)).is_empty());
    let high = |from, count| wave(from, count).map(|v| v * 1e6);
    let week = odd(&mut screen, Verdict::Refused, 500, high(500, 300));
    assert_eq!(week.len(), 7 * 24);
    // And then the old one is refused.
    assert_eq!(
        odd(&mut screen, Verdict::Refused, 800, wave(800, 1)).len(),
        1
    );
}

#[test]
fn the_first_values_are_held_against_nothing() {
    let mut screen = Screen::default();
    assert!(odd(&mut screen, Verdict::Doubtful, 0, [1.0, 1e9, 1e-9]).is_empty());
}

#[test]
fn a_level_long_gone_is_forgotten() {
    let mut screen = Screen::default();
    let mut level = 1.0;
    for day in 0..400 {
        let values = wave(0, 100).map(|v| v * level);
        assert!(odd(&mut screen, Verdict::Doubtful, day * 100, values).is_empty());
        level *= 1.03;
    }
}

#[test]
fn a_cap_after_months_below_one_is_a_price_whatever_its_size() {
    let mut screen = screen();
    for d in 0..60 {
        day(&mut screen, d, |hour| market(d, hour) / 30.0);
    }
    let spiked = |cap: f64| {
        move |hour| {
            if hour < 4 {
                cap
            } else {
                market(60, hour) / 30.0
            }
        }
    };
    for cap in [5_000.0, 17_500.0, 500_000.0, -1_000.0] {
        let mut screen = screen.clone();
        assert_eq!(day(&mut screen, 60, spiked(cap)), (20, 4, 0), "{cap}");
    }
}
