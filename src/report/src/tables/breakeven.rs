//! Break-even of miner pools, for a run and for a plan.

use swingload_model::breakeven::{BreakevenPrice, PointBreakeven, PoolBreakeven};

use super::column;
use crate::html::{Cell, Table};
use crate::words::thousands;

/// Which price is shown with its parts; the other stands beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// The first step's.
    Now,
    /// The mean of the period.
    Mean,
}

/// One row per pool and operating point; `None` for a site that mines nothing.
pub(crate) fn breakeven(pools: &[PoolBreakeven], currency: &str, shown: Shown) -> Option<Table> {
    let unit = format!("{currency}/MWh");
    let (parts_of, other, other_help) = match shown {
        Shown::Now => ("now", "mean", "At the meter, as a mean over the plan."),
        Shown::Mean => ("mean", "at start", "At the meter, in the first step."),
    };
    let price = |label: &str, help: &str| column(label, &unit, 2, help);
    // Eleven columns leave little room: the unit stands once, and in the note.
    let part = |label: &str, help: &str| column(label, "", 2, help);
    let columns = vec![
        column("pool", "", 0, ""),
        column(
            "point",
            "W",
            0,
            "Wall power of one device at this operating point.",
        ),
        column("effi\u{ad}ciency", "J/TH", 1, "At the wall."),
        part("gross", "What hashes of a wall MWh earn, before fees."),
        part("fees", "Of it the mining pool's fee and rejected shares."),
        part(
            "cooling",
            "Of it what cooling takes: the hall's marginal PUE.",
        ),
        price(
            "at the meter",
            "Full price of power, charges included, above which this point loses money.",
        ),
        part("charges", "Charges and taxes per MWh on hashing."),
        part(
            "energy",
            "Price of the energy alone above which it loses money.",
        ),
        part(other, other_help),
        part(
            "next watt",
            "At the meter: above it devices earn more at the point below.",
        ),
    ];
    let row = |pool: &PoolBreakeven, point: &PointBreakeven| {
        let (own, beside, next) = match shown {
            Shown::Now => (&point.now, &point.mean, point.next_watt_now_per_mwh),
            Shown::Mean => (&point.mean, &point.now, point.next_watt_mean_per_mwh),
        };
        let BreakevenPrice {
            gross_per_mwh,
            fees_per_mwh,
            cooling_per_mwh,
            at_meter_per_mwh,
            charges_per_mwh,
            energy_per_mwh,
        } = *own;
        let mut row = vec![
            Cell::from(pool.pool.as_str()),
            (point.power_w as f64).into(),
            point.efficiency_j_per_th.into(),
        ];
        let prices = [
            gross_per_mwh,
            fees_per_mwh,
            cooling_per_mwh,
            at_meter_per_mwh,
            charges_per_mwh,
            energy_per_mwh,
            beside.at_meter_per_mwh,
        ];
        row.extend(prices.map(Cell::from));
        row.push(next.into());
        row
    };
    let rows: Vec<Vec<Cell>> = pools
        .iter()
        .flat_map(|pool| pool.points.iter().map(move |point| row(pool, point)))
        .collect();
    let note = format!(
        "All prices in {currency}/MWh, gross to energy: {parts_of}. At the meter: the full price of power above which the \
         point loses money; energy: the same less charges. Next watt: above it the point below \
         earns more.{}",
        starts(pools, currency)
    );
    (!rows.is_empty()).then_some(Table {
        columns,
        rows,
        highlight: None,
        note,
    })
}

/// What starts cost, which is no price of power.
fn starts(pools: &[PoolBreakeven], currency: &str) -> String {
    let of_pool = |pool: &PoolBreakeven| {
        let mut costs = Vec::new();
        if pool.wear_per_start_per_mw > 0.0 {
            let wear = thousands(pool.wear_per_start_per_mw, 2);
            costs.push(format!("wears {wear} {currency} per MW"));
        }
        if pool.wake_h > 0.0 {
            let minutes = thousands(60.0 * pool.wake_h, 1);
            costs.push(format!("hashes nothing for {minutes} min"));
        }
        (!costs.is_empty()).then(|| format!(" A start of {} {}.", pool.pool, costs.join(" and ")))
    };
    pools.iter().filter_map(of_pool).collect()
}
