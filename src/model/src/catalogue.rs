//! Device models with their rated figures and sources: ASICs and GPUs.
//!
//! A new model is one entry in `catalogue/asic.toml` or `catalogue/gpu.toml`.

use serde::Deserialize;

use crate::site::OperatingPoint;
use crate::units::{Hashrate, Power};

/// Sleep power of an ASIC whose source gives none, W per device.
///
/// # Source
/// Luxor, "How LuxOS powers down fast": about 25 W asleep.
pub(crate) const SLEEP_POWER_DEFAULT_W: f64 = 25.0;

/// Exponent of the derived part-load curve, P proportional to H^1.6.
///
/// # Source
/// The published pair 2850 W at 96 TH/s and 1905 W at 74.5 TH/s of one
/// Antminer S19j Pro: ln(2850/1905) / ln(96/74.5) = 1.59.
pub(crate) const PART_LOAD_EXPONENT: f64 = 1.6;

/// Speed of a GPU under the catalogue's power cap (6/7 of its rating).
///
/// # Source
/// Factryze: training on an H100 held at 600 W of 700 W ran 10 to 15 % slower (a weak source).
pub(crate) const CAPPED_SPEED: f64 = 0.875;

/// Points generated on a derived curve, the rated one included.
const DERIVED_POINTS: usize = 5;

/// An ASIC model.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AsicModel {
    /// Unique name.
    pub model: String,
    /// Other names accepted in site files.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Manufacturer.
    pub maker: String,
    /// `air`, `hydro` or `immersion`.
    pub cooling: String,
    /// Rated hashrate, TH/s.
    pub hashrate_th_per_s: f64,
    /// Rated wall power, W.
    pub power_w: f64,
    /// Where the rated pair was read.
    pub source: String,
    /// Remark on the figures.
    #[serde(default)]
    pub note: String,
    /// Power asleep, W, where published.
    pub sleep_w: Option<f64>,
    /// Who states the sleep power, and for which firmware.
    #[serde(default)]
    pub sleep_source: String,
    /// Published or measured part-load points.
    #[serde(default)]
    pub points: Vec<AsicPoint>,
}

/// A published setting of an ASIC.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AsicPoint {
    /// Wall power, W.
    pub power_w: f64,
    /// Hashrate, TH/s.
    pub hashrate_th_per_s: f64,
    /// Where it was read.
    #[serde(default)]
    pub source: String,
}

/// A GPU model; powers per GPU at the IT level, host and network share included.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GpuModel {
    /// Unique name.
    pub model: String,
    /// Other names accepted in site files.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Manufacturer.
    pub maker: String,
    /// Power at work, W.
    pub running_w: f64,
    /// Power without work, W.
    pub idle_w: f64,
    /// Power under a cap, W, where given.
    pub capped_w: Option<f64>,
    /// Rated power of the GPU module alone, W.
    pub gpu_tdp_w: f64,
    /// Where `running_w` comes from: `node` (a rated node) or `derived`.
    pub basis: String,
    /// GPUs of one node.
    pub gpus_per_node: u32,
    /// Where the figures come from.
    pub source: String,
    /// Remark on the figures.
    #[serde(default)]
    pub note: String,
}

/// All device models.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalogue {
    /// ASICs.
    pub asics: Vec<AsicModel>,
    /// GPUs.
    pub gpus: Vec<GpuModel>,
}

#[derive(Deserialize)]
struct AsicFile {
    asic: Vec<AsicModel>,
}

#[derive(Deserialize)]
struct GpuFile {
    gpu: Vec<GpuModel>,
}

impl Catalogue {
    /// The catalogue that ships with Swingload.
    pub fn embedded() -> Self {
        let asics: AsicFile = toml::from_str(include_str!("../catalogue/asic.toml"))
            .expect("invariant: the embedded ASIC catalogue is tested");
        let gpus: GpuFile = toml::from_str(include_str!("../catalogue/gpu.toml"))
            .expect("invariant: the embedded GPU catalogue is tested");
        Self {
            asics: asics.asic,
            gpus: gpus.gpu,
        }
    }

    /// The ASIC of a name or alias.
    pub(crate) fn asic(&self, name: &str) -> Option<&AsicModel> {
        self.asics
            .iter()
            .find(|m| m.model == name || m.aliases.iter().any(|a| a == name))
    }

    /// The GPU of a name or alias.
    pub(crate) fn gpu(&self, name: &str) -> Option<&GpuModel> {
        self.gpus
            .iter()
            .find(|m| m.model == name || m.aliases.iter().any(|a| a == name))
    }
}

impl AsicModel {
    /// Settings from `power_share_min` of rated power up to the rated point, by rising power.
    ///
    /// Published points where there are any; otherwise P proportional to H^1.6, marked derived.
    pub(crate) fn operating_points(&self, power_share_min: f64) -> Vec<OperatingPoint> {
        let published = self
            .points
            .iter()
            .map(|p| point(p.power_w, p.hashrate_th_per_s, false));
        let mut points: Vec<OperatingPoint> = published
            .filter(|p| p.power.get() as f64 >= power_share_min * self.power_w)
            .collect();
        if points.is_empty() {
            points.extend((0..DERIVED_POINTS - 1).map(|i| {
                let share = power_share_min
                    + (1.0 - power_share_min) * i as f64 / (DERIVED_POINTS - 1) as f64;
                let hashrate = self.hashrate_th_per_s * libm::pow(share, 1.0 / PART_LOAD_EXPONENT);
                point(self.power_w * share, hashrate, true)
            }));
        }
        points.push(point(self.power_w, self.hashrate_th_per_s, false));
        points.sort_by_key(|p| p.power);
        points.dedup_by_key(|p| p.power);
        points
    }
}

/// A setting from watts and TH/s.
pub(crate) fn point(power_w: f64, hashrate_th_per_s: f64, derived: bool) -> OperatingPoint {
    OperatingPoint {
        power: Power::new(power_w.round() as i64),
        hashrate: Hashrate::new(hashrate_th_per_s)
            .expect("invariant: callers pass finite hashrates"),
        derived,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_catalogue_is_plausible() {
        let catalogue = Catalogue::embedded();
        assert!(
            catalogue.asics.len() >= 20,
            "{} models",
            catalogue.asics.len()
        );
        let mut names: Vec<&String> = catalogue
            .asics
            .iter()
            .flat_map(|m| m.aliases.iter().chain([&m.model]))
            .collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count, "every name means one model");
        for model in &catalogue.asics {
            let efficiency = model.power_w / model.hashrate_th_per_s;
            assert!(
                (9.0..130.0).contains(&efficiency),
                "{}: {efficiency} J/TH",
                model.model
            );
            assert!(!model.source.is_empty(), "{} has a source", model.model);
        }
        for gpu in &catalogue.gpus {
            assert!(
                gpu.idle_w < gpu.running_w && !gpu.source.is_empty(),
                "{}",
                gpu.model
            );
        }
    }

    #[test]
    fn derived_points_follow_the_published_exponent() {
        let model = AsicModel {
            points: Vec::new(),
            ..Catalogue::embedded().asics[0].clone()
        };
        let points = model.operating_points(0.6);
        assert_eq!(points.len(), DERIVED_POINTS);
        assert!(points[0].derived && !points[DERIVED_POINTS - 1].derived);
        let efficiency = |p: &OperatingPoint| p.power.get() as f64 / p.hashrate.get();
        assert!(
            points
                .windows(2)
                .all(|w| efficiency(&w[0]) < efficiency(&w[1])),
            "underclocking saves energy per hash"
        );
    }
}
