//! Derivation never changes by accident: these vectors were computed once, also by an independent HKDF.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use freehold_keystore::{Seed, WordsError};

/// The BIP-39 test vector of 32 bytes of 0x80 (github.com/trezor/python-mnemonic, vectors.json).
const WORDS: &str = "letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount doctor \
    acoustic avoid letter advice cage absurd amount doctor acoustic bless";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn every_key_is_the_one_it_was() {
    let seed = Seed::from_words(WORDS).unwrap();
    let cases = [
        (
            "relationship 0/0",
            seed.relationship_key(0, 0).danger_seed(),
            "6fd2f381e249f98a429adf4bd3734ee74536861aeaf166810437f0e5114e2da6",
        ),
        (
            "relationship 0/1",
            seed.relationship_key(0, 1).danger_seed(),
            "9e8d15bd6a59739a0b3887ee88d7bae705f6a346daa9024930664c248b273baf",
        ),
        (
            "relationship 7/0",
            seed.relationship_key(7, 0).danger_seed(),
            "5e98fcd3dff906699b3b3ba9a1819f11771cd82fcc87821a21f2cafb332c9a06",
        ),
        ("vault", seed.vault_key(), "f25aa71ac4d64c8e3517b50d0f2c027402134e6f62dd036b0b5be36877df51c4"),
        (
            "vault signing",
            seed.vault_signing_key().danger_seed(),
            "2555423087f7b159cb5315d2af35050c575e830203340b1f612ca66a83f138cd",
        ),
        ("backup", seed.backup_key(), "720ce067e4525e5ac286fb84c6d9ac3d1e2f2897804a15473552f98938ffade3"),
        (
            "backup seal",
            seed.backup_seal_key(),
            "ce8099c5289207ce2777352f4911b5515e2e8839cd36092627456e75cdfdb4df",
        ),
        (
            "vendor 0",
            seed.vendor_key(0).danger_seed(),
            "451764c4e50dfa54b215f004c5fe2ffcc03eb0a2ebd982fd20d8db405490f620",
        ),
        (
            "vendor 1",
            seed.vendor_key(1).danger_seed(),
            "72d5735b438efa6eaa5254aa49c32c5d60e6e99bc26eb3fb14d2b7bf7495171a",
        ),
        (
            "replica 0",
            seed.replica_key(0).danger_seed(),
            "7d850bb0de39b0fe66c8b49c6dff7e0b2380ded664a80ccbea8d7f8885a13039",
        ),
        (
            "replica 1",
            seed.replica_key(1).danger_seed(),
            "d849af269e6a3673ad662b3ec79363360e61384ab704e10311224d6f1da7c4de",
        ),
    ];
    for (name, key, expected) in &cases {
        assert_eq!(hex(&key[..]), *expected, "{name}");
    }
    assert_eq!(
        seed.relationship_key(0, 0).public().to_multibase(),
        "z6MkrQPvHXWBSAhmZMvsb1CTXYyAth6Esjzf2RLLFfUN1B5j"
    );
}

#[test]
fn words_round_trip_and_forgive_case_and_space() {
    let seed = Seed::generate().unwrap();
    let words = seed.words();
    assert_eq!(words.split(' ').count(), 24);
    let sloppy = format!("  {} \n", words.to_uppercase().replace(' ', "\t "));
    assert_eq!(Seed::from_words(&sloppy).unwrap().vault_key(), seed.vault_key());
    assert_eq!(*Seed::from_words(WORDS).unwrap().words(), WORDS);
    assert_ne!(Seed::generate().unwrap().vault_key(), seed.vault_key());
}

#[test]
fn wrong_words_are_refused_with_what_is_wrong() {
    let check = |words: &str, expected| assert_eq!(Seed::from_words(words).map(drop), Err(expected));
    check(&WORDS.replace("bless", "letter"), WordsError::Checksum);
    check(&WORDS.replacen("letter advice", "advice letter", 1), WordsError::Checksum);
    check(&WORDS.replace("bless", "blesss"), WordsError::Unknown { position: 24 });
    check(&WORDS.replacen("cage", "cäge", 1), WordsError::Unknown { position: 3 });
    check("letter advice", WordsError::Count { found: 2 });
    check("", WordsError::Count { found: 0 });
    let twelve =
        "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
    check(twelve, WordsError::Count { found: 12 });
}

#[test]
fn a_seed_prints_nothing() {
    assert_eq!(format!("{:?}", Seed::from_words(WORDS)), "Ok(Seed(…))");
}
