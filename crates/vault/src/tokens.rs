//! Tokens of programs that may use the local interface. What is kept is the SHA-256 of a token, so that nobody who reads it has
//! the token.

use std::fmt;

use freehold_mailbox::record;
use freehold_protocol::time::Timestamp;
use freehold_store::{Key, ReadError, Reader, Txn};
use serde::{Deserialize, Serialize};

use crate::tables::{TOKEN_NAMES, TOKENS, named};

/// Most tokens: one for each program that a home has, many times over.
pub const TOKENS_MAX: usize = 100;

/// Longest name of a token, in bytes.
pub const TOKEN_NAME_BYTES_MAX: usize = 64;

/// Most scopes of a token.
pub const SCOPES_MAX: usize = 32;

/// One token. Its `Debug` shows no digest.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// What the person calls it; no two have the same name.
    pub name: String,
    /// The SHA-256 of its text.
    #[serde(with = "serde_bytes")]
    pub digest: [u8; 32],
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it was added.
    pub added: Timestamp,
    /// When it ends by itself.
    #[serde(default)]
    pub until: Option<Timestamp>,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({:?}, {:?})", self.name, self.scopes)
    }
}

/// Why a token was not added.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TokenError {
    /// The name is empty, longer than [`TOKEN_NAME_BYTES_MAX`], or holds control characters.
    #[error("name the token in 1 to {TOKEN_NAME_BYTES_MAX} bytes, without control characters")]
    Name,
    /// A token has this name.
    #[error("a token has this name already: choose another, or remove that one first")]
    NameTaken,
    /// It is known.
    #[error("this token is known already under the name {name:?}: make a new one")]
    Known {
        /// Its name.
        name: String,
    },
    /// More than [`SCOPES_MAX`] scopes, or an empty or long one.
    #[error("a token has 1 to {SCOPES_MAX} scopes of at most {TOKEN_NAME_BYTES_MAX} bytes")]
    Scopes,
    /// There are [`TOKENS_MAX`] already.
    #[error("there are {TOKENS_MAX} tokens already: remove one that is not used any more")]
    TooMany,
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Adds a token.
///
/// # Errors
/// [`TokenError`], and nothing is staged then.
pub fn add(txn: &mut Txn, token: &Token) -> Result<(), TokenError> {
    let is_text = |text: &str| {
        !text.is_empty() && text.len() <= TOKEN_NAME_BYTES_MAX && !text.chars().any(char::is_control)
    };
    if !is_text(&token.name) {
        return Err(TokenError::Name);
    }
    if !(1..=SCOPES_MAX).contains(&token.scopes.len()) || !token.scopes.iter().all(|scope| is_text(scope)) {
        return Err(TokenError::Scopes);
    }
    if all(txn)?.len() >= TOKENS_MAX {
        return Err(TokenError::TooMany);
    }
    let of_name = named(txn, TOKEN_NAMES, &token.name);
    if txn.get(&of_name)?.is_some() {
        return Err(TokenError::NameTaken);
    }
    if let Some(known) = get(txn, &token.digest)? {
        return Err(TokenError::Known { name: known.name });
    }
    record::save_erasable(txn, of_name, &serde_bytes::Bytes::new(&token.digest));
    record::save_erasable(txn, token_key(txn, &token.digest), token);
    Ok(())
}

/// Removes a token. Gives whether there was one of this name.
///
/// # Errors
/// The store's.
pub fn remove(txn: &mut Txn, name: &str) -> Result<bool, ReadError> {
    let of_name = named(txn, TOKEN_NAMES, name);
    let Some(digest) = record::load::<serde_bytes::ByteBuf>(txn, &of_name)? else { return Ok(false) };
    txn.erase(&of_name);
    let key = token_key(txn, &digest);
    txn.erase(&key);
    Ok(true)
}

/// The token of a digest.
///
/// # Errors
/// The store's.
pub fn get(reader: &impl Reader, digest: &[u8; 32]) -> Result<Option<Token>, ReadError> {
    record::load(reader, &token_key(reader, digest))
}

/// All tokens, the oldest first.
///
/// # Errors
/// The store's.
pub fn all(reader: &impl Reader) -> Result<Vec<Token>, ReadError> {
    let mut all: Vec<Token> = record::list(reader, &Key::new(TOKENS))?;
    all.sort_by(|a, b| (a.added, &a.name).cmp(&(b.added, &b.name)));
    Ok(all)
}

fn token_key(reader: &impl Reader, digest: &[u8]) -> Key {
    let label = [&b"vault/"[..], &[TOKENS], digest].concat();
    Key::new(TOKENS).with(&reader.hidden(&label))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    fn token(n: u8, name: &str) -> Token {
        let scopes = vec!["fields:read".to_owned()];
        Token {
            name: name.into(),
            digest: [n; 32],
            scopes,
            added: Timestamp::from_millis(u64::from(n)),
            until: None,
        }
    }

    fn added(scratch: &Scratch, token: Token) -> Result<(), TokenError> {
        scratch.write(move |txn| Ok::<_, ReadError>(add(txn, &token)))
    }

    #[test]
    fn a_token_is_found_by_its_digest_until_it_is_removed_by_its_name() {
        let scratch = Scratch::new();
        let [one, two] = [token(1, "script"), token(2, "other script")];
        added(&scratch, two.clone()).unwrap();
        added(&scratch, one.clone()).unwrap();
        assert_eq!(get(&scratch.store, &one.digest).unwrap(), Some(one.clone()));
        assert_eq!(get(&scratch.store, &[9; 32]).unwrap(), None);
        assert_eq!(all(&scratch.store).unwrap(), [one.clone(), two.clone()]);
        assert!(matches!(added(&scratch, token(3, "script")), Err(TokenError::NameTaken)));
        assert!(matches!(added(&scratch, token(1, "again")), Err(TokenError::Known { .. })));
        assert!(scratch.write(|txn| remove(txn, "script")));
        assert!(!scratch.write(|txn| remove(txn, "script")));
        assert_eq!(get(&scratch.store, &one.digest).unwrap(), None);
        assert_eq!(all(&scratch.store).unwrap(), [two]);
        added(&scratch, one).unwrap();
    }

    #[test]
    fn what_is_no_token_is_not_added() {
        let scratch = Scratch::new();
        let long = "n".repeat(TOKEN_NAME_BYTES_MAX + 1);
        for name in ["", "a\nb", &long] {
            assert!(matches!(added(&scratch, token(1, name)), Err(TokenError::Name)), "{name:?}");
        }
        for scopes in [vec![], vec![String::new()], vec![long], vec!["s".to_owned(); SCOPES_MAX + 1]] {
            let token = Token { scopes, ..token(1, "script") };
            assert!(matches!(added(&scratch, token), Err(TokenError::Scopes)));
        }
        for n in 0..TOKENS_MAX {
            added(&scratch, token(n as u8, &format!("script {n}"))).unwrap();
        }
        assert!(matches!(added(&scratch, token(200, "one more")), Err(TokenError::TooMany)));
        assert_eq!(all(&scratch.store).unwrap().len(), TOKENS_MAX);
        assert!(!format!("{:?}", token(7, "script")).contains('7'));
    }
}
