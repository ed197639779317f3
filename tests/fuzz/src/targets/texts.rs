//! Texts of other people: links, names, values, cards, files.

use freehold_cards::{ImportOptions, export_jscontact, export_vcard, import};
use freehold_keystore::Seed;
use freehold_protocol::identity::{Did, PublicKey};
use freehold_protocol::invitation::Invitation;
use freehold_protocol::json as strict;
use freehold_protocol::message::MessageType;
use freehold_protocol::path::{Path, Prefix};
use freehold_protocol::time::Timestamp;
use freehold_protocol::vocabulary::Vocabulary;

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

pub(super) fn json(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Ok(value) = strict::parse(text) {
        let canonical = strict::canonical(&value);
        let again = strict::parse_canonical(canonical.as_bytes());
        assert_eq!(again.as_ref(), Ok(&value), "{canonical}");
    }
    if let Ok(value) = strict::parse_canonical(bytes) {
        assert_eq!(strict::canonical(&value).as_bytes(), bytes, "one value has one canonical form");
    }
}

pub(super) fn link(bytes: &[u8]) {
    if let Some(Ok(invitation)) = text(bytes).map(Invitation::parse) {
        assert_eq!(Invitation::parse(&invitation.to_link()), Ok(invitation));
    }
}

pub(super) fn did(bytes: &[u8]) {
    if let Some(Ok(did)) = text(bytes).map(Did::parse) {
        assert_eq!(did.as_str().as_bytes(), bytes, "a DID has one spelling");
        if let Some(key) = did.key() {
            assert_eq!(key.did(), did);
        }
    }
}

pub(super) fn key(bytes: &[u8]) {
    if let Ok(raw) = <&[u8; 32]>::try_from(bytes)
        && let Ok(key) = PublicKey::from_bytes(raw)
    {
        assert_eq!(key.as_bytes(), raw);
        assert!(key.verify(b"", &[0; 64]).is_err(), "nobody signed");
    }
    if let Some(Ok(key)) = text(bytes).map(PublicKey::from_multibase) {
        assert_eq!(key.to_multibase().as_bytes(), bytes, "a key has one spelling");
    }
}

pub(super) fn path(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Ok(path) = Path::parse(text) {
        assert_eq!(path.as_str(), text);
        assert!(text.is_ascii() && text.len() <= 255);
    }
    let _ = Prefix::parse(text);
    let _ = Timestamp::parse(text).map(|at| assert_eq!(Timestamp::parse(&at.rfc3339()), Ok(at)));
}

/// The first byte chooses the field. A value in its form stays in it.
pub(super) fn value(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    let Some(text) = text(rest) else { return };
    let vocabulary = Vocabulary::standard();
    let field = &vocabulary.fields()[usize::from(*first) % vocabulary.fields().len()];
    for country in [None, Some("DE")] {
        if let Ok(value) = vocabulary.check_with_country(&field.path, text, country) {
            let again = vocabulary.check(&field.path, value.as_str());
            assert_eq!(again.as_ref().map(|v| v.as_str()), Ok(value.as_str()), "{}", field.path);
        }
    }
}

pub(super) fn name(bytes: &[u8]) {
    if let Some(Ok(kind)) = text(bytes).map(MessageType::parse) {
        assert_eq!(kind.as_str().as_bytes(), bytes);
    }
}

/// Each thing that a CardDAV server speaks of has an address.
pub(super) fn multistatus(bytes: &[u8]) {
    if let Some(addresses) = freehold_carddav::addresses_in(bytes) {
        assert!(addresses.iter().all(|address| !address.trim().is_empty()));
    }
}

pub(super) fn words(bytes: &[u8]) {
    if let Some(Ok(seed)) = text(bytes).map(Seed::from_words) {
        let words = seed.words();
        assert!(Seed::from_words(&words).is_ok_and(|again| *again.words() == *words));
    }
}

/// A card becomes fields in their own form; and what is written out of them reads again.
pub(super) fn card(bytes: &[u8]) {
    let options = ImportOptions { default_country: Some("DE".into()), card: None };
    let Ok(read) = import(bytes, &options) else { return };
    let vocabulary = Vocabulary::standard();
    let mut fields = Vec::new();
    for field in read.fields.iter().chain(&read.kept) {
        let known = vocabulary.check(&field.path, &field.value);
        let known = known.unwrap_or_else(|error| panic!("{}: {error}", field.path));
        assert_eq!(known.as_str(), field.value, "{}", field.path);
        fields.push((field.path.clone(), field.value.clone()));
    }
    for written in [export_vcard(&fields), export_jscontact(&fields)] {
        assert!(fields.is_empty() || import(written.as_bytes(), &options).is_ok(), "{written}");
    }
}

/// A vendor's request as a file, and what its systems answer.
#[cfg(feature = "vendor-files")]
pub(super) fn vendor_file(bytes: &[u8]) {
    if let Some(Ok(subject)) = text(bytes).map(|text| freehold_hub::parse_ask(text, "Acme")) {
        assert_eq!(subject.review(), Ok(()));
    }
    if let Ok(Some(answer)) = freehold_webhook::WebhookAnswer::parse(Some("application/json"), bytes) {
        assert!(answer.outcomes.iter().all(|outcome| !outcome.path.is_empty()));
    }
}
