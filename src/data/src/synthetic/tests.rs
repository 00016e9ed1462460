use super::*;

const WINDOW: Window = Window {
    from: 1_656_633_600,
    until: 1_656_633_600 + 30 * 86_400,
    period: (1_656_633_600, 1_656_633_600 + 30 * 86_400),
};

fn plain() -> SyntheticFile {
    SyntheticFile {
        base: 0.0,
        daily: vec![],
        weekly: vec![],
        yearly: vec![],
        sun: None,
        noise: None,
        spikes: None,
        follows: vec![],
        min: None,
        max: None,
        zone: "UTC".into(),
        step_min: None,
    }
}

fn made(shape: &SyntheticFile, step: i64) -> Shape {
    generate("a", shape, 1, step, WINDOW, &BTreeMap::new())
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[test]
fn hours_are_joined_by_lines_and_weekdays_multiply() {
    let mut shape = plain();
    shape.base = 10.0;
    shape.daily = (0..24).map(f64::from).collect();
    shape.weekly = vec![1.0, 1.0, 1.0, 1.0, 2.0, 1.0, 1.0];
    // 1 July 2022 is a Friday.
    let values = made(&shape, 1800).values;
    assert_eq!(values[..4], [20.0, 21.0, 22.0, 23.0]);
    // Between 23 and 24 o'clock the line runs back to midnight's value.
    assert_eq!(values[47], 2.0 * (10.0 + 11.5));
    assert_eq!(values[48], 10.0);
}

#[test]
fn months_are_joined_at_their_middles() {
    let mut shape = plain();
    shape.base = 1.0;
    shape.yearly = (1..=12).map(f64::from).collect();
    let values = made(&shape, 86_400).values;
    // July has 31 days: its middle is noon of the 16th; the 1st lies half way from June's.
    assert!((values[0] - 6.5).abs() < 1e-9);
    assert!((values[15] - (7.0 - 0.5 / 31.0)).abs() < 1e-9);
}

#[test]
fn the_sun_shines_by_day_highest_at_noon() {
    let mut shape = plain();
    shape.sun = Some(SunFile {
        peak: 100.0,
        latitude: 23.44,
        clouds: 0.0,
    });
    let values = made(&shape, 3600).values;
    assert_eq!((values[0], values[22]), (0.0, 0.0));
    let highest = values[..24].iter().copied().fold(0.0, f64::max);
    // Near the solstice the sun stands almost overhead on the tropic; hours are sampled at their middle.
    assert!(highest > 98.0 && highest <= 100.0, "{highest}");
    assert_eq!(values[11], values[12]);
    shape.sun = Some(SunFile {
        peak: 100.0,
        latitude: 23.44,
        clouds: 0.3,
    });
    let clouded = mean(&made(&shape, 3600).values) / mean(&values);
    assert!((clouded - 0.7).abs() < 0.1, "{clouded}");
}

#[test]
fn noise_has_its_spread_and_memory() {
    let mut shape = plain();
    shape.noise = Some(NoiseFile {
        sigma: 3.0,
        memory_h: 1.0,
    });
    let values = made(&shape, 300).values;
    let variance = mean(&values.iter().map(|v| v * v).collect::<Vec<_>>());
    assert!((libm::sqrt(variance) - 3.0).abs() < 0.3, "{variance}");
    let lagged: Vec<f64> = values.windows(13).map(|w| w[0] * w[12]).collect();
    // Twelve steps of five minutes are the memory: 1/e is left.
    assert!((mean(&lagged) / variance - 0.37).abs() < 0.1);
}

#[test]
fn spikes_have_their_mean_mass() {
    let mut shape = plain();
    shape.spikes = Some(SpikesFile {
        per_day: 20.0,
        mean: 50.0,
        hours: 0.5,
    });
    // 20 a day of 0.5 h and 50 are 500 value-hours a day.
    let mean = mean(&made(&shape, 300).values);
    assert!((mean - 500.0 / 24.0).abs() < 3.0, "{mean}");
}

#[test]
fn followers_follow_and_clips_hold() {
    let mut first = plain();
    first.daily = (0..24).map(f64::from).collect();
    let made = made(&first, 3600);
    let others = BTreeMap::from([("a".to_owned(), made)]);
    let mut second = plain();
    second.base = 100.0;
    second.follows = vec![swingload_model::scenario::binding::FollowsFile {
        series: "a".into(),
        factor: -2.0,
    }];
    second.min = Some(60.0);
    let follower = generate("b", &second, 1, 7200, WINDOW, &others);
    assert_eq!(follower.values[..2], [99.0, 95.0]);
    assert_eq!(follower.values[11], 60.0);
}

#[test]
fn a_longer_end_changes_no_earlier_value() {
    let mut shape = plain();
    shape.noise = Some(NoiseFile {
        sigma: 3.0,
        memory_h: 1.0,
    });
    shape.spikes = Some(SpikesFile {
        per_day: 5.0,
        mean: 50.0,
        hours: 0.5,
    });
    let longer = Window {
        until: WINDOW.until + 86_400,
        ..WINDOW
    };
    let (short, long) = (
        made(&shape, 300),
        generate("a", &shape, 1, 300, longer, &BTreeMap::new()),
    );
    assert_eq!(short.values[..8000], long.values[..8000]);
}
