//! GPU pools and the inference services on them.

use super::Builder;
use crate::catalogue::CAPPED_SPEED;
use crate::document::nearest;
use crate::plausible::Quantity;
use crate::site::Amount;
use crate::site::file::{GpuPoolFile, ServiceFile};
use crate::site::fleet::{GpuPool, InferenceService, ValueTier};
use crate::site::tree::PowerTree;
use crate::units::Power;

impl Builder<'_> {
    pub(super) fn gpu_pool(&mut self, i: usize, g: &GpuPoolFile, tree: &PowerTree) -> GpuPool {
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

    pub(super) fn service(
        &mut self,
        i: usize,
        s: &ServiceFile,
        pools: &[GpuPool],
    ) -> InferenceService {
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
            let value = self.priced(
                &key(&format!("tiers[{j}].value_per_gpu_h")),
                &tier.value_per_gpu_h,
                Quantity::GpuHour,
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
            demand: self.amount_not_negative(&key("demand_gpus"), &s.demand_gpus, "GPUs"),
            floor: self.amount_not_negative(&key("floor_gpus"), &s.floor_gpus, "GPUs"),
            floor_value: self.priced(
                &key("floor_value_per_gpu_h"),
                &s.floor_value_per_gpu_h,
                Quantity::GpuHour,
            ),
            floor_penalty: self.charge(
                &key("floor_penalty_per_gpu_h"),
                s.floor_penalty_per_gpu_h,
                Quantity::GpuPenalty,
            ),
            tiers,
        }
    }
}
