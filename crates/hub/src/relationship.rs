//! Who the hub knows: relationships, and how an invitation begins one.

use freehold_mailbox::record::{load, save};
use freehold_mailbox::{Desk, Mailbox, entropy};
use freehold_protocol::code::Code;
use freehold_protocol::connect::{INTRODUCTION, Introduction};
use freehold_protocol::data::{Carried, REQUEST};
use freehold_protocol::document::DataRequest;
use freehold_protocol::id::{RelationshipId, RequestId};
use freehold_protocol::identity::{Did, PublicKey};
use freehold_protocol::time::Timestamp;
use freehold_store::database::Bell;
use freehold_store::{ReadError, Reader, Txn};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::keys::Identity;
use crate::moves;
use crate::shared::Shared;
use crate::tables::{self, Counters};

/// One person, as the hub knows them.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Relationship {
    pub(crate) id: RelationshipId,
    /// The person's pairwise DID.
    pub(crate) peer: Did,
    /// The pairwise DIDs before it, oldest first: what they signed stays good.
    pub(crate) earlier: Vec<Did>,
    /// The vendor's own reference.
    pub(crate) customer: Option<String>,
    pub(crate) since: Timestamp,
    /// What was asked, oldest first.
    pub(crate) requests: Vec<RequestId>,
    /// The person's commitment to their next key.
    pub(crate) next_key: Option<ByteBuf>,
    /// The first sequence of what a person who was restored from a backup was last told; `None` once that is out of date.
    #[serde(default)]
    pub(crate) told_since: Option<u64>,
    /// By which key of the vendor that person knew it.
    #[serde(default)]
    pub(crate) told_from: u32,
    /// The newest key of the vendor under which the person has opened a session: documents for them are signed by it.
    #[serde(default)]
    pub(crate) generation: u32,
    /// The newest key of which the person's mailbox has had the statement.
    #[serde(default)]
    pub(crate) stated: u32,
}

/// An invitation that was given out.
#[derive(Serialize, Deserialize)]
pub(crate) struct Invited {
    pub(crate) customer: Option<String>,
    pub(crate) request: RequestId,
    pub(crate) expires: Timestamp,
    /// The key of the vendor that the link names.
    #[serde(default)]
    pub(crate) generation: u32,
    /// Who used it.
    pub(crate) used_by: Option<Did>,
}

impl Relationship {
    pub(crate) fn load(reader: &impl Reader, id: &RelationshipId) -> Result<Option<Self>, ReadError> {
        load(reader, &tables::relationship(reader, id))
    }

    pub(crate) fn save(&self, txn: &mut Txn) {
        let key = tables::relationship(txn, &self.id);
        save(txn, key, self);
    }

    /// The relationship of a person's key.
    pub(crate) fn of_key(reader: &impl Reader, key: &PublicKey) -> Result<Option<Self>, ReadError> {
        match load::<RelationshipId>(reader, &tables::by_key(reader, key))? {
            Some(id) => Self::load(reader, &id),
            None => Ok(None),
        }
    }

    /// The relationship for a peer with this key, unless that key was replaced.
    ///
    /// # Errors
    /// [`Code::Rotated`].
    pub(crate) fn by(self, key: &PublicKey) -> Result<Self, Code> {
        if self.peer.key() == Some(*key) { Ok(self) } else { Err(Code::Rotated) }
    }

    /// Every DID that the person has or had here.
    pub(crate) fn person(&self) -> Vec<Did> {
        self.earlier.iter().chain([&self.peer]).cloned().collect()
    }

    /// Moves to the person's next key.
    pub(crate) fn rotate(&mut self, txn: &mut Txn, key: &PublicKey, next_key: [u8; 32]) {
        self.earlier.push(std::mem::replace(&mut self.peer, key.did()));
        self.next_key = Some(ByteBuf::from(next_key));
        self.save(txn);
        let by_key = tables::by_key(txn, key);
        save(txn, by_key, &self.id);
    }

    /// How events name the customer: the vendor's reference, else the pairwise DID.
    pub(crate) fn subject(&self) -> &str {
        self.customer.as_deref().unwrap_or(self.peer.as_str())
    }

    /// The id as people and events write it: the UUID alone.
    pub(crate) fn uuid(&self) -> &str {
        uuid(&self.id)
    }
}

/// The relationship whose mailboxes are meant by a bell: it is the bytes of its UUID.
pub(crate) fn of_bell(bell: &Bell) -> Option<RelationshipId> {
    let hex: String = bell.iter().map(|byte| format!("{byte:02x}")).collect();
    let uuid = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
    RelationshipId::parse(&format!("urn:uuid:{uuid}")).ok()
}

/// A relationship's UUID without the URN's prefix.
pub(crate) fn uuid(id: &RelationshipId) -> &str {
    id.as_str().trim_start_matches("urn:uuid:")
}

/// The invitation of a token and what it asks for, where it is still good.
pub(crate) fn invited(
    reader: &impl Reader,
    shared: &Shared,
    identity: &Identity,
    token: &[u8],
    now: Timestamp,
) -> Result<(Invited, DataRequest), Code> {
    let invitation = load(reader, &tables::invitation(reader, token)).map_err(|_| Code::StorageFailed)?;
    let invited: Invited = invitation.ok_or(Code::InvitationUnknown)?;
    if invited.used_by.is_some() {
        return Err(Code::InvitationUsed);
    }
    if now >= invited.expires {
        return Err(Code::InvitationExpired);
    }
    let request = shared.request(&invited.request, identity).ok_or(Code::InvitationUnknown)?;
    Ok((invited, request))
}

/// Lets a peer in that has dialled this key of the hub: a known key, or whoever presents a good invitation first.
pub(crate) fn admit(
    txn: &mut Txn,
    shared: &Shared,
    identity: &Identity,
    key: &PublicKey,
    token: &[u8],
    now: Timestamp,
) -> Result<Relationship, Code> {
    let storage = |_: ReadError| Code::StorageFailed;
    if let Some(known) = Relationship::of_key(txn, key).map_err(storage)? {
        return known.by(key);
    }
    let (mut invited, request) = invited(&*txn, shared, identity, token, now)?;
    let mut begun = Relationship {
        id: RelationshipId::from_entropy(entropy()),
        peer: key.did(),
        earlier: Vec::new(),
        customer: invited.customer.clone(),
        since: now,
        requests: vec![invited.request.clone()],
        next_key: None,
        told_since: None,
        told_from: 0,
        generation: identity.generation,
        stated: identity.generation,
    };
    invited.used_by = Some(begun.peer.clone());
    let invitation = tables::invitation(txn, token);
    save(txn, invitation, &invited);
    let by_key = tables::by_key(txn, key);
    save(txn, by_key, &begun.id);
    if let Some(customer) = &begun.customer {
        let by_reference = tables::by_reference(txn, customer);
        save(txn, by_reference, &begun.id);
    }
    Counters::change(txn, |counters| counters.customers += 1).map_err(storage)?;
    let introduction = Introduction::new(Some(shared.name.clone()), &identity.next);
    let mailbox = Mailbox::new(&begun.id);
    let mut desk = Desk::new(txn, &mailbox, &begun.id, &begun.peer, now);
    desk.queue(INTRODUCTION, None, freehold_protocol::cbor::encode(&introduction))?;
    desk.queue(REQUEST, None, Carried::body(request.bytes()))?;
    // The link may name a key that the vendor has moved on from.
    moves::tell(txn, &mut begun, now).map_err(storage)?;
    begun.save(txn);
    Ok(begun)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hearing::{EVENTS, REVIVED};

    #[test]
    fn a_bell_is_its_relationships_and_those_for_all_are_nobodys() {
        let id = RelationshipId::from_entropy([0xa7; 16]);
        assert_eq!(of_bell(&Mailbox::new(&id).bell()), Some(id));
        assert_eq!((of_bell(&EVENTS), of_bell(&REVIVED)), (None, None));
    }
}
