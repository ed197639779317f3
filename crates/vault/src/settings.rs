//! What the person has chosen for the node.

use freehold_mailbox::record;
use freehold_store::{Key, ReadError, Reader, Txn};
use serde::{Deserialize, Serialize};

use crate::tables::SETTINGS;

/// What the person has chosen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Settings {
    /// What they call the node.
    #[serde(default)]
    pub name: Option<String>,
    /// The language of the page.
    #[serde(default)]
    pub language: Option<String>,
    /// Whether the page is light or dark.
    #[serde(default)]
    pub appearance: Appearance,
    /// When backups are made by themselves.
    #[serde(default)]
    pub backup: Option<BackupSchedule>,
    /// Whether they have shown that they have the 24 words on paper.
    #[serde(default)]
    pub words_confirmed: bool,
}

/// Whether the page is light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Appearance {
    /// As the machine is that shows it.
    #[default]
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// When a backup is made by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupSchedule {
    /// The folder.
    pub dir: String,
    /// After how many hours the next one is made.
    pub every_hours: u32,
    /// The age recipients that can open it beside the holder of the words.
    pub recipients: Vec<String>,
}

/// What was chosen; of a new home, nothing.
///
/// # Errors
/// The store's.
pub fn get(reader: &impl Reader) -> Result<Settings, ReadError> {
    Ok(record::load(reader, &Key::new(SETTINGS))?.unwrap_or_default())
}

/// Writes all of it.
pub fn save(txn: &mut Txn, settings: &Settings) {
    record::save_erasable(txn, Key::new(SETTINGS), settings);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn what_was_chosen_last_is_kept() {
        let scratch = Scratch::new();
        assert_eq!(get(&scratch.store).unwrap(), Settings::default());
        let backup =
            BackupSchedule { dir: "/backup".into(), every_hours: 24, recipients: vec!["age1".into()] };
        let chosen = Settings {
            name: Some("home".into()),
            language: Some("de".into()),
            appearance: Appearance::Dark,
            backup: Some(backup),
            words_confirmed: true,
        };
        for settings in [chosen.clone(), Settings { backup: None, ..chosen }] {
            let saved = settings.clone();
            scratch.write(move |txn| {
                save(txn, &saved);
                Ok::<_, ReadError>(())
            });
            assert_eq!(get(&scratch.store).unwrap(), settings);
        }
    }
}
