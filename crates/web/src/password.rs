//! Passwords of users: what is kept of them, and whether one is right.
//!
//! A record is the text form that other programs read too: `$argon2id$v=19$m=65536,t=3,p=1$salt$hash`.

use std::io;

use argon2::{Algorithm, Argon2, Params, Version};
use multibase::Base;
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// 64 MiB, 3 passes, 1 lane: the second recommendation of RFC 9106, with one lane.
const COST: (u32, u32, u32) = (64 * 1024, 3, 1);

/// Most that a record may ask for: it lies in the owner's own store, and yet is no reason to run out of memory.
const COST_MAX: (u32, u32, u32) = (256 * 1024, 16, 4);

/// Shortest password, in characters.
pub const CHARS_MIN: usize = 12;

/// Longest password, in bytes.
pub const BYTES_MAX: usize = 1024;

/// Checks at once: each holds 64 MiB.
const CHECKS_MAX: usize = 2;

static CHECKS: Semaphore = Semaphore::const_new(CHECKS_MAX);

/// Why a password is not taken.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too short or too long.
    #[error("a password has {CHARS_MIN} characters or more, and {BYTES_MAX} bytes at most")]
    Length,
    /// There is no entropy or memory.
    #[error("the password cannot be stretched ({0})")]
    System(io::Error),
}

/// The record of a new password.
///
/// # Errors
/// [`PasswordError`].
pub fn record(password: &str) -> Result<String, PasswordError> {
    if password.chars().count() < CHARS_MIN || password.len() > BYTES_MAX {
        return Err(PasswordError::Length);
    }
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| PasswordError::System(io::Error::other(error)))?;
    let hash = stretched(password, &salt, COST)
        .ok_or_else(|| PasswordError::System(io::Error::from(io::ErrorKind::OutOfMemory)))?;
    let (memory, passes, lanes) = COST;
    let text = |bytes: &[u8]| Base::Base64.encode(bytes);
    Ok(format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${}${}", text(&salt), text(&*hash)))
}

/// Whether a password is the one of a record. Without a record it takes as long and is wrong, so that nobody learns by the
/// clock which names there are.
pub async fn is_right(record: Option<String>, password: Zeroizing<String>) -> bool {
    let Ok(_permit) = CHECKS.acquire().await else { return false };
    let checked = tokio::task::spawn_blocking(move || {
        let known = record.as_deref().and_then(parts);
        let is_known = known.is_some();
        let (cost, salt, wanted) = known.unwrap_or((COST, vec![0; 16], vec![0; 32]));
        password.len() <= BYTES_MAX
            && stretched(&password, &salt, cost).is_some_and(|hash| bool::from(hash[..].ct_eq(&wanted)))
            && is_known
    });
    checked.await.unwrap_or(false)
}

type Cost = (u32, u32, u32);

fn stretched(password: &str, salt: &[u8], (memory, passes, lanes): Cost) -> Option<Zeroizing<[u8; 32]>> {
    let params = Params::new(memory, passes, lanes, Some(32)).ok()?;
    let mut hash = Zeroizing::new([0; 32]);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into(password.as_bytes(), salt, &mut *hash).ok()?;
    Some(hash)
}

fn parts(record: &str) -> Option<(Cost, Vec<u8>, Vec<u8>)> {
    let mut parts = record.strip_prefix("$argon2id$v=19$")?.split('$');
    let (cost, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let mut numbers = cost.split(',');
    let mut number = |name: &str, max: u32| {
        let number: u32 = numbers.next()?.strip_prefix(name)?.parse().ok()?;
        (number >= 1 && number <= max).then_some(number)
    };
    let cost = (number("m=", COST_MAX.0)?, number("t=", COST_MAX.1)?, number("p=", COST_MAX.2)?);
    let hash = Base::Base64.decode(hash).ok()?;
    (numbers.next().is_none() && hash.len() == 32).then_some((cost, Base::Base64.decode(salt).ok()?, hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(record: Option<&str>, password: &str) -> bool {
        is_right(record.map(str::to_owned), Zeroizing::new(password.to_owned())).await
    }

    #[tokio::test]
    async fn a_password_is_right_and_another_is_wrong() {
        let record = record("correct horse battery").unwrap();
        assert!(record.starts_with("$argon2id$v=19$m=65536,t=3,p=1$") && !record.contains("horse"));
        assert!(check(Some(&record), "correct horse battery").await);
        assert!(!check(Some(&record), "correct horse batterz").await);
        assert!(!check(None, "correct horse battery").await);
    }

    #[tokio::test]
    async fn a_record_of_another_program_is_read_and_a_hostile_one_is_not() {
        // The reference implementation: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1 -l 32 -e
        let foreign =
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert!(check(Some(foreign), "password").await);
        for hostile in [
            "",
            "$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAA",
            "$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$",
        ] {
            assert!(parts(hostile).is_none(), "{hostile}");
        }
    }

    #[test]
    fn a_short_password_is_not_taken() {
        assert!(matches!(record("short"), Err(PasswordError::Length)));
    }
}
