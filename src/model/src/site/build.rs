//! From the keys of a site file to a valid [`Site`].

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::commitment::{Commitment, CommitmentKind};
use super::file::{
    AmountFile, CommitmentFile, ContractFile, DatedCount, GpuPoolFile, NodeFile, PoolFile,
    ProgrammeFile, ServiceFile, SiteFile, SupplyFile, TariffLineFile,
};
use super::fleet::{
    CountSchedule, GpuPool, HeatDerating, InferenceService, MinerPool, OperatingPoint, ValueTier,
};
use super::supply::{Contract, SupplyBlock, SupplyKind};
use super::tariff::{Programme, Tariff, TariffLine};
use super::tree::{Hall, Node, PowerTree, RatedAt, TreeError};
use super::{Amount, Site, SurplusOnly, Use};
use crate::catalogue::{CAPPED_SPEED, Catalogue, SLEEP_POWER_DEFAULT_W, point};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::{Document, nearest};
use crate::series::{SeriesRef, Unit};
use crate::time::Seconds;
use crate::units::{Money, Power};

/// Builds the site, or says everything that is wrong with it.
pub(super) fn build(
    document: &Document,
    raw: &SiteFile,
    catalogue: &Catalogue,
) -> Result<Site, Diagnostics> {
    let mut b = Builder {
        document,
        catalogue,
        faults: Vec::new(),
        ids: BTreeSet::new(),
    };
    b.currency(&raw.currency);
    b.time_zone(&raw.time_zone);
    let Some(tree) = b.tree(&raw.nodes) else {
        return Err(Diagnostics(b.faults));
    };
    let supply: Vec<SupplyBlock> = raw
        .supply
        .iter()
        .enumerate()
        .map(|(i, s)| b.supply(i, s, &tree))
        .collect();
    if supply.is_empty() {
        b.fault(
            "supply",
            "a site without supply can run nothing",
            "add a [[supply]] entry",
        );
    }
    let contracts = raw
        .contracts
        .iter()
        .enumerate()
        .map(|(i, c)| b.contract(i, c, &supply))
        .collect();
    let tariff = Tariff {
        lines: raw
            .tariff
            .iter()
            .enumerate()
            .map(|(i, l)| b.tariff_line(i, l))
            .collect(),
    };
    let programmes = raw
        .programmes
        .iter()
        .enumerate()
        .map(|(i, p)| b.programme(i, p))
        .collect();
    let pools = raw
        .pools
        .iter()
        .enumerate()
        .map(|(i, p)| b.pool(i, p, &tree))
        .collect();
    let gpu_pools: Vec<GpuPool> = raw
        .gpu_pools
        .iter()
        .enumerate()
        .map(|(i, g)| b.gpu_pool(i, g, &tree))
        .collect();
    let services = raw
        .services
        .iter()
        .enumerate()
        .map(|(i, s)| b.service(i, s, &gpu_pools))
        .collect();
    let commitments = raw
        .commitments
        .iter()
        .enumerate()
        .map(|(i, c)| b.commitment(i, c, &tree))
        .collect();
    let surplus_only = raw.surplus_only.as_ref().map(|rule| {
        if rule.quantile_pct % 5 != 0 || !(5..=95).contains(&rule.quantile_pct) {
            b.fault(
                "surplus_only.quantile_pct",
                "forecasts have the quantiles 5, 10, ... 95",
                "10 is the usual, cautious choice",
            );
        }
        if !supply.iter().any(|s| s.kind == SupplyKind::Surplus) {
            b.fault(
                "surplus_only",
                "the site has no supply of kind `surplus`",
                "add one, or remove the rule",
            );
        }
        SurplusOnly {
            quantile_pct: rule.quantile_pct,
        }
    });
    let site = Site {
        name: raw.name.clone(),
        currency: raw.currency.clone(),
        time_zone: raw.time_zone.clone(),
        tree,
        supply,
        contracts,
        tariff,
        programmes,
        pools,
        gpu_pools,
        services,
        commitments,
        surplus_only,
    };
    // On a site that is wrong otherwise, sums would only repeat the fault.
    if b.faults.is_empty() {
        b.capacity(&site, &raw.nodes);
    }
    if b.faults.is_empty() {
        Ok(site)
    } else {
        Err(Diagnostics(b.faults))
    }
}

struct Builder<'a> {
    document: &'a Document,
    catalogue: &'a Catalogue,
    faults: Vec<Diagnostic>,
    ids: BTreeSet<String>,
}

impl Builder<'_> {
    fn fault(&mut self, path: &str, problem: impl Into<String>, help: impl Into<String>) {
        self.faults.push(self.document.refuse(path, problem, help));
    }

    fn currency(&mut self, code: &str) {
        if code.len() != 3 || !code.bytes().all(|c| c.is_ascii_uppercase()) {
            self.fault(
                "currency",
                "a currency is a three-letter ISO 4217 code in capitals",
                "for example USD, AUD or GBP",
            );
        }
    }

    fn time_zone(&mut self, name: &str) {
        if jiff::tz::TimeZone::get(name).is_err() {
            self.fault(
                "time_zone",
                "no IANA time zone of this name is known",
                "for example America/Chicago or UTC",
            );
        }
    }

    /// Ids are unique over the whole site, so that a reason or a bill names one thing.
    fn id(&mut self, path: &str, id: &str) -> String {
        if id.is_empty() {
            self.fault(path, "an id must not be empty", "give a short stable name");
        } else if !self.ids.insert(id.to_owned()) {
            self.fault(
                path,
                format!("`{id}` names something else already"),
                "ids are unique over the whole site; choose another",
            );
        }
        id.to_owned()
    }

    fn at_least(&mut self, path: &str, value: f64, least: f64, unit: &str) -> f64 {
        if !value.is_finite() || value < least {
            self.fault(
                path,
                format!("must be a number of at least {least} {unit}")
                    .trim_end()
                    .to_owned(),
                "check the value and its unit",
            );
            return least.max(0.0);
        }
        value
    }

    fn finite(&mut self, path: &str, value: f64) -> f64 {
        if value.is_finite() {
            return value;
        }
        self.fault(path, "must be a finite number", "check the value");
        0.0
    }

    fn within(&mut self, path: &str, value: f64, low: f64, high: f64) -> f64 {
        if !value.is_finite() || value < low || value > high {
            self.fault(
                path,
                format!("must lie between {low} and {high}"),
                "it is a share, not a percentage",
            );
            return low;
        }
        value
    }

    fn amount(&mut self, path: &str, raw: &AmountFile) -> Amount {
        match raw {
            AmountFile::Constant(value) => Amount::Constant(self.finite(path, *value)),
            AmountFile::Series(reference) => Amount::Series {
                series: reference.series.clone(),
                scale: self.finite(&format!("{path}.scale"), reference.scale),
            },
        }
    }

    fn amount_not_negative(&mut self, path: &str, raw: &AmountFile) -> Amount {
        match raw {
            AmountFile::Constant(value) => Amount::Constant(self.at_least(path, *value, 0.0, "")),
            AmountFile::Series(_) => self.amount(path, raw),
        }
    }

    fn node(&mut self, path: &str, id: &str, tree: &PowerTree) -> usize {
        tree.position(id).unwrap_or_else(|| {
            let known: Vec<&str> = tree.nodes().map(|n| n.id.as_str()).collect();
            self.fault(
                path,
                format!("there is no node `{id}`"),
                format!("nodes of this site: {}", known.join(", ")),
            );
            0
        })
    }

    fn tree(&mut self, raw: &[NodeFile]) -> Option<PowerTree> {
        let mut nodes = Vec::new();
        for (i, n) in raw.iter().enumerate() {
            let key = |field: &str| format!("nodes[{i}].{field}");
            let rating = self.at_least(&key("rating_mw"), n.rating_mw, 0.0, "MW");
            if n.rating_mw == 0.0 {
                self.fault(
                    &key("rating_mw"),
                    "a node of no rating can carry no load",
                    "give its nameplate in MW",
                );
            }
            let continuous = self.within(
                &key("continuous_load_factor"),
                n.continuous_load_factor,
                0.0,
                1.0,
            );
            let n_minus_1 = self.within(&key("n_minus_1_factor"), n.n_minus_1_factor, 0.0, 1.0);
            let export = self.at_least(&key("export_mw"), n.export_mw, 0.0, "MW");
            let mut ramp = |field: &str, value: Option<f64>| {
                value.map(|kw| {
                    let kw = self.at_least(&key(field), kw, 0.001, "kW per minute");
                    Power::from_kilowatts(kw)
                })
            };
            let ramp_up = ramp("ramp_up_kw_per_min", n.ramp_up_kw_per_min);
            let ramp_down = ramp("ramp_down_kw_per_min", n.ramp_down_kw_per_min);
            if n.rated_at == RatedAt::It && n.hall.is_none() {
                self.fault(
                    &key("rated_at"),
                    "only a hall can be rated at the IT side: above halls, IT watts of halls with different overheads do not add up to one limit",
                    "rate the halls, or convert the rating to facility watts",
                );
            }
            let hall = n.hall.as_ref().map(|h| Hall {
                fixed: Power::from_kilowatts(self.at_least(
                    &key("hall.fixed_overhead_kw"),
                    h.fixed_overhead_kw,
                    0.0,
                    "kW",
                )),
                pue_base: self.at_least(&key("hall.marginal_pue"), h.marginal_pue, 1.0, ""),
                pue_per_degree: self.at_least(
                    &key("hall.pue_per_degree_c"),
                    h.pue_per_degree_c,
                    0.0,
                    "",
                ),
                threshold_c: self.finite(&key("hall.threshold_c"), h.threshold_c),
                temperature: h.temperature.clone(),
            });
            let id = self.id(&key("id"), &n.id);
            nodes.push((
                Node {
                    id,
                    kind: n.kind,
                    rating: Power::from_megawatts(rating),
                    rated_at: n.rated_at,
                    derating: continuous * n_minus_1,
                    export: Power::from_megawatts(export),
                    ramp_up_per_minute: ramp_up,
                    ramp_down_per_minute: ramp_down,
                    hall,
                },
                n.parent.clone(),
            ));
        }
        match PowerTree::new(nodes) {
            Ok(tree) => {
                self.nested_halls(raw, &tree);
                Some(tree)
            }
            Err(error) => {
                let path = match &error {
                    TreeError::Duplicate(id) | TreeError::Circle(id) => {
                        position_of(raw, id, "parent")
                    }
                    TreeError::UnknownParent { node, .. } => position_of(raw, node, "parent"),
                    TreeError::Roots(_) => "nodes".to_owned(),
                };
                if !matches!(error, TreeError::Duplicate(_)) {
                    self.fault(
                        &path,
                        error.to_string(),
                        "every node but one names a parent, and parents lead to that one",
                    );
                }
                None
            }
        }
    }

    fn nested_halls(&mut self, raw: &[NodeFile], tree: &PowerTree) {
        for position in 0..tree.len() {
            let halls = tree
                .path_to_root(position)
                .iter()
                .filter(|p| tree.node(**p).hall.is_some())
                .count();
            if tree.node(position).hall.is_some() && halls > 1 {
                let path = position_of(raw, &tree.node(position).id, "hall");
                self.fault(
                    &path,
                    "a hall lies below another hall, so its overhead would count twice",
                    "keep `hall` at one level",
                );
            }
        }
    }

    fn supply(&mut self, i: usize, s: &SupplyFile, tree: &PowerTree) -> SupplyBlock {
        let key = |field: &str| format!("supply[{i}].{field}");
        if s.export_price_per_mwh.is_some() && s.kind == SupplyKind::Grid {
            self.fault(
                &key("export_price_per_mwh"),
                "grid power is not exported",
                "remove the key, or use kind = \"surplus\"",
            );
        }
        let node = s
            .node
            .as_ref()
            .map_or(0, |id| self.node(&key("node"), id, tree));
        if tree
            .path_to_root(node)
            .iter()
            .any(|p| tree.node(*p).hall.is_some())
        {
            self.fault(
                &key("node"),
                "a supply feeds a node above the halls",
                "name a feeder, transformer or the interconnect",
            );
        }
        SupplyBlock {
            id: self.id(&key("id"), &s.id),
            kind: s.kind,
            node,
            available_mw: self.amount_not_negative(&key("available_mw"), &s.available_mw),
            price: self.amount(&key("price_per_mwh"), &s.price_per_mwh),
            export_price: s
                .export_price_per_mwh
                .as_ref()
                .map(|a| self.amount(&key("export_price_per_mwh"), a)),
            carbon: s
                .carbon_g_per_kwh
                .as_ref()
                .map(|a| self.amount(&key("carbon_g_per_kwh"), a)),
        }
    }

    fn span(&mut self, path: &str, from: Option<Timestamp>, to: Option<Timestamp>) {
        if let (Some(from), Some(to)) = (from, to)
            && to <= from
        {
            self.fault(
                path,
                "ends at or before its start",
                "`from` is the first instant covered, `to` the first no longer covered",
            );
        }
    }

    fn contract(&mut self, i: usize, c: &ContractFile, supply: &[SupplyBlock]) -> Contract {
        let key = |field: &str| format!("contracts[{i}].{field}");
        let settles = supply
            .iter()
            .position(|s| s.id == c.supply && s.kind == SupplyKind::Grid)
            .unwrap_or_else(|| {
                let grid = supply.iter().filter(|s| s.kind == SupplyKind::Grid);
                let known: Vec<&str> = grid.map(|s| s.id.as_str()).collect();
                self.fault(
                    &key("supply"),
                    format!("there is no grid supply `{}`", c.supply),
                    format!(
                        "a contract settles against a supply of kind `grid`: {}",
                        known.join(", ")
                    ),
                );
                0
            });
        self.span(&key("to"), c.from, c.to);
        Contract {
            id: self.id(&key("id"), &c.id),
            supply: settles,
            quantity_mw: self.amount_not_negative(&key("quantity_mw"), &c.quantity_mw),
            price: self.amount(&key("price_per_mwh"), &c.price_per_mwh),
            resale: c.resale,
            from: c.from,
            to: c.to,
        }
    }

    fn tariff_line(&mut self, i: usize, line: &TariffLineFile) -> TariffLine {
        let key = |field: &str| format!("tariff[{i}].{field}");
        match line {
            TariffLineFile::Adder {
                id,
                per_mwh,
                uses,
                tax,
            } => {
                let uses = uses.clone().unwrap_or_else(|| Use::ALL.to_vec());
                if uses.is_empty() {
                    self.fault(
                        &key("uses"),
                        "an adder on no use charges nothing",
                        "name at least one use, or remove the key for all",
                    );
                }
                TariffLine::Adder {
                    id: self.id(&key("id"), id),
                    per_mwh: self.amount(&key("per_mwh"), per_mwh),
                    uses,
                    tax: *tax,
                }
            }
            TariffLineFile::Demand { id, per_kw_month } => TariffLine::Demand {
                id: self.id(&key("id"), id),
                per_kw_month: Money::from_units(self.at_least(
                    &key("per_kw_month"),
                    *per_kw_month,
                    0.0,
                    "",
                )),
            },
            TariffLineFile::CoincidentPeak {
                id,
                per_kw_year,
                intervals_per_year,
                peaks,
                probability,
            } => {
                self.at_least(
                    &key("intervals_per_year"),
                    f64::from(*intervals_per_year),
                    1.0,
                    "",
                );
                TariffLine::CoincidentPeak {
                    id: self.id(&key("id"), id),
                    per_kw_year: Money::from_units(self.at_least(
                        &key("per_kw_year"),
                        *per_kw_year,
                        0.0,
                        "",
                    )),
                    intervals_per_year: (*intervals_per_year).max(1),
                    peaks: peaks.clone(),
                    probability: probability.clone(),
                }
            }
        }
    }

    fn programme(&mut self, i: usize, p: &ProgrammeFile) -> Programme {
        let key = |field: &str| format!("programmes[{i}].{field}");
        Programme {
            id: self.id(&key("id"), &p.id),
            capacity_mw: self.at_least(&key("capacity_mw"), p.capacity_mw, 0.0, "MW"),
            availability: self.amount(&key("availability_per_mw_h"), &p.availability_per_mw_h),
            calls: p.calls.clone(),
            firm_mw: self.at_least(&key("firm_mw"), p.firm_mw, 0.0, "MW"),
            penalty_per_mwh: self.at_least(&key("penalty_per_mwh"), p.penalty_per_mwh, 0.0, ""),
        }
    }

    fn counts(&mut self, path: &str, count: u32, changes: &[DatedCount]) -> CountSchedule {
        let mut entries = vec![(None, count)];
        for (i, change) in changes.iter().enumerate() {
            if entries
                .last()
                .is_some_and(|(from, _)| from.is_some_and(|f| change.from <= f))
            {
                self.fault(
                    &format!("{path}.changes[{i}].from"),
                    "is at or before the change preceding it",
                    "list changes by rising date",
                );
            }
            entries.push((Some(change.from), change.count));
        }
        CountSchedule { entries }
    }

    fn pool(&mut self, i: usize, p: &PoolFile, tree: &PowerTree) -> MinerPool {
        let key = |field: &str| format!("pools[{i}].{field}");
        let node = self.node(&key("node"), &p.node, tree);
        let share_min = self.within(&key("power_share_min"), p.power_share_min, 0.05, 1.0);
        let (points, catalogue_sleep) = match self.catalogue.asic(&p.model) {
            Some(model) => (model.operating_points(share_min), model.sleep_w),
            None if p.points.is_some() => (Vec::new(), None),
            None => {
                let near = nearest(
                    &p.model,
                    self.catalogue.asics.iter().map(|m| m.model.as_str()),
                );
                self.fault(
                    &key("model"),
                    format!("`{}` is not in the ASIC catalogue", p.model),
                    format!("did you mean `{near}`? Or give `points` of your own"),
                );
                (Vec::new(), None)
            }
        };
        let mut points = match &p.points {
            Some(own) => self.own_points(&key("points"), own),
            None => points,
        };
        if !p.underclock {
            points = points.last().copied().into_iter().collect();
        }
        let sleep_w = p
            .sleep_w
            .or(catalogue_sleep)
            .unwrap_or(SLEEP_POWER_DEFAULT_W);
        let sleep_w = self.at_least(&key("sleep_w"), sleep_w, 0.0, "W");
        if points
            .first()
            .is_some_and(|lowest| sleep_w >= lowest.power.get() as f64)
        {
            self.fault(
                &key("sleep_w"),
                "a sleeping device draws as much as a hashing one",
                "sleep power lies well below the lowest operating point",
            );
        }
        if self.at_least(&key("wake_s"), p.wake_s as f64, 0.0, "s") > 86_400.0 {
            self.fault(
                &key("wake_s"),
                "a device that takes more than a day to wake cannot follow any plan",
                "the value is in seconds",
            );
        }
        let temperature = tree
            .path_to_root(node)
            .iter()
            .find_map(|n| tree.node(*n).hall.as_ref())
            .and_then(|h| h.temperature.clone());
        let heat = p.heat.as_ref().map(|h| {
            if temperature.is_none() {
                self.fault(
                    &key("heat"),
                    "no hall above the pool has a temperature series",
                    "set `hall.temperature` at its hall, or remove `heat`",
                );
            }
            if h.shutdown_above_c < h.derate_above_c {
                self.fault(
                    &key("heat.shutdown_above_c"),
                    "lies below `derate_above_c`",
                    "devices derate first and shut down at a higher temperature",
                );
            }
            HeatDerating {
                derate_above_c: self.finite(&key("heat.derate_above_c"), h.derate_above_c),
                loss: self.within(&key("heat.loss"), h.loss, 0.0, 1.0),
                shutdown_above_c: self.finite(&key("heat.shutdown_above_c"), h.shutdown_above_c),
            }
        });
        if p.starts_per_day == Some(0) {
            self.fault(
                &key("starts_per_day"),
                "devices that may never start can never run",
                "give 1 or more, or remove the key for no limit",
            );
        }
        MinerPool {
            id: self.id(&key("id"), &p.id),
            node,
            model: p.model.clone(),
            count: self.counts(&format!("pools[{i}]"), p.count, &p.changes),
            points,
            sleep: Power::new(sleep_w.round() as i64),
            wake: Seconds::new(p.wake_s.max(0)),
            min_on: Seconds::from_minutes(self.at_least(
                &key("min_on_min"),
                p.min_on_min,
                0.0,
                "min",
            )),
            min_off: Seconds::from_minutes(self.at_least(
                &key("min_off_min"),
                p.min_off_min,
                0.0,
                "min",
            )),
            starts_per_day: p.starts_per_day,
            wear_per_start: Money::from_units(self.at_least(
                &key("wear_per_start"),
                p.wear_per_start,
                0.0,
                "",
            )),
            pool_fee: self.within(&key("pool_fee"), p.pool_fee, 0.0, 1.0),
            reject_rate: self.within(&key("reject_rate"), p.reject_rate, 0.0, 1.0),
            heat,
            temperature,
        }
    }

    fn own_points(&mut self, path: &str, own: &[super::file::PointFile]) -> Vec<OperatingPoint> {
        if own.is_empty() {
            self.fault(
                path,
                "a pool needs at least one operating point",
                "give power_w and hashrate_th_per_s of the rated point",
            );
        }
        let mut points = Vec::new();
        for (j, p) in own.iter().enumerate() {
            let power = self.at_least(&format!("{path}[{j}].power_w"), p.power_w, 1.0, "W");
            let hashrate = self.at_least(
                &format!("{path}[{j}].hashrate_th_per_s"),
                p.hashrate_th_per_s,
                0.001,
                "TH/s",
            );
            points.push(point(power, hashrate, false));
        }
        if points
            .windows(2)
            .any(|w| w[1].power <= w[0].power || w[1].hashrate <= w[0].hashrate)
        {
            self.fault(
                path,
                "points must rise in power and in hashrate",
                "list them from the lowest to the highest",
            );
        }
        points
    }

    fn gpu_pool(&mut self, i: usize, g: &GpuPoolFile, tree: &PowerTree) -> GpuPool {
        let key = |field: &str| format!("gpu_pools[{i}].{field}");
        let model = self.catalogue.gpu(&g.model);
        if model.is_none() && (g.running_w.is_none() || g.idle_w.is_none()) {
            let near = nearest(
                &g.model,
                self.catalogue.gpus.iter().map(|m| m.model.as_str()),
            );
            self.fault(
                &key("model"),
                format!("`{}` is not in the GPU catalogue", g.model),
                format!("did you mean `{near}`? Or give `running_w` and `idle_w`"),
            );
        }
        let running = g.running_w.or(model.map(|m| m.running_w)).unwrap_or(0.0);
        let idle = g.idle_w.or(model.map(|m| m.idle_w)).unwrap_or(0.0);
        let running = if model.is_some() || g.running_w.is_some() {
            self.at_least(&key("running_w"), running, 1.0, "W")
        } else {
            1.0
        };
        let idle = self.at_least(&key("idle_w"), idle, 0.0, "W");
        if idle > running {
            self.fault(
                &key("idle_w"),
                "an idle GPU draws more than a running one",
                "idle power lies below running power",
            );
        }
        let capped = model
            .filter(|_| g.running_w.is_none())
            .and_then(|m| m.capped_w);
        GpuPool {
            id: self.id(&key("id"), &g.id),
            node: self.node(&key("node"), &g.node, tree),
            model: g.model.clone(),
            count: self.counts(&format!("gpu_pools[{i}]"), g.count, &g.changes),
            running: Power::new(running.round() as i64),
            capped: capped.map(|w| (Power::new(w.round() as i64), CAPPED_SPEED)),
            idle: Power::new(idle.round() as i64),
        }
    }

    fn service(&mut self, i: usize, s: &ServiceFile, pools: &[GpuPool]) -> InferenceService {
        let key = |field: &str| format!("services[{i}].{field}");
        let gpu_pool = pools
            .iter()
            .position(|p| p.id == s.gpu_pool)
            .unwrap_or_else(|| {
                let known: Vec<&str> = pools.iter().map(|p| p.id.as_str()).collect();
                self.fault(
                    &key("gpu_pool"),
                    format!("there is no GPU pool `{}`", s.gpu_pool),
                    format!("GPU pools of this site: {}", known.join(", ")),
                );
                0
            });
        self.at_least(
            &key("gpus_per_replica"),
            f64::from(s.gpus_per_replica),
            1.0,
            "",
        );
        if let Some(pool) = pools.get(gpu_pool).filter(|p| p.id == s.gpu_pool)
            && s.gpus_per_replica > pool.count.max()
        {
            let problem = format!(
                "a replica of {} GPUs is larger than the pool `{}` of {}",
                s.gpus_per_replica,
                pool.id,
                pool.count.max()
            );
            self.fault(
                &key("gpus_per_replica"),
                problem,
                "replicas run whole; choose smaller ones or a larger pool",
            );
        }
        let mut tiers = Vec::new();
        for (j, tier) in s.tiers.iter().enumerate() {
            let share = self.within(&key(&format!("tiers[{j}].share")), tier.share, 0.0, 1.0);
            let value = self.amount(
                &key(&format!("tiers[{j}].value_per_gpu_h")),
                &tier.value_per_gpu_h,
            );
            tiers.push(ValueTier { share, value });
        }
        for j in 1..tiers.len() {
            if let (Amount::Constant(dearer), Amount::Constant(cheaper)) =
                (&tiers[j - 1].value, &tiers[j].value)
                && cheaper > dearer
            {
                self.fault(
                    &key(&format!("tiers[{j}].value_per_gpu_h")),
                    "is worth more than the tier before it, which is served first",
                    "list tiers by falling value",
                );
            }
        }
        let total: f64 = tiers.iter().map(|t| t.share).sum();
        if !tiers.is_empty() && (total - 1.0).abs() > 1e-9 {
            let total = (total * 1e6).round() / 1e6;
            self.fault(
                &key("tiers"),
                format!("shares add up to {total}, not to 1"),
                "shares divide the demand above the floor",
            );
        }
        InferenceService {
            id: self.id(&key("id"), &s.id),
            gpu_pool,
            gpus_per_replica: s.gpus_per_replica.max(1),
            demand: self.amount_not_negative(&key("demand_gpus"), &s.demand_gpus),
            floor: self.amount_not_negative(&key("floor_gpus"), &s.floor_gpus),
            floor_value: self.amount(&key("floor_value_per_gpu_h"), &s.floor_value_per_gpu_h),
            floor_penalty: self.at_least(
                &key("floor_penalty_per_gpu_h"),
                s.floor_penalty_per_gpu_h,
                0.0,
                "",
            ),
            tiers,
        }
    }

    fn commitment(&mut self, i: usize, c: &CommitmentFile, tree: &PowerTree) -> Commitment {
        let key = |field: &str| format!("commitments[{i}].{field}");
        match c {
            CommitmentFile::Hosting {
                id,
                node,
                used_for,
                power_mw,
                price_per_mwh,
                take_or_pay,
                take_or_pay_price_per_mwh,
                contracted_mw,
                penalty_per_mwh,
                from,
                to,
            } => {
                if !matches!(used_for, Use::Inference | Use::Training) {
                    self.fault(
                        &key("use"),
                        "a hosted tenant runs inference or training",
                        "use = \"inference\" or \"training\"",
                    );
                }
                self.span(&key("to"), *from, *to);
                let kind = CommitmentKind::Hosting {
                    node: self.node(&key("node"), node, tree),
                    used_for: *used_for,
                    power_mw: self.amount_not_negative(&key("power_mw"), power_mw),
                    price: self.amount(&key("price_per_mwh"), price_per_mwh),
                    take_or_pay: self.within(&key("take_or_pay"), *take_or_pay, 0.0, 1.0),
                    take_or_pay_price: take_or_pay_price_per_mwh
                        .map(|price| self.finite(&key("take_or_pay_price_per_mwh"), price)),
                    contracted_mw: self.at_least(&key("contracted_mw"), *contracted_mw, 0.0, "MW"),
                    penalty_per_mwh: self.at_least(
                        &key("penalty_per_mwh"),
                        *penalty_per_mwh,
                        0.0,
                        "",
                    ),
                };
                Commitment {
                    id: self.id(&key("id"), id),
                    kind,
                    from: *from,
                    to: *to,
                }
            }
            CommitmentFile::PowerLimit {
                id,
                limit_mw,
                penalty_per_mwh,
                from,
                to,
            } => {
                self.span(&key("to"), *from, *to);
                let kind = CommitmentKind::PowerLimit {
                    limit_mw: self.amount_not_negative(&key("limit_mw"), limit_mw),
                    penalty_per_mwh: self.at_least(
                        &key("penalty_per_mwh"),
                        *penalty_per_mwh,
                        0.0,
                        "",
                    ),
                };
                Commitment {
                    id: self.id(&key("id"), id),
                    kind,
                    from: *from,
                    to: *to,
                }
            }
        }
    }

    /// What nothing can run on is refused: overheads and idle watts must fit below every
    /// node, IT watts where it is rated at the IT side, facility watts elsewhere.
    fn capacity(&mut self, site: &Site, raw: &[NodeFile]) {
        let asleep = site
            .pools
            .iter()
            .map(|p| (p.node, p.sleep.get() * i64::from(p.count.max())));
        let idle = site
            .gpu_pools
            .iter()
            .map(|p| (p.node, p.idle.get() * i64::from(p.count.max())));
        let drawn: Vec<(usize, i64)> = asleep.chain(idle).collect();
        for position in 0..site.tree.len() {
            let node = site.tree.node(position);
            let below = |n: usize| site.tree.path_to_root(n).contains(&position);
            let it = drawn.iter().filter(|(n, _)| below(*n));
            let least: i64 = if node.rated_at == RatedAt::It {
                it.map(|(_, watts)| watts).sum()
            } else {
                let halls = (0..site.tree.len()).filter(|n| below(*n));
                let fixed: i64 = halls
                    .filter_map(|n| Some(site.tree.node(n).hall.as_ref()?.fixed.get()))
                    .sum();
                fixed
                    + it.map(|(n, watts)| in_cool_weather(site, *n, *watts))
                        .sum::<i64>()
            };
            if least > node.usable().get() {
                let problem = format!(
                    "node `{}` may carry {:.3} MW, but overheads, sleeping miners and idle GPUs below it draw {:.3} MW whatever is decided",
                    node.id,
                    node.usable().as_megawatts(),
                    Power::new(least).as_megawatts()
                );
                self.fault(
                    &position_of(raw, &node.id, "rating_mw"),
                    problem,
                    "raise the rating, or install fewer devices below it",
                );
                return;
            }
        }
    }
}

/// Facility watts of IT watts at a node, at the lowest marginal PUE of the hall above them.
fn in_cool_weather(site: &Site, node: usize, watts: i64) -> i64 {
    let path = site.tree.path_to_root(node);
    let hall = path.iter().find_map(|n| site.tree.node(*n).hall.as_ref());
    hall.map_or(watts, |h| (watts as f64 * h.pue_base) as i64)
}

fn position_of(raw: &[NodeFile], id: &str, field: &str) -> String {
    raw.iter()
        .rposition(|n| n.id == id)
        .map_or_else(|| "nodes".to_owned(), |i| format!("nodes[{i}].{field}"))
}

/// Every series named by the site, with each unit it is asked for in.
pub(super) fn required_series(site: &Site) -> BTreeSet<(SeriesRef, Unit)> {
    let mut all = BTreeSet::new();
    let currency = || site.currency.clone();
    let mut need = |amount: &Amount, unit: Unit| {
        if let Some(series) = amount.series() {
            all.insert((series.to_owned(), unit));
        }
    };
    let named = |series: &str| Amount::Series {
        series: series.to_owned(),
        scale: 1.0,
    };
    for node in site.tree.nodes() {
        if let Some(series) = node.hall.as_ref().and_then(|h| h.temperature.as_ref()) {
            need(&named(series), Unit::Celsius);
        }
    }
    for s in &site.supply {
        need(&s.available_mw, Unit::Megawatt);
        need(&s.price, Unit::PricePerMwh(currency()));
        s.export_price
            .iter()
            .for_each(|a| need(a, Unit::PricePerMwh(currency())));
        s.carbon.iter().for_each(|a| need(a, Unit::GramPerKwh));
    }
    for c in &site.contracts {
        need(&c.quantity_mw, Unit::Megawatt);
        need(&c.price, Unit::PricePerMwh(currency()));
    }
    for line in &site.tariff.lines {
        match line {
            TariffLine::Adder { per_mwh, .. } => need(per_mwh, Unit::PricePerMwh(currency())),
            TariffLine::Demand { .. } => {}
            TariffLine::CoincidentPeak {
                peaks, probability, ..
            } => {
                need(&named(peaks), Unit::One);
                probability.iter().for_each(|p| need(&named(p), Unit::One));
            }
        }
    }
    for p in &site.programmes {
        // A payment per MW and hour has the dimension of a price per MWh.
        need(&p.availability, Unit::PricePerMwh(currency()));
        p.calls.iter().for_each(|c| need(&named(c), Unit::One));
    }
    for s in &site.services {
        need(&s.demand, Unit::Gpus);
        need(&s.floor, Unit::Gpus);
        need(&s.floor_value, Unit::PricePerGpuHour(currency()));
        s.tiers
            .iter()
            .for_each(|t| need(&t.value, Unit::PricePerGpuHour(currency())));
    }
    for c in &site.commitments {
        match &c.kind {
            CommitmentKind::Hosting {
                power_mw, price, ..
            } => {
                need(power_mw, Unit::Megawatt);
                need(price, Unit::PricePerMwh(currency()));
            }
            CommitmentKind::PowerLimit { limit_mw, .. } => need(limit_mw, Unit::Megawatt),
        }
    }
    all
}
