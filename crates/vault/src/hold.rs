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
        hold(txn, &mut relationship, true, now)?;
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
    hold(txn, relationship, asked, now)
}

fn hold(
    txn: &mut Txn,
    relationship: &mut Relationship,
    asked: bool,
    now: Timestamp,
) -> Result<(), ReadError> {
    let unanswered = relationship.restored.take().filter(|restored| restored.answer.is_none());
    let cursors = Mailbox::new(&relationship.id).cursors(txn)?;
    // What waits in a home that was just restored was in the backup. In an older copy that nobody announced it may be from
    // after it, so that it is sent again behind what the vendor has, whether the vendor has it or not.
    let queued = if asked { cursors.queued } else { cursors.delivered };
    // Nor has a vendor that was never asked since an earlier restore ever heard of what was queued after that.
    let queued = unanswered.map_or(queued, |before| before.queued.min(queued));
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

#[cfg(test)]
mod tests {
    use freehold_protocol::id::RelationshipId;
    use freehold_protocol::identity::SigningKey;

    use super::*;
    use crate::relationships::VendorAnswer;
    use crate::scratch::Scratch;

    /// The backup was made when the vendor had answered and the person had not resumed: what it said then is no answer now.
    #[test]
    fn an_answer_from_before_the_backup_does_not_count() {
        let scratch = Scratch::new();
        let vendor = SigningKey::from_seed(&[2; 32]).public().did();
        let own = SigningKey::from_seed(&[3; 32]).public().did();
        let answer = Some(VendorAnswer { missed: 0, told_at: Some(0) });
        let id = RelationshipId::from_entropy([4; 16]);
        let relationship = Relationship {
            id: id.clone(),
            index: 0,
            generation: 0,
            own,
            earlier: Vec::new(),
            rotation: None,
            unproven: false,
            vendor,
            earlier_vendors: Vec::new(),
            vendor_name: None,
            invitation: None,
            addresses: Vec::new(),
            assertion_keys: Vec::new(),
            vendor_next_key: None,
            check_in_secs: None,
            created: Timestamp::from_millis(1),
            last_connected: None,
            last_error: None,
            restored: Some(Restored { asked: true, answer, ..Restored::default() }),
        };
        scratch.write(move |txn| relationships::save(txn, &relationship));
        scratch.write(|txn| hold_back_all(txn, Timestamp::from_millis(2)));
        let restored = relationships::get(&scratch.store, &id).unwrap().unwrap().restored;
        assert_eq!(restored, Some(Restored { asked: true, ..Restored::default() }));
    }
}
