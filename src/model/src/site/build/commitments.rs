//! Hosting contracts and power limits.

use super::Builder;
use crate::plausible::Quantity;
use crate::site::Use;
use crate::site::commitment::{Commitment, CommitmentKind};
use crate::site::file::CommitmentFile;
use crate::site::tree::PowerTree;

impl Builder<'_> {
    pub(super) fn commitment(
        &mut self,
        i: usize,
        c: &CommitmentFile,
        tree: &PowerTree,
    ) -> Commitment {
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
                    power_mw: self.amount_not_negative(&key("power_mw"), power_mw, "MW"),
                    price: self.priced(
                        &key("price_per_mwh"),
                        price_per_mwh,
                        Quantity::HostingPrice,
                    ),
                    take_or_pay: self.within(&key("take_or_pay"), *take_or_pay, 0.0, 1.0),
                    take_or_pay_price: take_or_pay_price_per_mwh.map(|price| {
                        let path = key("take_or_pay_price_per_mwh");
                        let price = self.finite(&path, price);
                        self.plausible(&path, price, Quantity::HostingPrice)
                    }),
                    contracted_mw: self.at_least(&key("contracted_mw"), *contracted_mw, 0.0, "MW"),
                    penalty_per_mwh: self.charge(
                        &key("penalty_per_mwh"),
                        *penalty_per_mwh,
                        Quantity::Penalty,
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
                    limit_mw: self.amount_not_negative(&key("limit_mw"), limit_mw, "MW"),
                    penalty_per_mwh: self.charge(
                        &key("penalty_per_mwh"),
                        *penalty_per_mwh,
                        Quantity::Penalty,
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
}
