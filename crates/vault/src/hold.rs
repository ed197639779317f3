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
    use freehold_protocol::mailbox::EntryBody;
    use freehold_protocol::message::MessageType;

    use super::*;
    use crate::agreements::tests::stored_grant;
    use crate::relationships::VendorAnswer;
    use crate::relationships::tests::relationship;
    use crate::scratch::Scratch;

    const NOW: Timestamp = Timestamp::from_millis(2);

    /// A home with one relationship, in which three messages are queued and the vendor has two of them.
    struct Home {
        scratch: Scratch,
        id: RelationshipId,
    }

    impl Home {
        fn new() -> Self {
            let id = RelationshipId::from_entropy([4; 16]);
            let home = Self { scratch: Scratch::new(), id: id.clone() };
            home.scratch.write(move |txn| relationships::save(txn, &Relationship { id, ..relationship(0) }));
            home.queue(3);
            let mailbox = Mailbox::new(&home.id);
            home.scratch.write(move |txn| mailbox.delivered(txn, 2).map(drop));
            home
        }

        fn queue(&self, count: usize) {
            let (mailbox, kind) = (Mailbox::new(&self.id), MessageType::parse("note/1/note").unwrap());
            self.scratch.write(move |txn| {
                let body = || EntryBody::Fixed(Vec::new());
                (0..count).try_for_each(|_| mailbox.queue(txn, &kind, None, body(), NOW).map(drop))
            });
        }

        fn relationship(&self) -> Relationship {
            relationships::get(&self.scratch.store, &self.id).unwrap().unwrap()
        }

        fn hold_back(&self, asked: bool) -> Restored {
            let mut relationship = self.relationship();
            self.scratch.write(move |txn| hold_back(txn, &mut relationship, asked, NOW));
            self.relationship().restored.unwrap()
        }

        fn answered(&self) {
            let mut relationship = self.relationship();
            let answer = Some(VendorAnswer { missed: 0, told_at: Some(0) });
            relationship.restored.as_mut().unwrap().answer = answer;
            self.scratch.write(move |txn| relationships::save(txn, &relationship));
        }

        fn entries(&self) -> usize {
            audit::entries(&self.scratch.store, 1, 9).unwrap().len()
        }
    }

    /// The backup was made when the vendor had answered and the person had not resumed: what it said then is no answer now.
    #[test]
    fn an_answer_from_before_the_backup_does_not_count() {
        let home = Home::new();
        home.hold_back(true);
        home.answered();
        home.scratch.write(|txn| hold_back_all(txn, NOW));
        let restored = home.relationship().restored;
        assert_eq!(restored, Some(Restored { queued: 3, asked: true, ..Restored::default() }));
    }

    /// What was queued after an earlier restore, of which the vendor was never asked, is not from the backup either.
    #[test]
    fn a_home_that_is_restored_twice_knows_what_was_in_the_first_backup() {
        let home = Home::new();
        home.scratch.write(|txn| hold_back_all(txn, NOW));
        home.queue(2);
        home.scratch.write(|txn| hold_back_all(txn, NOW));
        assert_eq!(home.relationship().restored.unwrap().queued, 3);
        home.answered();
        home.scratch.write(|txn| hold_back_all(txn, NOW));
        assert_eq!(home.relationship().restored.unwrap().queued, 5);
    }

    #[test]
    fn a_relationship_is_held_back_again_only_once_its_vendor_has_answered() {
        let home = Home::new();
        assert_eq!(home.hold_back(true), Restored { queued: 3, asked: true, ..Restored::default() });
        assert_eq!((home.hold_back(false).asked, home.entries()), (true, 1), "it is already");
        home.answered();
        // In an older copy that nobody announced, what waits may be from after it.
        assert_eq!(home.hold_back(false), Restored { queued: 2, asked: false, ..Restored::default() });
        assert_eq!(home.entries(), 2);
        let entry = audit::entries(&home.scratch.store, 1, 1).unwrap().remove(0);
        assert_eq!((entry.event, entry.grant), (AuditEvent::HeldBack, None));
    }

    /// A release that was made before is of another epoch, and is not sent any more.
    #[test]
    fn a_grant_that_stands_is_held_in_a_new_epoch_and_no_other_is_touched() {
        let home = Home::new();
        let mut standing = stored_grant(1, 4);
        standing.state.status = GrantStatus::Standing;
        let (offered, elsewhere) = (stored_grant(2, 4), stored_grant(3, 5));
        let all = [standing.clone(), offered.clone(), elsewhere.clone()];
        home.scratch.write(move |txn| all.iter().try_for_each(|grant| agreements::put_grant(txn, grant)));
        home.hold_back(true);
        standing.state.status = GrantStatus::Held;
        standing.state.epoch += 1;
        assert_eq!(agreements::grants(&home.scratch.store).unwrap(), [standing, offered, elsewhere]);
    }
}
