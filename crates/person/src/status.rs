//! Where everything stands: the fan-out ledger, relationships, the audit log.

use std::collections::BTreeMap;

use freehold_mailbox::Mailbox;
use freehold_protocol::audit::AuditEvent;
use freehold_protocol::path::Path;
use freehold_protocol::release::{Line, Version};
use freehold_protocol::time::Timestamp;
use freehold_vault::fields::{self, ChangeSet};
use freehold_vault::relationships::{self, Relationship};
use freehold_vault::{agreements, audit, lines};

use crate::error::PersonError;
use crate::person::Person;
use crate::view::{
    AuditVerifyView, AuditView, ChangeSummaryView, LineView, RelationshipView, StatusView, VendorStatusView,
};

/// Change sets that `status` lists without being asked for more.
const CHANGES_SHOWN: usize = 10;

/// Audit entries read at once while a log is verified or shown.
const AUDIT_SHOWN_MAX: usize = 10_000;

impl Person {
    /// Per vendor and field how far it has come; of one change set when one is named.
    ///
    /// # Errors
    /// [`PersonError::Lookup`], or the store's.
    pub fn status(&self, change: Option<&str>) -> Result<StatusView, PersonError> {
        let change = change.map(|id| fields::change_meant_by(&self.inner.store, id)).transpose()?;
        let mut vendors = Vec::new();
        for relationship in relationships::all(&self.inner.store)? {
            vendors.extend(self.vendor_status(&relationship, change.as_ref())?);
        }
        let changes = match change {
            Some(_) => Vec::new(),
            None => fields::changes(&self.inner.store, CHANGES_SHOWN)?.into_iter().map(summary).collect(),
        };
        Ok(StatusView { change: change.map(|c| c.id.to_string()), vendors, changes })
    }

    fn vendor_status(
        &self,
        relationship: &Relationship,
        change: Option<&ChangeSet>,
    ) -> Result<Vec<VendorStatusView>, PersonError> {
        let store = &self.inner.store;
        let cursors = Mailbox::new(&relationship.id).cursors(store)?;
        let head = VendorStatusView {
            relationship: relationship.id.to_string(),
            vendor: relationship.vendor.to_string(),
            vendor_name: relationship.vendor_name.clone().unwrap_or_default(),
            connected: self.inner.bells.is_connected(&relationship.id),
            last_connected: relationship.last_connected.map(Timestamp::rfc3339),
            last_error: relationship.last_error.as_ref().map(|(at, why)| format!("{at} {why}")),
            held_back: relationship.restored.is_some(),
            waiting: cursors.queued - cursors.delivered,
            grant: None,
            lines: Vec::new(),
        };
        let mut shown = Vec::new();
        for stored in agreements::grants_of(store, &relationship.id)? {
            let grant = stored.read()?;
            let mut wanted: BTreeMap<Path, Version> = BTreeMap::new();
            for path in stored.state.effective(&grant) {
                match change {
                    None => wanted.insert(path.clone(), fields::version(store, &path)?),
                    Some(change) => {
                        change.versions.get(&path).and_then(|version| wanted.insert(path.clone(), *version))
                    }
                };
            }
            let known = lines::of_grant(store, grant.id())?;
            for line in &known {
                let version = change.map_or(Some(0), |c| c.versions.get(&line.path).copied());
                if let Some(version) = version {
                    wanted.entry(line.path.clone()).or_insert(version);
                }
            }
            let lines: Vec<LineView> = wanted
                .into_iter()
                .filter(|(path, version)| *version > 0 || known.iter().any(|l| l.path == *path))
                .map(|(path, version)| {
                    let line = known.iter().find(|l| l.path == path).cloned();
                    line_view(line.unwrap_or_else(|| Line::new(path)), version)
                })
                .collect();
            if change.is_none() || !lines.is_empty() {
                shown.push(VendorStatusView { grant: Some(grant.id().to_string()), lines, ..head.clone() });
            }
        }
        if shown.is_empty() && change.is_none() {
            shown.push(head);
        }
        Ok(shown)
    }

    /// Every relationship.
    ///
    /// # Errors
    /// The store's.
    pub fn relationships(&self) -> Result<Vec<RelationshipView>, PersonError> {
        let view = |r: Relationship| RelationshipView {
            connected: self.inner.bells.is_connected(&r.id),
            id: r.id.to_string(),
            vendor: r.vendor.to_string(),
            vendor_name: r.vendor_name.unwrap_or_default(),
            did: r.own.to_string(),
        };
        Ok(relationships::all(&self.inner.store)?.into_iter().map(view).collect())
    }

    /// Entries of the audit log, oldest first: from a number on, or the newest.
    ///
    /// # Errors
    /// The store's.
    pub fn audit(&self, from: Option<u64>, limit: usize) -> Result<Vec<AuditView>, PersonError> {
        let limit = limit.min(AUDIT_SHOWN_MAX);
        let from = match from {
            Some(from) => from,
            None => (audit::head(&self.inner.store)?.n + 1).saturating_sub(limit as u64),
        };
        let entries = audit::entries(&self.inner.store, from, limit)?;
        Ok(entries.into_iter().map(audit_view).collect())
    }

    /// Verifies the chain of the audit log.
    ///
    /// # Errors
    /// The store's.
    pub fn audit_verify(&self) -> Result<AuditVerifyView, PersonError> {
        let verdict = audit::verify(&self.inner.store)?;
        Ok(AuditVerifyView {
            entries: audit::head(&self.inner.store)?.n,
            broken: verdict.err().map(|broken| broken.to_string()),
        })
    }
}

fn summary(change: ChangeSet) -> ChangeSummaryView {
    ChangeSummaryView {
        change: change.id.to_string(),
        at: change.at.rfc3339(),
        source: change.source,
        paths: change.versions.keys().map(Path::to_string).collect(),
    }
}

/// How far a version of a field has come: at least this version counts.
fn line_view(line: Line, version: Version) -> LineView {
    let sent = line.sent.filter(|mark| mark.version >= version);
    let stored = line.stored.filter(|mark| mark.version >= version);
    let outcome = line.outcome.filter(|outcome| stored.is_some_and(|mark| outcome.seq >= mark.seq));
    let state = match (&outcome, stored, sent) {
        (Some(outcome), _, _) => outcome.outcome.to_string(),
        (None, Some(_), _) => "stored".to_owned(),
        (None, None, Some(_)) => "sent".to_owned(),
        (None, None, None) => "pending".to_owned(),
    };
    LineView {
        path: line.path.to_string(),
        state,
        sent_at: sent.map(|mark| mark.at.rfc3339()),
        stored_at: stored.map(|mark| mark.at.rfc3339()),
        outcome_at: outcome.as_ref().map(|outcome| outcome.at.rfc3339()),
        system: outcome.as_ref().map(|outcome| outcome.system.clone()),
        detail: outcome.and_then(|outcome| outcome.detail),
    }
}

pub(crate) fn audit_view(entry: freehold_protocol::audit::AuditEntry) -> AuditView {
    let message = match &entry.event {
        AuditEvent::MessageSent { kind, .. } | AuditEvent::MessageReceived { kind, .. } => {
            Some(kind.to_string())
        }
        _ => None,
    };
    let event = audit::event_name(&entry.event).to_owned();
    let (purpose, code) = match entry.event {
        AuditEvent::Read { purpose } => (Some(purpose), None),
        AuditEvent::Denied { purpose, code } => (Some(purpose), Some(code.to_string())),
        _ => (None, None),
    };
    AuditView {
        n: entry.n,
        at: entry.at.rfc3339(),
        vendor: entry.vendor.to_string(),
        grant: entry.grant.map(|grant| grant.to_string()),
        paths: entry.paths.iter().map(Path::to_string).collect(),
        event,
        purpose,
        code,
        message,
    }
}
