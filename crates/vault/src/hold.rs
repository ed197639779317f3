//! Holding back: in a home that was restored, or that an older copy has taken the place of, no grant releases anything until
//! the person resumes it.

use freehold_mailbox::Mailbox;
use freehold_protocol::audit::{AuditEvent, AuditRecord};
use freehold_protocol::disclosure::GrantStatus;
use freehold_protocol::time::Timestamp;
use freehold_store::{ReadError, Txn};

use crate::relationships::{self, Relationship, Restored};
use crate::{agreements, audit};

/// Holds every relationship back, as part of a restore: their vendors are to be asked.
///
/// # Errors
/// The store's.
pub fn hold_back_all(txn: &mut Txn, now: Timestamp) -> Result<(), ReadError> {
    for mut relationship in relationships::all(txn)? {
        hold_back(txn, &mut relationship, true, now)?;
    }
    Ok(())
}

/// Holds one relationship back, unless it is already and its vendor has not answered yet: what it has answered is out of date
/// then. Where its vendor is not to be `asked`, it is not dialled either: another copy of the home may be in use.
///
/// # Errors
/// The store's.
pub fn hold_back(
    txn: &mut Txn,
    relationship: &mut Relationship,
    asked: bool,
    now: Timestamp,
) -> Result<(), ReadError> {
    if relationship.restored.as_ref().is_some_and(|restored| restored.answer.is_none()) {
        return Ok(());
    }
    let cursors = Mailbox::new(&relationship.id).cursors(txn)?;
    // What waits in a home that was just restored was in the backup. In an older copy that nobody announced it may be from
    // after it, so that it is sent again behind what the vendor has, whether the vendor has it or not.
    let queued = if asked { cursors.queued } else { cursors.delivered };
    relationship.restored = Some(Restored { queued, asked, ..Restored::default() });
    relationships::save(txn, relationship)?;
    for mut stored in agreements::grants_of(txn, &relationship.id)? {
        if stored.state.status == GrantStatus::Standing {
            stored.state.status = GrantStatus::Held;
            stored.state.epoch += 1;
            agreements::put_grant(txn, &stored)?;
        }
    }
    let (vendor, paths) = (relationship.vendor.clone(), Default::default());
    audit::append(txn, AuditRecord { at: now, vendor, grant: None, paths, event: AuditEvent::HeldBack })
}
