//! Where the passphrase comes from: a file, a systemd credential, or the person at the terminal.

use std::io::IsTerminal;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use freehold_api::ApiError;
use freehold_keystore::{Passphrase, PassphraseError};

use crate::cli;

/// The passphrase of a home that is there.
pub(crate) fn existing(given: &cli::Passphrase) -> Result<Passphrase, ApiError> {
    match unattended(given)? {
        Some(passphrase) => Ok(passphrase),
        None => Passphrase::new(ask("Passphrase: ")?).map_err(|_| wrong()),
    }
}

/// The passphrase of a home that is being made: asked twice.
pub(crate) fn new(given: &cli::Passphrase) -> Result<Passphrase, ApiError> {
    if let Some(passphrase) = unattended(given)? {
        return Ok(passphrase);
    }
    let first = ask("New passphrase, 8 characters or more: ")?;
    let second = ask("The same again: ")?;
    if first != second {
        return Err(ApiError::new("no-passphrase", "the two passphrases differ: start again"));
    }
    Passphrase::new(first).map_err(refused)
}

/// The home does not open with this passphrase.
pub(crate) fn wrong() -> ApiError {
    ApiError::new("wrong-passphrase", "the passphrase is wrong: try again, or see --passphrase-file")
}

fn unattended(given: &cli::Passphrase) -> Result<Option<Passphrase>, ApiError> {
    if let Some(file) = &given.passphrase_file {
        let passphrase = Passphrase::from_file(Path::new(file)).map_err(refused)?;
        // Not refused: secrets that a container is handed are often readable by all inside of it.
        if std::fs::metadata(file).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0) {
            tracing::warn!("others on this machine can read the passphrase file: chmod 600 it");
        }
        return Ok(Some(passphrase));
    }
    match Passphrase::from_credential() {
        Ok(passphrase) => Ok(Some(passphrase)),
        Err(PassphraseError::NoCredentials) => Ok(None),
        // A unit may pass other credentials only.
        Err(PassphraseError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(refused(error)),
    }
}

fn ask(prompt: &str) -> Result<String, ApiError> {
    if !std::io::stdin().is_terminal() {
        return Err(ApiError::new(
            "no-passphrase",
            "no passphrase: run it in a terminal, or name a file with --passphrase-file FILE, or pass the systemd credential freehold-passphrase",
        ));
    }
    rpassword::prompt_password(prompt)
        .map_err(|error| ApiError::new("no-passphrase", format!("the passphrase cannot be read ({error})")))
}

fn refused(error: PassphraseError) -> ApiError {
    ApiError::new("no-passphrase", error)
}
