//! Where the passphrase comes from: a file, a systemd credential, or the person at the terminal; and how it is changed.

use std::io::IsTerminal;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use freehold_api::ApiError;
use freehold_keystore::{OldFile, Passphrase, PassphraseError};
use serde_json::json;
use zeroize::Zeroizing;

use crate::Outcome;
use crate::cli;
use crate::home::{Home, Kind};
use crate::output::Out;

/// The passphrase of a home that is there.
pub(crate) fn existing(given: &cli::Passphrase) -> Result<Passphrase, ApiError> {
    match unattended(given)? {
        Some(passphrase) => Ok(passphrase),
        None => Passphrase::attempt(ask("Passphrase: ")?).map_err(|_| wrong()),
    }
}

/// The passphrase of a home that is being made: asked twice.
pub(crate) fn new(given: &cli::Passphrase) -> Result<Passphrase, ApiError> {
    match unattended(given)? {
        Some(passphrase) => Ok(passphrase),
        None => ask_twice(),
    }
}

/// Puts the home under another passphrase, and raises what guessing it costs to what is usual today. The home must be at
/// rest: what runs on it has read its keys already and would not notice, and a backup may be under way.
pub(crate) fn change(dir: &Path, kind: Kind, args: &cli::NewPassphrase, out: &Out) -> Outcome {
    let home = Home::take_known(dir, kind)?;
    let old = existing(&args.old)?;
    // A wrong old one is told before anybody makes up a new one.
    drop(home.open(&old, out)?);
    let new = match &args.new_passphrase_file {
        Some(file) => from_file(file)?,
        None => ask_twice()?,
    };
    let changed = home.change_passphrase(&old, &new)?;
    out.show(&json!({ "event": "passphrase-changed", "home": dir }), |_| {
        "The passphrase is changed. Change it too wherever a service reads it: the file of --passphrase-file, or the \
         systemd credential."
            .to_owned()
    });
    if changed == OldFile::Kept {
        out.note(
            "the old key file could not be written over: the old passphrase opens whatever copy of it there is",
        );
    }
    Ok(())
}

/// A new passphrase, from the person at the terminal.
fn ask_twice() -> Result<Passphrase, ApiError> {
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

/// The passphrase that the program was started with, if it was.
pub(crate) fn unattended(given: &cli::Passphrase) -> Result<Option<Passphrase>, ApiError> {
    if let Some(file) = &given.passphrase_file {
        return from_file(file).map(Some);
    }
    match Passphrase::from_credential() {
        Ok(passphrase) => Ok(Some(passphrase)),
        Err(PassphraseError::NoCredentials) => Ok(None),
        // A unit may pass other credentials only.
        Err(PassphraseError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(refused(error)),
    }
}

fn from_file(file: &Path) -> Result<Passphrase, ApiError> {
    let passphrase = Passphrase::from_file(file).map_err(refused)?;
    // Not refused: secrets that a container is handed are often readable by all inside of it.
    if std::fs::metadata(file).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0) {
        tracing::warn!("others on this machine can read the passphrase file: chmod 600 it");
    }
    Ok(passphrase)
}

fn ask(prompt: &str) -> Result<Zeroizing<String>, ApiError> {
    if !std::io::stdin().is_terminal() {
        return Err(ApiError::new(
            "no-passphrase",
            "no passphrase: run it in a terminal, or name a file with --passphrase-file FILE, or pass the systemd credential freehold-passphrase",
        ));
    }
    rpassword::prompt_password(prompt)
        .map(Zeroizing::new)
        .map_err(|error| ApiError::new("no-passphrase", format!("the passphrase cannot be read ({error})")))
}

fn refused(error: PassphraseError) -> ApiError {
    ApiError::new("no-passphrase", error)
}
