//! Messages of further families: sent by hand, and what came of them.

use std::sync::Arc;

use freehold_mailbox::record::list;
use freehold_mailbox::{Draft, DraftError, Linked, Mailbox, SentView};
use freehold_protocol::family::Families;
use freehold_store::{ReadError, WriteError};

use crate::relationship::Relationship;
use crate::shared::Shared;
use crate::tables;
use crate::view::MessagesOfView;

/// Why a message to a customer was not queued, or the customer's are not shown.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// No such customer, or more than one whose id begins so.
    #[error(
        "there is no such customer, or more than one whose id begins so: `freehold hub customers` lists them; write more of the id"
    )]
    CustomerUnknown,
    /// It cannot be sent.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// The store failed.
    #[error("{0}")]
    Store(String),
}

impl From<ReadError> for MessageError {
    fn from(error: ReadError) -> Self {
        Self::Store(error.to_string())
    }
}

/// Queues a message of a family other than the protocol's own.
pub(crate) async fn send(
    shared: &Arc<Shared>,
    families: &Arc<Families<Linked>>,
    customer: &str,
    draft: Draft,
) -> Result<SentView, MessageError> {
    let Relationship { id, peer, .. } = shared.meant(customer)?.ok_or(MessageError::CustomerUnknown)?;
    let (of, families, now) = (id.clone(), Arc::clone(families), shared.now());
    let written = shared.store.write(move |txn| draft.queue(txn, &families, &of, &peer, now)).await;
    let (entry, after) = match written {
        Ok(written) => written.into_inner(),
        Err(WriteError::Refused(error)) => return Err(error.into()),
        Err(error) => return Err(MessageError::Store(error.to_string())),
    };
    after.into_iter().for_each(|run| run());
    shared.wake(&id);
    let named = Mailbox::new(&id).named(&shared.store)?;
    Ok(SentView::new(&entry, named.as_deref()))
}

/// What there is to read of the customers' messages; of one customer when it is named.
pub(crate) fn all(shared: &Shared, customer: Option<&str>) -> Result<Vec<MessagesOfView>, MessageError> {
    let mut all = Vec::new();
    for known in meant(shared, customer)? {
        let messages = Mailbox::new(&known.id).readable(&shared.store)?;
        if !messages.is_empty() {
            let relationship = known.uuid().to_owned();
            all.push(MessagesOfView {
                relationship,
                customer: known.customer,
                did: known.peer.to_string(),
                messages,
            });
        }
    }
    Ok(all)
}

/// Erases the messages that families filed and those that could not be used; gives how many there were.
pub(crate) async fn forget(shared: &Shared, customer: Option<&str>) -> Result<u64, MessageError> {
    let meant = meant(shared, customer)?;
    let written = shared.store.write_urgent(move |txn| {
        let mut forgotten = 0;
        for known in meant {
            let mailbox = Mailbox::new(&known.id);
            forgotten += mailbox.forget_filed(txn)? + mailbox.forget_kept(txn, u64::MAX)?;
        }
        Ok::<_, ReadError>(forgotten)
    });
    let forgotten = written.await.map_err(|error: WriteError<_>| MessageError::Store(error.to_string()))?;
    Ok(forgotten.into_inner())
}

fn meant(shared: &Shared, customer: Option<&str>) -> Result<Vec<Relationship>, MessageError> {
    match customer {
        Some(text) => Ok(vec![shared.meant(text)?.ok_or(MessageError::CustomerUnknown)?]),
        None => Ok(list(&shared.store, &tables::relationships())?),
    }
}
