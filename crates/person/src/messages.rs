//! Messages of further families: sent by hand, and what came of them.

use freehold_mailbox::{Draft, DraftError, Mailbox, SentView};
use freehold_protocol::audit::{AuditEvent, AuditRecord};
use freehold_store::ReadError;
use freehold_vault::relationships::Relationship;
use freehold_vault::{audit, relationships};

use crate::error::PersonError;
use crate::happening::What;
use crate::person::Person;
use crate::view::MessagesOfView;

impl Person {
    /// Queues a message of a family other than the protocol's own. It is in the audit log before it leaves.
    ///
    /// # Errors
    /// [`PersonError::Lookup`], or [`PersonError::Draft`] when it cannot be sent.
    pub async fn send_message(
        &self,
        vendor: &str,
        kind: &str,
        thread: Option<&str>,
        body: Vec<u8>,
    ) -> Result<SentView, PersonError> {
        let draft = Draft::new(kind, thread, body)?;
        let Relationship { id, vendor, .. } = relationships::meant_by(&self.inner.store, vendor)?;
        let (of, inner, now) = (id.clone(), self.inner.clone(), self.inner.now());
        let written = self.inner.store.write(move |txn| {
            let (entry, after) = draft.queue(txn, &inner.families, &of, &vendor, now)?;
            let event = AuditEvent::MessageSent { kind: entry.kind.clone(), seq: entry.seq };
            let record = AuditRecord { at: now, vendor, grant: None, paths: [].into(), event };
            audit::append(txn, record)?;
            Ok::<_, DraftError>((entry, after))
        });
        let (entry, after) = written.await.map_err(PersonError::from)?.into_inner();
        after.into_iter().for_each(|run| run());
        self.inner.bells.of(&id).ring();
        self.inner.bells.teller.tell(&[What::Delivery, What::Audit], Some(&id));
        let named = Mailbox::new(&id).named(&self.inner.store)?;
        Ok(SentView::new(&entry, named.as_deref()))
    }

    /// What there is to read of the vendors' messages: those that a family filed and those that could not be used; of
    /// one vendor when it is named.
    ///
    /// # Errors
    /// [`PersonError::Lookup`], or the store's.
    pub fn messages(&self, vendor: Option<&str>) -> Result<Vec<MessagesOfView>, PersonError> {
        let store = &self.inner.store;
        let meant = match vendor {
            Some(text) => vec![relationships::meant_by(store, text)?],
            None => relationships::all(store)?,
        };
        let mut all = Vec::new();
        for Relationship { id, vendor, .. } in meant {
            let messages = Mailbox::new(&id).readable(store)?;
            if !messages.is_empty() {
                all.push(MessagesOfView {
                    relationship: id.to_string(),
                    vendor: vendor.to_string(),
                    messages,
                });
            }
        }
        Ok(all)
    }

    /// Erases the messages that families filed; of one vendor when it is named. Gives how many there were.
    ///
    /// # Errors
    /// [`PersonError::Lookup`], or the store's.
    pub async fn forget_messages(&self, vendor: Option<&str>) -> Result<u64, PersonError> {
        let meant = vendor.map(|text| relationships::meant_by(&self.inner.store, text)).transpose()?;
        let forgotten = self.inner.store.write_urgent(move |txn| {
            let meant = match meant {
                Some(one) => vec![one],
                None => relationships::all(txn)?,
            };
            let mut forgotten = 0;
            for relationship in meant {
                forgotten += Mailbox::new(&relationship.id).forget_filed(txn)?;
            }
            Ok::<_, ReadError>(forgotten)
        });
        let forgotten = forgotten.await.map_err(PersonError::from)?.into_inner();
        self.inner.bells.teller.tell(&[What::Relationships], None);
        Ok(forgotten)
    }
}
