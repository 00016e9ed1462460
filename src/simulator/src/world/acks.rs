//! Acknowledgements that come late, or never.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use swingload_model::scenario::Faults;

use crate::seed::generator;

/// Acknowledgements under way.
#[derive(Debug)]
pub(crate) struct Acks {
    lost_share: f64,
    delay_steps: u32,
    draws: ChaCha8Rng,
    /// Due step, command, whether it was taken; by due step, then command.
    under_way: Vec<(usize, u64, bool)>,
}

impl Acks {
    pub(crate) fn new(faults: &Faults, seed: u64) -> Self {
        Self {
            lost_share: faults.ack_lost_share,
            delay_steps: faults.ack_delay_steps,
            draws: generator(seed, "acknowledgements", 0),
            under_way: Vec::new(),
        }
    }

    /// Sends the acknowledgement of a command given in step `t`; false when it gets lost.
    ///
    /// The soonest one arrives when the next step begins.
    pub(crate) fn queue(&mut self, t: usize, command: u64, accepted: bool) -> bool {
        if self.lost_share > 0.0 && self.draws.random::<f64>() < self.lost_share {
            return false;
        }
        let delay = if self.delay_steps > 0 {
            self.draws.random_range(0..=self.delay_steps)
        } else {
            0
        };
        self.under_way
            .push((t + 1 + delay as usize, command, accepted));
        true
    }

    /// Takes out what has arrived when step `t` begins.
    pub(crate) fn arrived(&mut self, t: usize) -> Vec<(u64, bool)> {
        if self.under_way.is_empty() {
            return Vec::new();
        }
        let mut due: Vec<_> = self.under_way.extract_if(.., |ack| ack.0 <= t).collect();
        due.sort_unstable();
        due.into_iter()
            .map(|(_, command, accepted)| (command, accepted))
            .collect()
    }
}
