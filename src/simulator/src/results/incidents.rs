//! What went wrong, as counted by meters and machines.

/// Counts and energies of a run; see the fields of [`crate::record::Incidents`].
pub type IncidentSummary = crate::record::Incidents;
