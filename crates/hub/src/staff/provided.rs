//! Those of the staff for whom an identity provider vouches.
//!
//! Whoever signs in so is known by the provider's own word for them, which nobody else gets later, and not by their name. A name that
//! has a password here, or that was somebody else's first, lets nobody else in.

use freehold_mailbox::record::list;
use freehold_protocol::time::Timestamp;
use freehold_store::Txn;
use serde::{Deserialize, Serialize};

use super::journal::{Deed, Journal};
use super::users::User;
use super::{Known, Role, StaffError, Who, users};
use crate::tables;

/// Who changes the staff when it is the provider's word.
const PROVIDER: &str = "identity-provider";

/// Somebody for whom a provider vouches.
#[derive(Clone)]
pub struct Vouched {
    /// The provider.
    pub issuer: String,
    /// Who, in its own words.
    pub subject: String,
    /// What they are called.
    pub name: Option<String>,
    /// Where their role comes from.
    pub standing: Standing,
}

/// Where the role of somebody comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// From the hub's own list.
    Listed,
    /// From the provider: this one, or none.
    Claimed(Option<Role>),
}

/// Whom an entry of the staff belongs to.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    issuer: String,
    subject: String,
}

/// What came of it; it is written down either way.
pub(super) type Outcome = Result<Known, StaffError>;

/// Finds, adds, changes or removes the user that somebody is. What is refused is written down as well, once it is known who it is.
pub(super) fn sign_in(txn: &mut Txn, vouched: &Vouched, now: Timestamp) -> Result<Outcome, StaffError> {
    let identity = Identity { issuer: vouched.issuer.clone(), subject: vouched.subject.clone() };
    let everybody: Vec<User> = list(txn, &tables::users())?;
    let known = everybody.into_iter().find(|user| user.identity.as_ref() == Some(&identity));
    let name = known.as_ref().map(|user| user.name.clone()).or_else(|| vouched.name.clone());
    let Some(name) = name else { return Ok(Err(StaffError::Nameless)) };
    let outcome = match vouched.standing {
        Standing::Listed => listed(txn, known, &name, identity)?,
        Standing::Claimed(Some(role)) => claimed(txn, known, &name, identity, role, now)?,
        Standing::Claimed(None) => {
            if known.is_some() {
                txn.erase(&tables::user(txn, &name));
                note(txn, &by_provider(), "user-removed", Some(&name), now)?;
            }
            Err(StaffError::NoRole(name.clone()))
        }
    };
    let (what, who) = match &outcome {
        Ok(user) => ("signed-in", Who::at_page(&user.name)),
        Err(_) => ("sign-in-refused", by_provider()),
    };
    let detail = if outcome.is_ok() { PROVIDER } else { &name };
    note(txn, &who, what, Some(detail), now)?;
    Ok(outcome.map(User::known))
}

/// Somebody of the hub's own list, whose name was added without a password and belongs to nobody yet, or to them.
fn listed(
    txn: &mut Txn,
    known: Option<User>,
    name: &str,
    identity: Identity,
) -> Result<Result<User, StaffError>, StaffError> {
    if let Some(user) = known {
        return Ok(Ok(user));
    }
    Ok(match User::load(txn, name)? {
        None => Err(StaffError::Unlisted(name.to_owned())),
        Some(user) if user.password.is_some() || user.identity.is_some() => {
            Err(StaffError::Taken(name.to_owned()))
        }
        Some(user) => {
            let user = User { identity: Some(identity), ..user };
            user.save(txn);
            Ok(user)
        }
    })
}

/// Somebody with a role of the provider's, who is added when they first come.
fn claimed(
    txn: &mut Txn,
    known: Option<User>,
    name: &str,
    identity: Identity,
    role: Role,
    now: Timestamp,
) -> Result<Result<User, StaffError>, StaffError> {
    let before = match known {
        Some(user) => Some(user),
        None => match User::load(txn, name)? {
            Some(user) if user.password.is_some() || user.identity.is_some() => {
                return Ok(Err(StaffError::Taken(name.to_owned())));
            }
            listed => listed,
        },
    };
    let detail = format!("{name} as {}", role.name());
    let user = match before {
        Some(user) => {
            if user.role != role {
                note(txn, &by_provider(), "user-changed", Some(&detail), now)?;
            }
            User { role, identity: Some(identity), ..user }
        }
        None => {
            let user = match User::new(name, role, None, now) {
                Ok(user) => User { identity: Some(identity), ..user },
                Err(error) => return Ok(Err(error)),
            };
            match users::add(txn, &user) {
                Ok(()) => note(txn, &by_provider(), "user-added", Some(&detail), now)?,
                Err(error @ StaffError::Store(_)) => return Err(error),
                Err(error) => return Ok(Err(error)),
            }
            user
        }
    };
    user.save(txn);
    Ok(Ok(user))
}

fn by_provider() -> Who {
    Who::at_page(PROVIDER)
}

fn note(
    txn: &mut Txn,
    who: &Who,
    what: &str,
    detail: Option<&str>,
    now: Timestamp,
) -> Result<(), StaffError> {
    let deed = Deed { detail: detail.map(str::to_owned), ..Deed::of(who, what) };
    Ok(Journal::append(txn, deed, now)?)
}

#[cfg(test)]
mod tests;
