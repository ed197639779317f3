//! How the vendor's key moves: what is stored of it, and how each person is told.
//!
//! The statement and the new key are one transaction. The persons are told in batches behind it; a start goes on where a
//! crash has stopped them.

use std::sync::Arc;

use freehold_mailbox::Mailbox;
use freehold_mailbox::record::{decode, load, save};
use freehold_protocol::cbor;
use freehold_protocol::connect::{VENDOR_ROTATION, VendorMoves};
use freehold_protocol::data::REQUEST;
use freehold_protocol::id::RelationshipId;
use freehold_protocol::mailbox::{Entry, EntryBody};
use freehold_protocol::message::MessageType;
use freehold_protocol::time::Timestamp;
use freehold_store::{ReadError, Reader, Store, Txn, WriteError};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::relationship::{Invited, Relationship};
use crate::shared::Shared;
use crate::tables;

/// Persons told in one transaction: some hundred kilobytes, behind which nobody waits long.
const BATCH: usize = 100;

/// Which keys of the vendor there are.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Moves {
    /// The newest, that new relationships begin with.
    pub(crate) newest: u32,
    /// The oldest that is still served.
    pub(crate) oldest: u32,
    /// The newest of which every person's mailbox has the statement.
    pub(crate) told: u32,
}

/// One key after the first.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Move {
    /// The statement that moves the vendor to it.
    pub(crate) document: ByteBuf,
    /// Where the hub listens under it.
    pub(crate) listen: Vec<String>,
    /// Where persons dial it, where that is not where the hub listens.
    pub(crate) announce: Vec<String>,
    /// Where persons were told to dial it.
    pub(crate) addresses: Vec<String>,
}

impl Moves {
    pub(crate) fn load(reader: &impl Reader) -> Result<Self, ReadError> {
        Ok(load(reader, &tables::moves())?.unwrap_or_default())
    }

    pub(crate) fn save(self, txn: &mut Txn) {
        save(txn, tables::moves(), &self);
    }
}

impl Move {
    pub(crate) fn load(reader: &impl Reader, generation: u32) -> Result<Self, ReadError> {
        load(reader, &tables::move_to(generation))?.ok_or(ReadError::Corrupt)
    }

    pub(crate) fn save(&self, txn: &mut Txn, generation: u32) {
        save(txn, tables::move_to(generation), self);
    }

    fn body(self) -> Vec<u8> {
        cbor::encode(&VendorMoves { document: self.document.into_vec(), addresses: self.addresses })
    }
}

/// Queues the statements that a relationship has not been told yet. The caller saves the relationship.
pub(crate) fn tell(txn: &mut Txn, known: &mut Relationship, now: Timestamp) -> Result<(), ReadError> {
    let newest = Moves::load(txn)?.newest;
    queue(txn, &known.id, known.stated, newest, now)?;
    known.stated = known.stated.max(newest);
    Ok(())
}

/// Queues again the statements behind a key, for a person who knows the vendor by that one: their home was restored. A request
/// that waits for them under a newer key, and would come before the statements, is queued again behind them; receipts are
/// told again anyway.
pub(crate) fn tell_again(
    txn: &mut Txn,
    known: &Relationship,
    from: u32,
    now: Timestamp,
) -> Result<(), ReadError> {
    let mailbox = Mailbox::new(&known.id);
    let is_request = |entry: &Entry| entry.kind.as_str() == REQUEST;
    let waiting = if from < known.generation { mailbox.waiting(txn)? } else { Vec::new() };
    queue(txn, &known.id, from, known.stated, now)?;
    for entry in waiting.into_iter().filter(is_request) {
        mailbox.queue(txn, &entry.kind, entry.thread, entry.body, now)?;
    }
    Ok(())
}

fn queue(
    txn: &mut Txn,
    id: &RelationshipId,
    from: u32,
    through: u32,
    now: Timestamp,
) -> Result<(), ReadError> {
    let kind = MessageType::parse(VENDOR_ROTATION).expect("the protocol's own types parse");
    for generation in from.saturating_add(1)..=through {
        let body = EntryBody::Fixed(Move::load(txn, generation)?.body());
        Mailbox::new(id).queue(txn, &kind, None, body, now)?;
    }
    Ok(())
}

/// Tells every person of every move. What was told is told once, however often this breaks off and is begun again.
pub(crate) async fn tell_all(shared: &Arc<Shared>) -> Result<(), WriteError<ReadError>> {
    let moves = Moves::load(&shared.store).map_err(WriteError::Read)?;
    if moves.told >= moves.newest {
        return Ok(());
    }
    let untold = |known: &Relationship| known.stated < moves.newest;
    let untold = relationships(&shared.store, untold).map_err(WriteError::Read)?;
    for batch in untold.chunks(BATCH) {
        let (ids, now) = (batch.to_vec(), shared.now());
        let written = shared.store.write(move |txn| {
            for id in ids {
                let Some(mut known) = Relationship::load(txn, &id)? else { continue };
                tell(txn, &mut known, now)?;
                known.save(txn);
            }
            Ok::<_, ReadError>(())
        });
        written.await?;
        batch.iter().for_each(|id| shared.wake(id));
    }
    let written = shared.store.write(move |txn| {
        let now = Moves::load(txn)?;
        Moves { told: now.told.max(moves.newest), ..now }.save(txn);
        Ok::<_, ReadError>(())
    });
    written.await.map(drop)
}

/// The relationships of which something holds.
fn relationships(
    store: &Store,
    holds: impl Fn(&Relationship) -> bool,
) -> Result<Vec<RelationshipId>, ReadError> {
    let mut ids = Vec::new();
    for entry in store.scan(&tables::relationships()) {
        let known: Relationship = decode(&entry?.1)?;
        if holds(&known) {
            ids.push(known.id);
        }
    }
    Ok(ids)
}

/// How many persons have not opened a session under the newest key yet.
pub(crate) fn behind(store: &Store) -> Result<usize, ReadError> {
    match Moves::load(store)?.newest {
        0 => Ok(0),
        newest => Ok(relationships(store, |known| known.generation < newest)?.len()),
    }
}

/// How many links lead to an older key and can still be used.
pub(crate) fn open_links(store: &Store, now: Timestamp) -> Result<usize, ReadError> {
    let newest = Moves::load(store)?.newest;
    let mut open = 0;
    for entry in store.scan(&tables::invitations()) {
        let invited: Invited = decode(&entry?.1)?;
        if invited.used_by.is_none() && now < invited.expires && invited.generation < newest {
            open += 1;
        }
    }
    Ok(open)
}
