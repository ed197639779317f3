//! Users and tokens as they lie in the store.

use freehold_mailbox::record::{decode, list, load, save, save_erasable};
use freehold_protocol::time::Timestamp;
use freehold_store::{ReadError, Reader, Txn};
use serde::{Deserialize, Serialize};

use super::provided::Identity;
use super::{Known, Role, StaffError};
use crate::tables;
use crate::view::{ApiTokenView, UserView};

/// Longest name, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// Most users, and most tokens: staff, not customers.
const USERS_MAX: usize = 1_000;

/// Somebody who may sign in.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) role: Role,
    /// What is kept of the password.
    pub(super) password: Option<String>,
    pub(super) since: Timestamp,
    /// Who this is to an identity provider, once they have come from there.
    #[serde(default)]
    pub(super) identity: Option<Identity>,
}

/// A program that may call the interface.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct ApiToken {
    name: String,
    role: Role,
    /// Who has made it.
    by: String,
    since: Timestamp,
}

impl User {
    pub(super) fn new(
        name: &str,
        role: Role,
        password: Option<String>,
        since: Timestamp,
    ) -> Result<Self, StaffError> {
        Ok(Self { name: checked(name)?, role, password, since, identity: None })
    }

    pub(super) fn load(reader: &impl Reader, name: &str) -> Result<Option<Self>, ReadError> {
        load(reader, &tables::user(reader, name))
    }

    pub(super) fn known(self) -> Known {
        Known { name: self.name, role: self.role, password: self.password }
    }

    pub(super) fn save(&self, txn: &mut Txn) {
        let key = tables::user(txn, &self.name);
        save_erasable(txn, key, self);
    }
}

impl ApiToken {
    pub(super) fn new(name: &str, role: Role, by: &str, since: Timestamp) -> Result<Self, StaffError> {
        Ok(Self { name: checked(name)?, role, by: by.to_owned(), since })
    }
}

fn checked(name: &str) -> Result<String, StaffError> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | '+');
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.chars().all(plain) {
        return Err(StaffError::Name);
    }
    Ok(name.to_owned())
}

pub(super) fn all(reader: &impl Reader) -> Result<Vec<UserView>, ReadError> {
    let mut users: Vec<User> = list(reader, &tables::users())?;
    users.sort_by(|a, b| a.name.cmp(&b.name));
    let view = |user: User| UserView {
        name: user.name,
        role: user.role,
        since: user.since.rfc3339(),
        has_password: user.password.is_some(),
    };
    Ok(users.into_iter().map(view).collect())
}

pub(super) fn add(txn: &mut Txn, user: &User) -> Result<(), StaffError> {
    if User::load(txn, &user.name)?.is_some() {
        return Err(StaffError::Exists(user.name.clone()));
    }
    if txn.scan(&tables::users()).count() >= USERS_MAX {
        return Err(StaffError::TooMany);
    }
    user.save(txn);
    Ok(())
}

pub(super) fn change_password(txn: &mut Txn, name: &str, password: String) -> Result<(), StaffError> {
    let mut user = User::load(txn, name)?.ok_or_else(|| StaffError::Unknown(name.to_owned()))?;
    user.password = Some(password);
    user.save(txn);
    Ok(())
}

pub(super) fn remove(txn: &mut Txn, name: &str) -> Result<(), StaffError> {
    let user = User::load(txn, name)?.ok_or_else(|| StaffError::Unknown(name.to_owned()))?;
    let users: Vec<User> = list(txn, &tables::users())?;
    let is_other_admin = |other: &User| other.role == Role::Admin && other.name != user.name;
    // The command line could still add one; whoever removes the last at the page does not mean that.
    if user.role == Role::Admin && users.len() > 1 && !users.iter().any(is_other_admin) {
        return Err(StaffError::LastAdmin(name.to_owned()));
    }
    let key = tables::user(txn, name);
    txn.erase(&key);
    Ok(())
}

pub(super) fn tokens(reader: &impl Reader) -> Result<Vec<ApiTokenView>, ReadError> {
    let mut tokens: Vec<ApiToken> = list(reader, &tables::api_tokens())?;
    tokens.sort_by(|a, b| (a.since, &a.name).cmp(&(b.since, &b.name)));
    let view = |token: ApiToken| ApiTokenView {
        name: token.name,
        role: token.role,
        by: token.by,
        since: token.since.rfc3339(),
    };
    Ok(tokens.into_iter().map(view).collect())
}

pub(super) fn token(reader: &impl Reader, digest: &[u8; 32]) -> Result<Option<Known>, ReadError> {
    let found: Option<ApiToken> = load(reader, &tables::api_tokens().with(digest))?;
    Ok(found.map(|token| Known { name: token.name, role: token.role, password: None }))
}

pub(super) fn add_token(txn: &mut Txn, digest: &[u8; 32], token: &ApiToken) -> Result<(), StaffError> {
    let tokens: Vec<ApiToken> = list(txn, &tables::api_tokens())?;
    if tokens.iter().any(|other| other.name == token.name) {
        return Err(StaffError::Exists(token.name.clone()));
    }
    if tokens.len() >= USERS_MAX {
        return Err(StaffError::TooMany);
    }
    save(txn, tables::api_tokens().with(digest), token);
    Ok(())
}

pub(super) fn remove_token(txn: &mut Txn, name: &str) -> Result<(), StaffError> {
    let mut found = None;
    for entry in txn.scan(&tables::api_tokens()) {
        let (key, bytes) = entry?;
        if decode::<ApiToken>(&bytes)?.name == name {
            found = Some(key);
        }
    }
    txn.delete(&found.ok_or_else(|| StaffError::Unknown(name.to_owned()))?);
    Ok(())
}
