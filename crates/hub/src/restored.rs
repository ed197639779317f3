//! A person whose home was restored from a backup: the hub tells again what it holds of them, since they may no longer know.

use freehold_mailbox::{Desk, Mailbox};
use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use freehold_protocol::connect::{INTRODUCTION, Introduction};
use freehold_protocol::data::{Carried, ENDED, ERASURE, Ended, RECEIPT};
use freehold_protocol::id::RelationshipId;
use freehold_protocol::time::Timestamp;
use freehold_store::{ReadError, Txn};

use crate::held;
use crate::moves;
use crate::relationship::Relationship;
use crate::tables;

/// Queues an introduction, since they may have been backed up before the first one came and follow no rotation without its
/// commitment; the vendor's rotations since the key by which they know it, the receipt of every grant, what of it has ended, and
/// the receipts of what was erased. Whoever asks again before any of it was delivered gets no more; what was delivered may have been
/// lost with another copy.
///
/// # Errors
/// [`Code::StorageFailed`].
pub(crate) fn tell(
    txn: &mut Txn,
    id: &RelationshipId,
    from: u32,
    introduction: &Introduction,
    now: Timestamp,
) -> Result<(), Code> {
    let storage = |_: ReadError| Code::StorageFailed;
    let mut known = Relationship::load(txn, id).map_err(storage)?.ok_or(Code::StorageFailed)?;
    let mailbox = Mailbox::new(id);
    let cursors = mailbox.cursors(txn).map_err(storage)?;
    if known.told_since.is_some_and(|since| since > cursors.delivered) && known.told_from <= from {
        return Ok(());
    }
    Desk::new(txn, &mailbox, id, &known.peer, now).queue(INTRODUCTION, None, cbor::encode(introduction))?;
    moves::tell_again(txn, &known, from, now).map_err(storage)?;
    for held in held::grants(txn, id).map_err(storage)? {
        let receipt = txn.get(&tables::receipt(txn, id, &held.grant)).map_err(storage)?;
        let mut desk = Desk::new(txn, &mailbox, id, &known.peer, now);
        desk.queue(RECEIPT, None, Carried::body(&receipt.ok_or(Code::StorageFailed)?))?;
        if !held.state.revoked.is_empty() {
            let ended = Ended { grant: held.grant, paths: held.state.revoked };
            desk.queue(ENDED, None, cbor::encode(&ended))?;
        }
    }
    let erased: Result<Vec<_>, _> =
        txn.scan(&tables::erasures(txn, id)).map(|found| found.map(|(_, receipt)| receipt)).collect();
    for receipt in erased.map_err(storage)? {
        let mut desk = Desk::new(txn, &mailbox, id, &known.peer, now);
        desk.queue(ERASURE, None, Carried::body(&receipt))?;
    }
    known.told_since = Some(cursors.queued + 1);
    known.told_from = from;
    known.save(txn);
    Ok(())
}
