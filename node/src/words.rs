//! Where the 24 words come from: a file, standard input, or the person at the terminal; or an age identity in their place.

use std::io::{IsTerminal, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use freehold_api::ApiError;
use freehold_backup::Opener;
use freehold_keystore::Seed;
use zeroize::Zeroizing;

use crate::cli;

/// Longest file of words or identities, in bytes: 24 words take under 220, an identity under 80.
const FILE_BYTES_MAX: u64 = 16 * 1024;

/// What opens a backup.
pub(crate) fn opener(given: &cli::Opening) -> Result<Opener, ApiError> {
    match &given.identity {
        Some(file) => {
            let text = secret(file, "no-words")?;
            Opener::identities(&text).map_err(|error| ApiError::new("no-words", error))
        }
        None => Ok(Opener::words(seed(given.words_file.as_deref())?)),
    }
}

/// The seed that the words spell.
pub(crate) fn seed(file: Option<&Path>) -> Result<Seed, ApiError> {
    let words = match file {
        Some(file) => secret(file, "no-words")?,
        None => ask()?,
    };
    Seed::from_words(&words).map_err(|error| ApiError::new("wrong-words", error))
}

fn ask() -> Result<Zeroizing<String>, ApiError> {
    if !std::io::stdin().is_terminal() {
        let text =
            "no words: run it in a terminal, or name a file with --words-file FILE (- is standard input)";
        return Err(ApiError::new("no-words", text));
    }
    let words = rpassword::prompt_password("The 24 words, in order, with spaces (they are not shown): ");
    let words =
        words.map_err(|error| ApiError::new("no-words", format!("no words can be read ({error})")))?;
    Ok(Zeroizing::new(words))
}

/// Reads a file with a secret, or standard input for `-`.
fn secret(file: &Path, code: &str) -> Result<Zeroizing<String>, ApiError> {
    // Reserved, so that no copy is left by growing.
    let mut bytes = Zeroizing::new(Vec::with_capacity(FILE_BYTES_MAX as usize + 1));
    let read = if file == Path::new("-") {
        std::io::stdin().lock().take(FILE_BYTES_MAX).read_to_end(&mut bytes)
    } else {
        // Not refused: secrets that a container is handed are often readable by all inside of it.
        if std::fs::metadata(file).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0) {
            tracing::warn!("others on this machine can read {}: chmod 600 it", file.display());
        }
        std::fs::File::open(file).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes))
    };
    read.map_err(|error| {
        ApiError::new(
            code,
            format!("{} cannot be read ({error}): check its path and its owner", file.display()),
        )
    })?;
    let text = std::str::from_utf8(&bytes).map_err(|_| {
        ApiError::new(code, format!("{} is no text: check that it is the right one", file.display()))
    })?;
    Ok(Zeroizing::new(text.to_owned()))
}
