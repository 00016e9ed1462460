//! Nodes of the power tree: what each may carry, and what it must.

use super::Builder;
use crate::plausible::{Doubt, Quantity, Side, show};
use crate::site::Site;
use crate::site::file::NodeFile;
use crate::site::tree::{Hall, Node, PowerTree, RatedAt, TreeError};
use crate::units::Power;

/// Longest that a node plausibly takes from nothing to its rating, minutes: grids ask for hours
/// at most.
const RAMP_MIN: f64 = 1440.0;

impl Builder<'_> {
    pub(super) fn tree(&mut self, raw: &[NodeFile]) -> Option<PowerTree> {
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
            let export = (n.export_mw)
                .map(|mw| Power::from_megawatts(self.at_least(&key("export_mw"), mw, 0.0, "MW")));
            let mut ramp = |field: &str, value: Option<f64>| {
                value.map(|kw| {
                    let path = key(field);
                    let kw = self.at_least(&path, kw, 0.001, "kW per minute");
                    self.ramp_fits(&path, kw, rating);
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
                pue_base: {
                    let path = key("hall.marginal_pue");
                    let pue = self.at_least(&path, h.marginal_pue, 1.0, "");
                    self.plausible(&path, pue, Quantity::Pue)
                },
                pue_per_degree: self.charge(
                    &key("hall.pue_per_degree_c"),
                    h.pue_per_degree_c,
                    Quantity::PuePerDegree,
                ),
                threshold_c: self.degrees(&key("hall.threshold_c"), h.threshold_c),
                temperature: h.temperature.clone(),
            });
            let id = self.id(&key("id"), &n.id);
            let mut node = Node {
                id,
                kind: n.kind,
                rating: Power::from_megawatts(rating),
                rated_at: n.rated_at,
                derating: continuous * n_minus_1,
                export: Power::ZERO,
                ramp_up_per_minute: ramp_up,
                ramp_down_per_minute: ramp_down,
                hall,
            };
            node.export = match (export, &n.parent) {
                (Some(export), _) => export,
                (None, Some(_)) => Power::ZERO,
                (None, None) => node.usable(),
            };
            nodes.push((node, n.parent.clone()));
        }
        match PowerTree::new(nodes) {
            Ok(tree) => {
                self.nested_halls(raw, &tree);
                self.nested_ramps(raw, &tree);
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

    /// Refuses a ramp at which the node needs days for its own rating, unless it is allowed by
    /// name: it was probably given per second, or in MW.
    fn ramp_fits(&mut self, path: &str, kw_per_min: f64, rating_mw: f64) {
        let name = self.document.name_of(path);
        let allowed = self.allowed.allows(&name);
        let refused = self.faults.last().is_some_and(|fault| fault.field == path);
        let least = rating_mw * 1e3 / RAMP_MIN;
        if allowed || refused || kw_per_min >= least {
            return;
        }
        let slips = [(60.0, "in kW per second"), (1e3, "in MW per minute")];
        let meant: Vec<String> = slips
            .into_iter()
            .map(|(factor, why)| (kw_per_min * factor, why))
            .filter(|(kw, _)| *kw >= least && *kw <= rating_mw * 1e3)
            .map(|(kw, why)| format!("{} ({why})", show(kw)))
            .collect();
        let doubt = Doubt {
            side: Side::Low,
            problem: format!(
                "at this ramp the {} MW of the node take {} days; a day is the longest that is \
                 plausible, {} kW per minute",
                show(rating_mw),
                show(libm::round(rating_mw * 1e4 / kw_per_min / 1440.0) / 10.0),
                show(libm::ceil(least)),
            ),
            slip: match meant.is_empty() {
                true => String::new(),
                false => format!("did you mean {}?", meant.join(" or ")),
            },
        };
        let help = doubt.help(&name, self.document.file());
        self.fault(path, doubt.problem, help);
    }

    pub(super) fn degrees(&mut self, path: &str, value: f64) -> f64 {
        let value = self.finite(path, value);
        self.plausible(path, value, Quantity::Temperature)
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

    /// A plan holds the load below a node at a course of its own, so that of two courses one
    /// inside the other neither could be kept.
    fn nested_ramps(&mut self, raw: &[NodeFile], tree: &PowerTree) {
        let ramped = |position: usize| {
            let node = tree.node(position);
            node.ramp_up_per_minute.is_some() || node.ramp_down_per_minute.is_some()
        };
        for position in (0..tree.len()).filter(|p| ramped(*p)) {
            let path = tree.path_to_root(position);
            let Some(above) = path.into_iter().find(|p| *p != position && ramped(*p)) else {
                continue;
            };
            let (own, above) = (tree.node(position), tree.node(above));
            let field = match own.ramp_up_per_minute {
                Some(_) => "ramp_up_kw_per_min",
                None => "ramp_down_kw_per_min",
            };
            self.fault(
                &position_of(raw, &own.id, field),
                format!(
                    "a ramp limit inside another: node `{}` lies below `{}`, which has one too",
                    own.id, above.id
                ),
                "limit ramps at one of the two: at the upper one if the grid asks for it",
            );
        }
    }

    /// What nothing can run on is refused: overheads and idle watts must fit below every
    /// node, IT watts where it is rated at the IT side, facility watts elsewhere.
    pub(super) fn capacity(&mut self, site: &Site, raw: &[NodeFile]) {
        let asleep = site.pools.iter().map(|p| {
            (
                p.node,
                i128::from(p.sleep.get()) * i128::from(p.count.max()),
            )
        });
        let idle = site
            .gpu_pools
            .iter()
            .map(|p| (p.node, i128::from(p.idle.get()) * i128::from(p.count.max())));
        let drawn: Vec<(usize, i128)> = asleep.chain(idle).collect();
        for position in 0..site.tree.len() {
            let node = site.tree.node(position);
            let below = |n: usize| site.tree.path_to_root(n).contains(&position);
            let it = drawn.iter().filter(|(n, _)| below(*n));
            let least: i128 = if node.rated_at == RatedAt::It {
                it.map(|(_, watts)| watts).sum()
            } else {
                let halls = (0..site.tree.len()).filter(|n| below(*n));
                let fixed: i128 = halls
                    .filter_map(|n| Some(i128::from(site.tree.node(n).hall.as_ref()?.fixed.get())))
                    .sum();
                fixed
                    + it.map(|(n, watts)| in_cool_weather(site, *n, *watts))
                        .sum::<i128>()
            };
            if least > i128::from(node.usable().get()) {
                let problem = format!(
                    "node `{}` may carry {:.3} MW, but overheads, sleeping miners and idle GPUs below it draw {:.3} MW whatever is decided",
                    node.id,
                    node.usable().as_megawatts(),
                    least as f64 / 1e6
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

/// Most IT power of all machines of one pool: a hundred times the largest site, so that the
/// joules of twenty years can be counted.
const MACHINES_MAX_MW: f64 = 1_000_000.0;

impl Builder<'_> {
    /// What no site holds is refused; more than a hall can carry is only noted where the
    /// scenario is read, since machines may be built ahead of power.
    pub(super) fn machines(&mut self, site: &Site) {
        let miners = site.pools.iter().map(|p| {
            let top = p.points.last().map_or(0, |point| point.power.get());
            (p.count.max(), top)
        });
        let gpus = site
            .gpu_pools
            .iter()
            .map(|g| (g.count.max(), g.running.get()));
        let paths = (0..site.pools.len()).map(|i| format!("pools[{i}].count"));
        let paths = paths.chain((0..site.gpu_pools.len()).map(|i| format!("gpu_pools[{i}].count")));
        for (path, (count, watts)) in paths.zip(miners.chain(gpus)) {
            let mw = f64::from(count) * watts as f64 / 1e6;
            if mw > MACHINES_MAX_MW {
                let problem = format!("these machines draw {mw:.0} MW, more than any country");
                self.fault(&path, problem, "check the number and the power of one");
            }
        }
    }
}

/// Facility watts of IT watts at a node, at the lowest marginal PUE of the hall above them.
fn in_cool_weather(site: &Site, node: usize, watts: i128) -> i128 {
    let path = site.tree.path_to_root(node);
    let hall = path.iter().find_map(|n| site.tree.node(*n).hall.as_ref());
    hall.map_or(watts, |h| (watts as f64 * h.pue_base) as i128)
}

fn position_of(raw: &[NodeFile], id: &str, field: &str) -> String {
    raw.iter()
        .rposition(|n| n.id == id)
        .map_or_else(|| "nodes".to_owned(), |i| format!("nodes[{i}].{field}"))
}
