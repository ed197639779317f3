//! What a hub does with messages.

mod connect;
mod data;

use std::sync::Arc;

use freehold_mailbox::Linked;
use freehold_protocol::family::Families;

use crate::shared::Shared;

/// The families that a hub speaks.
pub(crate) fn families(shared: &Arc<Shared>) -> Families<Linked> {
    Families::new().with(connect::Connect::new(Arc::clone(shared))).with(data::Data::new(Arc::clone(shared)))
}
