//! Virtual clock, virtual site, settlement and scenario runner.
