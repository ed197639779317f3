//! The hub's tables as views.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use freehold_mailbox::record::{decode, list, load};
use freehold_protocol::id::RelationshipId;
use freehold_protocol::identity::Did;
use freehold_protocol::path::Path;
use freehold_store::ReadError;

use crate::held;
use crate::log::{self, Hook, Record};
use crate::moves;
use crate::relationship::Relationship;
use crate::shared::Shared;
use crate::sinks::{Receiver, Waiting, dead};
use crate::tables::{self, Counters};
use crate::view::{CustomerView, DeadLetterView, EventView, HeldGrantView, StatsView};

/// Shortest prefix of an id that stands for it.
const ID_PREFIX_MIN: usize = 4;

/// Most events that are looked at one by one to count those that wait.
const COUNTED_MAX: usize = 1_000;

impl Shared {
    /// The relationship that somebody means by an id or its prefix, the vendor's reference, or a DID. A prefix that
    /// begins more than one id means none of them: the first would be a stranger's data in somebody's hands.
    pub(crate) fn meant(&self, text: &str) -> Result<Option<Relationship>, ReadError> {
        if let Ok(did) = Did::parse(text) {
            return match did.key() {
                Some(key) => Relationship::of_key(&self.store, &key),
                None => Ok(None),
            };
        }
        if let Some(id) = load::<RelationshipId>(&self.store, &tables::by_reference(&self.store, text))? {
            return Relationship::load(&self.store, &id);
        }
        if text.len() < ID_PREFIX_MIN {
            return Ok(None);
        }
        let mut found = None;
        for entry in self.store.scan(&tables::relationships()) {
            let known: Relationship = decode(&entry?.1)?;
            if known.id.is_meant_by(text) && found.replace(known).is_some() {
                return Ok(None);
            }
        }
        Ok(found)
    }

    pub(crate) fn customers(&self) -> Result<Vec<CustomerView>, ReadError> {
        let mut all: Vec<Relationship> = list(&self.store, &tables::relationships())?;
        all.sort_by(|a, b| (a.since, &a.id).cmp(&(b.since, &b.id)));
        all.into_iter().map(|known| self.customer(known)).collect()
    }

    pub(crate) fn customer(&self, known: Relationship) -> Result<CustomerView, ReadError> {
        let mut grants = Vec::new();
        for held in held::grants(&self.store, &known.id)? {
            grants.push(self.held_grant(&known.id, &held)?);
        }
        let mut values = held::values(&self.store, &known.id)?;
        values.sort_by_key(|value| value.seq);
        let last_update = values.last().map(|value| value.at.rfc3339());
        // The newest value of a path that two grants cover comes last and stays.
        let fields: BTreeMap<_, _> = values.into_iter().map(|v| (v.path.to_string(), v.value)).collect();
        Ok(CustomerView {
            id: known.uuid().to_owned(),
            did: known.peer.to_string(),
            vendor: self.keys.at(known.generation).did.to_string(),
            moved: known.generation >= self.keys.newest().generation,
            connected: self.is_connected(&known.id)?,
            since: known.since.rfc3339(),
            customer: known.customer,
            grants,
            fields,
            last_update,
        })
    }

    fn held_grant(&self, id: &RelationshipId, held: &held::Held) -> Result<HeldGrantView, ReadError> {
        let (status, paths) = self.status(id, held)?;
        Ok(HeldGrantView {
            id: held.grant.to_string(),
            status: status.to_owned(),
            paths: paths.iter().map(ToString::to_string).collect(),
        })
    }

    /// How a grant stands, and the paths that it covers now.
    pub(crate) fn status(
        &self,
        id: &RelationshipId,
        held: &held::Held,
    ) -> Result<(&'static str, BTreeSet<Path>), ReadError> {
        let (_, _, intake) =
            held::load_held(&self.store, self, id, &held.grant)?.ok_or(ReadError::Corrupt)?;
        let now = self.now();
        let paths = intake.effective(now);
        let status = match (intake.is_expired(now), paths.is_empty(), held.state.revoked.is_empty()) {
            (false, false, true) => "standing",
            (false, false, false) => "narrowed",
            (true, _, true) => "expired",
            _ => "revoked",
        };
        Ok((status, paths))
    }

    /// The receipt of a grant, in the bytes that both sides hold: of the one that is meant, or of the newest.
    pub(crate) fn credential(
        &self,
        known: &Relationship,
        meant: Option<&str>,
    ) -> Result<Option<String>, ReadError> {
        let held = held::grants(&self.store, &known.id)?;
        let found = match meant {
            None => held.last(),
            Some(text) => held.iter().rev().find(|held| held.grant.is_meant_by(text)),
        };
        let Some(found) = found else { return Ok(None) };
        let receipt = held::receipt(&self.store, self, &known.id, &found.grant)?.ok_or(ReadError::Corrupt)?;
        String::from_utf8(receipt.bytes().to_vec()).map(Some).map_err(|_| ReadError::Corrupt)
    }

    pub(crate) fn events(&self, after: u64, limit: usize) -> Result<Vec<EventView>, ReadError> {
        let sinks = self.sinks();
        let cursors = sinks.cursors(&self.store)?;
        let mut events = Vec::new();
        for record in log::after(&self.store, after, limit)? {
            let Some(cloudevent) = record.cloudevent_now(self)? else { continue };
            events.push(EventView {
                n: record.n,
                cloudevent,
                delivered: sinks.have(&record, &cursors),
                dead: Receiver::ALL.iter().any(|one| matches!(record.hook(*one), Hook::Dead { .. })),
            });
        }
        Ok(events)
    }

    pub(crate) fn dead_letters(&self) -> Result<Vec<DeadLetterView>, ReadError> {
        let mut letters = Vec::new();
        for receiver in Receiver::ALL {
            for n in dead(&self.store, receiver)? {
                let Some(record) = Record::load(&self.store, n)? else { continue };
                if let Hook::Dead { attempts, reason, at } = record.hook(receiver) {
                    letters.push(DeadLetterView {
                        n,
                        sink: receiver,
                        reason: reason.clone(),
                        attempts: *attempts,
                        at: at.rfc3339(),
                        id: record.id,
                        kind: record.kind,
                        subject: record.subject,
                    });
                }
            }
        }
        letters.sort_by_key(|letter| letter.n);
        Ok(letters)
    }

    /// How many events wait for a receiver. Of one that another replica delivers to, it is counted in the log.
    pub(crate) fn pending(&self, receiver: Receiver, waiting: &Waiting) -> Result<u64, ReadError> {
        if self.lease(receiver.name()).is_held() {
            return Ok(waiting.pending.load(Ordering::Relaxed));
        }
        let at = receiver.cursor(&self.store)?.unwrap_or_default();
        let looked_at = log::after(&self.store, at, COUNTED_MAX)?;
        let unseen = match looked_at.last() {
            Some(last) => self.last_event.borrow().saturating_sub(last.n),
            None => 0,
        };
        let due = looked_at.iter().filter(|record| record.hook(receiver).is_due()).count();
        let revived = self.store.scan(&tables::revived(receiver)).count();
        Ok((due + revived) as u64 + unseen)
    }

    pub(crate) fn stats(
        &self,
        since: std::time::Instant,
        updates_before: u64,
    ) -> Result<StatsView, ReadError> {
        let counters = Counters::load(&self.store)?;
        let last = *self.last_event.borrow();
        let sinks = self.sinks();
        let streams = sinks.cursors(&self.store)?.least().map_or(0, |least| last.saturating_sub(least));
        let receivers = sinks.receivers.iter().map(|(receiver, waiting)| self.pending(*receiver, waiting));
        let receivers = receivers.collect::<Result<Vec<_>, _>>()?;
        let dead_letters = Receiver::ALL.iter().map(|one| dead(&self.store, *one).map(|all| all.len()));
        let updates = counters.updates.saturating_sub(updates_before);
        Ok(StatsView {
            customers: usize::try_from(counters.customers).unwrap_or(usize::MAX),
            connected: self.sessions.count(),
            updates: counters.updates,
            updates_per_sec: updates as f64 / since.elapsed().as_secs_f64().max(0.001),
            events_pending: receivers.into_iter().fold(streams, u64::max),
            dead_letters: dead_letters.sum::<Result<_, _>>()?,
            not_moved: moves::behind(&self.store)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::tests::{alone, hub, relationship};

    #[test]
    fn the_beginning_of_an_id_means_one_customer_or_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let shared = hub(dir.path(), alone());
        let one = relationship(&shared, &[0xab, 0xcd, 0x10], 1);
        let other = relationship(&shared, &[0xab, 0xcd, 0x20], 2);
        for (text, wanted) in [
            ("abcd", None),
            ("abc", None),
            ("abcd10", Some(&one)),
            ("abcd20", Some(&other)),
            ("abcd30", None),
            (one.uuid(), Some(&one)),
            (other.peer.as_str(), Some(&other)),
        ] {
            let found = shared.meant(text).unwrap();
            assert_eq!(found.map(|known| known.id), wanted.map(|known| known.id.clone()), "{text}");
        }
    }
}
