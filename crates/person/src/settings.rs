//! What the person has chosen for the node, and the tokens of programs.

use std::path::Path;

use freehold_backup::Recipient;
use freehold_protocol::time::Timestamp;
use freehold_vault::settings::{self, Appearance, BackupSchedule, Settings};
use freehold_vault::tokens::{self, Token};

use crate::error::PersonError;
use crate::happening::What;
use crate::person::Person;
use crate::view::{BackupScheduleView, SettingsView, TokenView};

/// The languages of the page.
const LANGUAGES: [&str; 2] = ["en", "de"];

/// Longest name of a node in bytes: it stands in the title of the page.
const NAME_BYTES_MAX: usize = 64;

/// Most hours between two backups: a quarter of a year.
const EVERY_HOURS_MAX: u32 = 24 * 90;

impl Person {
    /// What the person has chosen.
    ///
    /// # Errors
    /// The store's.
    pub fn settings(&self) -> Result<SettingsView, PersonError> {
        let chosen = settings::get(&self.inner.store)?;
        let appearance = match chosen.appearance {
            Appearance::Auto => "auto",
            Appearance::Light => "light",
            Appearance::Dark => "dark",
        };
        let schedule = |it: BackupSchedule| BackupScheduleView {
            dir: it.dir,
            every_hours: it.every_hours,
            recipients: it.recipients,
        };
        Ok(SettingsView {
            name: chosen.name,
            language: chosen.language,
            appearance: appearance.to_owned(),
            backup: chosen.backup.map(schedule),
            words_confirmed: chosen.words_confirmed,
        })
    }

    /// Chooses all of it anew. Backups on the schedule begin, change or end with it.
    ///
    /// # Errors
    /// [`PersonError::Setting`] or [`PersonError::Recipient`], and nothing is changed then.
    pub async fn set_settings(&self, wanted: SettingsView) -> Result<(), PersonError> {
        let chosen = chosen(wanted)?;
        let written = self.inner.store.write(move |txn| {
            settings::save(txn, &chosen);
            Ok::<_, PersonError>(())
        });
        written.await?;
        self.inner.schedule.changed();
        self.inner.bells.teller.tell(&[What::Settings], None);
        Ok(())
    }

    /// The tokens of programs, the oldest first.
    ///
    /// # Errors
    /// The store's.
    pub fn tokens(&self) -> Result<Vec<TokenView>, PersonError> {
        Ok(tokens::all(&self.inner.store)?.into_iter().map(token_view).collect())
    }

    /// Adds a token by the SHA-256 of its text, which ends by itself where a moment is named. What its scopes mean is the caller's.
    ///
    /// # Errors
    /// [`PersonError::Token`].
    pub async fn add_token(
        &self,
        name: &str,
        digest: [u8; 32],
        scopes: Vec<String>,
        until: Option<Timestamp>,
    ) -> Result<TokenView, PersonError> {
        let added = self.inner.now();
        if until.is_some_and(|until| until <= added) {
            return Err(PersonError::Setting("the token's end must lie in the future".to_owned()));
        }
        let token = Token { name: name.to_owned(), digest, scopes, added, until };
        let added = token.clone();
        let written = self.inner.store.write(move |txn| tokens::add(txn, &added));
        written.await?;
        self.inner.bells.teller.tell(&[What::Settings], None);
        Ok(token_view(token))
    }

    /// Removes a token: when this returns, [`Person::token`] does not find it any more.
    ///
    /// # Errors
    /// [`PersonError::NoToken`], or the store's.
    pub async fn remove_token(&self, name: &str) -> Result<(), PersonError> {
        let of = name.to_owned();
        let removed = self.inner.store.write_urgent(move |txn| tokens::remove(txn, &of));
        if !removed.await?.into_inner() {
            return Err(PersonError::NoToken);
        }
        self.inner.bells.teller.tell(&[What::Settings], None);
        Ok(())
    }

    /// The token with this digest; `None` when there is none, or its time is over.
    ///
    /// # Errors
    /// The store's.
    pub fn token(&self, digest: &[u8; 32]) -> Result<Option<TokenView>, PersonError> {
        let now = self.inner.now();
        let token = tokens::get(&self.inner.store, digest)?;
        Ok(token.filter(|token| token.until.is_none_or(|until| now < until)).map(token_view))
    }
}

fn token_view(token: Token) -> TokenView {
    let Token { name, scopes, added, until, .. } = token;
    TokenView { name, scopes, added: added.rfc3339(), until: until.map(Timestamp::rfc3339) }
}

fn chosen(wanted: SettingsView) -> Result<Settings, PersonError> {
    let refused = |text: &str| Err(PersonError::Setting(text.to_owned()));
    let is_name = |name: &String| {
        !name.is_empty() && name.len() <= NAME_BYTES_MAX && !name.chars().any(char::is_control)
    };
    if !wanted.name.iter().all(is_name) {
        return refused("name the node in 1 to 64 bytes, without control characters");
    }
    if wanted.language.as_deref().is_some_and(|language| !LANGUAGES.contains(&language)) {
        return refused("the language is en or de");
    }
    let appearance = match wanted.appearance.as_str() {
        "auto" => Appearance::Auto,
        "light" => Appearance::Light,
        "dark" => Appearance::Dark,
        _ => return refused("the appearance is auto, light or dark"),
    };
    let backup = match wanted.backup {
        None => None,
        Some(it) if !Path::new(&it.dir).is_absolute() => {
            return refused("name the whole path of the backup's folder: it begins with /");
        }
        Some(it) if !(1..=EVERY_HOURS_MAX).contains(&it.every_hours) => {
            return refused("a backup is made every 1 to 2160 hours");
        }
        Some(it) => {
            it.recipients.iter().try_for_each(|text| Recipient::parse(text).map(drop))?;
            let BackupScheduleView { dir, every_hours, recipients } = it;
            Some(BackupSchedule { dir, every_hours, recipients })
        }
    };
    let SettingsView { name, language, words_confirmed, .. } = wanted;
    Ok(Settings { name, language, appearance, backup, words_confirmed })
}
