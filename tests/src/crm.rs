//! Servers that behave as CRMs do, for the connectors' tests: real HTTP on loopback, records in memory.
//!
//! Each is written after its system's published description, named at its top, and is strict: it refuses what the
//! system refuses. None is a copy of the system: it has the calls that a connector makes, and of their answers what a
//! connector may rely on. Texts of errors are the system's where its documentation shows them.
//!
//! Reading order: [`server::Server`] and [`server::Fault`]; then [`hubspot`], [`salesforce`], [`espocrm`], [`odoo`], [`rest`].

mod cut;
pub mod espocrm;
pub mod hubspot;
pub mod odoo;
pub mod query;
pub mod rest;
pub mod salesforce;
pub mod server;
