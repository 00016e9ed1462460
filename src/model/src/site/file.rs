//! The keys of a site file. Units are in the keys; [`super::Site`] is what they become.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Use;
use super::supply::SupplyKind;
use super::tree::{NodeKind, RatedAt};

/// A number, or `{ series = "name", scale = 1.0 }`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "a number, or a table { series = \"name\", scale = 1.0 }"
)]
pub enum AmountFile {
    /// Always this value.
    Constant(f64),
    /// A bound series times a factor.
    Series(SeriesAmount),
}

/// A reference to a bound series.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeriesAmount {
    /// Name under `[data]` in the scenario.
    pub series: String,
    /// Factor applied to the series.
    #[serde(default = "one")]
    pub scale: f64,
}

fn one() -> f64 {
    1.0
}

fn yes() -> bool {
    true
}

/// A site.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteFile {
    /// Name for people.
    pub name: String,
    /// What this site is and where its figures come from.
    #[serde(default)]
    pub description: String,
    /// ISO 4217 code of the site's one currency.
    pub currency: String,
    /// IANA time zone of tariffs and days, such as `America/Chicago`.
    pub time_zone: String,
    /// Names of values that are right although they lie outside the plausible range, as messages give them: `demand.per_kw_month` is the key of the entry with id `demand`.
    #[serde(default)]
    pub allow: Vec<String>,
    /// Power tree; exactly one node has no parent.
    pub nodes: Vec<NodeFile>,
    /// Sources of power.
    pub supply: Vec<SupplyFile>,
    /// Financial contracts.
    #[serde(default)]
    pub contracts: Vec<ContractFile>,
    /// Charges on top of energy.
    #[serde(default)]
    pub tariff: Vec<TariffLineFile>,
    /// Demand-response programmes.
    #[serde(default)]
    pub programmes: Vec<ProgrammeFile>,
    /// ASIC pools.
    #[serde(default)]
    pub pools: Vec<PoolFile>,
    /// GPU pools.
    #[serde(default)]
    pub gpu_pools: Vec<GpuPoolFile>,
    /// Inference services.
    #[serde(default)]
    pub services: Vec<ServiceFile>,
    /// Hosting contracts and power limits.
    #[serde(default)]
    pub commitments: Vec<CommitmentFile>,
    /// Present when flexible load may draw surplus only.
    pub surplus_only: Option<SurplusOnlyFile>,
}

/// A node of the power tree.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeFile {
    /// Stable name.
    pub id: String,
    /// Node above; absent at the root.
    pub parent: Option<String>,
    /// What the node is.
    pub kind: NodeKind,
    /// Nameplate, MW.
    pub rating_mw: f64,
    /// Where the nameplate is measured; `it` is allowed at halls.
    #[serde(default = "interconnect")]
    pub rated_at: RatedAt,
    /// Share of the nameplate usable for loads of three hours or more (NEC: 0.8).
    #[serde(default = "one")]
    pub continuous_load_factor: f64,
    /// Share usable with one unit out: N/(N+1), 0.5 for 2N.
    #[serde(default = "one")]
    pub n_minus_1_factor: f64,
    /// Power the node may send to its parent, MW; of the root: what the site may export in
    /// all, 0 for none. Not given, the root may export its usable rating, any other node
    /// nothing.
    pub export_mw: Option<f64>,
    /// Largest rise of its load, kW per minute.
    pub ramp_up_kw_per_min: Option<f64>,
    /// Largest fall of its load, kW per minute.
    pub ramp_down_kw_per_min: Option<f64>,
    /// Cooling and losses, for a hall.
    pub hall: Option<HallFile>,
}

fn interconnect() -> RatedAt {
    RatedAt::Interconnect
}

/// Cooling and losses of a hall.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HallFile {
    /// Drawn whatever the IT load is, kW.
    #[serde(default)]
    pub fixed_overhead_kw: f64,
    /// Facility watts per further IT watt in cool weather.
    pub marginal_pue: f64,
    /// Rise of the marginal PUE per degree above `threshold_c`.
    #[serde(default)]
    pub pue_per_degree_c: f64,
    /// Temperature from which cooling costs more, degC.
    #[serde(default)]
    pub threshold_c: f64,
    /// Outdoor temperature series.
    pub temperature: Option<String>,
}

/// A source of power.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SupplyFile {
    /// Stable name.
    pub id: String,
    /// Node it feeds; the root when absent.
    pub node: Option<String>,
    /// How it settles.
    pub kind: SupplyKind,
    /// Most it can deliver, MW.
    pub available_mw: AmountFile,
    /// Marginal cost per MWh, signed.
    pub price_per_mwh: AmountFile,
    /// What a MWh earns when exported. What is not used is exported while that is more than
    /// its own price, as far as `export_mw` of the nodes above lets it, and spilled otherwise.
    pub export_price_per_mwh: Option<AmountFile>,
    /// Emissions, gCO2e/kWh.
    pub carbon_g_per_kwh: Option<AmountFile>,
}

/// A hedge or take-or-pay block.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContractFile {
    /// Stable name.
    pub id: String,
    /// Grid supply it settles against.
    pub supply: String,
    /// Quantity, MW.
    pub quantity_mw: AmountFile,
    /// Price per MWh.
    pub price_per_mwh: AmountFile,
    /// Whether unused energy is sold back at the grid's price. Without resale the contract is
    /// delivered first: energy drawn from its block counts against it before any is bought,
    /// at negative prices too, as where take-or-pay is netted off one meter; what is not
    /// drawn of it is paid and lost.
    #[serde(default = "yes")]
    pub resale: bool,
    /// First instant covered.
    pub from: Option<Timestamp>,
    /// First instant no longer covered.
    pub to: Option<Timestamp>,
}

/// A charge; `kind` says which.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum TariffLineFile {
    /// Charge per MWh of facility energy.
    Adder {
        /// Stable name.
        id: String,
        /// Charge per MWh; negative is a credit.
        per_mwh: AmountFile,
        /// Uses it falls on; all when absent.
        uses: Option<Vec<Use>>,
        /// Whether it is a tax.
        #[serde(default)]
        tax: bool,
    },
    /// Charge on each month's highest step.
    Demand {
        /// Stable name.
        id: String,
        /// Charge per kW of the highest mean power of a step in a calendar month. A run over part of a month bears its share: hours run in the month over hours from its first in it to the month's end.
        per_kw_month: f64,
    },
    /// Charge on load in the grid's peak intervals.
    CoincidentPeak {
        /// Stable name.
        id: String,
        /// Charge per kW of mean load in the peaks, per year.
        per_kw_year: f64,
        /// Intervals that count in a year (4 for 4CP).
        intervals_per_year: u32,
        /// Series that is 1 in the actual peaks.
        peaks: String,
        /// Series with the probability, published ahead, that a step is a peak.
        probability: Option<String>,
    },
}

/// A demand-response programme.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgrammeFile {
    /// Stable name.
    pub id: String,
    /// Capacity offered, MW.
    pub capacity_mw: f64,
    /// Payment per MW and hour of availability.
    pub availability_per_mw_h: AmountFile,
    /// Series that is 1 while called.
    pub calls: Option<String>,
    /// Facility power that may remain during a call, MW.
    pub firm_mw: f64,
    /// Penalty per MWh above it.
    pub penalty_per_mwh: f64,
    /// Months of a year in which it pays, its season: what a run in the season earned is
    /// annualised by it. All twelve when absent.
    #[serde(default = "twelve_months")]
    pub months_per_year: u32,
}

/// A dated number of devices.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatedCount {
    /// From this instant on.
    pub from: Timestamp,
    /// Devices installed.
    pub count: u32,
}

/// One measured setting of a device.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PointFile {
    /// Wall power, W.
    pub power_w: f64,
    /// Hashrate, TH/s.
    pub hashrate_th_per_s: f64,
}

/// An ASIC pool.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PoolFile {
    /// Stable name.
    pub id: String,
    /// Node it hangs below.
    pub node: String,
    /// Model as in the catalogue.
    pub model: String,
    /// Devices installed.
    pub count: u32,
    /// Later changes of the number of devices.
    #[serde(default)]
    pub changes: Vec<DatedCount>,
    /// Tuned settings, instead of the catalogue's.
    pub points: Option<Vec<PointFile>>,
    /// Whether devices may be underclocked; false keeps the rated point only.
    #[serde(default = "yes")]
    pub underclock: bool,
    /// Lowest share of rated power that underclocking may reach.
    #[serde(default = "lowest_share")]
    pub power_share_min: f64,
    /// Power asleep, W; the catalogue's or 25 W when absent.
    pub sleep_w: Option<f64>,
    /// From wake to full hashrate, s.
    #[serde(default)]
    pub wake_s: i64,
    /// Shortest time awake, min.
    #[serde(default)]
    pub min_on_min: f64,
    /// Shortest time asleep, min.
    #[serde(default)]
    pub min_off_min: f64,
    /// Most starts of a device per day.
    pub starts_per_day: Option<u32>,
    /// Wear of one start of one device, in currency.
    #[serde(default)]
    pub wear_per_start: f64,
    /// Share of revenue kept by the mining pool.
    #[serde(default)]
    pub pool_fee: f64,
    /// Share of work rejected.
    #[serde(default)]
    pub reject_rate: f64,
    /// Behaviour in heat; needs a hall with a temperature series above the pool.
    pub heat: Option<HeatFile>,
}

fn lowest_share() -> f64 {
    0.6
}

/// Loss of hashrate by heat.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeatFile {
    /// Outdoor temperature above which hashrate falls, degC.
    pub derate_above_c: f64,
    /// Share of hashrate lost.
    pub loss: f64,
    /// Outdoor temperature above which devices shut down, degC.
    pub shutdown_above_c: f64,
}

/// A GPU pool.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GpuPoolFile {
    /// Stable name.
    pub id: String,
    /// Node it hangs below.
    pub node: String,
    /// GPU as in the catalogue.
    pub model: String,
    /// GPUs installed.
    pub count: u32,
    /// Later changes of the number of GPUs.
    #[serde(default)]
    pub changes: Vec<DatedCount>,
    /// IT power at work, W per GPU; the catalogue's when absent.
    pub running_w: Option<f64>,
    /// Idle power, W per GPU; the catalogue's when absent.
    pub idle_w: Option<f64>,
}

/// An inference service.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceFile {
    /// Stable name.
    pub id: String,
    /// GPU pool that serves it.
    pub gpu_pool: String,
    /// GPUs of one replica.
    #[serde(default = "one_gpu")]
    pub gpus_per_replica: u32,
    /// Demand, GPUs.
    pub demand_gpus: AmountFile,
    /// Must-serve part, GPUs.
    pub floor_gpus: AmountFile,
    /// Price per GPU-hour of the floor.
    pub floor_value_per_gpu_h: AmountFile,
    /// Penalty per GPU-hour of floor not served.
    pub floor_penalty_per_gpu_h: f64,
    /// Value steps above the floor.
    #[serde(default)]
    pub tiers: Vec<TierFile>,
}

fn twelve_months() -> u32 {
    12
}

fn one_gpu() -> u32 {
    1
}

/// A value step of a service.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TierFile {
    /// Share of the demand above the floor.
    pub share: f64,
    /// Value per GPU-hour.
    pub value_per_gpu_h: AmountFile,
}

/// A promise; `kind` says which.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum CommitmentFile {
    /// Colocation of a tenant's own equipment.
    Hosting {
        /// Stable name.
        id: String,
        /// Node below which the tenant draws.
        node: String,
        /// What the tenant does with it: `inference` or `training`.
        #[serde(rename = "use")]
        used_for: Use,
        /// IT power the tenant draws when served, MW.
        power_mw: AmountFile,
        /// Price per IT MWh delivered, power passed through included.
        price_per_mwh: AmountFile,
        /// Share of the contracted energy paid even when the tenant draws less; settled in every step.
        #[serde(default)]
        take_or_pay: f64,
        /// Price per IT MWh paid for and not drawn, where it differs from `price_per_mwh`: the contract's own, without what is passed through with the power.
        take_or_pay_price_per_mwh: Option<f64>,
        /// Contracted power, MW.
        contracted_mw: f64,
        /// SLA penalty per IT MWh not delivered.
        penalty_per_mwh: f64,
        /// First instant it binds.
        from: Option<Timestamp>,
        /// First instant it no longer binds.
        to: Option<Timestamp>,
    },
    /// The site's load stays at or below a level.
    PowerLimit {
        /// Stable name.
        id: String,
        /// Facility power allowed, MW.
        limit_mw: AmountFile,
        /// Penalty per MWh above it.
        penalty_per_mwh: f64,
        /// First instant it binds.
        from: Option<Timestamp>,
        /// First instant it no longer binds.
        to: Option<Timestamp>,
    },
}

/// The rule that flexible load may use surplus only.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SurplusOnlyFile {
    /// Quantile of the surplus forecast that may be drawn, percent: 5, 10, ... 95.
    pub quantile_pct: u8,
}
