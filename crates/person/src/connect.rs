//! Following an invitation, and dialling.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use freehold_keystore::Seed;
use freehold_mailbox::{Mailbox, entropy};
use freehold_protocol::cbor;
use freehold_protocol::code::Code;
use freehold_protocol::connect::{INTRODUCTION, Introduction};
use freehold_protocol::data::REQUEST;
use freehold_protocol::id::RelationshipId;
use freehold_protocol::identity::{PublicKey, SigningKey};
use freehold_protocol::invitation::Invitation;
use freehold_protocol::mailbox::EntryBody;
use freehold_protocol::message::MessageType;
use freehold_resolver::ResolvedDid;
use freehold_store::planted::{self, Bug};
use freehold_store::{ReadError, WriteError};
use freehold_transport::{Address, Connection, DialError};
use freehold_vault::agreements;
use freehold_vault::relationships::{self, Relationship};

use crate::bell::lock;
use crate::error::PersonError;
use crate::happening::What;
use crate::person::{Inner, Person};
use crate::show;
use crate::task::Contact;
use crate::view::ConnectView;

/// How long `connect` waits for the vendor's request before it gives up or says that it is still to come: four
/// addresses that do not answer.
const FIRST_CONTACT: Duration = Duration::from_secs(20);

/// How far a first contact has come.
struct FirstContact {
    /// Whether a hello may have reached the vendor.
    reached: bool,
    transport: Option<&'static str>,
}

/// Why a vendor was not reached.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReachError {
    #[error("{0}")]
    Resolve(#[from] freehold_resolver::ResolveError),
    #[error("{0}")]
    Dial(#[from] DialError),
    #[error("{0}")]
    Store(#[from] ReadError),
    #[error("the vendor's hub has no address that can be dialled: ask it for a new invitation")]
    NoAddress,
}

/// Dials a relationship's vendor with the relationship's own key. A did:web is resolved afresh, so that moved hubs
/// and rotated replicas are found; replicas are tried in random order.
pub(crate) async fn dial(
    inner: &Arc<Inner>,
    relationship: &Relationship,
    key: SigningKey,
) -> Result<Connection, ReachError> {
    let resolved = inner.resolver.resolve(&relationship.vendor).await?;
    let mut addresses: BTreeSet<&str> = relationship.addresses.iter().map(String::as_str).collect();
    addresses.extend(resolved.addresses.iter().map(String::as_str));
    let addresses: Vec<Address> = addresses.into_iter().filter_map(|a| Address::parse(a).ok()).collect();
    if addresses.is_empty() {
        return Err(ReachError::NoAddress);
    }
    let addresses = shuffled(addresses);
    remember(inner, relationship, &resolved).await?;
    let dialled = freehold_transport::dial(&key, &addresses, &resolved.transport_keys, inner.limits).await;
    if let Err(DialError::WrongPeer { .. }) = &dialled {
        // A replica may have a key that was listed since the document was fetched.
        inner.resolver.forget(&relationship.vendor);
    }
    Ok(dialled?)
}

/// The same in an order drawn by lot: each replica is the first one for as many as any other.
fn shuffled<T>(mut all: Vec<T>) -> Vec<T> {
    for end in (1..all.len()).rev() {
        let random = u64::from_le_bytes(entropy()[..8].try_into().unwrap_or_default());
        let chosen = usize::try_from(random % (end as u64 + 1)).unwrap_or_default();
        all.swap(end, chosen);
    }
    all
}

/// Notes the keys that may sign documents for the vendor, for handlers that cannot resolve, and when its domain was asked.
async fn remember(
    inner: &Arc<Inner>,
    relationship: &Relationship,
    resolved: &ResolvedDid,
) -> Result<(), ReadError> {
    let keys: Vec<[u8; 32]> = resolved.assertion_keys.iter().map(|k| *k.key.as_bytes()).collect();
    let fetched = resolved.fetched();
    if relationship.assertion_keys == keys && relationship.fetched == fetched {
        return Ok(());
    }
    let id = relationship.id.clone();
    let noted = inner.store.write(move |txn| {
        if let Some(mut relationship) = relationships::get(txn, &id)? {
            relationship.assertion_keys = keys;
            relationship.fetched = fetched;
            relationships::save(txn, &relationship)?;
        }
        Ok::<_, ReadError>(())
    });
    match noted.await {
        Ok(_) => Ok(()),
        Err(WriteError::Refused(error) | WriteError::Read(error)) => Err(error),
        // The next session notes it again.
        Err(_) => Ok(()),
    }
}

impl Person {
    /// Follows an invitation: makes the relationship's own key, dials, and waits for what the vendor asks.
    ///
    /// # Errors
    /// [`PersonError::Invitation`], [`PersonError::Resolve`] or [`PersonError::Unreachable`]; then nothing of the
    /// relationship is left. [`PersonError::BadRequest`] when what the vendor asks cannot be used.
    pub async fn connect(&self, link: &str) -> Result<ConnectView, PersonError> {
        let invitation = Invitation::parse(link).map_err(|e| PersonError::Invitation(e.to_string()))?;
        if invitation.expires <= self.inner.now() {
            let text =
                format!("the invitation expired at {}: ask the vendor for a new one", invitation.expires);
            return Err(PersonError::Invitation(text));
        }
        let resolved = self.inner.resolver.resolve(&invitation.did).await?;
        let relationship = self.add_relationship(invitation, &resolved).await?;
        self.start_task(&relationship);
        let mut first = FirstContact { reached: false, transport: None };
        let asked = tokio::time::timeout(FIRST_CONTACT, self.first_contact(&relationship, &mut first)).await;
        let error = match asked {
            Ok(Ok(())) => return self.connect_view(&relationship, &first),
            Ok(Err(error)) => error,
            // The vendor may know this key by now: the relationship stays, and its task goes on.
            Err(_) if first.reached => return self.connect_view(&relationship, &first),
            Err(_) => PersonError::Unreachable(format!(
                "the vendor's hub did not answer within {} s: try again, or ask for a new invitation",
                FIRST_CONTACT.as_secs()
            )),
        };
        if matches!(error, PersonError::Invitation(_) | PersonError::Unreachable(_)) {
            self.forget(&relationship.id).await?;
        }
        Err(error)
    }

    async fn add_relationship(
        &self,
        invitation: Invitation,
        resolved: &ResolvedDid,
    ) -> Result<Relationship, PersonError> {
        let now = self.inner.now();
        let assertion_keys = resolved.assertion_keys.iter().map(|k| *k.key.as_bytes()).collect();
        let fetched = resolved.fetched();
        // The key's index is handed out inside the write, so the key is derived there too.
        let inner = self.inner.clone();
        let written = self.inner.store.write(move |txn| {
            let seed: &Seed = &inner.seed;
            let index = if planted::is_on(Bug::KeyShared) { 0 } else { relationships::draw_index()? };
            let own: PublicKey = seed.relationship_key(index, 0).public();
            let relationship = Relationship {
                id: RelationshipId::from_entropy(entropy()),
                index,
                generation: 0,
                own: own.did(),
                earlier: Vec::new(),
                rotation: None,
                unproven: false,
                vendor: invitation.did,
                earlier_vendors: Vec::new(),
                vendor_name: None,
                invitation: Some(invitation.token),
                addresses: invitation.addresses,
                assertion_keys,
                vendor_next_key: None,
                check_in_secs: None,
                restored: None,
                fetched,
                created: now,
                last_connected: None,
                last_error: None,
            };
            relationships::save(txn, &relationship)?;
            let next = seed.relationship_key(index, 1).public();
            let body = EntryBody::Fixed(cbor::encode(&Introduction::new(None, &next)));
            let kind = MessageType::parse(INTRODUCTION).map_err(|_| ReadError::Corrupt)?;
            Mailbox::new(&relationship.id).queue(txn, &kind, None, body, now)?;
            Ok::<_, ReadError>(relationship)
        });
        let relationship = written.await.map_err(PersonError::from)?.into_inner();
        self.inner.bells.teller.tell(&[What::Relationships], Some(&relationship.id));
        Ok(relationship)
    }

    /// Waits for the vendor's first request.
    async fn first_contact(
        &self,
        relationship: &Relationship,
        first: &mut FirstContact,
    ) -> Result<(), PersonError> {
        let mut contact = self.task(&relationship.id)?.contact();
        loop {
            let arrival = self.inner.bells.arrivals.notified();
            tokio::pin!(arrival);
            arrival.as_mut().enable();
            match contact.borrow_and_update().clone() {
                Contact::Refused(code) | Contact::Outdated(code) => {
                    let text =
                        format!("the vendor does not accept the invitation ({code}): ask it for a new one");
                    return Err(PersonError::Invitation(text));
                }
                Contact::Unreached(why) if !first.reached => return Err(PersonError::Unreachable(why)),
                Contact::Unreached(_) | Contact::Trying => {}
                // A hello may have been taken though its answer was lost: the invitation is used then, by this key.
                Contact::Lost(_) => first.reached = true,
                Contact::Open(name) => *first = FirstContact { reached: true, transport: Some(name) },
            }
            if !agreements::requests_of(&self.inner.store, &relationship.id)?.is_empty() {
                return Ok(());
            }
            if let Some(code) = self.refused_request(&relationship.id)? {
                return Err(PersonError::BadRequest(code));
            }
            tokio::select! {
                biased;
                () = &mut arrival => {}
                changed = contact.changed() => changed.map_err(|_| PersonError::Stopping)?,
            }
        }
    }

    /// Why a data request of the vendor could not be used.
    fn refused_request(&self, id: &RelationshipId) -> Result<Option<Code>, PersonError> {
        let kept = Mailbox::new(id).kept(&self.inner.store)?;
        Ok(kept.iter().find(|kept| kept.message.kind.as_str() == REQUEST).map(|kept| kept.code))
    }

    fn connect_view(
        &self,
        relationship: &Relationship,
        first: &FirstContact,
    ) -> Result<ConnectView, PersonError> {
        let request = agreements::requests_of(&self.inner.store, &relationship.id)?
            .into_iter()
            .next()
            .map(|request| show::request(&self.inner.store, &request))
            .transpose()?;
        Ok(ConnectView {
            relationship: relationship.id.to_string(),
            vendor: relationship.vendor.to_string(),
            did: relationship.own.to_string(),
            transport: first.transport.map(str::to_owned),
            request,
        })
    }

    /// Takes back a relationship that never began.
    async fn forget(&self, id: &RelationshipId) -> Result<(), PersonError> {
        let handle = lock(&self.inner.tasks).remove(id);
        if let Some(handle) = handle {
            handle.stop();
            handle.stopped().await;
        }
        self.inner.bells.remove(id);
        let of = id.clone();
        self.inner
            .store
            .write(move |txn| {
                Mailbox::new(&of).remove(txn)?;
                relationships::remove(txn, &of)?;
                Ok::<_, ReadError>(())
            })
            .await
            .map_err(PersonError::from)?;
        self.inner.bells.teller.tell(&[What::Relationships], Some(id));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::shuffled;

    #[test]
    fn each_address_comes_first_about_as_often_as_any_other() {
        let mut first = [0; 3];
        (0..3_000).for_each(|_| first[shuffled(vec![0, 1, 2])[0]] += 1);
        // Eight standard deviations from a thousand.
        assert!(first.iter().all(|count| (800..=1_200).contains(count)), "{first:?}");
    }
}
