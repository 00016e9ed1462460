//! Sizes of a site held against one another: a count that is ten times too high, a power
//! limit in kW.

use swingload_model::site::commitment::CommitmentKind;
use swingload_model::site::tree::RatedAt;
use swingload_model::site::{Amount, Site};

use crate::note::Note;

/// Notes sizes that do not go together.
pub(crate) fn check(site: &Site, notes: &mut Vec<Note>) {
    crowded_nodes(site, notes);
    roomy_connection(site, notes);
    idle_limits(site, notes);
    floors_beyond_pools(site, notes);
}

/// Beyond so many times what all loads can draw, a rating is taken for one in kW.
const ROOMY: f64 = 100.0;

/// A connection that no load comes near is a slip more often than a plan.
fn roomy_connection(site: &Site, notes: &mut Vec<Note>) {
    let rating = site.tree.node(0).usable().as_megawatts();
    let miners = site.pools.iter().map(|pool| {
        let top = pool.points.last().map_or(0.0, |p| p.power.as_megawatts());
        f64::from(pool.count.max()) * top
    });
    let gpus = (site.gpu_pools.iter())
        .map(|pool| f64::from(pool.count.max()) * pool.running.as_megawatts());
    let machines: f64 = miners.chain(gpus).sum();
    let hosted = site
        .commitments
        .iter()
        .any(|c| matches!(c.kind, CommitmentKind::Hosting { .. }));
    if machines > 0.0 && !hosted && rating > ROOMY * machines {
        notes.push(Note {
            subject: format!("node `{}`", site.tree.node(0).id),
            file: String::new(),
            text: format!(
                "carries {rating} MW, {:.0} times what all machines draw at full power, {machines:.2} MW: check rating_mw and available_mw if they are in kW",
                rating / machines
            ),
        });
    }
}

/// A limit above the connection's rating never binds, so a slip in it is not seen otherwise.
fn idle_limits(site: &Site, notes: &mut Vec<Note>) {
    let rating = site.tree.node(0).usable().as_megawatts();
    for commitment in &site.commitments {
        let CommitmentKind::PowerLimit {
            limit_mw: Amount::Constant(mw),
            ..
        } = commitment.kind
        else {
            continue;
        };
        if mw > rating {
            notes.push(Note {
                subject: format!("power limit `{}`", commitment.id),
                file: String::new(),
                text: format!(
                    "{mw} MW never bind, as the site's connection carries {rating} MW: check the unit if this is not meant"
                ),
            });
        }
    }
}

/// A floor of more GPUs than there are is missed, and paid for, in every step.
fn floors_beyond_pools(site: &Site, notes: &mut Vec<Note>) {
    for service in &site.services {
        let pool = &site.gpu_pools[service.gpu_pool];
        if let Amount::Constant(floor) = service.floor
            && floor > f64::from(pool.count.max())
        {
            notes.push(Note {
                subject: format!("service `{}`", service.id),
                file: String::new(),
                text: format!(
                    "promises {floor} GPUs, and `{}` has {}: the rest is missed in every step; check floor_gpus if this is not meant",
                    pool.id,
                    pool.count.max()
                ),
            });
        }
    }
}

/// Nodes whose own machines, all at work, would draw more than the node carries.
///
/// That may be meant: machines are cheap beside a connection that is used at the best hours
/// only. It may also be a count of another site.
fn crowded_nodes(site: &Site, notes: &mut Vec<Note>) {
    let miners = site.pools.iter().map(|p| {
        let top = p.points.last().map_or(0, |point| point.power.get());
        (&p.id, p.node, p.count.max(), top)
    });
    let gpus = site
        .gpu_pools
        .iter()
        .map(|g| (&g.id, g.node, g.count.max(), g.running.get()));
    let machines: Vec<_> = miners.chain(gpus).collect();
    for position in 0..site.tree.len() {
        let here = || machines.iter().filter(|(_, node, ..)| *node == position);
        if here().next().is_none() {
            continue;
        }
        let node = site.tree.node(position);
        // An IT rating carries IT watts, any other the cooling with them.
        let (factor, fixed) = match (&node.hall, node.rated_at) {
            (Some(hall), RatedAt::Interconnect) => {
                (hall.marginal_pue(None), hall.fixed.as_megawatts())
            }
            _ => (1.0, 0.0),
        };
        let it: f64 = here()
            .map(|(_, _, count, watts)| f64::from(*count) * *watts as f64 / 1e6)
            .sum();
        let (drawn, carried) = (it * factor + fixed, node.usable().as_megawatts());
        if drawn <= carried * 1.001 {
            continue;
        }
        let names: Vec<String> = here()
            .map(|(id, _, count, _)| format!("{count} of `{id}`"))
            .collect();
        notes.push(Note {
            subject: format!("node `{}`", node.id),
            file: String::new(),
            text: format!(
                "its machines ({}) would draw {drawn:.1} MW at full power, and it carries {carried:.1} MW: {:.1} times as much; check their `count` if this is not meant",
                names.join(", "),
                drawn / carried
            ),
        });
    }
}

#[cfg(test)]
mod tests {
    use swingload_model::site::commitment::Commitment;
    use swingload_model::site::fleet::InferenceService;

    use super::*;
    use crate::tests::world;

    fn noted(site: &Site) -> Vec<String> {
        let mut notes = Vec::new();
        check(site, &mut notes);
        notes.iter().map(ToString::to_string).collect()
    }

    /// The same machines behind a connection of a thousand times as much.
    #[test]
    fn a_connection_in_kilowatts_is_noted() {
        let mut site = world().scenario("").site;
        let noted_so = |site: &Site| noted(site).iter().any(|n| n.contains("if they are in kW"));
        assert!(!noted_so(&site));
        // Machines of a thousandth stand for it.
        for pool in &mut site.gpu_pools {
            pool.running = swingload_model::units::Power::new(pool.running.get() / 1000);
        }
        for point in site.pools.iter_mut().flat_map(|pool| &mut pool.points) {
            point.power = swingload_model::units::Power::new(point.power.get() / 1000);
        }
        assert!(noted_so(&site), "{:?}", noted(&site));
    }

    /// The test site has a connection of 20 MW and 512 GPUs.
    #[test]
    fn limits_and_floors_in_another_unit_are_noted() {
        let mut site = world().scenario("").site;
        assert_eq!(noted(&site), [""; 0]);
        let limit = |mw: f64| Commitment {
            id: "cap".into(),
            kind: CommitmentKind::PowerLimit {
                limit_mw: Amount::Constant(mw),
                penalty_per_mwh: 2000.0,
            },
            from: None,
            to: None,
        };
        site.commitments = vec![limit(18.0)];
        assert_eq!(noted(&site), [""; 0]);
        // 18 MW, written in kW.
        site.commitments = vec![limit(18_000.0)];
        let notes = noted(&site);
        assert!(
            notes.len() == 1 && notes[0].contains("18000 MW never bind"),
            "{notes:?}"
        );
        site.commitments.clear();
        let service = |floor: f64| InferenceService {
            id: "chat".into(),
            gpu_pool: 0,
            gpus_per_replica: 1,
            demand: Amount::Constant(floor),
            floor: Amount::Constant(floor),
            floor_value: Amount::Constant(3.0),
            floor_penalty: 6.0,
            tiers: Vec::new(),
        };
        site.services = vec![service(512.0)];
        assert_eq!(noted(&site), [""; 0]);
        site.services = vec![service(600.0)];
        let notes = noted(&site);
        assert!(
            notes.len() == 1 && notes[0].contains("promises 600 GPUs, and `h100` has 512"),
            "{notes:?}"
        );
    }
}
