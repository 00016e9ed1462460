//! Supply blocks and the contracts that settle against them.

use super::Builder;
use crate::plausible::Quantity;
use crate::site::file::{ContractFile, SupplyFile};
use crate::site::supply::{Contract, SupplyBlock, SupplyKind};
use crate::site::tree::PowerTree;

impl Builder<'_> {
    pub(super) fn supply(&mut self, i: usize, s: &SupplyFile, tree: &PowerTree) -> SupplyBlock {
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
            available_mw: self.amount_not_negative(&key("available_mw"), &s.available_mw, "MW"),
            price: self.priced(
                &key("price_per_mwh"),
                &s.price_per_mwh,
                Quantity::ContractPrice,
            ),
            export_price: s
                .export_price_per_mwh
                .as_ref()
                .map(|a| self.priced(&key("export_price_per_mwh"), a, Quantity::ContractPrice)),
            carbon: s
                .carbon_g_per_kwh
                .as_ref()
                .map(|a| self.priced(&key("carbon_g_per_kwh"), a, Quantity::Carbon)),
        }
    }

    pub(super) fn contract(
        &mut self,
        i: usize,
        c: &ContractFile,
        supply: &[SupplyBlock],
    ) -> Contract {
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
            quantity_mw: self.amount_not_negative(&key("quantity_mw"), &c.quantity_mw, "MW"),
            price: self.priced(
                &key("price_per_mwh"),
                &c.price_per_mwh,
                Quantity::ContractPrice,
            ),
            resale: c.resale,
            from: c.from,
            to: c.to,
        }
    }
}
