//! Who calls, and what they may.

use std::collections::BTreeSet;

use crate::{ApiError, Scope};

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Whoever may open the socket in the home.
    Owner,
    /// A program with a token.
    #[cfg_attr(not(test), expect(dead_code, reason = "nothing listens for programs yet"))]
    Token {
        /// The token's name.
        name: String,
        /// What it allows.
        scopes: BTreeSet<Scope>,
    },
}

impl Caller {
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
}
