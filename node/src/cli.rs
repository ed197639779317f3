//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

mod backup;
mod hub;
mod message;
mod token;

pub(crate) use backup::{Backup, BackupCommand, Opening, Restore, VerifyBackup};
pub(crate) use hub::{
    Asking, CrmCommand, HubCommand, HubRun, Init, Rotate, StoreArgs, UserCommand, UserPassword, Which,
};
pub(crate) use message::{Message, MessageCommand};
pub(crate) use token::TokenCommand;

/// Your data at home, signed; each company gets exactly the fields you agreed to, until you say stop.
#[derive(Debug, Parser)]
#[command(name = "freehold", version, max_term_width = 100, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Globals {
    /// The home [default: $FREEHOLD_HOME or ~/.freehold; of a hub: $FREEHOLD_HUB_HOME or ~/.freehold-hub]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,
    /// Print JSON for scripts
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// What to log: error, warn, info, debug, trace, or a filter such as `info,freehold_person=debug`
    #[arg(long, global = true, value_name = "LEVEL")]
    pub(crate) log: Option<String>,
    /// How to log
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EvidenceCommand {
    /// Check every signature and digest in it, and that the documents belong together
    Verify {
        /// The archive
        file: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// One line of text for each event
    Text,
    /// One JSON object for each event
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run your node; the first time, make its home
    Run(Run),
    /// Show the 24 words of the home again
    Words(Passphrase),
    /// Change the passphrase of the home; stop the node first
    Passphrase(NewPassphrase),
    /// Write fields as one change
    Set {
        /// Such as phone.mobile=+442079460000; an empty value is refused, see unset
        #[arg(required = true, value_name = "PATH=VALUE", value_parser = assignment)]
        fields: Vec<(String, String)>,
    },
    /// Show fields
    Get {
        /// One field
        path: Option<String>,
        /// Every field under this
        #[arg(long, conflicts_with = "path")]
        prefix: Option<String>,
        /// Check the signature of each value
        #[arg(long)]
        verify: bool,
    },
    /// Show every version of a field
    History {
        /// The field
        path: String,
    },
    /// Empty fields, as one change
    Unset {
        /// The fields
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<String>,
        /// Destroy their history as well
        #[arg(long)]
        erase: bool,
    },
    /// Import a vCard, jCard or JSContact card, from a file or an address book at a CardDAV server
    Import(Import),
    /// Print all fields as a card
    Export {
        /// The form
        #[arg(long, default_value = "vcard")]
        format: CardFormat,
    },
    /// Follow a vendor's invitation
    Connect {
        /// freehold:connect:…
        #[arg(required_unless_present = "qr")]
        link: Option<String>,
        /// Read the link from a picture of its QR code, PNG or JPEG; - is standard input
        #[arg(long, value_name = "FILE", conflicts_with = "link")]
        qr: Option<PathBuf>,
    },
    /// Show what vendors ask for
    Requests {
        /// Only this one
        id: Option<String>,
    },
    /// Agree to a request: everything it requires, and the optional fields you choose
    Approve {
        /// The request
        id: String,
        /// The optional fields to give; without it, all that hold a value
        #[arg(long, value_name = "PATHS", value_delimiter = ',')]
        only: Option<Vec<String>>,
        /// When the agreement ends by itself, such as 2027-12-31
        #[arg(long, value_name = "DATE")]
        until: Option<String>,
    },
    /// Say no to a request
    Decline {
        /// The request
        id: String,
        /// Why, for the vendor: one line
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Show what you agreed to
    Grants {
        #[command(subcommand)]
        command: Option<GrantsCommand>,
    },
    /// Stop: nothing more of a grant is sent, and the vendor is told to erase
    Revoke {
        /// The grant
        grant: String,
        /// Only these fields
        #[arg(long, value_name = "PATHS", value_delimiter = ',')]
        paths: Option<Vec<String>>,
    },
    /// Move to the next key with a vendor; your grants stay
    Rotate {
        /// The vendor's DID or the relationship's id
        #[arg(required_unless_present = "all")]
        vendor: Option<String>,
        /// With all vendors
        #[arg(long, conflicts_with = "vendor")]
        all: bool,
    },
    /// Write what has changed into a folder, encrypted to your 24 words; the first time, everything
    Backup(Backup),
    /// Make a home again from its 24 words and the folder of a backup, or from the words alone
    Restore(Restore),
    /// After a restore: show what is held back, or go on with a vendor that has told what it holds
    Resume {
        /// The vendor's DID or the relationship's id
        vendor: Option<String>,
        /// Go on with all vendors that have told
        #[arg(long, conflicts_with = "vendor")]
        all: bool,
    },
    /// Show how far each field has come with each vendor
    Status {
        /// One change across all vendors
        #[arg(long, value_name = "ID")]
        change: Option<String>,
    },
    /// Show who asked, got and was denied what
    Audit {
        #[command(subcommand)]
        command: Option<AuditCommand>,
        /// The newest so many
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show the vendors' messages that this version does not know or could not use
    Kept {
        /// Erase them
        #[arg(long)]
        forget: bool,
    },
    /// Send and list messages of further families
    Message {
        #[command(subcommand)]
        command: MessageCommand,
    },
    /// Print a link that signs in to your page, once, within an hour
    SignIn,
    /// Open a company's invitation in your page; what a desktop calls for freehold: links
    Open {
        /// freehold:connect:…
        link: String,
    },
    /// Make, show and remove the tokens with which your scripts use the node over its page's address
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// For vendors: a hub in front of the systems you have
    Hub {
        #[command(subcommand)]
        command: HubCommand,
    },
    /// For those who write a peer: try the protocol's rules on a running one, and tell which it keeps
    Conformance(Conformance),
    /// Check evidence of consent that a vendor's hub gave, offline
    Evidence {
        #[command(subcommand)]
        command: EvidenceCommand,
    },
    /// Play the whole story on this machine: a hub, a node, a change, a revocation
    Demo,
    /// Print the completions of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the man pages into a folder
    Man {
        /// The folder
        dir: PathBuf,
    },
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Passphrase {
    /// Read the passphrase from this file instead of asking
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Import {
    /// The file, or - for standard input
    #[arg(required_unless_present = "carddav")]
    pub(crate) file: Option<PathBuf>,
    /// Only show what would be written
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The country of phone numbers that name none, such as DE
    #[arg(long, value_name = "CC")]
    pub(crate) country: Option<String>,
    /// Which card: of a file its number, from 1; of an address book its name or number
    #[arg(long, value_name = "CARD")]
    pub(crate) card: Option<String>,
    /// Read it from an address book: any address of the CardDAV server, such as `https://cloud.example`
    #[arg(long, value_name = "URL", requires = "user", conflicts_with = "file")]
    pub(crate) carddav: Option<String>,
    /// The name at the CardDAV server
    #[arg(long, value_name = "NAME", requires = "carddav")]
    pub(crate) user: Option<String>,
    /// Read the password for the CardDAV server from this file instead of asking
    #[arg(long, value_name = "FILE", requires = "carddav")]
    pub(crate) password_file: Option<PathBuf>,
    /// Only list the cards at the CardDAV server
    #[arg(long, requires = "carddav", conflicts_with = "card")]
    pub(crate) list: bool,
    /// Trust this certificate authority, as PEM, beside the system's, for the CardDAV server
    #[arg(long, value_name = "FILE", requires = "carddav")]
    pub(crate) trust_root: Vec<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct NewPassphrase {
    #[command(flatten)]
    pub(crate) old: Passphrase,
    /// Read the new passphrase from this file instead of asking
    #[arg(long, value_name = "FILE")]
    pub(crate) new_passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) passphrase: Passphrase,
    /// Where your page listens [default: 127.0.0.1:4190, or another port if that one is taken]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) page: Option<String>,
    /// The URL of your page behind a proxy with TLS, such as `https://my.example`
    #[arg(long, value_name = "URL")]
    pub(crate) page_url: Option<String>,
    /// Let the page listen where other machines reach it
    #[arg(long)]
    pub(crate) page_anywhere: bool,
    /// Run without a page; the passphrase is asked for here
    #[arg(long, conflicts_with_all = ["page", "page_url", "page_anywhere"])]
    pub(crate) no_page: bool,
    /// Let vendors' did:web be inside your own network or on this machine
    #[arg(long)]
    pub(crate) allow_inward: bool,
    /// Trust this certificate authority, as PEM, beside the system's, for did:web
    #[arg(long, value_name = "FILE")]
    pub(crate) trust_root: Vec<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Conformance {
    /// What the peer under test is
    #[arg(long)]
    pub(crate) role: TestedRole,
    /// An unused invitation link of the hub; several rules need one of their own, so it may be repeated
    #[arg(long, value_name = "LINK")]
    pub(crate) peer: Vec<String>,
    /// A command that makes the hub print a new link each time
    #[arg(long, value_name = "CMD")]
    pub(crate) invite: Option<String>,
    /// An unused link of the hub to a data request of mode once
    #[arg(long, value_name = "LINK")]
    pub(crate) once: Option<String>,
    /// Listen here for the node; may be repeated [default: this machine, QUIC and TCP]
    #[arg(long, value_name = "MULTIADDR")]
    pub(crate) listen: Vec<String>,
    /// A command that makes the node follow $FREEHOLD_LINK and grant everything; without it, you do once
    #[arg(long, value_name = "CMD")]
    pub(crate) connect: Option<String>,
    /// A command that makes the node write the field $FREEHOLD_PATH with $FREEHOLD_VALUE
    #[arg(long, value_name = "CMD")]
    pub(crate) change: Option<String>,
    /// A command that makes the node revoke the grant $FREEHOLD_GRANT
    #[arg(long, value_name = "CMD")]
    pub(crate) revoke: Option<String>,
    /// A command that makes the node move its relationship with the vendor $FREEHOLD_VENDOR to its next key
    #[arg(long, value_name = "CMD")]
    pub(crate) rotate: Option<String>,
    /// Also the rules that wait for timeouts, of 10 s or of two minutes
    #[arg(long)]
    pub(crate) slow: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestedRole {
    /// A vendor's hub: the runner plays persons
    Hub,
    /// A person's node, which holds phone.mobile and email.personal: the runner plays vendors
    Person,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CardFormat {
    /// vCard 4.0
    Vcard,
    /// JSContact
    Jscontact,
}

#[derive(Debug, Subcommand)]
pub(crate) enum GrantsCommand {
    /// One grant, its revocations and the vendor's erasure receipts; with --json the signed credential, byte for byte
    Show {
        /// The grant
        id: String,
        /// With --json: this overview instead of the credential
        #[arg(long)]
        overview: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Check that no entry was cut or changed
    Verify,
}

/// `PATH=VALUE`; the value may hold further equals signs.
fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((path, value)) if !path.is_empty() => Ok((path.trim().to_owned(), value.to_owned())),
        // The text may be a value: it is not repeated.
        _ => Err("write PATH=VALUE, such as phone.mobile=+442079460000".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn an_assignment_keeps_later_equals_signs() {
        assert_eq!(assignment("x.note=a=b"), Ok(("x.note".into(), "a=b".into())));
        assert!(assignment("phone.mobile").is_err());
        assert!(assignment("=x").is_err());
    }

    #[test]
    fn globals_may_stand_anywhere_and_lists_split_at_commas() {
        let cli =
            Cli::parse_from(["freehold", "approve", "r1", "--only", "a.b,c.d", "--json", "--home", "/h"]);
        assert!(cli.globals.json && cli.globals.home == Some("/h".into()));
        let Command::Approve { only, .. } = cli.command else { panic!() };
        assert_eq!(only, Some(vec!["a.b".to_owned(), "c.d".to_owned()]));
        assert!(Cli::try_parse_from(["freehold", "get", "a.b", "--prefix", "a"]).is_err());
        assert!(Cli::try_parse_from(["freehold", "hub", "read", "C-1", "a.b"]).is_err(), "no purpose");
    }
}
