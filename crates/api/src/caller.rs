//! Who calls, and what they may.

use std::collections::BTreeSet;

use freehold_person::Person;
use freehold_protocol::time::Timestamp;
use freehold_web::TokenDigest;

use crate::{ApiError, Scope};

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Whoever may open the socket in the home.
    Owner,
    /// A program with a token.
    Token {
        /// The token's name.
        name: String,
        /// What it allows.
        scopes: BTreeSet<Scope>,
        /// When it ends by itself.
        until: Option<Timestamp>,
    },
}

impl Caller {
    /// Whoever holds the token of this digest.
    pub(crate) fn of_token(person: &Person, digest: &TokenDigest) -> Result<Option<Self>, ApiError> {
        let Some(token) = person.token(digest.as_bytes())? else { return Ok(None) };
        // A scope that a later version made allows nothing here.
        let scopes = token.scopes.iter().filter_map(|scope| scope.parse().ok()).collect();
        let until = token.until.as_deref().map(Timestamp::parse).transpose();
        let until = until
            .map_err(|_| ApiError::new("store-corrupt", "a token's end cannot be read: make another"))?;
        Ok(Some(Self::Token { name: token.name, scopes, until }))
    }

    /// Refuses whoever may not make calls of this scope.
    pub(crate) fn may(&self, scope: Scope) -> Result<(), ApiError> {
        match self {
            Self::Token { scopes, .. } if !scopes.contains(&scope) => {
                let text = format!("this token does not allow `{scope}`: use one that does, or make one");
                Err(ApiError::new("denied", text))
            }
            _ => Ok(()),
        }
    }

    /// Refuses whoever may not make a token of these scopes with this end: nobody gives more than they have, or for longer.
    pub(crate) fn may_give(&self, given: &[Scope], end: Option<Timestamp>) -> Result<(), ApiError> {
        let Self::Token { scopes, until, .. } = self else { return Ok(()) };
        let more = given.iter().any(|scope| !scopes.contains(scope));
        let longer = until.is_some_and(|until| end.is_none_or(|end| end > until));
        if more || longer {
            let text = "a token makes no token that may do more or ends later than itself: use `freehold token create`";
            return Err(ApiError::new("denied", text));
        }
        Ok(())
    }

    /// What the history says of where a change comes from.
    pub(crate) fn source(&self, said: Option<String>) -> String {
        match self {
            Self::Owner => said.unwrap_or_else(|| "cli".to_owned()),
            Self::Token { name, .. } => format!("token {name}"),
        }
    }
}
