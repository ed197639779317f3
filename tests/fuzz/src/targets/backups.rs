//! What lies in the folder of a backup.

use std::sync::LazyLock;

use freehold_backup::{ChainId, any_bytes};
use freehold_keystore::Seed;

/// The words of the home whose backup is in `tests/compat/first-backup`.
const WORDS: &str = include_str!("../../../compat/first-backup/words");
/// The chain of that backup.
const CHAIN: &str = "7c8c9aa7c323412e";

static SEED: LazyLock<Seed> = LazyLock::new(|| Seed::from_words(WORDS.trim()).expect("24 good words"));

/// The items of a decrypted file: what is accepted has one form.
pub(super) fn items(bytes: &[u8]) {
    if let Ok(written) = any_bytes::items(bytes, &SEED) {
        assert_eq!(written, bytes, "items have one form");
    }
}

/// A file as it lies in the folder.
pub(super) fn file(bytes: &[u8]) {
    let _ = any_bytes::file(bytes, &SEED);
}

/// A chain's head.
pub(super) fn head(bytes: &[u8]) {
    let chain = ChainId::parse(CHAIN).expect("16 digits");
    if let Ok(written) = any_bytes::chain_head(bytes, chain) {
        assert_eq!(written.as_bytes(), bytes, "a head has one form");
    }
}
