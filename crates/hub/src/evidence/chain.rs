//! Which DIDs are one person, and which one vendor, by what they have signed themselves.

use std::collections::{BTreeMap, BTreeSet};

use freehold_protocol::code::Code;
use freehold_protocol::connect::commitment;
use freehold_protocol::document::{Rotation, VendorRotation};
use freehold_protocol::identity::Did;

/// Steps from one DID to the next, each signed by both.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// The DID before, by the one after, with what that one has committed to.
    steps: BTreeMap<Did, Step>,
}

#[derive(Debug)]
struct Step {
    before: Did,
    commits: [u8; 32],
}

impl Chain {
    /// Takes a person's statement, which moves them for one of these vendors.
    pub(super) fn person(&mut self, statement: &Rotation, vendors: &BTreeSet<Did>) -> Result<String, Code> {
        let said = statement.subject();
        if !vendors.contains(&said.vendor) {
            return Err(Code::WrongAudience);
        }
        let (before, committed) = (statement.issuer(), self.committed(statement.issuer(), &said.id)?);
        let (_, commits) = statement.check_step(before, &said.vendor, Some(&committed))?;
        Ok(self.took(before, &said.id, commits, "the person"))
    }

    /// Takes a vendor's statement.
    pub(super) fn vendor(&mut self, statement: &VendorRotation) -> Result<String, Code> {
        let said = statement.subject();
        let (before, committed) = (statement.issuer(), self.committed(statement.issuer(), &said.id)?);
        let (_, commits) = statement.check_step(before, Some(&committed))?;
        Ok(self.took(before, &said.id, commits, "the vendor"))
    }

    /// What the key before has committed to, where a statement says so. The first commitment was part of a message, and is not here:
    /// both signatures vouch for that step.
    fn committed(&self, before: &Did, after: &Did) -> Result<[u8; 32], Code> {
        match self.steps.get(before) {
            Some(step) => Ok(step.commits),
            None => Ok(commitment(&after.key().ok_or(Code::WrongSigner)?)),
        }
    }

    fn took(&mut self, before: &Did, after: &Did, commits: [u8; 32], who: &str) -> String {
        let is_first = !self.steps.contains_key(before);
        self.steps.insert(after.clone(), Step { before: before.clone(), commits });
        let how = if is_first {
            "signed by both keys"
        } else {
            "signed by both keys, to the one committed to before"
        };
        format!("{who} moved to another key: {how}")
    }

    /// Those of some DIDs that are not joined to the present one by statements.
    pub(super) fn unjoined(&self, present: &Did, dids: &BTreeSet<Did>) -> Vec<Did> {
        let mut joined = BTreeSet::from([present]);
        let mut at = present;
        // A ring of statements ends where it begins.
        while let Some(step) = self.steps.get(at)
            && joined.insert(&step.before)
        {
            at = &step.before;
        }
        dids.iter().filter(|did| !joined.contains(did)).cloned().collect()
    }
}
