//! What the vendor's messages do on the person's side.

use std::sync::Arc;

use freehold_keystore::Seed;
use freehold_mailbox::{Desk, Linked};
use freehold_protocol::audit::{AuditEvent, AuditRecord};
use freehold_protocol::code::Code;
use freehold_protocol::connect::{self, Introduction, Problem, VendorMoves};
use freehold_protocol::data::{self, Carried, Ended, Outcome};
use freehold_protocol::disclosure::{Grant, GrantState, GrantStatus};
use freehold_protocol::document::{DataRequest, Mode, VendorRotation};
use freehold_protocol::family::{Families, Family};
use freehold_protocol::mailbox::Entry;
use freehold_protocol::message::Message;
use freehold_protocol::release::OutcomeMark;
use freehold_protocol::vendor::Erasure;
use freehold_vault::agreements::{self, RequestState, StoredRequest};
use freehold_vault::relationships::{self, Relationship};
use freehold_vault::{audit, fields, lines};

use crate::bell::Bells;
use crate::happening::What;
use crate::{outgoing, restored};

/// Most data requests of one vendor that are kept: an agreement is renewed now and then, not hundreds of times.
const REQUESTS_MAX: usize = 200;

/// Most keys that one vendor may have had in a relationship: one a day for a year.
const EARLIER_VENDORS_MAX: usize = 365;

/// The families a person's node knows.
pub(crate) fn families(bells: &Arc<Bells>, seed: &Arc<Seed>) -> Families<Linked> {
    Families::new()
        .with(Connect { bells: bells.clone(), seed: seed.clone() })
        .with(Data { bells: bells.clone() })
}

struct Connect {
    bells: Arc<Bells>,
    seed: Arc<Seed>,
}

struct Data {
    bells: Arc<Bells>,
}

fn storage<E>(_: E) -> Code {
    Code::StorageFailed
}

/// Tells what a handler has done, once it is written down.
fn tell(bells: &Arc<Bells>, desk: &mut Desk<'_>, what: &'static [What]) {
    let (bells, of) = (bells.clone(), desk.relationship.clone());
    desk.after_commit(move || bells.teller.tell(what, Some(&of)));
}

fn relationship(desk: &Desk<'_>) -> Result<Relationship, Code> {
    relationships::get(&*desk.txn, desk.relationship).map_err(storage)?.ok_or(Code::StorageFailed)
}

impl Family<Linked> for Connect {
    fn name(&self) -> &'static str {
        connect::FAMILY
    }

    fn receive(&self, desk: &mut Desk<'_>, message: &Message) -> Result<(), Code> {
        match message.kind.as_str() {
            connect::INTRODUCTION => {
                let said = Introduction::decode(&message.body)?;
                let mut relationship = relationship(desk)?;
                if relationship.vendor_next_key.is_some_and(|committed| committed != said.next_key) {
                    return Err(Code::NotCommitted);
                }
                relationship.vendor_name = said.name;
                relationship.vendor_next_key = Some(said.next_key);
                relationships::save(desk.txn, &relationship).map_err(storage)?;
                tell(&self.bells, desk, &[What::Relationships]);
                Ok(())
            }
            connect::PROBLEM => {
                let problem: Problem = data::decode(&message.body)?;
                tracing::warn!(relationship = %desk.relationship, code = %problem.code, "the vendor could not use a message");
                let Some(thread) = message.thread else { return Ok(()) };
                for mut stored in agreements::grants_of(&*desk.txn, desk.relationship).map_err(storage)? {
                    if stored.offered_message == thread && stored.state.status == GrantStatus::Offered {
                        stored.state.status = GrantStatus::Refused;
                        agreements::put_grant(desk.txn, &stored).map_err(storage)?;
                    }
                }
                let bells = self.bells.clone();
                desk.after_commit(move || bells.arrivals.notify_waiters());
                tell(&self.bells, desk, &[What::Grants]);
                Ok(())
            }
            connect::VENDOR_ROTATION => self.vendor_rotation(desk, message),
            _ => Err(Code::UnknownType),
        }
    }

    fn compose(&self, _: &mut Desk<'_>, _: &Entry, _: &[u8]) -> Result<Vec<u8>, Code> {
        Err(Code::UnknownType)
    }

    fn delivered(&self, desk: &mut Desk<'_>, entry: &Entry) -> Result<(), Code> {
        if entry.kind.as_str() != connect::ROTATION {
            return Ok(());
        }
        let mut relationship = relationship(desk)?;
        // One that is not under way is of a home that was restored, and has come to that key another way.
        if relationship.rotation != Some(entry.seq) {
            return Ok(());
        }
        let next = self.seed.relationship_key(relationship.index, relationship.generation + 1);
        relationship.rotate(next.public().did());
        relationships::save(desk.txn, &relationship).map_err(storage)?;
        let bell = self.bells.of(desk.relationship);
        desk.after_commit(move || bell.ring_rotated());
        tell(&self.bells, desk, &[What::Relationships]);
        Ok(())
    }
}

impl Connect {
    /// The vendor moves to the key that it had committed to. What was agreed stays; from the next session on it is dialled
    /// under that key alone.
    fn vendor_rotation(&self, desk: &mut Desk<'_>, message: &Message) -> Result<(), Code> {
        let said = VendorMoves::decode(&message.body)?;
        let statement = VendorRotation::read(&said.document)?;
        let mut relationship = relationship(desk)?;
        if relationship.is_with(&statement.subject().id) {
            // Told again, to a home that was restored: it was taken before.
            return Ok(());
        }
        let committed = relationship.vendor_next_key;
        let (key, next_key) =
            statement.check_step(&relationship.vendor, committed.as_ref().map(|committed| &committed[..]))?;
        if relationship.earlier_vendors.len() >= EARLIER_VENDORS_MAX {
            return Err(Code::Busy);
        }
        let before = relationship.vendor.clone();
        relationship.move_vendor(&key, next_key, said.addresses);
        relationships::save(desk.txn, &relationship).map_err(storage)?;
        let (at, vendor, paths) = (desk.now, relationship.vendor, Default::default());
        let event = AuditEvent::VendorRotated { before };
        audit::append(desk.txn, AuditRecord { at, vendor, grant: None, paths, event }).map_err(storage)?;
        let bell = self.bells.of(desk.relationship);
        desk.after_commit(move || bell.ring_rotated());
        tell(&self.bells, desk, &[What::Relationships, What::Audit]);
        Ok(())
    }
}

impl Family<Linked> for Data {
    fn name(&self) -> &'static str {
        data::FAMILY
    }

    fn receive(&self, desk: &mut Desk<'_>, message: &Message) -> Result<(), Code> {
        match message.kind.as_str() {
            data::REQUEST => self.request(desk, message),
            data::RECEIPT => self.receipt(desk, message),
            data::OUTCOME => outcome(desk, message),
            data::ERASURE => self.erasure(desk, message),
            data::ENDED => self.ended(desk, message),
            _ => Err(Code::UnknownType),
        }?;
        let bells = self.bells.clone();
        desk.after_commit(move || bells.arrivals.notify_waiters());
        let what: &[What] = match message.kind.as_str() {
            data::REQUEST => &[What::Requests, What::Audit],
            data::RECEIPT => &[What::Grants],
            data::OUTCOME => &[What::Delivery],
            _ => &[What::Grants, What::Audit],
        };
        tell(&self.bells, desk, what);
        Ok(())
    }

    fn compose(&self, desk: &mut Desk<'_>, entry: &Entry, reference: &[u8]) -> Result<Vec<u8>, Code> {
        outgoing::compose_again(desk, entry, reference)
    }

    fn delivered(&self, desk: &mut Desk<'_>, entry: &Entry) -> Result<(), Code> {
        if entry.kind.as_str() != data::UPDATE {
            return Ok(());
        }
        let grant_id = outgoing::reference_of(entry)?;
        // The entry of the audit log may be of a composition that nothing was told of.
        tell(&self.bells, desk, &[What::Delivery, What::Audit]);
        for mut line in lines::of_grant(&*desk.txn, &grant_id).map_err(storage)? {
            if line.mark_delivered(entry.seq, desk.now) {
                lines::save(desk.txn, &grant_id, &line).map_err(storage)?;
            }
        }
        let Some(mut stored) = agreements::grant(&*desk.txn, &grant_id).map_err(storage)? else {
            return Ok(());
        };
        let grant = stored.read().map_err(storage)?;
        if grant.subject().mode == Mode::Once
            && stored.state.status == GrantStatus::Standing
            && !lacks_anything(desk, &grant, &stored.state)?
        {
            stored.state.status = GrantStatus::Used;
            agreements::put_grant(desk.txn, &stored).map_err(storage)?;
            let bell = self.bells.of(desk.relationship);
            desk.after_commit(move || bell.ring_reload());
            tell(&self.bells, desk, &[What::Grants]);
        }
        Ok(())
    }
}

impl Data {
    fn request(&self, desk: &mut Desk<'_>, message: &Message) -> Result<(), Code> {
        let document = data::decode::<Carried>(&message.body)?.document;
        let request = DataRequest::read(&document)?;
        relationship(desk)?.counterpart().check_request(&request, desk.told())?;
        let earlier = agreements::requests_of(&*desk.txn, desk.relationship).map_err(storage)?;
        if earlier.len() >= REQUESTS_MAX {
            return Err(Code::Busy);
        }
        if agreements::request(&*desk.txn, desk.relationship, request.id()).map_err(storage)?.is_some() {
            return Err(Code::RequestUnknown);
        }
        let stored = StoredRequest {
            document,
            relationship: desk.relationship.clone(),
            received: desk.now,
            message: message.id,
            state: RequestState::Open,
        };
        agreements::put_request(desk.txn, &stored).map_err(storage)?;
        let record = AuditRecord {
            at: desk.now,
            vendor: desk.peer.clone(),
            grant: None,
            paths: request.subject().fields.iter().map(|f| f.path.clone()).collect(),
            event: AuditEvent::Requested,
        };
        audit::append(desk.txn, record).map_err(storage)
    }

    fn receipt(&self, desk: &mut Desk<'_>, message: &Message) -> Result<(), Code> {
        let document = data::decode::<Carried>(&message.body)?.document;
        let receipt = Grant::read(&document)?;
        let relationship = relationship(desk)?;
        if relationship.restored.is_some() {
            return restored::receipt(desk, message, relationship, &receipt);
        }
        let mut stored =
            agreements::grant(&*desk.txn, receipt.id()).map_err(storage)?.ok_or(Code::ReceiptMismatch)?;
        // A person may have revoked before the receipt came; it is kept all the same, and opens nothing.
        let first = stored.standing_since.is_none();
        if stored.relationship != *desk.relationship || !first {
            return Err(Code::ReceiptMismatch);
        }
        relationship.counterpart().check_receipt(&receipt, &stored.document)?;
        stored.document = document;
        stored.standing_since = Some(desk.now);
        if stored.state.status == GrantStatus::Offered {
            stored.state.status = GrantStatus::Standing;
        }
        agreements::put_grant(desk.txn, &stored).map_err(storage)?;
        let bell = self.bells.of(desk.relationship);
        desk.after_commit(move || bell.ring_reload());
        Ok(())
    }

    /// Paths of a grant have ended at the vendor. It can only narrow what it gets.
    fn ended(&self, desk: &mut Desk<'_>, message: &Message) -> Result<(), Code> {
        let said = Ended::decode(&message.body)?;
        let stored = agreements::grant(&*desk.txn, &said.grant).map_err(storage)?;
        let mut stored = stored.filter(|it| it.relationship == *desk.relationship).ok_or(Code::NoGrant)?;
        let grant = stored.read().map_err(storage)?;
        if said.paths.iter().any(|path| grant.subject().scope.iter().all(|item| item.path != *path)) {
            return Err(Code::NotInScope);
        }
        if said.paths.is_subset(&stored.state.revoked) || stored.state.status == GrantStatus::Refused {
            return Ok(());
        }
        stored.state.revoke(&grant, &said.paths);
        agreements::put_grant(desk.txn, &stored).map_err(storage)?;
        let bell = self.bells.of(desk.relationship);
        desk.after_commit(move || bell.ring_reload());
        let (at, vendor, grant) = (desk.now, desk.peer.clone(), Some(said.grant));
        let record = AuditRecord { at, vendor, grant, paths: said.paths, event: AuditEvent::Ended };
        audit::append(desk.txn, record).map_err(storage)
    }

    fn erasure(&self, desk: &mut Desk<'_>, message: &Message) -> Result<(), Code> {
        let document = data::decode::<Carried>(&message.body)?.document;
        let receipt = Erasure::read(&document)?;
        let relationship = relationship(desk)?;
        relationship.counterpart().check_erasure(&receipt, &relationship.own_dids())?;
        // A vendor tells a restored home again, also of revocations that it no longer knows.
        let unexpected = if relationship.restored.is_some() { Ok(()) } else { Err(Code::ReceiptMismatch) };
        for mut stored in agreements::grants_of(&*desk.txn, desk.relationship).map_err(storage)? {
            let grant = stored.id().map_err(storage)?;
            for revocation in &mut stored.revocations {
                let ours = revocation.read().map_err(storage)?;
                if receipt.subject().revocation != ours.reference() {
                    continue;
                }
                receipt.check_answers(&ours)?;
                if revocation.erasure.is_some() {
                    return unexpected;
                }
                revocation.erasure = Some((document, desk.now));
                agreements::put_grant(desk.txn, &stored).map_err(storage)?;
                let record = AuditRecord {
                    at: desk.now,
                    vendor: desk.peer.clone(),
                    grant: Some(grant),
                    paths: receipt.subject().results.iter().map(|r| r.path.clone()).collect(),
                    event: AuditEvent::Erased,
                };
                return audit::append(desk.txn, record).map_err(storage);
            }
        }
        unexpected
    }
}

/// Whether the vendor still lacks something of a grant for once: a snapshot may take several updates.
fn lacks_anything(desk: &Desk<'_>, grant: &Grant, state: &GrantState) -> Result<bool, Code> {
    for path in state.effective(grant) {
        let version = fields::version(&*desk.txn, &path).map_err(storage)?;
        let line = lines::line(&*desk.txn, grant.id(), &path).map_err(storage)?;
        if line.map_or(version > 0, |line| line.lacks(Mode::Once, version)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn outcome(desk: &mut Desk<'_>, message: &Message) -> Result<(), Code> {
    let outcome = Outcome::decode(&message.body)?;
    let stored = agreements::grant(&*desk.txn, &outcome.grant).map_err(storage)?.ok_or(Code::NoGrant)?;
    if stored.relationship != *desk.relationship {
        return Err(Code::NoGrant);
    }
    let mut known = lines::of_grant(&*desk.txn, &outcome.grant).map_err(storage)?;
    for result in outcome.results {
        let Some(line) = known.iter_mut().find(|line| line.path == result.path) else { continue };
        let mark = OutcomeMark {
            seq: outcome.update,
            outcome: result.outcome,
            system: result.system,
            detail: result.detail,
            at: desk.now,
        };
        if line.mark_outcome(mark) {
            lines::save(desk.txn, &outcome.grant, line).map_err(storage)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
