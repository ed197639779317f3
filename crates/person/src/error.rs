//! What can go wrong when a person asks for something.

use freehold_mailbox::DraftError;
use freehold_protocol::limits::TEXT_BYTES_MAX;
use freehold_store::{ReadError, WriteError};
use freehold_vault::LookupError;
use freehold_vault::fields::FieldError;
use freehold_vault::tokens::TokenError;

/// Why a person's wish was not carried out. Each text says what to do and holds no value.
#[derive(Debug, thiserror::Error)]
pub enum PersonError {
    /// A path or value that the vocabulary does not take.
    #[error("{0}")]
    Field(#[from] FieldError),
    /// A text that is no path or prefix.
    #[error("{0}")]
    Path(#[from] freehold_protocol::path::PathError),
    /// No such request, grant or change, or more than one.
    #[error("{0}")]
    Lookup(#[from] LookupError),
    /// A field that holds nothing.
    #[error("{path} holds no value: set it with `freehold set {path}=…`")]
    Empty {
        /// The path.
        path: String,
    },
    /// A card that cannot be read.
    #[error("{0}")]
    Card(#[from] freehold_cards::ImportError),
    /// A link that is no invitation, or whose time is over.
    #[error("{0}")]
    Invitation(String),
    /// The vendor's DID does not resolve.
    #[error("{0}")]
    Resolve(#[from] freehold_resolver::ResolveError),
    /// The vendor cannot be reached, or is not who it must be.
    #[error("{0}")]
    Unreachable(String),
    /// The vendor's data request cannot be used.
    #[error(
        "what the vendor asks cannot be used ({0}), and nothing was granted: see that this machine's clock is right, then tell the vendor"
    )]
    BadRequest(freehold_protocol::code::Code),
    /// Required fields that the vault does not hold.
    #[error("the vendor requires fields that you have not set: freehold set {}", hints(.paths))]
    MissingFields {
        /// Which.
        paths: Vec<String>,
    },
    /// A version that a field does not have.
    #[error("{path} has no version {version}: `freehold history {path}` lists those it has")]
    NoVersion {
        /// The path.
        path: String,
        /// The version.
        version: u64,
    },
    /// Something that cannot be chosen.
    #[error("{0}")]
    Setting(String),
    /// A token that cannot be added.
    #[error("{0}")]
    Token(#[from] TokenError),
    /// No token has this name.
    #[error("no token has this name: `freehold token list` shows those there are")]
    NoToken,
    /// A reason that cannot be sent.
    #[error("write the reason in at most {TEXT_BYTES_MAX} bytes of plain text, in one line, or leave it out")]
    Reason,
    /// A state in which this cannot be done.
    #[error("{0}")]
    State(String),
    /// A message written by hand that cannot be sent.
    #[error("{0}")]
    Draft(DraftError),
    /// A text that names no one who could open a backup.
    #[error("{0}")]
    Recipient(#[from] freehold_backup::KeyTextError),
    /// The backup was not made.
    #[error("{0}")]
    Backup(#[from] freehold_backup::BackupError),
    /// A date that is none.
    #[error("{0}")]
    Date(#[from] freehold_protocol::time::TimestampError),
    /// The disk is full.
    #[error("the disk is full: free some space and try again")]
    DiskFull,
    /// The store failed.
    #[error("{0}")]
    Store(String),
    /// The node is stopping.
    #[error("the node is stopping: start it again with `freehold run`")]
    Stopping,
}

fn hints(paths: &[String]) -> String {
    paths.iter().map(|p| format!("{p}=…")).collect::<Vec<_>>().join(" ")
}

impl PersonError {
    /// A stable name for scripts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Field(_) | Self::Path(_) | Self::Date(_) | Self::Setting(_) | Self::Reason => "bad-value",
            Self::Token(TokenError::Read(_)) => "store-failed",
            Self::Token(TokenError::NameTaken | TokenError::Known { .. } | TokenError::TooMany) => {
                "not-possible-now"
            }
            Self::Token(_) => "bad-value",
            Self::Lookup(LookupError::Read(_)) => "store-failed",
            Self::Lookup(_) | Self::Empty { .. } | Self::NoVersion { .. } | Self::NoToken => "not-found",
            Self::Card(_) => "card-unreadable",
            Self::Invitation(_) => "invitation",
            Self::Resolve(_) | Self::Unreachable(_) => "vendor-unreachable",
            Self::BadRequest(_) => "bad-signature",
            Self::MissingFields { .. } => "missing-fields",
            Self::Draft(error) => error.code(),
            Self::Recipient(_) => "usage",
            Self::Backup(error) => error.code(),
            Self::State(_) => "not-possible-now",
            Self::DiskFull => "disk-full",
            Self::Store(_) => "store-failed",
            Self::Stopping => "not-running",
        }
    }
}

impl From<ReadError> for PersonError {
    fn from(error: ReadError) -> Self {
        Self::Store(error.to_string())
    }
}

impl From<DraftError> for PersonError {
    fn from(error: DraftError) -> Self {
        match error {
            DraftError::Read(error) => error.into(),
            _ => Self::Draft(error),
        }
    }
}

impl<E: Into<PersonError>> From<WriteError<E>> for PersonError {
    fn from(error: WriteError<E>) -> Self {
        match error {
            WriteError::Refused(own) => own.into(),
            WriteError::DiskFull => Self::DiskFull,
            WriteError::Read(error) => error.into(),
            WriteError::TooLarge => Self::State("too much in one change set: split it".into()),
            WriteError::Closed => Self::Stopping,
            WriteError::Database(error) => Self::Store(error.to_string()),
            WriteError::Panicked => {
                Self::Store("the write failed by a fault of the program: report it".into())
            }
            WriteError::Poisoned => Self::Store(
                "an earlier write did not reach the disk: check the disk, then start the node again".into(),
            ),
            WriteError::Io(error) => Self::Store(format!(
                "the write did not reach the disk ({error}): check the disk, then start the node again"
            )),
        }
    }
}

impl From<freehold_protocol::code::Code> for PersonError {
    fn from(code: freehold_protocol::code::Code) -> Self {
        Self::State(format!("not possible: {code}"))
    }
}
