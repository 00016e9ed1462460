//! Sites.

use swingload_model::catalogue::Catalogue;
use swingload_model::site::Site;

/// First second of tests that need one: 2022-07-04T05:00:00Z, midnight in Texas.
pub const START: i64 = 1_656_910_800;

/// The site of a text.
///
/// # Panics
/// For a text that is no site: with every fault in it.
pub fn site_of(text: &str) -> Site {
    let catalogue = Catalogue::embedded();
    Site::from_toml("test.toml", text, &[], &catalogue).unwrap_or_else(|e| panic!("{e:?}"))
}

/// 1,000 S21 on one connection of 5 MW, at a price that is bound.
pub const MINERS: &str = r#"
name = "test"
currency = "USD"
time_zone = "UTC"

[[nodes]]
id = "poi"
kind = "interconnect"
rating_mw = 5

[[supply]]
id = "grid"
kind = "grid"
available_mw = 5
price_per_mwh = { series = "price" }

[[pools]]
id = "s21"
node = "poi"
model = "Antminer S21"
count = 1000
"#;

/// A hall of 512 H100 on one connection of 20 MW, at a constant price of 40.
pub const GPUS: &str = r#"
name = "Test"
description = "One hall."
currency = "USD"
time_zone = "UTC"

[[nodes]]
id = "poi"
kind = "interconnect"
rating_mw = 20

[[nodes]]
id = "hall"
parent = "poi"
kind = "hall"
rating_mw = 20
[nodes.hall]
fixed_overhead_kw = 0
marginal_pue = 1.1

[[supply]]
id = "grid"
kind = "grid"
available_mw = 20
price_per_mwh = 40

[[gpu_pools]]
id = "h100"
node = "hall"
model = "H100"
count = 512
"#;

/// A hall for two kinds of miners and one for GPUs on one connection of 10 MW: constants but
/// for the price.
pub const TWO_HALLS: &str = r#"
name = "Tiny"
currency = "USD"
time_zone = "America/Chicago"

[[nodes]]
id = "root"
kind = "interconnect"
rating_mw = 10

[[nodes]]
id = "mining"
parent = "root"
kind = "hall"
rating_mw = 5
hall = { fixed_overhead_kw = 50, marginal_pue = 1.05 }

[[nodes]]
id = "ai"
parent = "root"
kind = "hall"
rating_mw = 4
rated_at = "it"
hall = { fixed_overhead_kw = 80, marginal_pue = 1.2 }

[[supply]]
id = "grid"
kind = "grid"
available_mw = 20
price_per_mwh = { series = "price" }

[[pools]]
id = "steady"
node = "mining"
model = "own steady"
count = 1000
points = [{ power_w = 2000, hashrate_th_per_s = 80 }, { power_w = 3000, hashrate_th_per_s = 100 }]
sleep_w = 20
min_on_min = 30
min_off_min = 20

[[pools]]
id = "nimble"
node = "mining"
model = "own nimble"
count = 1000
points = [{ power_w = 3000, hashrate_th_per_s = 140 }]
sleep_w = 20

[[gpu_pools]]
id = "gpus"
node = "ai"
model = "own"
count = 1000
running_w = 1500
idle_w = 300

[[services]]
id = "chat"
gpu_pool = "gpus"
gpus_per_replica = 8
demand_gpus = 200
floor_gpus = 100
floor_value_per_gpu_h = 3
floor_penalty_per_gpu_h = 6
tiers = [{ share = 1, value_per_gpu_h = 2 }]
"#;

/// A hall for miners and one for GPUs below one connection of 12 MW, with surplus, grid, a
/// demand charge and inference that follows a series.
pub const TWO_HALLS_AND_SUN: &str = r#"
name = "test"
currency = "USD"
time_zone = "America/Chicago"

[[nodes]]
id = "poi"
kind = "interconnect"
rating_mw = 12

[[nodes]]
id = "mine"
parent = "poi"
kind = "hall"
rating_mw = 7
hall = { fixed_overhead_kw = 50, marginal_pue = 1.05 }

[[nodes]]
id = "ai"
parent = "poi"
kind = "hall"
rating_mw = 4
hall = { fixed_overhead_kw = 80, marginal_pue = 1.2 }

[[supply]]
id = "surplus"
kind = "surplus"
available_mw = { series = "surplus" }
price_per_mwh = 3
export_price_per_mwh = 9
carbon_g_per_kwh = 0

[[supply]]
id = "grid"
kind = "grid"
available_mw = 12
price_per_mwh = { series = "price" }
carbon_g_per_kwh = 400

[[tariff]]
kind = "adder"
id = "wires"
per_mwh = 5

[[tariff]]
kind = "demand"
id = "peak"
per_kw_month = 2

[[pools]]
id = "s21"
node = "mine"
model = "Antminer S21"
count = 1600
wake_s = 600
wear_per_start = 0.1
pool_fee = 0.02

[[gpu_pools]]
id = "h100"
node = "ai"
model = "H100"
count = 1024

[[services]]
id = "chat"
gpu_pool = "h100"
gpus_per_replica = 8
demand_gpus = { series = "demand" }
floor_gpus = { series = "demand", scale = 0.5 }
floor_value_per_gpu_h = 3.0
floor_penalty_per_gpu_h = 6.0
tiers = [{ share = 1.0, value_per_gpu_h = 0.5 }]
"#;
