use super::*;
use crate::controller::tests::world::{SITE, site_of};

/// 20 degrees on average, 4 more once in twenty steps, or less where `falls`.
struct Weather {
    falls: bool,
}

impl Outlook for Weather {
    fn mean(&self, series: &str, grid: &TimeGrid) -> Vec<f64> {
        assert_eq!(series, "weather");
        vec![20.0; grid.len()]
    }

    fn quantile(&self, series: &str, grid: &TimeGrid, pct: u8) -> Vec<f64> {
        assert_eq!(pct, 95);
        let margin = if self.falls { -4.0 } else { 4.0 };
        self.mean(series, grid).iter().map(|c| c + margin).collect()
    }
}

#[test]
fn limits_are_kept_in_a_step_hotter_than_expected() {
    let warm = r#"marginal_pue = 1.05, pue_per_degree_c = 0.01, threshold_c = 18, temperature = "weather""#;
    let site = site_of(&SITE.replacen("marginal_pue = 1.05", warm, 1));
    let grid = TimeGrid::from_boundaries(vec![0, 300]).expect("a step");
    let pue = |falls| {
        let mut step = StepLimits::default();
        Limits::new(&site).prepare(&site, &Weather { falls }, &grid, &mut step);
        step.pue[1]
    };
    // Twice as far above the mean as the 95th percentile: 28 degrees, 10 above the threshold.
    assert!((pue(false) - 1.15).abs() < 1e-9, "{}", pue(false));
    assert!((pue(true) - 1.07).abs() < 1e-9, "never below the mean");
}
