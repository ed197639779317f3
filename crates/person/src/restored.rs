//! Relationships in a home that was restored from a backup: what the vendors say of them, and the person's word to go on.
//!
//! What has happened since the backup is known to the vendors alone. Each is asked how far the mailboxes have come and which
//! grants it holds; nothing is released before, and nothing until the person resumes the relationship. A vendor's word can
//! narrow what it gets and never widen it: what a grant allows stands in the document that the person signed.

use std::collections::BTreeSet;

use freehold_mailbox::{AfterCommit, Desk, Linked, Mailbox, TakeError};
use freehold_protocol::audit::{AuditEvent, AuditRecord};
use freehold_protocol::code::Code;
use freehold_protocol::connect::ROTATION;
use freehold_protocol::disclosure::{Grant, GrantState, GrantStatus};
use freehold_protocol::document::Mode;
use freehold_protocol::family::Families;
use freehold_protocol::id::RelationshipId;
use freehold_protocol::identity::Did;
use freehold_protocol::mailbox::Entry;
use freehold_protocol::message::Message;
use freehold_protocol::path::Path;
use freehold_protocol::session::Realigned;
use freehold_protocol::time::Timestamp;
use freehold_store::{ReadError, Reader, Txn};
use freehold_vault::agreements::{self, StoredGrant};
use freehold_vault::relationships::{self, Relationship, Restored, VendorAnswer};
use freehold_vault::{LookupError, audit, fields, lines};

use crate::error::PersonError;
use crate::happening::What;
use crate::person::Person;
use crate::rotate;
use crate::view::{HeldGrantView, ResumeView};

impl Person {
    /// The relationships that are held back since the home was restored, or since an older copy of it was noticed.
    ///
    /// # Errors
    /// The store's.
    pub fn held_back(&self) -> Result<Vec<ResumeView>, PersonError> {
        let store = &self.inner.store;
        let mut views = Vec::new();
        for relationship in relationships::all(store)? {
            views.extend(view(store, &relationship)?);
        }
        Ok(views)
    }

    /// Goes on with one relationship, named by its id or the vendor's DID, or with all whose vendors have told what they
    /// hold. Each takes its next key, so that no other copy of the home goes on beside this one. One that was held back
    /// because an older copy was noticed is asked first: resume it again when its vendor has answered. Gives how those
    /// that were meant stood before.
    ///
    /// # Errors
    /// [`PersonError::Lookup`], or [`PersonError::State`] when the named one is not held back or its vendor has not told yet.
    pub async fn resume(&self, meant: Option<&str>) -> Result<Vec<ResumeView>, PersonError> {
        let store = &self.inner.store;
        let chosen = match meant {
            Some(text) => vec![relationships::meant_by(store, text)?],
            None => relationships::all(store)?,
        };
        let mut views = Vec::new();
        for relationship in chosen {
            let Some(before) = view(store, &relationship)? else {
                match meant {
                    Some(_) => return Err(PersonError::State("this relationship is not held back".into())),
                    None => continue,
                }
            };
            match before.state.as_str() {
                READY => self.resume_one(&relationship.id).await?,
                SUSPECTED => self.ask(&relationship.id).await?,
                _ if meant.is_some() => return Err(PersonError::State(
                    "the vendor has not told yet what it holds: it has to be reached once; `freehold status` shows why it was not"
                        .into(),
                )),
                _ => {}
            }
            views.push(before);
        }
        Ok(views)
    }

    async fn resume_one(&self, id: &RelationshipId) -> Result<(), PersonError> {
        let (of, now, key) = (id.clone(), self.inner.now(), self.inner.signing.clone());
        let seed = self.inner.seed.clone();
        let resumed = self.inner.store.write(move |txn| {
            let missing = || PersonError::Lookup(LookupError::Unknown { what: "relationship" });
            let mut relationship = relationships::get(txn, &of)?.ok_or_else(missing)?;
            // An older copy may have been noticed since the vendor was seen to have told.
            if view(txn, &relationship)?.is_none_or(|view| view.state != READY) {
                return Err(PersonError::State(
                    "this relationship has changed meanwhile: look again with `freehold resume`".into(),
                ));
            }
            let restored = relationship.restored.take().unwrap_or_default();
            let standing = release_held(txn, &relationship, &restored)?;
            // The vendor may hold values of fields that this home has never had.
            let emptied = fields::note_empty(txn, standing, "resume", now, &key)?;
            let (vendor, paths) = (relationship.vendor.clone(), Default::default());
            let record = AuditRecord { at: now, vendor, grant: None, paths, event: AuditEvent::Resumed };
            audit::append(txn, record)?;
            match relationship.rotation {
                Some(_) => relationships::save(txn, &relationship)?,
                // With the same commit: before it no other copy is shut out, and nothing may be released.
                None => drop(rotate::state(txn, &seed, &mut relationship, now)?),
            }
            Ok::<_, PersonError>(emptied)
        });
        let emptied = resumed.await.map_err(PersonError::from)?.into_inner();
        self.inner.bells.changed(&emptied);
        self.inner.bells.teller.tell(&[What::Relationships, What::Grants, What::Audit], Some(id));
        self.inner.bells.of(id).ring_reload();
        Ok(())
    }

    async fn ask(&self, id: &RelationshipId) -> Result<(), PersonError> {
        let of = id.clone();
        let asked = self.inner.store.write(move |txn| {
            let Some(mut relationship) = relationships::get(txn, &of)? else { return Ok(()) };
            if let Some(restored) = &mut relationship.restored {
                restored.asked = true;
                relationships::save(txn, &relationship)?;
            }
            Ok::<_, PersonError>(())
        });
        asked.await.map_err(PersonError::from)?;
        self.inner.bells.of(id).ring();
        self.inner.bells.teller.tell(&[What::Relationships], Some(id));
        Ok(())
    }
}

/// An older copy was noticed, and the vendor is not asked yet.
const SUSPECTED: &str = "suspected";
/// The vendor was not reached yet, or has not told all.
const ASKED: &str = "asked";
/// The vendor has told what it holds.
const READY: &str = "ready";

pub(crate) fn view(
    reader: &impl Reader,
    relationship: &Relationship,
) -> Result<Option<ResumeView>, ReadError> {
    let Some(restored) = &relationship.restored else { return Ok(None) };
    let stored = Mailbox::new(&relationship.id).cursors(reader)?.stored;
    let state = match restored.answer {
        _ if !restored.asked => SUSPECTED,
        Some(answer) if answer.told_at.is_none_or(|told_at| stored >= told_at) => READY,
        _ => ASKED,
    };
    let mut grants = Vec::new();
    for stored in agreements::grants_of(reader, &relationship.id)? {
        if stored.state.status != GrantStatus::Held {
            continue;
        }
        let grant = stored.read()?;
        let scope = grant.subject().scope.iter().map(|item| &item.path);
        grants.push(HeldGrantView {
            id: grant.id().to_string(),
            paths: scope.filter(|path| !stored.state.revoked.contains(path)).map(Path::to_string).collect(),
            vendor_holds: vendor_holds(restored, &stored)?,
        });
    }
    Ok(Some(ResumeView {
        relationship: relationship.id.to_string(),
        vendor: relationship.vendor.to_string(),
        vendor_name: relationship.vendor_name.clone().unwrap_or_default(),
        state: state.to_owned(),
        missed: restored.answer.map(|answer| answer.missed),
        grants,
    }))
}

/// Whether the vendor holds a grant; `None` where its program does not tell.
fn vendor_holds(restored: &Restored, stored: &StoredGrant) -> Result<Option<bool>, ReadError> {
    let tells = restored.answer.is_none_or(|answer| answer.told_at.is_some());
    Ok(if tells { Some(restored.vendor_holds.contains(&stored.id()?)) } else { None })
}

/// The grants that were held back stand again, where the vendor holds them. What it has of them is not known, so that all of
/// it is due; a grant for once may have been used. Gives the paths of those that stand.
fn release_held(
    txn: &mut Txn,
    relationship: &Relationship,
    restored: &Restored,
) -> Result<BTreeSet<Path>, ReadError> {
    let mut standing = BTreeSet::new();
    let waiting = Mailbox::new(&relationship.id).waiting(txn)?;
    for mut stored in agreements::grants_of(txn, &relationship.id)? {
        let held = vendor_holds(restored, &stored)?;
        let is_under_way = waiting.iter().any(|entry| entry.id == stored.offered_message);
        stored.state.status = match (stored.state.status, held) {
            (GrantStatus::Held, Some(false)) => GrantStatus::Refused,
            (GrantStatus::Held, _) if stored.read()?.subject().mode == Mode::Once => GrantStatus::Used,
            (GrantStatus::Held, _) => GrantStatus::Standing,
            (GrantStatus::Offered, Some(false)) if !is_under_way => GrantStatus::Refused,
            _ => continue,
        };
        if stored.state.status == GrantStatus::Standing {
            standing.extend(stored.state.effective(&stored.read()?));
        }
        lines::remove_grant(txn, &stored.id()?)?;
        agreements::put_grant(txn, &stored)?;
    }
    Ok(standing)
}

/// A receipt in a home that was restored from a backup: the vendor tells again what it holds. The home may lack the grant; it
/// has its person's signature. It releases nothing until the person resumes the relationship.
///
/// # Errors
/// [`Code::ReceiptMismatch`] for what this person never signed, or has signed otherwise.
pub(crate) fn receipt(
    desk: &mut Desk<'_>,
    message: &Message,
    mut relationship: Relationship,
    receipt: &Grant,
) -> Result<(), Code> {
    let given = receipt.without_countersignature()?;
    relationship.counterpart().check_receipt(receipt, &given)?;
    let by_issuer = receipt.signers().first().is_some_and(|signer| signer.method.did == *receipt.issuer());
    if !by_issuer || !relationship.own_dids().contains(receipt.issuer()) {
        return Err(Code::ReceiptMismatch);
    }
    let stored = match agreements::grant(&*desk.txn, receipt.id()).map_err(failed)? {
        Some(mut stored) => {
            let known = match stored.standing_since {
                Some(_) => stored.read().map_err(failed)?.without_countersignature()?,
                None => stored.document.clone(),
            };
            if stored.relationship != *desk.relationship || known != given {
                return Err(Code::ReceiptMismatch);
            }
            if stored.standing_since.is_none() {
                stored.document = receipt.bytes().to_vec();
                stored.standing_since = Some(desk.now);
            }
            if stored.state.status == GrantStatus::Offered {
                stored.state.status = GrantStatus::Held;
            }
            stored
        }
        None => {
            let record = AuditRecord {
                at: desk.now,
                vendor: desk.peer.clone(),
                grant: Some(receipt.id().clone()),
                paths: receipt.subject().scope.iter().map(|item| item.path.clone()).collect(),
                event: AuditEvent::Regained,
            };
            audit::append(desk.txn, record).map_err(failed)?;
            StoredGrant {
                document: receipt.bytes().to_vec(),
                relationship: desk.relationship.clone(),
                state: GrantState { status: GrantStatus::Held, ..GrantState::offered() },
                given: desk.now,
                standing_since: Some(desk.now),
                revocations: Vec::new(),
                offered_message: message.id,
                last_release: 0,
            }
        }
    };
    agreements::put_grant(desk.txn, &stored).map_err(failed)?;
    if let Some(restored) = &mut relationship.restored {
        restored.vendor_holds.insert(receipt.id().clone());
    }
    relationships::save(desk.txn, &relationship).map_err(failed)
}

fn failed(_: ReadError) -> Code {
    Code::StorageFailed
}

/// Goes on where the vendor says that the mailboxes are.
///
/// # Errors
/// The store's, and those of the families that hear what was delivered.
pub(crate) fn realign(
    txn: &mut Txn,
    families: &Families<Linked>,
    id: &RelationshipId,
    vendor: &Did,
    to: Realigned,
    now: Timestamp,
) -> Result<AfterCommit, TakeError> {
    let Some(mut relationship) = relationships::get(txn, id)? else { return Ok(Vec::new()) };
    let Some(restored) = &mut relationship.restored else { return Ok(Vec::new()) };
    let mailbox = Mailbox::new(id);
    // Where the vendor has another message in a place than this home, nothing that waits is certainly from before the backup.
    let forked = match &to.last {
        Some(last) => mailbox.is_forked(txn, to.delivered, last)?,
        None => false,
    };
    let certain = if forked { mailbox.cursors(txn)?.delivered } else { restored.queued };
    let missed = to.delivered.saturating_sub(certain);
    restored.answer = Some(VendorAnswer { missed, told_at: to.told_at });
    let after = freehold_mailbox::delivered(txn, families, id, vendor, to.delivered.min(certain), now)?;
    // A move to a key that the vendor knows by now, from another copy of this home, is not to be told again.
    let moves = relationship.rotation.is_some();
    let is_obsolete = |entry: &Entry| entry.kind.as_str() == ROTATION && !moves;
    let moved = mailbox.realign(txn, certain, &to, is_obsolete)?;
    let place = |before: u64| moved.iter().find(|(seq, _)| *seq == before).map(|(_, after)| *after);
    for mut stored in agreements::grants_of(txn, id)? {
        let mut changed = false;
        for revocation in &mut stored.revocations {
            if let Some(seq) = place(revocation.seq) {
                revocation.seq = seq;
                changed = true;
            }
        }
        if changed {
            agreements::put_grant(txn, &stored)?;
        }
    }
    // The vendor has answered under this key, so it has taken no rotation away from it, whatever it has in that place: what the
    // families have made of it is written over.
    relationship.rotation = relationship.rotation.and_then(|seq| {
        let waits = (seq > to.delivered).then_some(seq);
        place(seq).or(waits)
    });
    relationship.invitation = None;
    relationship.unproven = false;
    relationship.last_connected = Some(now);
    relationship.last_error = None;
    relationships::save(txn, &relationship)?;
    Ok(after)
}

#[cfg(test)]
mod tests;
