//! Requests and grants: show, approve, decline, revoke.

use std::collections::BTreeSet;

use freehold_mailbox::{Desk, Mailbox};
use freehold_protocol::audit::{AuditEvent, AuditRecord};
use freehold_protocol::cbor;
use freehold_protocol::data::{self, Carried, Decline};
use freehold_protocol::disclosure::{Grant, GrantState};
use freehold_protocol::document::{DataRequest, Document, GrantSubject, Issue};
use freehold_protocol::id::GrantId;
use freehold_protocol::path::Path;
use freehold_protocol::time::{Lag, Timestamp};
use freehold_store::planted::{self, Bug};
use freehold_vault::agreements::{self, RequestState, StoredGrant, StoredRequest};
use freehold_vault::relationships::{self, Relationship};
use freehold_vault::{audit, fields};

use crate::error::PersonError;
use crate::happening::What;
use crate::person::Person;
use crate::show;
use crate::view::{GrantView, RequestView, RevokeView};

impl Person {
    /// Every data request, newest last.
    ///
    /// # Errors
    /// The store's.
    pub fn requests(&self) -> Result<Vec<RequestView>, PersonError> {
        let stored = agreements::requests(&self.inner.store)?;
        stored.iter().map(|request| show::request(&self.inner.store, request)).collect()
    }

    /// One data request, by its id or the beginning of it.
    ///
    /// # Errors
    /// [`PersonError::Lookup`].
    pub fn request(&self, id: &str) -> Result<RequestView, PersonError> {
        show::request(&self.inner.store, &agreements::request_meant_by(&self.inner.store, id)?)
    }

    fn of_relationship(
        &self,
        id: &freehold_protocol::id::RelationshipId,
    ) -> Result<Relationship, PersonError> {
        relationships::get(&self.inner.store, id)?.ok_or_else(|| {
            PersonError::Store("a relationship is missing: restore the vault from a backup".into())
        })
    }

    /// Grants a request: everything it requires, and the optional fields that are named (all of them when `only` is
    /// absent and they hold a value).
    ///
    /// # Errors
    /// [`PersonError::MissingFields`] when the vault lacks required values, [`PersonError::State`] when the request
    /// is not open or a named path was not asked for.
    pub async fn approve(
        &self,
        id: &str,
        only: Option<Vec<String>>,
        until: Option<String>,
    ) -> Result<GrantView, PersonError> {
        let stored = agreements::request_meant_by(&self.inner.store, id)?;
        if stored.state != RequestState::Open {
            return Err(PersonError::State(
                "the request was answered already: `freehold requests` shows how".into(),
            ));
        }
        let request = stored.read()?;
        let now = self.inner.now();
        let until = until.map(|text| Timestamp::parse(&text)).transpose()?;
        if until.is_some_and(|until| until <= now) {
            return Err(PersonError::State("--until must lie in the future".into()));
        }
        let optional = match planted::is_on(Bug::SubsetIgnored) {
            true => request.subject().fields.iter().map(|field| field.path.clone()).collect(),
            false => self.chosen(&request, only)?,
        };
        let missing = self.missing(&request)?;
        if !missing.is_empty() {
            return Err(PersonError::MissingFields { paths: missing });
        }
        let relationship = self.of_relationship(&stored.relationship)?;
        let key = self.inner.seed.relationship_key(relationship.index, relationship.generation);
        let issue = Issue {
            id: GrantId::from_entropy(freehold_mailbox::entropy()),
            issuer: relationship.own.clone(),
            valid_from: now.told(Lag::of(&relationship.id)),
            valid_until: until,
            subject: GrantSubject::answering(&request, &optional),
        };
        let grant: Grant = Document::issue(issue, &key)?;
        let (grant_id, of) = (grant.id().clone(), relationship.id.clone());
        self.inner
            .store
            .write(move |txn| {
                let current = agreements::request(txn, &relationship.id, request.id())?.map(|r| r.state);
                if current != Some(RequestState::Open) {
                    return Err(PersonError::State("the request was answered already".into()));
                }
                let paths = grant.subject().scope.iter().map(|s| s.path.clone()).collect();
                let mailbox = Mailbox::new(&relationship.id);
                let mut desk = Desk::new(txn, &mailbox, &relationship.id, &relationship.vendor, now);
                let entry = desk.queue(data::GRANT, Some(stored.message), Carried::body(grant.bytes()))?;
                agreements::put_request(
                    txn,
                    &StoredRequest { state: RequestState::Granted(grant.id().clone()), ..stored },
                )?;
                let given = StoredGrant {
                    document: grant.bytes().to_vec(),
                    relationship: relationship.id.clone(),
                    state: GrantState::offered(),
                    given: now,
                    standing_since: None,
                    revocations: Vec::new(),
                    offered_message: entry.id,
                    last_release: 0,
                };
                agreements::put_grant(txn, &given)?;
                let grant = Some(grant.id().clone());
                let vendor = relationship.vendor.clone();
                audit::append(
                    txn,
                    AuditRecord { at: now, vendor, grant, paths, event: AuditEvent::Granted },
                )?;
                Ok(())
            })
            .await
            .map_err(PersonError::from)?;
        self.inner.bells.of(&of).ring();
        self.inner.bells.teller.tell(&[What::Requests, What::Grants, What::Audit], Some(&of));
        self.grant(grant_id.as_str())
    }

    /// The optional fields of the request that are to be granted.
    fn chosen(
        &self,
        request: &DataRequest,
        only: Option<Vec<String>>,
    ) -> Result<BTreeSet<Path>, PersonError> {
        let optional = request.subject().fields.iter().filter(|f| !f.required);
        match only {
            None => {
                let mut held = BTreeSet::new();
                for field in optional {
                    if fields::current(&self.inner.store, &field.path)?.is_some_and(|v| v.value.is_some()) {
                        held.insert(field.path.clone());
                    }
                }
                Ok(held)
            }
            Some(named) => {
                let named = named.iter().map(|p| Path::parse(p)).collect::<Result<BTreeSet<_>, _>>()?;
                if let Some(foreign) = named.iter().find(|path| request.subject().field(path).is_none()) {
                    return Err(PersonError::State(format!("the vendor did not ask for {foreign}")));
                }
                Ok(named)
            }
        }
    }

    fn missing(&self, request: &DataRequest) -> Result<Vec<String>, PersonError> {
        let mut missing = Vec::new();
        for field in request.subject().fields.iter().filter(|f| f.required) {
            if fields::current(&self.inner.store, &field.path)?.is_none_or(|v| v.value.is_none()) {
                missing.push(field.path.to_string());
            }
        }
        Ok(missing)
    }

    /// Declines a request. The vendor is told the reason, where the person gives one.
    ///
    /// # Errors
    /// [`PersonError::State`] when it was answered already, [`PersonError::Reason`] for a reason that cannot be sent.
    pub async fn decline(&self, id: &str, reason: Option<&str>) -> Result<RequestView, PersonError> {
        let reason = reason.map(str::trim).filter(|reason| !reason.is_empty()).map(str::to_owned);
        let stored = agreements::request_meant_by(&self.inner.store, id)?;
        let request = stored.read()?;
        let said = Decline::new(request.id().clone(), reason).map_err(|_| PersonError::Reason)?;
        let relationship = self.of_relationship(&stored.relationship)?;
        let (now, of, request_id) = (self.inner.now(), relationship.id.clone(), request.id().clone());
        self.inner
            .store
            .write(move |txn| {
                let current = agreements::request(txn, &relationship.id, request.id())?.map(|r| r.state);
                if current != Some(RequestState::Open) {
                    return Err(PersonError::State("the request was answered already".into()));
                }
                let mailbox = Mailbox::new(&relationship.id);
                let mut desk = Desk::new(txn, &mailbox, &relationship.id, &relationship.vendor, now);
                let body = cbor::encode(&said);
                desk.queue(data::DECLINE, Some(stored.message), body)?;
                agreements::put_request(txn, &StoredRequest { state: RequestState::Declined, ..stored })?;
                let paths = request.subject().fields.iter().map(|f| f.path.clone()).collect();
                let vendor = relationship.vendor.clone();
                let record = AuditRecord { at: now, vendor, grant: None, paths, event: AuditEvent::Declined };
                audit::append(txn, record)?;
                Ok(())
            })
            .await
            .map_err(PersonError::from)?;
        self.inner.bells.of(&of).ring();
        self.inner.bells.teller.tell(&[What::Requests, What::Audit], Some(&of));
        let declined = agreements::request(&self.inner.store, &of, &request_id)?;
        let declined = declined.ok_or_else(|| PersonError::Store("the request is gone".into()))?;
        show::request(&self.inner.store, &declined)
    }

    /// Every grant, oldest first.
    ///
    /// # Errors
    /// The store's.
    pub fn grants(&self) -> Result<Vec<GrantView>, PersonError> {
        let stored = agreements::grants(&self.inner.store)?;
        stored.iter().map(|grant| show::grant(&self.inner.store, grant, self.inner.now())).collect()
    }

    /// One grant, by its id or the beginning of it.
    ///
    /// # Errors
    /// [`PersonError::Lookup`].
    pub fn grant(&self, id: &str) -> Result<GrantView, PersonError> {
        show::grant(&self.inner.store, &agreements::grant_meant_by(&self.inner.store, id)?, self.inner.now())
    }

    /// The grant's credential: the exact bytes that both sides hold.
    ///
    /// # Errors
    /// As [`Person::grant`].
    pub fn credential(&self, id: &str) -> Result<String, PersonError> {
        String::from_utf8(agreements::grant_meant_by(&self.inner.store, id)?.document)
            .map_err(|_| PersonError::Store("the grant is damaged: restore the vault from a backup".into()))
    }

    /// Revokes a grant, or paths of it. When this returns it is on disk and nothing more of it is sent.
    ///
    /// # Errors
    /// [`PersonError::State`] when it is over already or does not cover a path.
    pub async fn revoke(&self, id: &str, paths: Option<Vec<String>>) -> Result<RevokeView, PersonError> {
        let stored = agreements::grant_meant_by(&self.inner.store, id)?;
        let grant = stored.id()?;
        let paths = paths
            .map(|paths| paths.iter().map(|p| Path::parse(p)).collect::<Result<BTreeSet<_>, _>>())
            .transpose()?;
        let revoked = self.task(&stored.relationship)?.revoke(grant.clone(), paths).await?;
        self.inner.bells.of(&stored.relationship).ring();
        Ok(RevokeView {
            grant: grant.to_string(),
            revocation: revoked.revocation.to_string(),
            paths: revoked.paths.iter().map(Path::to_string).collect(),
            last_sequence: revoked.last_sequence,
        })
    }
}
