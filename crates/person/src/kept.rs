//! Messages of vendors that could not be used: unknown is kept, not dropped.

use freehold_mailbox::Mailbox;
use freehold_store::ReadError;
use freehold_vault::relationships;

use crate::error::PersonError;
use crate::happening::What;
use crate::person::Person;
use crate::view::KeptOfView;

impl Person {
    /// The kept messages of every vendor that has any.
    ///
    /// # Errors
    /// The store's.
    pub fn kept(&self) -> Result<Vec<KeptOfView>, PersonError> {
        let mut all = Vec::new();
        for relationship in relationships::all(&self.inner.store)? {
            let kept = Mailbox::new(&relationship.id).kept(&self.inner.store)?;
            if !kept.is_empty() {
                all.push(KeptOfView {
                    relationship: relationship.id.to_string(),
                    vendor: relationship.vendor.to_string(),
                    messages: kept.iter().map(freehold_mailbox::Kept::view).collect(),
                });
            }
        }
        Ok(all)
    }

    /// Erases what is kept of every vendor; gives how many messages there were.
    ///
    /// # Errors
    /// The store's.
    pub async fn forget_kept(&self) -> Result<u64, PersonError> {
        let forgotten = self.inner.store.write_urgent(|txn| {
            let mut forgotten = 0;
            for relationship in relationships::all(txn)? {
                forgotten += Mailbox::new(&relationship.id).forget_kept(txn, u64::MAX)?;
            }
            Ok::<_, ReadError>(forgotten)
        });
        let forgotten = forgotten.await.map_err(PersonError::from)?.into_inner();
        self.inner.bells.teller.tell(&[What::Relationships], None);
        Ok(forgotten)
    }
}
