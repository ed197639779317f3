//! What needs the person now, and one relationship as a whole.

use std::collections::BTreeMap;

use freehold_mailbox::Mailbox;
use freehold_protocol::disclosure::GrantStatus;
use freehold_protocol::identity::Did;
use freehold_protocol::time::Timestamp;
use freehold_vault::relationships::{self, Relationship};
use freehold_vault::{agreements, audit, fields, lines};

use crate::error::PersonError;
use crate::person::Person;
use crate::view::{
    AttentionView, CheckedView, FailedView, KeptCountView, RelationshipDetailView, SilentView,
};
use crate::{restored, schedule, show};

impl Person {
    /// What needs the person now.
    ///
    /// # Errors
    /// The store's.
    pub fn attention(&self) -> Result<AttentionView, PersonError> {
        let (store, now) = (&self.inner.store, self.inner.now());
        let all = relationships::all(store)?;
        let mut view = AttentionView::default();
        for request in agreements::open_requests(store)? {
            view.requests.push(show::request(store, &request)?);
        }
        for relationship in &all {
            let messages = Mailbox::new(&relationship.id).kept_count(store)?;
            if messages > 0 {
                view.kept.push(KeptCountView {
                    relationship: relationship.id.to_string(),
                    vendor: relationship.vendor.to_string(),
                    vendor_name: relationship.vendor_name.clone().unwrap_or_default(),
                    messages,
                });
            }
            view.held_back.extend(restored::view(store, relationship)?);
            view.failed.extend(unreached(relationship));
        }
        let by_id: BTreeMap<&str, &Relationship> = all.iter().map(|it| (it.id.as_str(), it)).collect();
        view.silent = self.silent(&by_id, now)?;
        view.failed.extend(self.failed_lines(&by_id)?);
        let last = schedule::last(&self.inner);
        view.backup_age_secs = last.as_ref().map(|last| now.secs().saturating_sub(last.at.secs()));
        view.changes_since_backup = self.has_changed_since(last.map(|last| last.at))?;
        view.last_backup_error = self.inner.schedule.error().map(|(at, why)| format!("{at} {why}"));
        Ok(view)
    }

    /// The revocations that were not answered, the longest silent first.
    fn silent(
        &self,
        relationships: &BTreeMap<&str, &Relationship>,
        now: Timestamp,
    ) -> Result<Vec<SilentView>, PersonError> {
        let mut silent = Vec::new();
        for stored in agreements::unanswered(&self.inner.store)? {
            let Some(of) = relationships.get(stored.relationship.as_str()) else { continue };
            let delivered = Mailbox::new(&of.id).cursors(&self.inner.store)?.delivered;
            for revocation in stored.revocations.iter().filter(|it| it.erasure.is_none()) {
                let document = revocation.read()?;
                silent.push(SilentView {
                    relationship: of.id.to_string(),
                    vendor: of.vendor.to_string(),
                    vendor_name: of.vendor_name.clone().unwrap_or_default(),
                    grant: stored.id()?.to_string(),
                    revocation: document.id().to_string(),
                    paths: document.subject().paths.iter().map(ToString::to_string).collect(),
                    delivered: revocation.seq <= delivered,
                    silent_for_secs: now.secs().saturating_sub(revocation.at.secs()),
                });
            }
        }
        silent.sort_by_key(|it| std::cmp::Reverse(it.silent_for_secs));
        Ok(silent)
    }

    /// The fields of which a vendor has said that they had no effect, under what it still has a right to.
    fn failed_lines(
        &self,
        relationships: &BTreeMap<&str, &Relationship>,
    ) -> Result<Vec<FailedView>, PersonError> {
        let mut failed = Vec::new();
        for (id, line) in lines::failed(&self.inner.store)? {
            let Some(stored) = agreements::grant(&self.inner.store, &id)? else { continue };
            let may = matches!(stored.state.status, GrantStatus::Standing | GrantStatus::Used);
            let Some(of) = relationships.get(stored.relationship.as_str()) else { continue };
            let Some(outcome) = line.outcome.filter(|_| may && !stored.state.revoked.contains(&line.path))
            else {
                continue;
            };
            failed.push(FailedView {
                relationship: of.id.to_string(),
                vendor: of.vendor.to_string(),
                vendor_name: of.vendor_name.clone().unwrap_or_default(),
                state: outcome.outcome.to_string(),
                at: outcome.at.rfc3339(),
                grant: Some(id.to_string()),
                path: Some(line.path.to_string()),
                system: Some(outcome.system),
                detail: outcome.detail,
            });
        }
        Ok(failed)
    }

    /// Whether fields changed or the audit log went on since a moment; since ever, without one.
    fn has_changed_since(&self, moment: Option<Timestamp>) -> Result<bool, PersonError> {
        let store = &self.inner.store;
        let changed = fields::changes(store, 1)?.first().map(|change| change.at);
        let last = audit::head(store)?.n;
        let audited = audit::entries(store, last, 1)?.first().map(|entry| entry.at);
        Ok([changed, audited].into_iter().flatten().any(|at| moment.is_none_or(|moment| at > moment)))
    }

    /// One relationship, by its id or the beginning of it, or the vendor's DID.
    ///
    /// # Errors
    /// [`PersonError::Lookup`], or the store's.
    pub fn relationship(&self, id: &str) -> Result<RelationshipDetailView, PersonError> {
        let (store, now) = (&self.inner.store, self.inner.now());
        let it = relationships::meant_by(store, id)?;
        let mailbox = Mailbox::new(&it.id);
        let cursors = mailbox.cursors(store)?;
        let requests = agreements::requests_of(store, &it.id)?;
        let grants = agreements::grants_of(store, &it.id)?;
        Ok(RelationshipDetailView {
            id: it.id.to_string(),
            vendor: it.vendor.to_string(),
            earlier_vendors: it.earlier_vendors.iter().map(Did::to_string).collect(),
            vendor_name: it.vendor_name.clone().unwrap_or_default(),
            checked: checked(&it),
            did: it.own.to_string(),
            created: it.created.rfc3339(),
            connected: self.inner.bells.is_connected(&it.id),
            last_connected: it.last_connected.map(Timestamp::rfc3339),
            last_error: it.last_error.as_ref().map(|(at, why)| format!("{at} {why}")),
            waiting: cursors.queued - cursors.delivered,
            requests: requests.iter().map(|it| show::request(store, it)).collect::<Result<_, _>>()?,
            grants: grants.iter().map(|it| show::grant(store, it, now)).collect::<Result<_, _>>()?,
            held_back: restored::view(store, &it)?,
            kept: mailbox.kept_count(store)?,
        })
    }
}

/// A vendor whose last attempt failed, and that was not reached since.
fn unreached(relationship: &Relationship) -> Option<FailedView> {
    let (at, why) = relationship.last_error.as_ref()?;
    Some(FailedView {
        relationship: relationship.id.to_string(),
        vendor: relationship.vendor.to_string(),
        vendor_name: relationship.vendor_name.clone().unwrap_or_default(),
        state: "unreached".to_owned(),
        at: at.rfc3339(),
        detail: Some(why.clone()),
        ..FailedView::default()
    })
}

fn checked(relationship: &Relationship) -> CheckedView {
    let Some(web_id) = relationship.vendor.web_id() else {
        return CheckedView { method: "did:key".to_owned(), domain: None, fetched: None };
    };
    let domain = web_id.split(':').next().unwrap_or_default().replace("%3A", ":");
    CheckedView {
        method: "did:web".to_owned(),
        domain: Some(domain),
        fetched: relationship.fetched.map(Timestamp::rfc3339),
    }
}
