//! `backup` and `restore`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Passphrase;

#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Backup {
    /// The folder, on another disk than the home; it is made if it is not there
    #[arg(required = true)]
    pub(crate) dir: Option<PathBuf>,
    /// Let the holder of this age identity open it too, age1…; may be repeated. It gets your words with it.
    /// [default: those of the last backup there]
    #[arg(long, value_name = "AGE")]
    pub(crate) recipient: Vec<String>,
    /// Begin a new chain with everything; the older one stays and can be removed
    #[arg(long)]
    pub(crate) full: bool,
    #[command(subcommand)]
    pub(crate) command: Option<BackupCommand>,
}

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum BackupCommand {
    /// Read a backup whole and check every file; nothing is written
    Verify(VerifyBackup),
}

#[derive(Debug, Clone, Args)]
pub(crate) struct VerifyBackup {
    /// The folder
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) opening: Opening,
    /// Open it with the words that the home keeps, under the passphrase in this file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["words_file", "identity"])]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// What opens a backup.
#[derive(Debug, Clone, Args)]
pub(crate) struct Opening {
    /// Read the 24 words from this file, or - for standard input, instead of asking
    #[arg(long, value_name = "FILE")]
    pub(crate) words_file: Option<PathBuf>,
    /// Open it with an age identity instead of the words
    #[arg(long, value_name = "FILE", conflicts_with = "words_file")]
    pub(crate) identity: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Restore {
    /// The folder of the backup
    #[arg(required_unless_present = "words_only")]
    pub(crate) dir: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) opening: Opening,
    /// There is no backup: make a home from the words alone, without any data
    #[arg(long, conflicts_with_all = ["dir", "identity", "to", "chain"])]
    pub(crate) words_only: bool,
    /// The point to go back to [default: the last]
    #[arg(long, value_name = "N")]
    pub(crate) to: Option<u64>,
    /// The chain, by the digits in its files' names [default: the newest]
    #[arg(long)]
    pub(crate) chain: Option<String>,
    #[command(flatten)]
    pub(crate) passphrase: Passphrase,
}
