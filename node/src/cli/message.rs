//! The commands for messages of further families, of both roles.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum MessageCommand {
    /// Send a message of any family that has no commands of its own
    Send(Message),
    /// Show what came: the messages that a family filed, and those that could not be used
    List {
        /// Only of this vendor, or of this customer of a hub
        peer: Option<String>,
        /// Erase them instead; on a person's node only the filed ones, see `kept --forget`
        #[arg(long)]
        forget: bool,
    },
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Message {
    /// To whom: a vendor's DID or the relationship's id; on a hub, your reference, the id or the person's DID
    pub(crate) peer: String,
    /// Its type, family/version/name, such as note/1/note
    #[arg(value_name = "TYPE")]
    pub(crate) kind: String,
    /// The body, a map of DAG-CBOR, from this file, or from standard input for - [default: an empty map]
    #[arg(long, value_name = "FILE", conflicts_with = "json_body")]
    pub(crate) body: Option<PathBuf>,
    /// The body, an object of JSON, whole numbers only
    #[arg(long, value_name = "JSON")]
    pub(crate) json_body: Option<String>,
    /// The id of the message that it answers
    #[arg(long, value_name = "ID")]
    pub(crate) thread: Option<String>,
}
