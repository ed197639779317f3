//! Moving relationships to their next keys.

use freehold_keystore::Seed;
use freehold_mailbox::Mailbox;
use freehold_protocol::audit::{AuditEvent, AuditRecord};
use freehold_protocol::connect::ROTATION;
use freehold_protocol::data::Carried;
use freehold_protocol::document::Rotation;
use freehold_protocol::id::{RelationshipId, RotationId};
use freehold_protocol::identity::Did;
use freehold_protocol::mailbox::EntryBody;
use freehold_protocol::message::MessageType;
use freehold_protocol::time::{Lag, Timestamp};
use freehold_store::Txn;
use freehold_vault::relationships::{self, Relationship};
use freehold_vault::{LookupError, audit};

use crate::error::PersonError;
use crate::happening::What;
use crate::person::Person;
use crate::view::RotateView;

impl Person {
    /// Moves one relationship, named by its id or the vendor's DID, or all of them to the key that the vendor holds a
    /// commitment to. The statement is on disk when this returns; the new key is used once the vendor has stored it.
    /// Grants stay.
    ///
    /// # Errors
    /// [`PersonError::Lookup`], or [`PersonError::State`] when a rotation of it is under way already.
    pub async fn rotate(&self, meant: Option<&str>) -> Result<Vec<RotateView>, PersonError> {
        let store = &self.inner.store;
        let chosen = match meant {
            Some(text) => vec![relationships::meant_by(store, text)?],
            None => {
                let mut all = relationships::all(store)?;
                all.retain(|relationship| relationship.rotation.is_none() && relationship.restored.is_none());
                all
            }
        };
        let mut views = Vec::new();
        for relationship in chosen {
            views.push(self.rotate_one(&relationship.id).await?);
        }
        Ok(views)
    }

    async fn rotate_one(&self, id: &RelationshipId) -> Result<RotateView, PersonError> {
        let (seed, now, id) = (self.inner.seed.clone(), self.inner.now(), id.clone());
        let of = id.clone();
        let stated = self.inner.store.write(move |txn| {
            let missing = || PersonError::Lookup(LookupError::Unknown { what: "relationship" });
            let mut relationship = relationships::get(txn, &id)?.ok_or_else(missing)?;
            if relationship.restored.is_some() {
                let text = "this relationship is held back since the restore: `freehold resume` moves it to its next key";
                return Err(PersonError::State(text.into()));
            }
            if relationship.rotation.is_some() {
                let text = "this relationship is moving to its next key already: it waits for the vendor";
                return Err(PersonError::State(text.into()));
            }
            let before = relationship.own.to_string();
            let after = state(txn, &seed, &mut relationship, now)?.to_string();
            let (id, vendor) = (relationship.id.to_string(), relationship.vendor.to_string());
            Ok(RotateView { relationship: id, vendor, before, after })
        });
        let view = stated.await.map_err(PersonError::from)?.into_inner();
        self.inner.bells.of(&of).ring();
        self.inner.bells.teller.tell(&[What::Relationships, What::Audit], Some(&of));
        Ok(view)
    }
}

/// States that a relationship moves to its next key, as part of a transaction. Gives the DID that begins.
pub(crate) fn state(
    txn: &mut Txn,
    seed: &Seed,
    relationship: &mut Relationship,
    now: Timestamp,
) -> Result<Did, PersonError> {
    let key = |step| seed.relationship_key(relationship.index, relationship.generation + step);
    let (old, new, after) = (key(0), key(1), key(2).public());
    let statement = Rotation::state(
        RotationId::from_entropy(freehold_mailbox::entropy()),
        relationship.vendor.clone(),
        [&old, &new],
        &after,
        now.told(Lag::of(&relationship.id)),
    )?;
    let kind = MessageType::parse(ROTATION)?;
    let body = EntryBody::Fixed(Carried::body(statement.bytes()));
    let entry = Mailbox::new(&relationship.id).queue(txn, &kind, None, body, now)?;
    relationship.rotation = Some(entry.seq);
    relationships::save(txn, relationship)?;
    let vendor = relationship.vendor.clone();
    let (paths, event) = (Default::default(), AuditEvent::Rotated);
    audit::append(txn, AuditRecord { at: now, vendor, grant: None, paths, event })?;
    Ok(new.public().did())
}
