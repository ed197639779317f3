//! The commands for tokens.

use clap::Subcommand;
use freehold_api::Scope;

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token; it is shown once
    Create {
        /// What you call it
        name: String,
        /// What it allows: read, write, share, admin
        #[arg(long, value_name = "SCOPES", value_delimiter = ',', required = true)]
        scope: Vec<Scope>,
        /// When it ends by itself, such as 2027-12-31
        #[arg(long, value_name = "DATE")]
        until: Option<String>,
    },
    /// Show the tokens there are
    List,
    /// Remove a token; whoever has it is let in no more
    Remove {
        /// Its name
        name: String,
    },
}
