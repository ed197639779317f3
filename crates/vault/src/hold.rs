//! Holding back: in a home that was restored, or that an older copy has taken the place of, no grant releases anything until
//! the person resumes it.

use freehold_mailbox::Mailbox;
use freehold_protocol::audit::{AuditEvent, AuditRecord};
use freehold_protocol::disclosure::GrantStatus;
use freehold_protocol::time::Timestamp;
use freehold_store::{ReadError, Txn};

use crate::relationships::{self, Relationship, Restored};
use crate::{agreements, audit};

/// Holds every relationship back, as part of a restore: their vendors are to be asked, also those that had answered before
/// the backup.
///
/// # Errors
/// The store's.
pub fn hold_back_all(txn: &mut Txn, now: Timestamp) -> Result<(), ReadError> {
    for mut relationship in relationships::all(txn)? {
        relationship.restored = None;
        hold_back(txn, &mut relationship, true, now)?;
    }
    Ok(())
}

/// Holds one relationship back, unless it is already. Where its vendor is not to be `asked`, it is not dialled either: another
/// copy of the home may be in use.
///
/// # Errors
/// The store's.
pub fn hold_back(
    txn: &mut Txn,
    relationship: &mut Relationship,
    asked: bool,
    now: Timestamp,
) -> Result<(), ReadError> {
    if relationship.restored.is_some() {
        return Ok(());
    }
    let queued = Mailbox::new(&relationship.id).cursors(txn)?.queued;
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
