//! The site's loads as the meter tells them apart.

use serde::Serialize;
use swingload_model::site::commitment::CommitmentKind;
use swingload_model::site::{Site, Use};

/// A metered load.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Load {
    /// Stable name: the pool's, service's or commitment's own; `training on POOL`; `overhead at NODE`.
    pub id: String,
    /// What it uses power for.
    #[serde(rename = "use")]
    pub used_for: Use,
    /// Position of its node in the tree.
    pub node: usize,
    /// Which part of the site it is.
    #[serde(skip)]
    pub kind: LoadKind,
}

/// Which part of the site a load is, by position in the site's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LoadKind {
    /// Awake miners of a pool.
    Pool(usize),
    /// GPUs that serve an inference service.
    Service(usize),
    /// A hosted tenant's own equipment.
    Hosting(usize),
    /// GPUs at work on jobs, per GPU pool.
    Training(usize),
    /// Fixed overhead, sleeping miners and idle GPUs at a node.
    Overhead(usize),
}

/// All loads of a site, in the order of reports, with the way back from its parts.
#[derive(Debug, Clone, Default)]
pub struct Loads {
    /// The loads.
    pub all: Vec<Load>,
    /// Load of each miner pool.
    pub pool: Vec<usize>,
    /// Load of each service.
    pub service: Vec<usize>,
    /// Load of each commitment; `None` for power limits.
    pub hosting: Vec<Option<usize>>,
    /// Training load of each GPU pool.
    pub training: Vec<usize>,
    /// Overhead load of each node; `None` where nothing idles.
    pub overhead: Vec<Option<usize>>,
}

impl Loads {
    /// The loads of a site.
    pub fn new(site: &Site) -> Self {
        let mut loads = Self::default();
        for (p, pool) in site.pools.iter().enumerate() {
            let at = loads.push(pool.id.clone(), Use::Hashing, pool.node, LoadKind::Pool(p));
            loads.pool.push(at);
        }
        for (v, service) in site.services.iter().enumerate() {
            let node = site.gpu_pools[service.gpu_pool].node;
            let at = loads.push(
                service.id.clone(),
                Use::Inference,
                node,
                LoadKind::Service(v),
            );
            loads.service.push(at);
        }
        for (c, commitment) in site.commitments.iter().enumerate() {
            let at = match &commitment.kind {
                CommitmentKind::Hosting { node, used_for, .. } => Some(loads.push(
                    commitment.id.clone(),
                    *used_for,
                    *node,
                    LoadKind::Hosting(c),
                )),
                CommitmentKind::PowerLimit { .. } => None,
            };
            loads.hosting.push(at);
        }
        for (g, pool) in site.gpu_pools.iter().enumerate() {
            let at = loads.push(
                format!("training on {}", pool.id),
                Use::Training,
                pool.node,
                LoadKind::Training(g),
            );
            loads.training.push(at);
        }
        for (n, node) in site.tree.nodes().enumerate() {
            let idles = node.hall.is_some()
                || site.pools.iter().any(|p| p.node == n)
                || site.gpu_pools.iter().any(|p| p.node == n);
            let at = idles.then(|| {
                loads.push(
                    format!("overhead at {}", node.id),
                    Use::Overhead,
                    n,
                    LoadKind::Overhead(n),
                )
            });
            loads.overhead.push(at);
        }
        loads
    }

    fn push(&mut self, id: String, used_for: Use, node: usize, kind: LoadKind) -> usize {
        self.all.push(Load {
            id,
            used_for,
            node,
            kind,
        });
        self.all.len() - 1
    }
}

/// Position of a use in [`Use::ALL`].
pub(crate) fn use_index(used_for: Use) -> usize {
    match used_for {
        Use::Hashing => 0,
        Use::Inference => 1,
        Use::Training => 2,
        Use::Overhead => 3,
    }
}
