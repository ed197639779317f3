//! The vendor's staff: who may sign in to its page, which programs may call its interface, and what all of them did.
//!
//! It knows no password and no token: the page hands it what is to be kept of them.

mod journal;
mod provided;
mod users;

use freehold_protocol::time::Timestamp;
use freehold_store::{ReadError, WriteError};
use serde::{Deserialize, Serialize};

pub use journal::{Deed, JournalBroken};
pub use provided::{Standing, Vouched};

use crate::hub::{Hub, logged};
use crate::view::{ApiTokenView, JournalView, UserView};
use journal::Journal;
use users::{ApiToken, User};

/// What somebody of the staff may do; each may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// See everything that the hub holds.
    Viewer,
    /// Also ask customers, read live, and send dead letters again.
    Agent,
    /// Also say who the staff is.
    Admin,
}

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// The user's name, or the token's.
    pub name: String,
    /// How they came: `page`, `api` or `local`.
    pub by: String,
}

/// Who a name or a token belongs to, for the page that lets them in.
#[derive(Clone, PartialEq, Eq)]
pub struct Known {
    /// The name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// What is kept of the password; `None` for those who have none here.
    pub password: Option<String>,
}

/// Why the staff was not changed.
#[derive(Debug, thiserror::Error)]
pub enum StaffError {
    /// The name cannot be one.
    #[error("a name has 1 to 64 letters, digits or . _ - @ +")]
    Name,
    /// There is somebody of this name.
    #[error("there is a {0} already: remove it first, or choose another name")]
    Exists(String),
    /// There is nobody of this name.
    #[error("there is no {0}")]
    Unknown(String),
    /// Nobody could add users any more.
    #[error("{0} is the last administrator: make another one first")]
    LastAdmin(String),
    /// The identity provider does not say what they are called.
    #[error(
        "the identity provider does not say what you are called: ask an administrator to look at name_claim"
    )]
    Nameless,
    /// Whoever comes by the identity provider is not on the list.
    #[error("{0} is not on the list of the staff: ask an administrator to add you, without a password")]
    Unlisted(String),
    /// The name is somebody else's.
    #[error("{0} is somebody else here, or signs in with a password: ask an administrator")]
    Taken(String),
    /// The identity provider gives them no role here.
    #[error("{0} has no role here: ask whoever keeps the roles at the identity provider")]
    NoRole(String),
    /// As many as the hub keeps are there.
    #[error("there are too many already: remove some")]
    TooMany,
    /// The store failed.
    #[error("{0}")]
    Store(String),
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Agent, Self::Admin];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Agent => "agent",
            Self::Admin => "admin",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|role| role.name() == text);
        found.ok_or_else(|| "write viewer, agent or admin".to_owned())
    }
}

impl Who {
    /// Somebody at the page.
    #[must_use]
    pub fn at_page(name: &str) -> Self {
        Self { name: name.to_owned(), by: "page".to_owned() }
    }

    /// A program with a token.
    #[must_use]
    pub fn by_token(name: &str) -> Self {
        Self { name: name.to_owned(), by: "api".to_owned() }
    }

    /// Whoever has the hub's home, at its command line.
    #[must_use]
    pub fn local() -> Self {
        Self { name: "owner".to_owned(), by: "local".to_owned() }
    }
}

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Known").field("name", &self.name).field("role", &self.role).finish_non_exhaustive()
    }
}

impl From<WriteError<StaffError>> for StaffError {
    fn from(error: WriteError<StaffError>) -> Self {
        match error {
            WriteError::Refused(refused) => refused,
            other => Self::Store(other.to_string()),
        }
    }
}

impl From<ReadError> for StaffError {
    fn from(error: ReadError) -> Self {
        Self::Store(error.to_string())
    }
}

impl Hub {
    /// Everybody of the staff, by name.
    #[must_use]
    pub fn staff(&self) -> Vec<UserView> {
        logged(users::all(&self.inner.shared.store))
    }

    /// The user of this name.
    #[must_use]
    pub fn staff_user(&self, name: &str) -> Option<Known> {
        logged(User::load(&self.inner.shared.store, name)).map(User::known)
    }

    /// Adds somebody. `password` is what is kept of it.
    ///
    /// # Errors
    /// [`StaffError`].
    pub async fn add_staff(
        &self,
        who: &Who,
        name: &str,
        role: Role,
        password: Option<String>,
    ) -> Result<(), StaffError> {
        let user = User::new(name, role, password, self.inner.shared.now())?;
        let deed = Deed { detail: Some(format!("{name} as {}", role.name())), ..Deed::of(who, "user-added") };
        self.change_staff(deed, move |txn| users::add(txn, &user)).await
    }

    /// Puts another password in the place of somebody's.
    ///
    /// # Errors
    /// [`StaffError`].
    pub async fn change_staff_password(
        &self,
        who: &Who,
        name: &str,
        password: String,
    ) -> Result<(), StaffError> {
        let deed = Deed { detail: Some(name.to_owned()), ..Deed::of(who, "password-changed") };
        let name = name.to_owned();
        self.change_staff(deed, move |txn| users::change_password(txn, &name, password)).await
    }

    /// Lets somebody in for whom an identity provider vouches, and writes it down, or why not.
    ///
    /// # Errors
    /// [`StaffError`].
    pub async fn vouched_for(&self, vouched: Vouched) -> Result<Known, StaffError> {
        let shared = &self.inner.shared;
        let now = shared.now();
        shared.store.write(move |txn| provided::sign_in(txn, &vouched, now)).await?.into_inner()
    }

    /// Removes somebody.
    ///
    /// # Errors
    /// [`StaffError`].
    pub async fn remove_staff(&self, who: &Who, name: &str) -> Result<(), StaffError> {
        let deed = Deed { detail: Some(name.to_owned()), ..Deed::of(who, "user-removed") };
        let name = name.to_owned();
        self.change_staff(deed, move |txn| users::remove(txn, &name)).await
    }

    /// The tokens of programs, the oldest first.
    #[must_use]
    pub fn api_tokens(&self) -> Vec<ApiTokenView> {
        logged(users::tokens(&self.inner.shared.store))
    }

    /// Adds a token, of which the digest is kept.
    ///
    /// # Errors
    /// [`StaffError`].
    pub async fn add_api_token(
        &self,
        who: &Who,
        name: &str,
        role: Role,
        digest: [u8; 32],
    ) -> Result<(), StaffError> {
        let token = ApiToken::new(name, role, &who.name, self.inner.shared.now())?;
        let deed =
            Deed { detail: Some(format!("{name} as {}", role.name())), ..Deed::of(who, "token-added") };
        self.change_staff(deed, move |txn| users::add_token(txn, &digest, &token)).await
    }

    /// Removes a token by its name.
    ///
    /// # Errors
    /// [`StaffError`].
    pub async fn remove_api_token(&self, who: &Who, name: &str) -> Result<(), StaffError> {
        let deed = Deed { detail: Some(name.to_owned()), ..Deed::of(who, "token-removed") };
        let name = name.to_owned();
        self.change_staff(deed, move |txn| users::remove_token(txn, &name)).await
    }

    /// Whose token this is the digest of.
    #[must_use]
    pub fn api_token(&self, digest: &[u8; 32]) -> Option<Known> {
        logged(users::token(&self.inner.shared.store, digest))
    }

    /// Writes down what somebody did. It is on disk when this returns: what they see comes after.
    ///
    /// # Errors
    /// [`StaffError::Store`].
    pub async fn note(&self, deed: Deed) -> Result<(), StaffError> {
        self.change_staff(deed, |_| Ok(())).await
    }

    /// What the staff did before a number, newest first; from the newest when none is given.
    #[must_use]
    pub fn journal(&self, before: Option<u64>, limit: usize) -> Vec<JournalView> {
        logged(journal::before(&self.inner.shared.store, before, limit))
    }

    /// Checks the chain of what the staff did; gives how many entries it has.
    ///
    /// # Errors
    /// [`JournalBroken`].
    pub fn verify_journal(&self) -> Result<u64, JournalBroken> {
        journal::verify(&self.inner.shared.store)
    }

    async fn change_staff(
        &self,
        deed: Deed,
        change: impl FnOnce(&mut freehold_store::Txn) -> Result<(), StaffError> + Send + 'static,
    ) -> Result<(), StaffError> {
        let shared = &self.inner.shared;
        let now: Timestamp = shared.now();
        let written = shared.store.write(move |txn| {
            change(txn)?;
            Journal::append(txn, deed, now)?;
            Ok(())
        });
        Ok(written.await.map(drop)?)
    }
}

#[cfg(test)]
mod tests;
