//! The audit log as a page reads it: filtered, counted by day, and as the story of one relationship.

use std::collections::BTreeMap;

use freehold_protocol::audit::{AuditEntry, AuditEvent};
use freehold_protocol::identity::Did;
use freehold_protocol::path::Path;
use freehold_protocol::time::Timestamp;
use freehold_protocol::vocabulary::Vocabulary;
use freehold_vault::agreements::{self, StoredGrant};
use freehold_vault::audit::{self, Filter};
use freehold_vault::relationships::{self, Relationship};

use crate::browse::page_of;
use crate::error::PersonError;
use crate::person::Person;
use crate::show;
use crate::status::audit_view;
use crate::view::{AuditAsk, AuditCountView, AuditCountsAsk, AuditPage, TimelineView};

impl Person {
    /// Entries of the audit log for which all holds that is asked for, the newest first.
    ///
    /// # Errors
    /// [`PersonError::Path`], [`PersonError::Date`] or [`PersonError::Lookup`] for what is asked, or the store's.
    pub fn find_audit(&self, ask: &AuditAsk) -> Result<AuditPage, PersonError> {
        let vendors = ask.vendor.as_deref().map(|text| self.dids_of(text)).transpose()?;
        let filter = Filter {
            vendors: vendors.unwrap_or_default(),
            path: ask.path.as_deref().map(Path::parse).transpose()?,
            purpose: ask.purpose.as_deref().map(purpose),
            event: ask.event.clone(),
            since: ask.since.as_deref().map(since).transpose()?,
            until: ask.until.as_deref().map(Timestamp::parse).transpose()?,
            before: ask.before,
        };
        let found = audit::find(&self.inner.store, &filter, page_of(ask.limit))?;
        let next = found.entries.last().filter(|_| found.more).map(|last| last.n);
        Ok(AuditPage { entries: found.entries.into_iter().map(audit_view).collect(), next })
    }

    /// The DIDs that the vendors have and had that somebody means by a DID, or by a relationship's id or the beginning of it.
    fn dids_of(&self, text: &str) -> Result<Vec<Did>, PersonError> {
        let store = &self.inner.store;
        let Ok(did) = Did::parse(text) else {
            return Ok(vendor_dids(&relationships::meant_by(store, text)?));
        };
        // One vendor may be met twice; and one that is gone has left its entries.
        let mut dids = vec![did.clone()];
        for relationship in relationships::all(store)?.iter().filter(|it| it.is_with(&did)) {
            dids.extend(vendor_dids(relationship));
        }
        dids.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
        dids.dedup();
        Ok(dids)
    }

    /// How often values were released, read or denied, by day and vendor.
    ///
    /// # Errors
    /// [`PersonError::Date`], or the store's.
    pub fn audit_counts(&self, ask: &AuditCountsAsk) -> Result<Vec<AuditCountView>, PersonError> {
        let since = ask.since.as_deref().map(since).transpose()?;
        let until = ask.until.as_deref().map(Timestamp::parse).transpose()?;
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        for relationship in relationships::all(&self.inner.store)? {
            for did in vendor_dids(&relationship) {
                names.insert(did.to_string(), relationship.vendor_name.clone().unwrap_or_default());
            }
        }
        let counts = audit::counts(&self.inner.store, since, until)?;
        let view = |counted: audit::DayCount| AuditCountView {
            day: counted.begins().rfc3339().chars().take("2027-01-31".len()).collect(),
            vendor_name: names.get(counted.vendor.as_str()).cloned().unwrap_or_default(),
            vendor: counted.vendor.to_string(),
            event: counted.event,
            count: counted.count,
        };
        Ok(counts.into_iter().map(view).collect())
    }

    /// The story of one relationship, the newest first: what the audit log has of it, with its revocations and receipts. `before`
    /// is the number of the entry that the last page ended with.
    ///
    /// # Errors
    /// [`PersonError::Lookup`], or the store's.
    pub fn timeline(
        &self,
        id: &str,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<TimelineView>, PersonError> {
        let store = &self.inner.store;
        let relationship = relationships::meant_by(store, id)?;
        let grants: Vec<(String, StoredGrant)> = agreements::grants_of(store, &relationship.id)?
            .into_iter()
            .map(|stored| Ok::<_, PersonError>((stored.id()?.to_string(), stored)))
            .collect::<Result<_, _>>()?;
        let (vendors, limit) = (vendor_dids(&relationship), page_of(limit));
        let mut filter = Filter { vendors, before, ..Filter::default() };
        let mut story = Vec::new();
        loop {
            let found = audit::find(store, &filter, limit)?;
            filter.before = found.entries.last().map(|last| last.n);
            for entry in found.entries {
                let of = entry.grant.as_ref().map(ToString::to_string);
                let grant = of.as_ref().map(|of| grants.iter().find(|(id, _)| id == of));
                // A grant of another relationship with the same vendor.
                if matches!(grant, Some(None)) {
                    continue;
                }
                story.push(step(entry, grant.flatten().map(|(_, stored)| stored))?);
                if story.len() == limit {
                    return Ok(story);
                }
            }
            if !found.more {
                return Ok(story);
            }
        }
    }
}

/// One step of a story: a revocation or its answer is told apart from others of the same grant by its moment.
fn step(entry: AuditEntry, grant: Option<&StoredGrant>) -> Result<TimelineView, PersonError> {
    let mut view = TimelineView::default();
    for revocation in grant.iter().flat_map(|stored| &stored.revocations) {
        let document = revocation.read()?;
        let answered = revocation.erasure.as_ref().map(|(_, at)| *at);
        match entry.event {
            AuditEvent::Revoked
                if revocation.at == entry.at
                    && document.subject().paths.iter().all(|p| entry.paths.contains(p)) =>
            {
                view.revocation = Some(document.id().to_string());
            }
            AuditEvent::Erased if answered == Some(entry.at) => {
                view.revocation = Some(document.id().to_string());
                let receipt = revocation.read_erasure()?;
                view.erasure =
                    receipt.map(|receipt| receipt.subject().results.iter().map(show::erasure_line).collect());
            }
            _ => {}
        }
    }
    view.entry = audit_view(entry);
    Ok(view)
}

/// The DIDs that a vendor has and had.
fn vendor_dids(relationship: &Relationship) -> Vec<Did> {
    std::iter::once(&relationship.vendor).chain(&relationship.earlier_vendors).cloned().collect()
}

/// A purpose as the audit log has it: a name of the vocabulary stands for its IRI.
fn purpose(text: &str) -> String {
    Vocabulary::standard().purpose(text).map_or_else(|| text.to_owned(), |purpose| purpose.iri.clone())
}

/// A moment from which on something is asked for: a plain date means its beginning.
fn since(text: &str) -> Result<Timestamp, freehold_protocol::time::TimestampError> {
    let is_date = text.len() == "2027-01-31".len();
    Timestamp::parse(&if is_date { format!("{text}T00:00:00Z") } else { text.to_owned() })
}
