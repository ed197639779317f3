//! What the person has chosen for the node, and who may use it besides.

use serde::{Deserialize, Serialize};

view!(
    /// When a backup is made by itself.
    #[serde(deny_unknown_fields)]
    BackupScheduleView {
        /// The folder: an absolute path.
        dir: String,
        /// After how many hours the next one is made.
        every_hours: u32,
        /// The age recipients that can open it beside the holder of the words.
        #[serde(default)]
        recipients: Vec<String>,
    }
);

/// What the person has chosen for the node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct SettingsView {
    /// What the person calls the node.
    pub name: Option<String>,
    /// `en` or `de`; what the browser asks for, when absent.
    pub language: Option<String>,
    /// `auto`, `light` or `dark`.
    pub appearance: String,
    /// When backups are made by themselves; never, when absent.
    pub backup: Option<BackupScheduleView>,
    /// Whether the person has shown that they have the 24 words on paper.
    pub words_confirmed: bool,
}

impl Default for SettingsView {
    /// As of a new home: nothing is chosen.
    fn default() -> Self {
        Self {
            name: None,
            language: None,
            appearance: "auto".to_owned(),
            backup: None,
            words_confirmed: false,
        }
    }
}

view!(
    /// The last backup that was made, or was not needed because nothing had changed.
    LastBackupView {
        /// When, RFC 3339.
        at: String,
        /// The folder.
        dir: String,
        /// The chain of files.
        chain: String,
        /// The number of the last file in it.
        number: u64,
    }
);

view!(
    /// A token of a program that may use the local interface.
    TokenView {
        /// What the person calls it.
        name: String,
        /// What it may do.
        scopes: Vec<String>,
        /// When it was added, RFC 3339.
        added: String,
        /// When it ends by itself.
        until: Option<String>,
    }
);
