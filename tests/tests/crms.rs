//! The connectors to HubSpot, Salesforce, EspoCRM and Odoo against servers that behave as these do.
//!
//! For each: a customer is made, changed and erased; nothing is written that stands there already; a record that somebody
//! else has is a duplicate; a limit's wait is kept; of a batch only what was not taken is not applied; a token that has
//! expired; a connection that is cut after the write.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

#[path = "crms/desk.rs"]
mod desk;
#[path = "crms/espocrm.rs"]
mod espocrm;
#[path = "crms/hubspot.rs"]
mod hubspot;
#[path = "crms/odoo.rs"]
mod odoo;
#[path = "crms/salesforce.rs"]
mod salesforce;
#[path = "crms/strict.rs"]
mod strict;
