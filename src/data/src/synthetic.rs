//! Seeded shapes: `(base + daily + follows) x yearly x weekly + sun + noise + spikes`, clipped.
//!
//! Parts of a run's seed by purpose: noise draws from `data/NAME/noise`, spikes from
//! `data/NAME/spikes`, clouds from `data/NAME/clouds`.

use std::collections::BTreeMap;
use std::f64::consts::{PI, TAU};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use swingload_model::scenario::binding::{
    NoiseFile, Publication, SpikesFile, SunFile, SyntheticFile,
};
use swingload_model::series::Observation;

use crate::intervals::Window;
use crate::publication::Rule;
use crate::random::{exponential, normal, stream, uniform};

/// Obliquity of the ecliptic, degrees.
const OBLIQUITY: f64 = 23.44;

/// Values on equal steps, multiples of the step since 1970.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    start: i64,
    step: i64,
    values: Vec<f64>,
}

impl Shape {
    fn at(&self, index: usize) -> (i64, i64) {
        let start = self.start + index as i64 * self.step;
        (start, start + self.step)
    }

    /// Mean over `[start, end)`; the nearest value outside the generated span.
    fn mean(&self, start: i64, end: i64) -> f64 {
        let last = self.values.len() as i64 - 1;
        let index =
            |second: i64| (second - self.start).div_euclid(self.step).clamp(0, last) as usize;
        let inside = &self.values[index(start)..=index(end - 1)];
        inside.iter().sum::<f64>() / inside.len() as f64
    }

    /// As observations, published by `publication`.
    pub(crate) fn observations(
        &self,
        publication: &Publication,
        earliest: i64,
    ) -> Vec<Observation> {
        let mut rule = Rule::new(publication, earliest);
        let observation = |(index, value): (usize, &f64)| {
            let (start, end) = self.at(index);
            Observation {
                start,
                end,
                value: *value,
                known_at: rule.known_at(start, end, None),
            }
        };
        self.values.iter().enumerate().map(observation).collect()
    }
}

/// Generates the binding `name` over the window; `others` are the shapes made before it.
pub(crate) fn generate(
    name: &str,
    shape: &SyntheticFile,
    seed: u64,
    step: i64,
    window: Window,
    others: &BTreeMap<String, Shape>,
) -> Shape {
    let step = shape
        .step_min
        .map_or(step, |m| (m * 60.0).round() as i64)
        .max(1);
    let start = window.from.div_euclid(step) * step;
    let len = (window.until - start + step - 1) / step;
    let mut made = Shape {
        start,
        step,
        values: vec![0.0; len as usize],
    };
    let zone = TimeZone::get(&shape.zone)
        .expect("invariant: the scenario refuses zones that do not exist");
    let mut sky = Sky::new(seed, name);
    for index in 0..made.values.len() {
        let (start, end) = made.at(index);
        let local = Local::at(&zone, start);
        let mut value = shape.base + daily(&shape.daily, &local);
        for other in &shape.follows {
            value += other.factor
                * others
                    .get(&other.series)
                    .map_or(0.0, |s| s.mean(start, end));
        }
        value *= yearly(&shape.yearly, &local);
        value *= shape.weekly.get(local.weekday).copied().unwrap_or(1.0);
        if let Some(sun) = &shape.sun {
            let noonward = Local::at(&zone, start + step / 2);
            value += sun.peak * elevation(sun, &noonward) * (1.0 - sky.clouds(sun, &noonward));
        }
        made.values[index] = value;
    }
    if let Some(noise) = &shape.noise {
        add_noise(&mut made, noise, seed, name);
    }
    if let Some(spikes) = &shape.spikes {
        add_spikes(&mut made, spikes, seed, name);
    }
    let (low, high) = (
        shape.min.unwrap_or(f64::NEG_INFINITY),
        shape.max.unwrap_or(f64::INFINITY),
    );
    made.values
        .iter_mut()
        .for_each(|v| *v = v.min(high).max(low));
    made
}

/// The clock at an instant.
struct Local {
    clock: DateTime,
    /// Hours since midnight on the clock.
    hour: f64,
    /// Hours since midnight without summer time.
    hour_standard: f64,
    /// Monday is 0.
    weekday: usize,
}

impl Local {
    fn at(zone: &TimeZone, second: i64) -> Self {
        let instant = Timestamp::from_second(second)
            .expect("invariant: the period is made of valid timestamps");
        let clock = zone.to_datetime(instant);
        let hour = f64::from(clock.hour())
            + f64::from(clock.minute()) / 60.0
            + f64::from(clock.second()) / 3600.0;
        let summer = zone.to_offset_info(instant).dst().is_dst();
        Self {
            clock,
            hour,
            hour_standard: if summer { hour - 1.0 } else { hour },
            weekday: clock.weekday().to_monday_zero_offset() as usize,
        }
    }
}

/// Value added at an hour of day, linear between the hours.
fn daily(values: &[f64], local: &Local) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let hour = local.hour as usize % values.len();
    let part = local.hour - libm::floor(local.hour);
    values[hour] + (values[(hour + 1) % values.len()] - values[hour]) * part
}

/// Factor of the time of year, linear between the middles of months.
fn yearly(values: &[f64], local: &Local) -> f64 {
    if values.is_empty() {
        return 1.0;
    }
    let (month, days) = (
        local.clock.month() as usize - 1,
        f64::from(local.clock.days_in_month()),
    );
    let position = (f64::from(local.clock.day()) - 1.0 + local.hour / 24.0) / days - 0.5;
    let months = values.len();
    let neighbour = if position < 0.0 {
        month + months - 1
    } else {
        month + 1
    } % months;
    values[month] + (values[neighbour] - values[month]) * position.abs()
}

/// Sine of the sun's height over the horizon, 0 at night; noon is 12 o'clock standard time.
///
/// # Source
/// Cooper, The absorption of radiation in solar stills (1969): declination is
/// 23.45 deg (here the obliquity, 23.44) x sin(2 pi (284 + n) / 365) on day n.
fn elevation(sun: &SunFile, local: &Local) -> f64 {
    let day = f64::from(local.clock.day_of_year());
    let declination = OBLIQUITY.to_radians() * libm::sin(TAU * (284.0 + day) / 365.0);
    let latitude = sun.latitude.to_radians();
    let hour_angle = (local.hour_standard - 12.0) * PI / 12.0;
    let sine = libm::sin(latitude) * libm::sin(declination)
        + libm::cos(latitude) * libm::cos(declination) * libm::cos(hour_angle);
    sine.max(0.0)
}

/// Clouds of a day: uniform around their mean, as wide as 0 and 1 allow.
struct Sky {
    seed: u64,
    name: String,
    last: Option<(jiff::civil::Date, f64)>,
}

impl Sky {
    fn new(seed: u64, name: &str) -> Self {
        Self {
            seed,
            name: format!("data/{name}/clouds"),
            last: None,
        }
    }

    fn clouds(&mut self, sun: &SunFile, local: &Local) -> f64 {
        let date = local.clock.date();
        if let Some((day, share)) = self.last
            && day == date
        {
            return share;
        }
        // Each day has a stream of its own, so that a longer history leaves a day as it is.
        let draw = uniform(&mut stream(self.seed, &format!("{}/{date}", self.name)));
        let reach = sun.clouds.min(1.0 - sun.clouds);
        let share = sun.clouds + reach * (2.0 * draw - 1.0);
        self.last = Some((date, share));
        share
    }
}

/// First-order autoregressive noise, stationary from the first step.
fn add_noise(made: &mut Shape, noise: &NoiseFile, seed: u64, name: &str) {
    let mut rng = stream(seed, &format!("data/{name}/noise"));
    let keep = libm::exp(-(made.step as f64) / (noise.memory_h * 3600.0));
    let fresh = noise.sigma * libm::sqrt(1.0 - keep * keep);
    let mut state = noise.sigma * normal(&mut rng);
    for value in &mut made.values {
        *value += state;
        state = keep * state + fresh * normal(&mut rng);
    }
}

/// Spikes at Poisson times, exponential in size and length; a step takes the part it shares with each.
fn add_spikes(made: &mut Shape, spikes: &SpikesFile, seed: u64, name: &str) {
    if spikes.per_day <= 0.0 {
        return;
    }
    let mut rng = stream(seed, &format!("data/{name}/spikes"));
    let end = made.step as f64 * made.values.len() as f64;
    // Spikes that began before the first step may still last.
    let mut at = -10.0 * spikes.hours * 3600.0;
    loop {
        at += exponential(&mut rng) * 86_400.0 / spikes.per_day;
        if at >= end {
            return;
        }
        let size = spikes.mean * exponential(&mut rng);
        let until = (at + spikes.hours * 3600.0 * exponential(&mut rng)).min(end);
        let step = made.step as f64;
        let mut index = libm::floor(at.max(0.0) / step) as usize;
        while index < made.values.len() && (index as f64) * step < until {
            let (from, to) = (index as f64 * step, (index + 1) as f64 * step);
            made.values[index] += size * (until.min(to) - at.max(from)).max(0.0) / step;
            index += 1;
        }
    }
}

#[cfg(test)]
mod tests;
