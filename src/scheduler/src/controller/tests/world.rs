//! A controller with machines that perform its commands, for tests.

use std::sync::Arc;

use swingload_forecast::models::{Options, model};
use swingload_model::job::Job;
use swingload_model::scenario::{Horizon, MiningMarket, PolicySettings};
use swingload_model::series::Observation;
use swingload_model::site::Site;
use swingload_model::site::commitment::CommitmentKind;
use swingload_model::site::tree::RatedAt;
use swingload_model::time::Seconds;
use swingload_model::units::Power;
pub(crate) use swingload_worlds::{JobWords, START, TWO_HALLS as SITE, job, site_of};

use crate::controller::{Controller, ForecastBook};
use crate::event::{Action, BlockReport, Command, Event, JobReport, Telemetry};
use crate::policy::{Policy, Setup};

/// Length of a step, s.
pub(crate) const STEP: i64 = 300;

/// [`SITE`] with `extra` appended.
pub(crate) fn site(extra: &str) -> Site {
    site_of(&format!("{SITE}\n{extra}"))
}

/// A setup with hashing worth 100 USD/PH/day at the subsidy of 2022.
pub(crate) fn setup(site: Site) -> Arc<Setup> {
    Arc::new(Setup {
        site,
        mining: Some(MiningMarket {
            btc_price: "btc".into(),
            difficulty: "difficulty".into(),
            fees: None,
            difficulty_feedback: false,
        }),
        horizon: Horizon {
            stretches: vec![(Seconds::new(3600), Seconds::new(STEP))],
        },
        policies: PolicySettings::default(),
        seed: 1,
    })
}

/// What the world's machines do now.
#[derive(Debug, Clone, Default)]
pub(crate) struct Machines {
    pub(crate) pools: Vec<Vec<Vec<u32>>>,
    pub(crate) services: Vec<u32>,
    pub(crate) hosting: Vec<Power>,
    /// Per job: GPUs and work left.
    pub(crate) jobs: Vec<(u32, i64)>,
}

/// A controller and machines that do at once what they are told.
pub(crate) struct World {
    pub(crate) setup: Arc<Setup>,
    pub(crate) controller: Controller,
    pub(crate) machines: Machines,
    pub(crate) now: i64,
    last_id: u64,
    last_plan: u64,
}

impl World {
    pub(crate) fn new(site: Site, policy: Box<dyn Policy>) -> Self {
        Self::with((*setup(site)).clone(), policy)
    }

    pub(crate) fn with(setup: Setup, policy: Box<dyn Policy>) -> Self {
        let setup = Arc::new(setup);
        let persistence = model("persistence", &Options::default()).unwrap();
        let book = ForecastBook::new(persistence, setup.seed);
        let state = crate::state::SiteState::asleep(&setup.site, START);
        let pools = state.pools.iter();
        let machines = Machines {
            pools: pools
                .map(|p| p.blocks.iter().map(|b| b.at_point.clone()).collect())
                .collect(),
            services: state.services.clone(),
            hosting: state.hosting.clone(),
            jobs: Vec::new(),
        };
        let controller = Controller::new(Arc::clone(&setup), policy, book);
        let mut world = Self {
            setup,
            controller,
            machines,
            now: START,
            last_id: 0,
            last_plan: 0,
        };
        world.publish_mining(START + 400 * 86_400);
        world
    }

    /// Mining figures from now to `end`.
    pub(crate) fn publish_mining(&mut self, end: i64) {
        // 1 PH/s for a day is 1e15 x 86400 x 6.25 x btc / (difficulty x 2^32).
        self.publish("btc", 20_000.0, end);
        let difficulty = 1e15 * 86_400.0 * 6.25 * 20_000.0 / (100.0 * 4_294_967_296.0);
        self.publish("difficulty", difficulty, end);
    }

    /// A value from now to `end`, known now.
    pub(crate) fn publish(&mut self, series: &str, value: f64, end: i64) {
        let observation = Observation {
            start: self.now,
            end,
            value,
            known_at: self.now,
        };
        self.send(Event::Published {
            series: series.into(),
            observation,
        });
    }

    pub(crate) fn submit(&mut self, job: Job) -> usize {
        self.machines.jobs.push((0, job.work));
        self.send(Event::JobSubmitted(job));
        self.controller.jobs().len() - 1
    }

    fn send(&mut self, event: Event) {
        let commands = self.controller.step(self.now, event);
        assert!(commands.is_empty(), "only the beginning of a step commands");
    }

    /// Begins a step at a price; machines obey, `heard` says which commands' acknowledgements arrive.
    pub(crate) fn begin(
        &mut self,
        price: f64,
        heard: &mut dyn FnMut(&Command) -> bool,
    ) -> Vec<Command> {
        self.publish("price", price, self.now + STEP);
        let commands = self.controller.step(
            self.now,
            Event::StepBegins {
                end: self.now + STEP,
            },
        );
        for command in &commands {
            assert!(command.id > self.last_id, "ids rise");
            assert!(command.plan >= self.last_plan, "plan numbers do not fall");
            (self.last_id, self.last_plan) = (command.id, command.plan);
            self.perform(&command.action);
        }
        for command in &commands {
            if heard(command) {
                self.send(Event::Acknowledged {
                    command: command.id,
                    accepted: true,
                });
            }
        }
        commands
    }

    fn perform(&mut self, action: &Action) {
        match action {
            Action::SetBlock {
                pool,
                block,
                at_point,
            } => self.machines.pools[*pool][*block].clone_from(at_point),
            Action::SetService { service, gpus } => self.machines.services[*service] = *gpus,
            Action::SetHosting { commitment, power } => self.machines.hosting[*commitment] = *power,
            Action::SetJob { job, gpus } => self.machines.jobs[*job].0 = *gpus,
        }
    }

    /// Ends the step: work is done, and reported if `report`.
    pub(crate) fn end(&mut self, report: bool) {
        let node_power: Vec<Power> = (0..self.setup.site.tree.len())
            .map(|n| Power::new(self.load(n).round() as i64))
            .collect();
        self.now += STEP;
        let mut jobs = Vec::new();
        for (position, (gpus, left)) in self.machines.jobs.iter_mut().enumerate() {
            if *gpus > 0 {
                *left = (*left - i64::from(*gpus) * STEP).max(0);
                let finished = *left == 0;
                if finished {
                    *gpus = 0;
                }
                jobs.push(JobReport {
                    job: position,
                    work_left: *left,
                    gpus: *gpus,
                    finished,
                });
            }
        }
        if !report {
            return;
        }
        let available = |p: usize, b: usize| self.controller.state().pools[p].blocks[b].available;
        let pools = self.machines.pools.iter().enumerate().map(|(p, blocks)| {
            let report = |(b, at): (usize, &Vec<u32>)| BlockReport {
                at_point: at.clone(),
                available: available(p, b),
            };
            blocks.iter().enumerate().map(report).collect()
        });
        let telemetry = Telemetry {
            pools: pools.collect(),
            node_power,
            jobs,
        };
        self.send(Event::Telemetry(telemetry));
    }

    /// A whole step with everything heard and reported.
    pub(crate) fn step(&mut self, price: f64) -> Vec<Command> {
        let commands = self.begin(price, &mut |_| true);
        self.end(true);
        commands
    }

    /// Facility watts below a node, load by load, the long way.
    pub(crate) fn load(&self, node: usize) -> f64 {
        let site = &self.setup.site;
        let mut total = 0.0;
        let mut add = |at: usize, watts: i64| {
            let path = site.tree.path_to_root(at);
            if path.contains(&node) {
                let hall = path.iter().find_map(|n| site.tree.node(*n).hall.as_ref());
                total += watts as f64 * hall.map_or(1.0, |h| h.marginal_pue(None));
            }
        };
        for (p, pool) in site.pools.iter().enumerate() {
            add(
                pool.node,
                pool.sleep.get() * i64::from(pool.count.at(self.now)),
            );
            for at in &self.machines.pools[p] {
                for (o, n) in pool.points.iter().zip(at) {
                    add(pool.node, (o.power - pool.sleep).get() * i64::from(*n));
                }
            }
        }
        for pool in &site.gpu_pools {
            add(
                pool.node,
                pool.idle.get() * i64::from(pool.count.at(self.now)),
            );
        }
        let mut work = |g: usize, gpus: u32| {
            let pool = &site.gpu_pools[g];
            add(
                pool.node,
                (pool.running - pool.idle).get() * i64::from(gpus),
            );
        };
        for (service, gpus) in site.services.iter().zip(&self.machines.services) {
            work(service.gpu_pool, *gpus);
        }
        for (job, (gpus, _)) in self.controller.jobs().iter().zip(&self.machines.jobs) {
            work(job.job.gpu_pool, *gpus);
        }
        for (commitment, power) in site.commitments.iter().zip(&self.machines.hosting) {
            if let CommitmentKind::Hosting { node: at, .. } = commitment.kind {
                add(at, power.get());
            }
        }
        for n in 0..site.tree.len() {
            if site.tree.path_to_root(n).contains(&node) {
                total += site
                    .tree
                    .node(n)
                    .hall
                    .as_ref()
                    .map_or(0.0, |h| h.fixed.get() as f64);
            }
        }
        total
    }

    /// Every node's limit, the long way; the sites of these tests have supply at the root.
    pub(crate) fn assert_within_limits(&self) {
        let site = &self.setup.site;
        for n in 0..site.tree.len() {
            let node = site.tree.node(n);
            let limit = match (&node.hall, node.rated_at) {
                (Some(hall), RatedAt::It) => {
                    node.usable().get() as f64 * hall.marginal_pue(None) + hall.fixed.get() as f64
                }
                _ => node.usable().get() as f64,
            };
            assert!(
                self.load(n) <= limit + 1.0,
                "node `{}` carries {} W of {limit}",
                node.id,
                self.load(n)
            );
        }
        for (g, pool) in site.gpu_pools.iter().enumerate() {
            let services = site
                .services
                .iter()
                .zip(&self.machines.services)
                .filter(|(s, _)| s.gpu_pool == g);
            let jobs = self
                .controller
                .jobs()
                .iter()
                .zip(&self.machines.jobs)
                .filter(|(j, _)| j.job.gpu_pool == g);
            let used: u32 =
                services.map(|(_, n)| n).sum::<u32>() + jobs.map(|(_, (n, _))| n).sum::<u32>();
            assert!(used <= pool.count.at(self.now), "{used} GPUs of pool {g}");
        }
    }

    /// Devices awake in a pool.
    pub(crate) fn awake(&self, pool: usize) -> u32 {
        self.machines.pools[pool].iter().flatten().sum()
    }
}
