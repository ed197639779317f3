//! The commands of a hub.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{MessageCommand, NewPassphrase, Passphrase};

#[derive(Debug, Subcommand)]
pub(crate) enum HubCommand {
    /// Make a hub's home
    Init(Init),
    /// Run the hub
    Run(HubRun),
    /// Change the passphrase of the home; stop the hub first
    Passphrase(NewPassphrase),
    /// Make a data request from a TOML file, for those you invite or whom you know already
    Ask {
        /// The file, or - for standard input
        #[arg(required_unless_present = "made")]
        file: Option<PathBuf>,
        /// Put a request to a customer whom you know already; may be repeated
        #[arg(long, value_name = "CUSTOMER")]
        to: Vec<String>,
        /// Instead of a file, the id of a request that was made before
        #[arg(long, value_name = "ID", conflicts_with = "file", requires = "to")]
        made: Option<String>,
    },
    /// Show the data requests
    Asks,
    /// Make a link, for one person, that begins a relationship
    Invite(Asking),
    /// Show the relationships, or one with the values it holds
    Customers {
        /// Your own reference, the id, or the person's DID
        customer: Option<String>,
    },
    /// Print the signed credential of a customer's grant, for anyone's tool
    Receipt {
        /// Your own reference, the id, or the person's DID
        customer: String,
        /// Which grant: its id or the beginning of it [default: the newest]
        grant: Option<String>,
    },
    /// Show what happened
    Events {
        /// Go on showing
        #[arg(long)]
        follow: bool,
        /// Only after this number
        #[arg(long, value_name = "N", default_value_t = 0)]
        after: u64,
    },
    /// Read fields from a person's node now
    Read {
        /// Your own reference, the id, or the person's DID
        customer: String,
        /// The fields
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<String>,
        /// For what, such as serviceProvision
        #[arg(long)]
        purpose: String,
    },
    /// Send and list messages of further families
    Message {
        #[command(subcommand)]
        command: MessageCommand,
    },
    /// Bring the CRM to what the hub holds, for one customer or for all
    Match {
        /// Your own reference, the id, or the person's DID
        customer: Option<String>,
        /// Only show every create, update and possible duplicate
        #[arg(long)]
        dry_run: bool,
    },
    /// The CRM that the hub keeps up to date
    Crm {
        #[command(subcommand)]
        command: CrmCommand,
    },
    /// Show the events that the webhook or the CRM did not take, or try them again
    DeadLetters {
        /// An event's number, or all
        #[arg(long, value_name = "N|all", value_parser = which)]
        retry: Option<Which>,
    },
    /// Send events again, with the same ids
    Replay {
        /// From which on: an event's number, or a time such as 2026-11-24T00:00:00Z
        #[arg(long, value_name = "TIME|N")]
        since: String,
        /// To this sink alone: jsonl, nats, postgres, webhook or crm [default: all that are configured]
        #[arg(long, value_name = "NAME")]
        sink: Option<String>,
    },
    /// Move to the next key of your did:key; customers follow when they next connect, and dial the new addresses alone then
    Rotate(Rotate),
    /// Show the hub's processes over one database, or take one that runs no more from the list
    Replicas {
        /// The number of one that runs no more
        #[arg(long, value_name = "N")]
        forget: Option<u32>,
    },
    /// Print the DID document to publish, with the keys and addresses of all replicas
    Did,
    /// Take no new sessions, let the open ones go a few at a time, and end the process; nothing is lost
    Drain,
    /// Show the hub's figures
    Stats,
    /// Show what the hub was good for, each figure measured or estimated
    Value,
    /// Write the evidence of a customer's consent, for a regulator; `freehold evidence verify` checks it
    Evidence {
        /// Your own reference, the id, or the person's DID
        customer: String,
        /// The archive to make
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
    },
    /// Say who may sign in to the staff's page
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Show what the staff did, and check that nothing was taken out
    Audit {
        /// Only before this number
        #[arg(long, value_name = "N")]
        before: Option<u64>,
        /// How many entries
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: usize,
    },
    /// Read hub.toml again, and take over what may change while the hub runs
    Reload,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CrmCommand {
    /// Whether it is reachable, takes the token, and has what the mapping names
    Check,
    /// Print the mapping that the program carries for a system, to change it
    Mapping {
        /// Which: tryton, odoo, espocrm, hubspot, salesforce or rest
        #[arg(value_name = "SYSTEM")]
        system: String,
    },
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Init {
    #[command(flatten)]
    pub(crate) passphrase: Passphrase,
    /// What persons see as your name [default: the domain, or this machine's name]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Be did:web:DOMAIN, whose document you publish, instead of a did:key
    #[arg(long, value_name = "DOMAIN")]
    pub(crate) did_web: Option<String>,
    /// Listen here; may be repeated [default: port 4101, QUIC and TCP]
    #[arg(long, value_name = "MULTIADDR")]
    pub(crate) listen: Vec<String>,
    /// Tell persons these addresses instead of those listened on
    #[arg(long, value_name = "MULTIADDR")]
    pub(crate) announce: Vec<String>,
    /// Write events to this file as JSON lines
    #[arg(long, value_name = "FILE")]
    pub(crate) jsonl: Option<PathBuf>,
    /// Send events to this address, signed by Standard Webhooks
    #[arg(long, value_name = "URL")]
    pub(crate) webhook: Option<String>,
    /// Keep this CRM up to date: tryton, odoo, espocrm, hubspot, salesforce or rest
    #[arg(long, value_name = "SYSTEM", requires_all = ["crm_url", "crm_token_file"])]
    pub(crate) crm: Option<String>,
    /// Where the CRM is; with the database for Tryton
    #[arg(long, value_name = "URL", requires = "crm")]
    pub(crate) crm_url: Option<String>,
    /// A file with the CRM's token or key
    #[arg(long, value_name = "FILE", requires = "crm")]
    pub(crate) crm_token_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// Where the hub keeps what it holds.
#[derive(Clone, Args)]
pub(crate) struct StoreArgs {
    /// Keep everything in this PostgreSQL, postgres://USER@HOST:PORT/DATABASE, instead of the home
    #[arg(long, value_name = "URL")]
    pub(crate) store: Option<String>,
    /// Read the password for it from this file [default: what the URL holds, or $PGPASSWORD]
    #[arg(long, value_name = "FILE", requires = "store")]
    pub(crate) store_password_file: Option<PathBuf>,
}

/// Not the URL, which may hold a password.
impl std::fmt::Debug for StoreArgs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreArgs").field("password_file", &self.store_password_file).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Args)]
pub(crate) struct HubRun {
    #[command(flatten)]
    pub(crate) passphrase: Passphrase,
    /// Serve the staff's page and the figures for monitoring here, such as 127.0.0.1:4180
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) http: Option<String>,
    /// Be one of several processes over one database, with this number and a key of its own
    #[arg(long, value_name = "N")]
    pub(crate) replica: Option<u32>,
    /// Listen here instead of where hub.toml says; may be repeated
    #[arg(long, value_name = "MULTIADDR")]
    pub(crate) listen: Vec<String>,
    /// Tell persons these addresses instead of those listened on
    #[arg(long, value_name = "MULTIADDR")]
    pub(crate) announce: Vec<String>,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Rotate {
    /// Listen here under the next key; may be repeated [default: a port after the present ones]
    #[arg(long, value_name = "MULTIADDR")]
    pub(crate) listen: Vec<String>,
    /// Tell persons these addresses instead of those listened on
    #[arg(long, value_name = "MULTIADDR")]
    pub(crate) announce: Vec<String>,
    /// Instead, stop serving all keys but the newest
    #[arg(long, conflicts_with_all = ["listen", "announce"])]
    pub(crate) retire: bool,
    /// Also when customers have not moved yet: they cannot reach you any more
    #[arg(long, requires = "retire")]
    pub(crate) yes: bool,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Asking {
    /// Your own number or name of the customer; it comes back with every event
    #[arg(long, value_name = "REF")]
    pub(crate) customer: Option<String>,
    /// For how many days the link holds
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub(crate) days: u32,
    /// Which data request to ask with [default: the newest]
    #[arg(long, value_name = "ID")]
    pub(crate) ask: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Add somebody
    Add {
        /// The name to sign in with
        name: String,
        /// viewer sees; agent also asks, reads live and sends again; admin also says who the staff is
        #[arg(long, value_name = "ROLE")]
        role: freehold_hub::Role,
        #[command(flatten)]
        password: UserPassword,
        /// They come by the identity provider of `[http.oidc]`, and have no password
        #[arg(long, conflicts_with = "password_file")]
        no_password: bool,
    },
    /// Put another password in the place of somebody's
    Password {
        /// The name
        name: String,
        #[command(flatten)]
        password: UserPassword,
    },
    /// List the staff
    List,
    /// Remove somebody
    Remove {
        /// The name
        name: String,
    },
}

#[derive(Debug, Clone, Args)]
pub(crate) struct UserPassword {
    /// Read the password from this file, or - for standard input [default: ask for it]
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
}

/// Which dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    All,
    One(u64),
}

fn which(text: &str) -> Result<Which, String> {
    match text {
        "all" => Ok(Which::All),
        _ => text.parse().map(Which::One).map_err(|_| "write an event's number, or all".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_letters_are_named_by_number_or_all_together() {
        assert_eq!(which("all"), Ok(Which::All));
        assert_eq!(which("7"), Ok(Which::One(7)));
        assert!(which("seven").is_err());
    }
}
