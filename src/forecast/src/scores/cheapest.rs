//! What choosing the cheapest hours by a forecast saves.

/// Saving of running in a part of a day, by forecast and with perfect foresight.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Saving {
    /// Mean price of the day less that of the steps chosen by the forecast, times their hours.
    pub by_forecast: f64,
    /// The same for the cheapest steps as they came true; never below the other.
    pub by_foresight: f64,
}

/// Saving of the `cheapest_s` seconds with the lowest forecast, against the same energy at
/// the day's mean price, in price times hours.
///
/// Steps are taken whole by rising forecast, the last one in part; ties go to the earlier
/// step. `forecast`, `truth` and `seconds` hold one value per step of the day.
pub fn saving(forecast: &[f64], truth: &[f64], seconds: &[i64], cheapest_s: i64) -> Saving {
    let all: i64 = seconds.iter().sum();
    let weighted = truth
        .iter()
        .zip(seconds)
        .map(|(price, s)| price * *s as f64);
    let mean = weighted.sum::<f64>() / all as f64;
    let chosen = |by: &[f64]| {
        let mut order: Vec<usize> = (0..by.len()).collect();
        order.sort_by(|a, b| by[*a].total_cmp(&by[*b]));
        let (mut left, mut paid) = (cheapest_s.min(all), 0.0);
        for step in order {
            let taken = seconds[step].min(left);
            paid += (mean - truth[step]) * taken as f64 / 3600.0;
            left -= taken;
        }
        paid
    };
    Saving {
        by_forecast: chosen(forecast),
        by_foresight: chosen(truth),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_wrong_hour_costs_its_difference() {
        let (truth, hours) = ([10.0, 20.0, 30.0, 40.0], [3600; 4]);
        let found = saving(&[1.0, 5.0, 2.0, 9.0], &truth, &hours, 7200);
        // The mean is 25; hours 0 and 2 were chosen, 0 and 1 were right.
        assert_eq!((found.by_forecast, found.by_foresight), (10.0, 20.0));
    }

    #[test]
    fn a_step_is_taken_in_part() {
        let found = saving(&[1.0, 2.0], &[0.0, 40.0], &[3600, 3600], 1800);
        assert_eq!((found.by_forecast, found.by_foresight), (10.0, 10.0));
    }

    proptest! {
        #[test]
        fn foresight_is_never_beaten(
            days in prop::collection::vec((-100.0..500.0, -100.0..500.0), 1..96),
            cheapest in 1_i64..20,
        ) {
            let (forecast, truth): (Vec<f64>, Vec<f64>) = days.into_iter().unzip();
            let seconds = vec![900; truth.len()];
            let found = saving(&forecast, &truth, &seconds, cheapest * 3600);
            prop_assert!(found.by_forecast <= found.by_foresight + 1e-9);
            prop_assert!(found.by_foresight >= -1e-9);
        }
    }
}
