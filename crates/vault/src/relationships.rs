//! Relationships: one vendor, under an identity that is used with nobody else.

use std::collections::BTreeSet;
use std::fmt;

use freehold_protocol::id::{GrantId, RelationshipId};
use freehold_protocol::identity::{Did, PublicKey};
use freehold_protocol::time::Timestamp;
use freehold_protocol::vendor::Vendor;
use freehold_store::{Key, ReadError, Reader, Txn};
use serde::{Deserialize, Serialize};

use crate::lookup::{LookupError, only};
use crate::parts;
use crate::tables::{RELATIONSHIPS, named};

/// One relationship. Its `Debug` shows the id only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relationship {
    /// Its id; never leaves the node.
    pub id: RelationshipId,
    /// Its place in the derivation of pairwise keys; never used for another.
    pub index: u64,
    /// How often its key was renewed.
    pub generation: u32,
    /// The person's DID in it.
    pub own: Did,
    /// The person's DIDs before it, oldest first: an answer to one of them may still come.
    pub earlier: Vec<Did>,
    /// Whether the vendor has not yet answered a hello under the present key: it may have refused the rotation.
    pub unproven: bool,
    /// The sequence of the statement that moves it to the next key, while the vendor has not stored it.
    pub rotation: Option<u64>,
    /// The vendor's DID.
    pub vendor: Did,
    /// The vendor's DIDs before it, oldest first: what it signed under one of them may still come.
    #[serde(default)]
    pub earlier_vendors: Vec<Did>,
    /// The vendor, as it calls itself.
    pub vendor_name: Option<String>,
    /// The invitation's token, until the first session used it.
    #[serde(with = "serde_bytes")]
    pub invitation: Option<[u8; 16]>,
    /// Where the vendor's hub is dialled.
    pub addresses: Vec<String>,
    /// The keys that may sign documents for the vendor, as its DID was last resolved.
    pub assertion_keys: Vec<[u8; 32]>,
    /// When the vendor's domain was last asked for its DID document; `None` where the DID is the key itself.
    #[serde(default)]
    pub fetched: Option<Timestamp>,
    /// The key that the vendor said it will use next.
    #[serde(with = "serde_bytes")]
    pub vendor_next_key: Option<[u8; 32]>,
    /// How many seconds may pass between connections when none is kept open.
    pub check_in_secs: Option<u32>,
    /// When it was made.
    pub created: Timestamp,
    /// When a session was last open.
    pub last_connected: Option<Timestamp>,
    /// What last went wrong, and when.
    pub last_error: Option<(Timestamp, String)>,
    /// What is known of it since the home was restored from a backup, until the person resumes it.
    #[serde(default)]
    pub restored: Option<Restored>,
}

/// A relationship in a home that was restored from a backup. What has happened since the backup is known to the vendor alone,
/// and to another copy of the home if there is one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Restored {
    /// The last sequence of this side's mailbox that is certainly from the backup.
    pub queued: u64,
    /// Whether the vendor is to be asked. Until then it is not dialled.
    pub asked: bool,
    /// What the vendor has answered.
    pub answer: Option<VendorAnswer>,
    /// The grants of which the vendor has sent its receipt again.
    pub vendor_holds: BTreeSet<GrantId>,
}

/// What a vendor answers to a home that was restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VendorAnswer {
    /// Messages of this side's that the vendor has and the backup has not.
    pub missed: u64,
    /// The sequence of the vendor's mailbox at which it has told what it holds; `None` where its program does not tell.
    pub told_at: Option<u64>,
}

impl fmt::Debug for Relationship {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Relationship({:?})", self.id)
    }
}

impl Relationship {
    /// The vendor with the keys that may sign for it, as its DID was last resolved.
    #[must_use]
    pub fn counterpart(&self) -> Vendor {
        let keys = self.assertion_keys.iter().filter_map(|key| PublicKey::from_bytes(key).ok());
        Vendor::new(self.vendor.clone(), keys).with_predecessors(self.earlier_vendors.iter().cloned())
    }

    /// Whether the vendor has or had this DID.
    #[must_use]
    pub fn is_with(&self, vendor: &Did) -> bool {
        self.vendor == *vendor || self.earlier_vendors.contains(vendor)
    }

    /// The vendor has moved to its next key, with a commitment to the one after it, and is dialled at these addresses.
    pub fn move_vendor(&mut self, key: &PublicKey, next_key: [u8; 32], addresses: Vec<String>) {
        self.earlier_vendors.push(std::mem::replace(&mut self.vendor, key.did()));
        self.assertion_keys = vec![*key.as_bytes()];
        self.vendor_next_key = Some(next_key);
        self.addresses = addresses;
    }

    /// The person's DIDs in this relationship: the present one and those before it.
    #[must_use]
    pub fn own_dids(&self) -> Vec<Did> {
        std::iter::once(&self.own).chain(&self.earlier).cloned().collect()
    }

    /// Moves to the next key: the vendor has stored the statement.
    pub fn rotate(&mut self, own: Did) {
        self.earlier.push(std::mem::replace(&mut self.own, own));
        self.generation += 1;
        self.rotation = None;
        self.unproven = true;
    }

    /// Goes back to the key before: the vendor has refused the rotation. Gives false if there is nothing to go back to.
    pub fn go_back(&mut self) -> bool {
        let before = self.unproven.then(|| self.earlier.pop()).flatten();
        let went_back = before.is_some();
        if let Some(before) = before {
            self.own = before;
            self.generation -= 1;
            self.unproven = false;
        }
        went_back
    }
}

/// Below are the indexes that earlier homes gave out one by one.
const INDEX_MIN: u64 = 1 << 32;

/// The index for the keys of a new relationship. It is drawn, not counted: a home that was restored, or another copy of it, never
/// takes one that was used since, and two vendors never see the same key. It stays below 2^53, which every JSON can carry.
///
/// # Errors
/// When the system has no randomness.
pub fn draw_index() -> Result<u64, ReadError> {
    let mut draw = [0; 8];
    freehold_store::entropy::fill(&mut draw)?;
    Ok(u64::from_be_bytes(draw) >> 12 | INDEX_MIN)
}

/// Writes a relationship that changed.
///
/// # Errors
/// The store's.
pub fn save(txn: &mut Txn, relationship: &Relationship) -> Result<(), ReadError> {
    let key = named(txn, RELATIONSHIPS, relationship.id.as_str());
    parts::save(txn, &key, relationship)
}

/// Removes a relationship that never began.
///
/// # Errors
/// The store's.
pub fn remove(txn: &mut Txn, id: &RelationshipId) -> Result<(), ReadError> {
    let key = named(txn, RELATIONSHIPS, id.as_str());
    txn.erase_prefix(&key).map(|_| ())
}

/// A relationship.
///
/// # Errors
/// The store's.
pub fn get(reader: &impl Reader, id: &RelationshipId) -> Result<Option<Relationship>, ReadError> {
    parts::load(reader, &named(reader, RELATIONSHIPS, id.as_str()))
}

/// All relationships, in the order they were made.
///
/// # Errors
/// The store's.
pub fn all(reader: &impl Reader) -> Result<Vec<Relationship>, ReadError> {
    let mut all: Vec<Relationship> = parts::list(reader, &Key::new(RELATIONSHIPS))?;
    all.sort_by(|a, b| (a.created, a.id.as_str()).cmp(&(b.created, b.id.as_str())));
    Ok(all)
}

/// The relationship that a person meant by its id, a prefix of it or the vendor's DID, which may be one it had before.
///
/// # Errors
/// [`LookupError`] unless it is exactly one.
pub fn meant_by(reader: &impl Reader, text: &str) -> Result<Relationship, LookupError> {
    let mut meant = all(reader)?;
    let is_with = |it: &Relationship| {
        it.vendor.as_str() == text || it.earlier_vendors.iter().any(|before| before.as_str() == text)
    };
    meant.retain(|it| it.id.is_meant_by(text) || is_with(it));
    only("relationship", meant)
}

#[cfg(test)]
pub(crate) mod tests {
    use freehold_protocol::identity::SigningKey;

    use super::*;
    use crate::scratch::Scratch;

    pub(crate) fn relationship(index: u64) -> Relationship {
        let byte = u8::try_from(index).unwrap() + 1;
        let mut id = [9; 16];
        id[3] = byte;
        Relationship {
            id: RelationshipId::from_entropy(id),
            index,
            generation: 0,
            own: SigningKey::from_seed(&[byte; 32]).public().did(),
            earlier: Vec::new(),
            rotation: None,
            unproven: false,
            vendor: SigningKey::from_seed(&[byte + 100; 32]).public().did(),
            earlier_vendors: Vec::new(),
            vendor_name: None,
            invitation: Some([byte; 16]),
            addresses: vec!["/ip4/192.0.2.1/udp/1/quic-v1".into()],
            assertion_keys: vec![[byte; 32]],
            fetched: None,
            vendor_next_key: None,
            check_in_secs: None,
            created: Timestamp::from_millis(1),
            last_connected: None,
            last_error: Some((Timestamp::from_millis(2), "not reachable".into())),
            restored: None,
        }
    }

    #[test]
    fn changes_are_kept_and_what_was_removed_is_gone() {
        let scratch = Scratch::new();
        scratch.write(|txn| (0..3).try_for_each(|index| save(txn, &relationship(index))));
        let changed = Relationship { invitation: None, vendor_next_key: Some([4; 32]), ..relationship(1) };
        let saved = changed.clone();
        scratch.write(move |txn| save(txn, &saved));
        scratch.write(|txn| remove(txn, &relationship(2).id));
        let scratch = scratch.reopened();
        assert_eq!(all(&scratch.store).unwrap(), [relationship(0), changed.clone()]);
        assert_eq!(get(&scratch.store, &changed.id).unwrap(), Some(changed));
        assert_eq!(get(&scratch.store, &relationship(2).id).unwrap(), None);
    }

    /// Nothing of the home goes into the draw, so that it is the same for any two copies, and for the same one again.
    #[test]
    fn two_copies_of_a_home_never_draw_the_same_index() {
        let drawn: BTreeSet<u64> = (0..1_000).map(|_| draw_index().unwrap()).collect();
        assert_eq!(drawn.len(), 1_000);
        assert!(drawn.iter().all(|index| (INDEX_MIN..1 << 53).contains(index)));
    }

    #[test]
    fn a_relationship_is_found_by_its_vendor_or_an_unambiguous_id() {
        let scratch = Scratch::new();
        scratch.write(|txn| (0..2).try_for_each(|index| save(txn, &relationship(index))));
        let found = |text: &str| meant_by(&scratch.store, text);
        assert_eq!(found(relationship(1).vendor.as_str()).unwrap(), relationship(1));
        assert_eq!(found(relationship(1).id.short()).unwrap(), relationship(1));
        assert!(matches!(found("090909"), Err(LookupError::Ambiguous { count: 2, .. })));
        assert!(matches!(found("ffff"), Err(LookupError::Unknown { .. })));
    }

    #[test]
    fn a_vendor_that_moved_is_found_under_its_old_name_too() {
        let scratch = Scratch::new();
        let before = relationship(0);
        let mut moved = before.clone();
        let key = SigningKey::from_seed(&[77; 32]).public();
        moved.move_vendor(&key, [5; 32], vec!["/ip4/192.0.2.1/udp/2/quic-v1".into()]);
        assert_eq!((&moved.vendor, &moved.earlier_vendors), (&key.did(), &vec![before.vendor.clone()]));
        assert_eq!((moved.vendor_next_key, &moved.own), (Some([5; 32]), &before.own));
        let saved = moved.clone();
        scratch.write(move |txn| save(txn, &saved));
        for did in [&before.vendor, &moved.vendor] {
            assert_eq!(meant_by(&scratch.store, did.as_str()).unwrap(), moved);
            assert!(moved.is_with(did));
        }
        assert!(!before.is_with(&moved.vendor));
    }

    /// 1. The person moves to the next key. 2. The vendor refuses it. 3. The person moves again, and the vendor answers.
    #[test]
    fn a_key_that_the_vendor_refused_is_given_up_and_one_that_it_took_is_not() {
        let mut moving = Relationship { rotation: Some(4), ..relationship(0) };
        let (first, second) = (moving.own.clone(), SigningKey::from_seed(&[88; 32]).public().did());
        assert!(!moving.go_back(), "nothing was before it");
        moving.rotate(second.clone());
        assert_eq!((&moving.own, moving.generation), (&second, 1));
        assert_eq!((moving.rotation, moving.unproven), (None, true));
        assert_eq!(moving.own_dids(), [second.clone(), first.clone()]);
        assert!(moving.go_back());
        assert_eq!((moving.own_dids(), moving.generation, moving.unproven), (vec![first.clone()], 0, false));
        moving.rotate(second.clone());
        moving.unproven = false;
        assert!(!moving.go_back());
        assert_eq!((moving.own_dids(), moving.generation), (vec![second, first], 1));
    }

    #[test]
    fn the_keys_that_sign_for_a_vendor_are_those_that_were_resolved() {
        let keys = [1, 2].map(|seed| SigningKey::from_seed(&[seed; 32]).public());
        // Zeros are no key that this protocol takes.
        let assertion_keys = vec![[0; 32], *keys[0].as_bytes()];
        let vendor = freehold_protocol::identity::Did::parse("did:web:shop.example").unwrap();
        let counterpart = Relationship { vendor, assertion_keys, ..relationship(0) }.counterpart();
        assert_eq!(keys.map(|key| counterpart.may_assert(&key)), [true, false]);
    }

    #[test]
    fn debug_shows_neither_the_token_nor_the_parties() {
        let shown = format!("{:?}", relationship(0));
        assert_eq!(shown, format!("Relationship({})", relationship(0).id));
    }
}
