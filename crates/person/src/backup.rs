//! Backing the home up while it is in use.

use std::path::Path;

use freehold_backup::{BackupError, Made, Recipient, Wish};

use crate::error::PersonError;
use crate::happening::What;
use crate::person::Person;
use crate::view::BackupView;

impl Person {
    /// Writes what has changed since the last backup in a folder, or everything where there is none to go on with: one moment of
    /// the vault, with every write that was acknowledged before. It is encrypted to the words, and to the age recipients named;
    /// none named means those of the last backup there. When this returns, the file is on disk.
    ///
    /// # Errors
    /// [`PersonError::Recipient`] or [`PersonError::Backup`]; what was there is as it was.
    pub async fn back_up(
        &self,
        dir: &Path,
        recipients: &[String],
        full: bool,
    ) -> Result<BackupView, PersonError> {
        let recipients: Result<Vec<Recipient>, _> =
            recipients.iter().map(|it| Recipient::parse(it)).collect();
        let wish = Wish { recipients: recipients?, full };
        let (inner, dir) = (self.inner.clone(), dir.to_owned());
        let made = tokio::task::spawn_blocking(move || {
            let now = inner.now();
            freehold_backup::back_up(&inner.store, &inner.seed, &inner.home, &dir, &wish, now)
        });
        let made = made.await.map_err(|_| {
            PersonError::Backup(BackupError::Store("the backup failed inside: look at the log".into()))
        })??;
        self.inner.schedule.made();
        self.inner.bells.teller.tell(&[What::Settings], None);
        tracing::info!(written = made.written, deleted = made.deleted, "the home was backed up");
        Ok(view(made))
    }
}

fn view(made: Made) -> BackupView {
    BackupView {
        chain: made.chain.to_string(),
        number: made.number,
        file: made.file.map(|file| file.display().to_string()),
        bytes: made.bytes,
        written: made.written,
        deleted: made.deleted,
        records: made.records,
        recipients: made.recipients,
        others: made.others.iter().map(ToString::to_string).collect(),
    }
}
