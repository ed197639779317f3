//! `data/1`: grants, updates, revocations and declines.

use std::collections::BTreeSet;
use std::sync::Arc;

use freehold_mailbox::record::{load, save};
use freehold_mailbox::{Desk, Linked};
use freehold_protocol::code::Code;
use freehold_protocol::data::{
    Carried, DECLINE, Decline, FAMILY, GRANT, RECEIPT, REVOCATION, ReceivedUpdate, UPDATE, decode,
};
use freehold_protocol::disclosure::Grant;
use freehold_protocol::document::{Document, RevocationSubject};
use freehold_protocol::family::Family;
use freehold_protocol::intake::{IntakeState, check_grant};
use freehold_protocol::mailbox::Entry;
use freehold_protocol::message::Message;
use freehold_protocol::path::Path;
use freehold_store::ReadError;
use freehold_store::planted::{self, Bug};
use serde_json::{Value, json};

use crate::held::{self, End, Held, HeldValue};
use crate::log::{self, AnsweredBy, New, Owed};
use crate::relationship::Relationship;
use crate::shared::Shared;
use crate::sinks::{Answers, answer};
use crate::tables::{self, Counters};
use crate::worth::{self, What};

/// Most grants of one relationship: an agreement is renewed now and then, not hundreds of times.
const GRANTS_MAX: usize = 200;

/// The hub's side of the family.
pub(crate) struct Data {
    shared: Arc<Shared>,
}

impl Data {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    fn grant(&self, desk: &mut Desk<'_>, message: &Message) -> Result<(), Code> {
        let carried: Carried = decode(&message.body)?;
        let grant = Grant::read(&carried.document)?;
        let known = relationship(desk)?;
        let asked = &grant.subject().request.id;
        let keys = &self.shared.keys;
        // As it was asked, which may have been under an older key.
        let asking = keys.of_did(&grant.subject().id).unwrap_or_else(|| keys.at(known.generation));
        let asked = known.requests.contains(asked).then(|| self.shared.request(asked, &asking)).flatten();
        check_grant(&grant, &known.person(), asked.as_ref())?;
        grant.check_time(desk.now)?;
        let key = tables::held_grant(desk.txn, desk.relationship, grant.id());
        if load::<Held>(desk.txn, &key).map_err(storage)?.is_some() {
            return Err(Code::GrantMismatch);
        }
        if held::grants(desk.txn, desk.relationship).map_err(storage)?.len() >= GRANTS_MAX {
            return Err(Code::Busy);
        }
        let identity = keys.at(known.generation);
        let receipt = grant.countersign(&identity.vendor, &identity.did, desk.now)?;
        let key = tables::receipt(desk.txn, desk.relationship, grant.id());
        desk.txn.put(key, receipt.bytes());
        let held = Held { grant: grant.id().clone(), state: IntakeState::default(), at: desk.now };
        held::save_held(desk.txn, desk.relationship, &held);
        if let Some(until) = grant.valid_until() {
            let key = tables::end(desk.txn, until, desk.relationship, grant.id());
            let end = End { relationship: desk.relationship.clone(), grant: grant.id().clone() };
            save(desk.txn, key, &end);
        }
        desk.queue(RECEIPT, Some(message.id), Carried::body(receipt.bytes()))?;
        let paths: BTreeSet<Path> = grant.subject().scope.iter().map(|s| s.path.clone()).collect();
        let until = grant.valid_until().map(|until| until.rfc3339());
        let data = json!({"paths": paths.iter().map(Path::as_str).collect::<Vec<_>>(),
            "request": grant.subject().request.id, "until": until});
        let new = New {
            kind: log::GRANT,
            suffix: message.seq.to_string(),
            relationship: &known,
            grant: Some(grant.id()),
            paths,
            owed: None,
            cause: Some(message.id),
            data,
        };
        let n = self.append(desk, new)?;
        worth::add(desk.txn, What::GrantWon, &worth::Entry::new(n, &known.id, desk.now)).map_err(storage)
    }

    fn update(&self, desk: &mut Desk<'_>, message: &Message) -> Result<(), Code> {
        let update = ReceivedUpdate::decode(&message.body)?;
        let held = held::load_held(desk.txn, &self.shared, desk.relationship, &update.grant);
        let (mut held, receipt, mut intake) = held.map_err(storage)?.ok_or(Code::NoGrant)?;
        if update.fields.is_empty() {
            // The grant ended before it was sent: it only fills its place.
            return Ok(());
        }
        let now = if planted::is_on(Bug::ExpiryByPeerDate) { message.at } else { desk.now };
        let fields = intake.handle_update(message.seq, &update, now)?;
        held.state = intake.state().clone();
        held::save_held(desk.txn, desk.relationship, &held);
        let corrected = worth::addresses_corrected(desk.txn, desk.relationship, &update.grant, &fields);
        let corrected = corrected.map_err(storage)?;
        for (path, value) in &fields {
            let (path, value) = (path.clone(), value.clone());
            let kept = HeldValue { path, value, seq: message.seq, at: desk.now };
            held::save_value(desk.txn, desk.relationship, &update.grant, &kept);
        }
        Counters::change(desk.txn, |counters| counters.updates += 1).map_err(storage)?;
        let known = relationship(desk)?;
        let paths: BTreeSet<Path> = fields.keys().cloned().collect();
        let fields: serde_json::Map<String, Value> =
            fields.into_iter().map(|(path, value)| (path.to_string(), json!(value))).collect();
        let new = New {
            kind: log::UPDATE,
            suffix: message.seq.to_string(),
            relationship: &known,
            grant: Some(&update.grant),
            paths,
            owed: Some(Owed::new(message, AnsweredBy::Outcome)),
            cause: Some(message.id),
            data: json!({ "fields": fields }),
        };
        let n = self.append(desk, new)?;
        let (shared, id) = (Arc::clone(&self.shared), known.id.clone());
        desk.after_commit(move || held::keep_parsed(&shared, &id, receipt));
        if corrected > 0 {
            let entry = worth::Entry { pieces: corrected, ..worth::Entry::new(n, &known.id, desk.now) };
            worth::add(desk.txn, What::AddressCorrected, &entry).map_err(storage)?;
        }
        Ok(())
    }

    fn revocation(&self, desk: &mut Desk<'_>, message: &Message) -> Result<(), Code> {
        let carried: Carried = decode(&message.body)?;
        let revocation = Document::<RevocationSubject>::read(&carried.document)?;
        let grant = &revocation.subject().grant.id;
        let held = held::load_held(desk.txn, &self.shared, desk.relationship, grant);
        let (mut held, receipt, mut intake) = held.map_err(storage)?.ok_or(Code::NoGrant)?;
        let paths = intake.handle_revocation(&revocation, &relationship(desk)?.person())?;
        held.state = intake.state().clone();
        held::save_held(desk.txn, desk.relationship, &held);
        if !planted::is_on(Bug::ValuesKeptAfterRevoke) {
            held::erase_values(desk.txn, desk.relationship, grant, &paths);
        }
        log::scrub(desk.txn, desk.relationship, grant, &paths).map_err(storage)?;

        let mut known = relationship(desk)?;
        // A restored person who was told before this is to be told again.
        if known.told_since.take().is_some() {
            known.save(desk.txn);
        }
        let names: Vec<&str> = paths.iter().map(Path::as_str).collect();
        let left = receipt.subject().scope.iter().filter(|s| !held.state.revoked.contains(&s.path)).count();
        // Answered once the vendor's systems have taken it: a receipt before that would speak for them unheard.
        let owed = Owed::new(message, AnsweredBy::Erasure(revocation.reference()));
        for (kind, suffix, owed, data) in [
            (log::REVOKE, message.seq.to_string(), None, json!({"paths": names, "whole": left == 0})),
            (
                log::ERASE,
                format!("{}-erase", message.seq),
                Some(owed),
                json!({"paths": names, "reason": "revoked"}),
            ),
        ] {
            let (grant, paths) = (Some(grant), paths.clone());
            let cause = Some(message.id);
            let new = New { kind, suffix, relationship: &known, grant, paths, owed, cause, data };
            let n = self.append(desk, new)?;
            if kind == log::REVOKE {
                desk.txn.put(tables::revocation(desk.txn, desk.relationship, n), revocation.bytes());
                let what = if left == 0 { What::Revoked } else { What::Narrowed };
                worth::add(desk.txn, what, &worth::Entry::new(n, &known.id, desk.now)).map_err(storage)?;
            }
        }
        Ok(())
    }

    fn decline(&self, desk: &mut Desk<'_>, message: &Message) -> Result<(), Code> {
        let declined = Decline::decode(&message.body)?;
        let known = relationship(desk)?;
        if !known.requests.contains(&declined.request) {
            return Err(Code::RequestUnknown);
        }
        let mut data = json!({"request": declined.request});
        if let Some(reason) = declined.reason {
            data["reason"] = Value::String(reason);
        }
        let new = New {
            kind: log::DECLINE,
            suffix: message.seq.to_string(),
            relationship: &known,
            grant: None,
            paths: BTreeSet::new(),
            owed: None,
            cause: Some(message.id),
            data,
        };
        let n = self.append(desk, new)?;
        worth::add(desk.txn, What::Declined, &worth::Entry::new(n, &known.id, desk.now)).map_err(storage)
    }

    fn append(&self, desk: &mut Desk<'_>, new: New<'_>) -> Result<u64, Code> {
        let began = self.shared.begin();
        let mut record = log::append(desk.txn, new, desk.now).map_err(storage)?;
        let alone = self.shared.sinks().answers == Answers::Hub;
        if alone || planted::is_on(Bug::ErasureAnsweredEarly) {
            // There is no sink that could.
            answer::taken(desk.txn, &self.shared, alone, &mut record, &[], desk.now).map_err(storage)?;
        }
        let n = record.n;
        let shared = Arc::clone(&self.shared);
        desk.after_commit(move || {
            tracing::info!(trace = %record.trace(), id = record.id, kind = record.kind, event = n, "taken in");
            shared.done(&record, "take in", began, None, false);
            shared.stored(n, &record.kind);
        });
        Ok(n)
    }
}

impl Family<Linked> for Data {
    fn name(&self) -> &'static str {
        FAMILY
    }

    fn receive(&self, desk: &mut Desk<'_>, message: &Message) -> Result<(), Code> {
        let taken = match message.kind.as_str() {
            GRANT => self.grant(desk, message),
            UPDATE => self.update(desk, message),
            REVOCATION => self.revocation(desk, message),
            DECLINE => self.decline(desk, message),
            _ => Err(Code::UnknownType),
        };
        taken.inspect_err(|code| self.shared.metrics.rejected(*code))
    }

    fn compose(&self, _: &mut Desk<'_>, _: &Entry, _: &[u8]) -> Result<Vec<u8>, Code> {
        // A hub queues nothing that is composed later.
        Err(Code::UnknownType)
    }
}

fn relationship(desk: &Desk<'_>) -> Result<Relationship, Code> {
    Relationship::load(&*desk.txn, desk.relationship).map_err(storage)?.ok_or(Code::StorageFailed)
}

fn storage(_: ReadError) -> Code {
    Code::StorageFailed
}
