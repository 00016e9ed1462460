//! What the regressions must know.

use super::{Fit, Method, Panel, Recipe};
use crate::seed::mix;

fn noise(at: usize) -> f64 {
    (mix(at as u64) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

/// Prices that follow load less wind, bent where there is much wind, and the day of week.
fn panel(days: usize, slots: usize) -> Panel {
    let count = days * slots;
    let load: Vec<f64> = (0..count)
        .map(|i| 40.0 + 10.0 * ((i % slots) as f64 / slots as f64) + 5.0 * noise(i / 7))
        .collect();
    let wind: Vec<f64> = (0..count)
        .map(|i| 15.0 + 14.0 * noise(1_000_000 + i / 11))
        .collect();
    let price = |i: usize| {
        let rest = load[i] - wind[i];
        let weekend = if (i / slots) % 7 >= 5 { -6.0 } else { 0.0 };
        rest + weekend - 0.02 * (wind[i] - 15.0).max(0.0).powi(2) + 0.5 * noise(2_000_000 + i)
    };
    Panel {
        slots,
        first_weekday: 0,
        prices: (0..count).map(price).collect(),
        inputs: vec![load.clone(), wind.clone()],
        patched: vec![],
    }
}

fn recipe(method: Method, window: usize) -> Recipe {
    Recipe {
        method,
        window,
        inputs: u64::MAX,
    }
}

fn error(panel: &Panel, recipe: Recipe, days: std::ops::Range<usize>) -> f64 {
    let count = (days.len() * panel.slots) as f64;
    let day = |day: usize| {
        let fit = Fit::new(panel, day, recipe).expect("enough days");
        let forecast = fit.predict(panel, day).expect("a complete row");
        let pairs = forecast.iter().zip(panel.price(day));
        pairs.map(|(f, t)| (f - t).abs()).sum::<f64>()
    };
    days.map(day).sum::<f64>() / count
}

#[test]
fn both_methods_see_through_the_inputs() {
    for slots in [24, 96] {
        let panel = panel(190, slots);
        let week_ago = (183 * slots..190 * slots)
            .map(|i| (panel.prices[i] - panel.prices[i - 7 * slots]).abs())
            .sum::<f64>()
            / (7 * slots) as f64;
        for method in [Method::Lasso, Method::Kernel] {
            let error = error(&panel, recipe(method, 182), 183..190);
            assert!(
                error < 0.35 * week_ago,
                "{method:?}, {slots}: {error} against {week_ago}"
            );
        }
    }
}

#[test]
fn without_inputs_there_is_still_a_forecast() {
    let mut panel = panel(120, 24);
    panel.inputs.clear();
    for method in [Method::Lasso, Method::Kernel] {
        assert!(error(&panel, recipe(method, 84), 110..113).is_finite());
    }
}

#[test]
fn the_target_day_and_what_follows_teach_nothing() {
    let clean = panel(120, 24);
    let mut scrambled = clean.clone();
    for value in &mut scrambled.prices[100 * 24..] {
        *value = f64::NAN;
    }
    for method in [Method::Lasso, Method::Kernel] {
        let day = |panel: &Panel| {
            let fit = Fit::new(panel, 100, recipe(method, 84)).expect("enough days");
            fit.predict(panel, 100).expect("a complete row")
        };
        assert_eq!(day(&clean), day(&scrambled), "{method:?}");
    }
}

#[test]
fn gaps_are_patched_and_not_learned_from() {
    let mut panel = panel(60, 24);
    panel.prices[50 * 24 + 3] = f64::NAN;
    panel.patch(60);
    assert!(!panel.is_genuine(50) && panel.is_genuine(51));
    assert_eq!(panel.prices[50 * 24 + 3], panel.prices[43 * 24 + 3]);
    assert!(Fit::new(&panel, 58, recipe(Method::Lasso, 56)).is_some());
    assert!(
        Fit::new(&panel, 20, recipe(Method::Lasso, 56)).is_none(),
        "13 rows"
    );
}

#[test]
fn an_input_off_by_a_thousand_stays_near_what_was_seen() {
    let panel = panel(120, 24);
    let mut wrong = panel.clone();
    for value in &mut wrong.inputs[0][100 * 24..101 * 24] {
        *value *= 1_000.0;
    }
    let (low, high) = panel
        .prices
        .iter()
        .fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
    for method in [Method::Lasso, Method::Kernel] {
        let fit = Fit::new(&panel, 100, recipe(method, 84)).expect("enough days");
        for price in fit.predict(&wrong, 100).expect("a complete row") {
            let reach = 2.0 * (high - low);
            assert!(
                price > low - reach && price < high + reach,
                "{method:?}: {price}"
            );
        }
    }
}
