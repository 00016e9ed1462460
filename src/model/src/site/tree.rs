//! The power tree: which limit lies above which load.

use std::collections::BTreeMap;

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use crate::series::SeriesRef;
use crate::units::Power;

/// Stable name of a node, unique in its site.
pub type NodeId = String;

/// What a node is; for people, limits do not depend on it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// A grid area above several sites.
    Region,
    /// Point of interconnection.
    Interconnect,
    /// Transformer or substation.
    Transformer,
    /// Feeder or busway.
    Feeder,
    /// Power distribution unit.
    Pdu,
    /// Hall with its own cooling.
    Hall,
}

/// Where a rating is measured.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RatedAt {
    /// Facility power, overheads included.
    Interconnect,
    /// IT power, below the overheads.
    It,
}

/// Cooling and losses of one hall: facility watts = `fixed` + IT watts x `marginal_pue(temperature)`.
///
/// Marginal, not average, PUE prices a slot; the fixed part makes the average
/// worse at part load.
#[derive(Debug, Clone, PartialEq)]
pub struct Hall {
    /// Drawn whatever the IT load is.
    pub fixed: Power,
    /// Facility watts per further IT watt at or below `threshold_c`; at least 1.
    pub pue_base: f64,
    /// Rise of the marginal PUE per degree above `threshold_c`.
    pub pue_per_degree: f64,
    /// Temperature from which cooling costs more, degC.
    pub threshold_c: f64,
    /// Outdoor temperature series; `None` holds the marginal PUE at its base.
    pub temperature: Option<SeriesRef>,
}

impl Hall {
    /// Facility watts per further IT watt at an outdoor temperature, degC.
    pub fn marginal_pue(&self, temperature_c: Option<f64>) -> f64 {
        let excess = temperature_c.map_or(0.0, |t| (t - self.threshold_c).max(0.0));
        self.pue_base + self.pue_per_degree * excess
    }
}

/// One limit of the tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Stable name.
    pub id: NodeId,
    /// What it is.
    pub kind: NodeKind,
    /// Nameplate.
    pub rating: Power,
    /// Where the nameplate is measured. `It` at a hall limits the IT watts below it.
    pub rated_at: RatedAt,
    /// Share of the nameplate usable without end, after the continuous-load rule
    /// (0.8 for NEC loads of three hours or more) and N-1 (N/(N+1), 0.5 for 2N).
    pub derating: f64,
    /// Power it may send up to its parent; of the root, what the site may export in all. Zero
    /// for ordinary loads, positive for regions that export.
    pub export: Power,
    /// Largest rise of its load, W per minute.
    pub ramp_up_per_minute: Option<Power>,
    /// Largest fall of its load, W per minute; positive.
    pub ramp_down_per_minute: Option<Power>,
    /// Cooling, when the node is a hall.
    pub hall: Option<Hall>,
}

impl Node {
    /// Power that may flow without end: nameplate after deratings, rounded down.
    pub fn usable(&self) -> Power {
        self.rating.scaled_down(self.derating)
    }
}

/// Nodes with one root; every edge leads from parent to child.
#[derive(Debug, Clone)]
pub struct PowerTree {
    graph: DiGraph<Node, ()>,
    by_id: BTreeMap<NodeId, NodeIndex>,
    /// Parents before children, siblings in the order of the file.
    order: Vec<NodeIndex>,
}

/// Why nodes make no tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// Two nodes of one name.
    #[error("node `{0}` is defined twice")]
    Duplicate(NodeId),
    /// A parent that does not exist.
    #[error("parent `{parent}` of node `{node}` does not exist")]
    UnknownParent {
        /// The node.
        node: NodeId,
        /// The parent it names.
        parent: NodeId,
    },
    /// No root, or several.
    #[error("exactly one node must have no parent; {0} have none")]
    Roots(usize),
    /// Nodes that the root does not reach: their parents form a circle.
    #[error("node `{0}` is not connected to the root: its parents form a circle")]
    Circle(NodeId),
}

impl PowerTree {
    /// From nodes and the name of each one's parent (`None` for the root).
    ///
    /// # Errors
    /// Duplicate names, unknown parents, no or several roots, circles.
    pub fn new(nodes: Vec<(Node, Option<NodeId>)>) -> Result<Self, TreeError> {
        let mut graph = DiGraph::new();
        let mut by_id = BTreeMap::new();
        let mut parents = Vec::new();
        for (node, parent) in nodes {
            let id = node.id.clone();
            let index = graph.add_node(node);
            if by_id.insert(id.clone(), index).is_some() {
                return Err(TreeError::Duplicate(id));
            }
            parents.push((index, id, parent));
        }
        let roots: Vec<NodeIndex> = parents
            .iter()
            .filter(|p| p.2.is_none())
            .map(|p| p.0)
            .collect();
        let [root] = roots[..] else {
            return Err(TreeError::Roots(roots.len()));
        };
        for (index, node, parent) in parents {
            if let Some(parent) = parent {
                let above = *by_id
                    .get(&parent)
                    .ok_or(TreeError::UnknownParent { node, parent })?;
                graph.add_edge(above, index, ());
            }
        }
        let mut order = vec![root];
        let mut next = 0;
        while next < order.len() {
            let mut children: Vec<NodeIndex> =
                graph.edges(order[next]).map(|e| e.target()).collect();
            children.sort_unstable();
            order.extend(children);
            next += 1;
        }
        if order.len() < graph.node_count() {
            let lost = graph
                .node_indices()
                .find(|i| !order.contains(i))
                .map(|i| graph[i].id.clone());
            return Err(TreeError::Circle(
                lost.expect("invariant: some node is outside the order"),
            ));
        }
        Ok(Self {
            graph,
            by_id,
            order,
        })
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Never true: a tree has a root.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Nodes, parents before children; the position is the node's index elsewhere.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.order.iter().map(|i| &self.graph[*i])
    }

    /// The node at a position.
    pub fn node(&self, position: usize) -> &Node {
        &self.graph[self.order[position]]
    }

    /// Position of the parent of the node at `position`; `None` for the root, which is at 0.
    pub fn parent(&self, position: usize) -> Option<usize> {
        let above = self
            .graph
            .neighbors_directed(self.order[position], Direction::Incoming)
            .next()?;
        self.order.iter().position(|i| *i == above)
    }

    /// Position of a node by name.
    pub fn position(&self, id: &str) -> Option<usize> {
        let index = self.by_id.get(id)?;
        self.order.iter().position(|i| i == index)
    }

    /// The node and all above it, root last.
    pub fn path_to_root(&self, position: usize) -> Vec<usize> {
        std::iter::successors(Some(position), |p| self.parent(*p)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(id: &str) -> Node {
        Node {
            id: id.into(),
            kind: NodeKind::Feeder,
            rating: Power::from_megawatts(10.0),
            rated_at: RatedAt::Interconnect,
            derating: 0.8,
            export: Power::ZERO,
            ramp_up_per_minute: None,
            ramp_down_per_minute: None,
            hall: None,
        }
    }

    #[test]
    fn parents_come_before_children() {
        let tree = PowerTree::new(vec![
            (node("b"), Some("a".into())),
            (node("root"), None),
            (node("a"), Some("root".into())),
        ])
        .expect("tree");
        let ids: Vec<&str> = tree.nodes().map(|n| n.id.as_str()).collect();
        assert_eq!(ids, ["root", "a", "b"]);
        assert_eq!(tree.path_to_root(2), [2, 1, 0]);
        assert_eq!(tree.node(0).usable(), Power::from_megawatts(8.0));
    }

    #[test]
    fn circles_and_second_roots_are_refused() {
        let circle = PowerTree::new(vec![
            (node("r"), None),
            (node("a"), Some("b".into())),
            (node("b"), Some("a".into())),
        ]);
        assert_eq!(circle.expect_err("circle"), TreeError::Circle("a".into()));
        assert_eq!(
            PowerTree::new(vec![(node("a"), None), (node("b"), None)]).expect_err("roots"),
            TreeError::Roots(2)
        );
    }
}
