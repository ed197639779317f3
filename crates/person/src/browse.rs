//! Fields as a page reads them: a screenful at a time, who can see them, and back to what they were.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use freehold_protocol::disclosure::Grant;
use freehold_protocol::id::{GrantId, RelationshipId};
use freehold_protocol::path::{Path, Prefix};
use freehold_protocol::time::Timestamp;
use freehold_protocol::vocabulary::Vocabulary;
use freehold_vault::agreements::{self, StoredGrant};
use freehold_vault::fields::{self, Change, FieldError};
use freehold_vault::relationships::{self, Relationship};

use crate::error::PersonError;
use crate::person::Person;
use crate::show;
use crate::values::label;
use crate::view::{ChangeView, CheckView, FacetView, FieldsAsk, FieldsPage, SharedWithView, SharingView};

/// Fields or entries of a page, when nobody says how many.
pub(crate) const PAGE: usize = 50;

/// Most fields or entries of a page.
pub(crate) const PAGE_MAX: usize = 1_000;

/// As many as were asked for, within reason.
pub(crate) fn page_of(limit: usize) -> usize {
    if limit == 0 { PAGE } else { limit.min(PAGE_MAX) }
}

impl Person {
    /// The facets with fields that hold a value, in order.
    ///
    /// # Errors
    /// The store's.
    pub fn facets(&self) -> Result<Vec<FacetView>, PersonError> {
        let view = |facet: fields::Facet| FacetView { facet: facet.name, fields: facet.fields };
        Ok(fields::facets(&self.inner.store)?.into_iter().map(view).collect())
    }

    /// Some of the fields that hold a value, by path. It costs as much as it shows.
    ///
    /// # Errors
    /// [`PersonError::Path`], or the store's.
    pub fn fields(&self, ask: &FieldsAsk) -> Result<FieldsPage, PersonError> {
        let prefix = ask.prefix.as_deref().map(Prefix::parse).transpose()?;
        let after = ask.after.as_deref().map(Path::parse).transpose()?;
        let limit = page_of(ask.limit);
        let mut found = fields::page(&self.inner.store, prefix.as_ref(), after.as_ref(), limit + 1)?;
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|last| last.path.to_string());
        let shown = found.into_iter().map(|version| self.field_view(version, false));
        Ok(FieldsPage { fields: shown.collect::<Result<_, _>>()?, next })
    }

    /// Who can see each of these fields now, and for what: also one that holds no value yet.
    ///
    /// # Errors
    /// [`PersonError::Path`], or the store's.
    pub fn sharing(&self, paths: &[String]) -> Result<Vec<SharingView>, PersonError> {
        let (store, now) = (&self.inner.store, self.inner.now());
        let mut grants: BTreeMap<GrantId, Option<(Grant, RelationshipId)>> = BTreeMap::new();
        let mut vendors: BTreeMap<RelationshipId, Option<Relationship>> = BTreeMap::new();
        let mut shown = Vec::new();
        for text in paths {
            let path = Path::parse(text)?;
            let mut with = Vec::new();
            for id in agreements::sharing(store, &path)? {
                let known = match grants.entry(id.clone()) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(free) => {
                        let stored = agreements::grant(store, &id)?;
                        let read =
                            |stored: StoredGrant| Ok::<_, PersonError>((stored.read()?, stored.relationship));
                        free.insert(stored.map(read).transpose()?)
                    }
                };
                let Some((grant, of)) = known else { continue };
                if grant.valid_until().is_some_and(|until| now >= until) {
                    continue;
                }
                let vendor = match vendors.entry(of.clone()) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(free) => free.insert(relationships::get(store, of)?),
                };
                let Some(vendor) = vendor else { continue };
                let item = grant.subject().scope.iter().find(|item| item.path == path);
                with.push(SharedWithView {
                    relationship: of.to_string(),
                    vendor: vendor.vendor.to_string(),
                    vendor_name: vendor.vendor_name.clone().unwrap_or_default(),
                    grant: id.to_string(),
                    purposes: item.map(|item| show::purposes(item.purposes.iter())).unwrap_or_default(),
                    until: grant.valid_until().map(Timestamp::rfc3339),
                });
            }
            with.sort_by(|a, b| (&a.vendor_name, &a.grant).cmp(&(&b.vendor_name, &b.grant)));
            shown.push(SharingView { path: path.to_string(), with });
        }
        Ok(shown)
    }

    /// What [`Person::set`] would make of a value. Nothing is written.
    ///
    /// # Errors
    /// [`PersonError::Path`] or [`PersonError::Field`], as [`Person::set`] would give it.
    pub fn check(&self, path: &str, value: &str) -> Result<CheckView, PersonError> {
        let path = Path::parse(path)?;
        let checked = Vocabulary::standard().check(&path, value);
        let checked = checked.map_err(|reason| FieldError::Value { path: path.clone(), reason })?;
        Ok(CheckView { value: checked.into_string(), label: label(&path) })
    }

    /// Gives a field the value again that it had in an earlier version, as a new version.
    ///
    /// # Errors
    /// [`PersonError::NoVersion`] when there is no such version, or as [`Person::set`].
    pub async fn undo(&self, path: &str, version: u64) -> Result<ChangeView, PersonError> {
        let path = Path::parse(path)?;
        let (key, now) = (self.inner.signing.clone(), self.inner.now());
        let undone = self.inner.store.write(move |txn| {
            // Read here, so that what is erased meanwhile does not come back.
            let Some(earlier) = fields::at(txn, &path, version)? else {
                return Err(PersonError::NoVersion { path: path.to_string(), version });
            };
            let change = Change { path, value: earlier.value };
            Ok(fields::apply(txn, &[change], "undo", now, &key)?)
        });
        Ok(self.changed(&undone.await?.into_inner()))
    }
}
