//! Customers as the staff looks at them: a page of them, or all there is of one.

use std::collections::{BTreeMap, BTreeSet};

use freehold_mailbox::record::{decode, load};
use freehold_protocol::id::RelationshipId;
use freehold_store::{Key, ReadError};

use crate::held;
use crate::hub::{Hub, logged};
use crate::log::{self, Record};
use crate::relationship::Relationship;
use crate::shared::Shared;
use crate::tables;
use crate::view::{
    CustomerDetailView, CustomerRowView, CustomersPageView, EventView, FieldView, GrantView,
    RequestAnswerView,
};

/// Most customers of a page.
const PAGE_MAX: usize = 200;

/// Most events of one customer that are looked at: more than a page of them is searched by their number.
const EVENTS_MAX: usize = 500;

impl Hub {
    /// Some of the relationships after the one of this id; from the first when none is given. Their order is that of the
    /// store: it stays the same, and means nothing.
    #[must_use]
    pub fn customers_page(&self, after: Option<&str>, limit: usize) -> CustomersPageView {
        let found = self.inner.shared.customers_page(after, limit.clamp(1, PAGE_MAX));
        found.unwrap_or_else(|error| {
            tracing::error!(%error, "the store cannot be read");
            CustomersPageView { customers: Vec::new(), next: None }
        })
    }

    /// The one relationship that is meant, as a row.
    #[must_use]
    pub fn customer_row(&self, text: &str) -> Option<CustomerRowView> {
        let shared = &self.inner.shared;
        let known = logged(shared.meant(text))?;
        logged(shared.row(&known).map(Some))
    }

    /// Everything of one relationship; named as for [`Hub::customer`].
    #[must_use]
    pub fn customer_detail(&self, text: &str) -> Option<CustomerDetailView> {
        let shared = &self.inner.shared;
        let known = logged(shared.meant(text))?;
        logged(shared.detail(known).map(Some))
    }

    /// A customer's latest events, newest first.
    #[must_use]
    pub fn customer_events(&self, text: &str, limit: usize) -> Vec<EventView> {
        let shared = &self.inner.shared;
        let Some(known) = logged(shared.meant(text)) else { return Vec::new() };
        logged(shared.events_of(&known.id, limit.min(EVENTS_MAX)))
    }
}

impl Shared {
    fn customers_page(&self, after: Option<&str>, limit: usize) -> Result<CustomersPageView, ReadError> {
        let all = tables::relationships();
        let begin = match after.map(|text| RelationshipId::parse(&format!("urn:uuid:{text}"))) {
            Some(Ok(id)) => tables::relationship(&self.store, &id),
            _ => all.clone(),
        };
        let mut customers = Vec::new();
        for entry in self.store.scan_after(&all, &begin).take(limit + 1) {
            let known: Relationship = decode(&entry?.1)?;
            customers.push(self.row(&known)?);
        }
        let more = customers.len() > limit;
        customers.truncate(limit);
        let next = customers.last().filter(|_| more).map(|last| last.id.clone());
        Ok(CustomersPageView { customers, next })
    }

    fn row(&self, known: &Relationship) -> Result<CustomerRowView, ReadError> {
        let values = held::values(&self.store, &known.id)?;
        let paths: BTreeSet<&str> = values.iter().map(|value| value.path.as_str()).collect();
        let mut standing = 0;
        for held in held::grants(&self.store, &known.id)? {
            let (_, _, intake) =
                held::load_held(&self.store, self, &known.id, &held.grant)?.ok_or(ReadError::Corrupt)?;
            standing += usize::from(!intake.effective(self.now()).is_empty());
        }
        Ok(CustomerRowView {
            id: known.uuid().to_owned(),
            customer: known.customer.clone(),
            did: known.peer.to_string(),
            connected: self.is_connected(&known.id)?,
            since: known.since.rfc3339(),
            fields: paths.len(),
            grants: standing,
            last_update: values.iter().map(|value| value.at).max().map(|at| at.rfc3339()),
        })
    }

    fn detail(&self, known: Relationship) -> Result<CustomerDetailView, ReadError> {
        let store = &self.store;
        let (mut grants, mut fields, mut answers) = (Vec::new(), Vec::new(), BTreeMap::new());
        for held in held::grants(store, &known.id)? {
            let (_, receipt, _) =
                held::load_held(store, self, &known.id, &held.grant)?.ok_or(ReadError::Corrupt)?;
            let (status, paths) = self.status(&known.id, &held)?;
            let subject = receipt.subject();
            answers.insert(subject.request.id.clone(), "granted");
            // Each value under the grant that brought it: the same path under another grant is another line.
            for path in &paths {
                let key = tables::value(store, &known.id, &held.grant, path);
                let Some(own) = load::<held::HeldValue>(store, &key)? else { continue };
                let item = subject.scope.iter().find(|item| item.path == *path);
                fields.push(FieldView {
                    path: path.to_string(),
                    value: own.value,
                    at: own.at.rfc3339(),
                    grant: held.grant.to_string(),
                    purposes: item.into_iter().flat_map(|item| item.purposes.iter().cloned()).collect(),
                });
            }
            grants.push(GrantView {
                id: held.grant.to_string(),
                status: status.to_owned(),
                paths: paths.iter().map(ToString::to_string).collect(),
                since: held.at.rfc3339(),
                until: receipt.valid_until().map(|until| until.rfc3339()),
                request: subject.request.id.to_string(),
                purposes: subject
                    .scope
                    .iter()
                    .flat_map(|item| item.purposes.iter().cloned())
                    .collect::<BTreeSet<_>>()
                    .into_iter()
                    .collect(),
                legal_basis: subject.legal_basis.clone(),
                retention: subject.retention.duration.clone(),
            });
        }
        fields.sort_by(|a, b| (&a.path, &a.grant).cmp(&(&b.path, &b.grant)));
        grants.reverse();
        let declined = self.declined(&known.id)?;
        let mut requests = Vec::new();
        for id in known.requests.iter().rev() {
            let Ok(ask) = self.ask(Some(id.as_str())) else { continue };
            let view = ask.view();
            let answer = match answers.get(id) {
                Some(answer) => answer,
                None if declined.contains(id.as_str()) => "declined",
                None => "pending",
            };
            requests.push(RequestAnswerView {
                id: view.id,
                title: view.title,
                fields: view.fields,
                answer: answer.to_owned(),
            });
        }
        Ok(CustomerDetailView {
            id: known.uuid().to_owned(),
            did: known.peer.to_string(),
            earlier: known.earlier.iter().map(ToString::to_string).collect(),
            vendor: self.keys.at(known.generation).did.to_string(),
            connected: self.is_connected(&known.id)?,
            since: known.since.rfc3339(),
            customer: known.customer,
            fields,
            grants,
            requests,
        })
    }

    /// The requests that a person has declined, as far as the events about that are kept.
    fn declined(&self, id: &RelationshipId) -> Result<BTreeSet<String>, ReadError> {
        let mut declined = BTreeSet::new();
        for record in self.records_of(id, usize::MAX)? {
            if record.kind == log::DECLINE
                && let Some(request) = record.data(&self.store)?.get("request").and_then(|id| id.as_str())
            {
                declined.insert(request.to_owned());
            }
        }
        Ok(declined)
    }

    /// A relationship's events, newest first.
    pub(crate) fn records_of(&self, id: &RelationshipId, limit: usize) -> Result<Vec<Record>, ReadError> {
        let of = tables::events_of(&self.store, id);
        let keys: Vec<Key> = self
            .store
            .scan(&of)
            .rev()
            .take(limit)
            .map(|entry| entry.map(|(key, _)| key))
            .collect::<Result<_, ReadError>>()?;
        let records = keys.iter().filter_map(Key::last_u64).map(|n| Record::load(&self.store, n));
        records.filter_map(Result::transpose).collect()
    }

    fn events_of(&self, id: &RelationshipId, limit: usize) -> Result<Vec<EventView>, ReadError> {
        let mut events = Vec::new();
        for record in self.records_of(id, limit)? {
            // An event at a time, as the list of all shows it.
            events.extend(self.events(record.n - 1, 1)?.into_iter().filter(|event| event.n == record.n));
        }
        Ok(events)
    }
}
