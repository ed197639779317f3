//! The grants of one relationship as its task holds them, each with its release machine.

use std::collections::{BTreeMap, BTreeSet};

use freehold_mailbox::Mailbox;
use freehold_protocol::id::{GrantId, RelationshipId};
use freehold_protocol::mailbox::Entry;
use freehold_protocol::path::Path;
use freehold_protocol::release::{Release, Version};
use freehold_protocol::time::Timestamp;
use freehold_store::{ReadError, Store};
use freehold_vault::{agreements, fields, lines};

use crate::bell::Bells;
use crate::outgoing::reference_of;

/// One grant.
struct Gate {
    release: Release,
    epoch: u32,
    until: Option<Timestamp>,
    /// The update that was released through this gate. One that was under way before was composed again by its
    /// family, with versions that this gate does not know.
    own: Option<u64>,
}

/// All grants of a relationship that release anything.
#[derive(Default)]
pub(super) struct Gates {
    gates: BTreeMap<GrantId, Gate>,
}

impl Gates {
    /// Reads the grants again and listens for exactly their paths.
    pub(super) fn load(
        &mut self,
        store: &Store,
        bells: &Bells,
        relationship: &RelationshipId,
    ) -> Result<(), ReadError> {
        let mut standing = Vec::new();
        let mut paths = BTreeSet::new();
        for stored in agreements::grants_of(store, relationship)? {
            let grant = stored.read()?;
            let effective = stored.state.effective(&grant);
            if !effective.is_empty() {
                paths.extend(effective.iter().cloned());
                standing.push((grant, stored.state.epoch, effective));
            }
        }
        // Listen first: a change that commits in between is then heard twice rather than not at all.
        bells.listen(relationship, &paths);
        let mailbox = Mailbox::new(relationship);
        let delivered = mailbox.cursors(store)?.delivered;
        let waiting = mailbox.waiting(store)?;
        self.gates.clear();
        for (grant, epoch, effective) in standing {
            let current = effective
                .into_iter()
                .map(|path| fields::version(store, &path).map(|version| (path, version)))
                .collect::<Result<BTreeMap<_, _>, _>>()?;
            let known = lines::of_grant(store, grant.id())?;
            let mut release = Release::new(grant.subject().mode, known, current, delivered);
            // One that was void when it was made last stands in no line, and may carry anything when it is made again.
            let of_grant = |entry: &&Entry| reference_of(entry).is_ok_and(|of| of == *grant.id());
            if let Some(entry) = waiting.iter().rev().find(of_grant) {
                release.handle_sent(entry.seq, &BTreeMap::new(), entry.at);
            }
            self.gates
                .insert(grant.id().clone(), Gate { release, epoch, until: grant.valid_until(), own: None });
        }
        Ok(())
    }

    /// For a planted fault: the grants, each of which is to get an update of its own.
    pub(super) fn grants(&self) -> Vec<GrantId> {
        self.gates.keys().cloned().collect()
    }

    pub(super) fn handle_changed(&mut self, changed: &BTreeMap<Path, Version>) {
        for gate in self.gates.values_mut() {
            changed.iter().for_each(|(path, version)| gate.release.handle_changed(path, *version));
        }
    }

    /// Gives whether the grants must be read again: an update that was composed again has arrived.
    #[must_use]
    pub(super) fn handle_delivered(&mut self, through: u64, now: Timestamp) -> bool {
        let mut stale = false;
        for gate in self.gates.values_mut() {
            let settled = gate.release.in_flight().filter(|seq| *seq <= through);
            stale |= settled.is_some() && settled != gate.own;
            gate.release.handle_delivered(through, now);
        }
        stale
    }

    pub(super) fn handle_sent(
        &mut self,
        grant: &GrantId,
        seq: u64,
        versions: &BTreeMap<Path, Version>,
        now: Timestamp,
    ) {
        if let Some(gate) = self.gates.get_mut(grant) {
            gate.release.handle_sent(seq, versions, now);
            gate.own = Some(seq);
        }
    }

    /// The next grant with something to release, and what.
    pub(super) fn poll_due(&self, now: Timestamp) -> Option<(GrantId, BTreeSet<Path>)> {
        self.gates
            .iter()
            .filter(|(_, gate)| gate.until.is_none_or(|until| now < until))
            .map(|(id, gate)| (id.clone(), gate.release.poll_due()))
            .find(|(_, due)| !due.is_empty())
    }

    /// Whether a release made under this epoch may still be sent.
    pub(super) fn is_current(&self, grant: &GrantId, epoch: u32) -> bool {
        self.gates.get(grant).is_some_and(|gate| gate.epoch == epoch)
    }

    /// Forgets a grant until the next load: its release failed.
    pub(super) fn shut(&mut self, grant: &GrantId) {
        self.gates.remove(grant);
    }
}

#[cfg(test)]
mod tests;
