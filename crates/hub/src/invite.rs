//! Invitations: links that begin a relationship.

use std::sync::Arc;
use std::time::Duration;

use freehold_mailbox::entropy;
use freehold_mailbox::record::save;
use freehold_protocol::invitation::Invitation;
use freehold_protocol::limits::{ADDRESSES_MAX, LINK_CHARS_MAX, TEXT_BYTES_MAX};
use freehold_protocol::time::Timestamp;
use freehold_store::{ReadError, WriteError};

use crate::ask::NoSuchAsk;
use crate::keys::Identity;
use crate::relationship::Invited;
use crate::shared::Shared;
use crate::tables;
use crate::view::InvitationView;

/// Longest life of an invitation: a link is a secret, and older ones lie in mailboxes nobody looks after.
const VALID_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Why there is no invitation.
#[derive(Debug, thiserror::Error)]
pub enum InviteError {
    /// No such request, or none yet.
    #[error(transparent)]
    Ask(#[from] NoSuchAsk),
    /// The reference is empty or too long.
    #[error("the customer's reference must have 1 to {TEXT_BYTES_MAX} bytes and no control characters")]
    Customer,
    /// No time, or too much.
    #[error("an invitation holds for at least a second and at most a year")]
    Validity,
    /// The store failed.
    #[error("{0}")]
    Store(String),
}

/// Makes an invitation to a key of the hub, which is dialled at these addresses.
pub(crate) async fn make(
    shared: &Shared,
    (identity, addresses): (Arc<Identity>, Vec<String>),
    customer: Option<String>,
    ask: Option<&str>,
    valid_for: Duration,
) -> Result<InvitationView, InviteError> {
    if customer
        .as_ref()
        .is_some_and(|c| c.trim().is_empty() || c.len() > TEXT_BYTES_MAX || c.chars().any(char::is_control))
    {
        return Err(InviteError::Customer);
    }
    if valid_for < Duration::from_secs(1) || valid_for > VALID_MAX {
        return Err(InviteError::Validity);
    }
    let request = shared.ask(ask)?.request.id().clone();
    let millis = u64::try_from(valid_for.as_millis()).unwrap_or(u64::MAX);
    let expires = Timestamp::from_millis(shared.now().millis().saturating_add(millis));
    let token = entropy();
    let link = link(&identity, addresses, token, expires);
    let generation = identity.generation;
    let invited = Invited { customer: customer.clone(), request, expires, generation, used_by: None };
    let written = shared.store.write(move |txn| {
        let key = tables::invitation(txn, &token);
        save(txn, key, &invited);
        Ok::<_, ReadError>(())
    });
    written.await.map_err(|error: WriteError<ReadError>| InviteError::Store(error.to_string()))?;
    Ok(InvitationView { link, expires: expires.rfc3339(), customer })
}

/// The link, with as many addresses as it may hold.
fn link(identity: &Identity, mut addresses: Vec<String>, token: [u8; 16], expires: Timestamp) -> String {
    addresses.truncate(ADDRESSES_MAX);
    loop {
        let did = identity.did.clone();
        let link = Invitation { v: 1, did, addresses: addresses.clone(), token, expires }.to_link();
        if link.len() <= LINK_CHARS_MAX || addresses.pop().is_none() {
            return link;
        }
    }
}
