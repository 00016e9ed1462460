//! What people read after a run: the report page.
//!
//! This crate knows no other crate of the project. Callers fill its own plain
//! structs ([`html::Payload`] for the page) and get text back; it reads no
//! clock, no file and no network.

pub mod html;
