//! Contact cards in and out: vCard 2.1, 3.0 and 4.0, jCard and JSContact.
//!
//! [`import`] turns a card that another program wrote into fields of the vocabulary. What has no path is kept under
//! `x.vcard.`; what cannot be kept, pictures above all, is named in [`Import::skipped`]. [`export_vcard`] and
//! [`export_jscontact`] write fields out again. Parsing is the library `calcard`'s; jCard (RFC 7095), which it
//! lacks, is rewritten as vCard first. Which property is which field comes from the vocabulary's own names.
//!
//! ```
//! use freehold_cards::{ImportOptions, import};
//!
//! let card = b"BEGIN:VCARD\nVERSION:3.0\nFN:Jo Doe\nTEL;TYPE=CELL:0170 1234567\nEND:VCARD\n";
//! let options = ImportOptions { default_country: Some("DE".to_owned()), card: None };
//! let import = import(card, &options)?;
//! assert_eq!(import.fields[1].path.as_str(), "phone.mobile");
//! assert_eq!(import.fields[1].value, "+491701234567");
//! # Ok::<(), freehold_cards::ImportError>(())
//! ```

mod export;
mod import;
mod jcard;
mod mapping;
mod property;
mod source;

use std::fmt;

use freehold_protocol::path::Path;

pub use export::{export_jscontact, export_vcard};
pub use import::import;

/// Largest file that is read, in bytes: an address book of some thousand cards with small pictures.
pub const CARD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Most properties of one card that are read: a hundred times what a full card has.
pub const PROPERTIES_MAX: usize = 10_000;

/// What a card held.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Import {
    /// Fields of the vocabulary, in the vocabulary's order, each path once.
    pub fields: Vec<ImportField>,
    /// What has no path, kept under `x.vcard.`, each path once.
    pub kept: Vec<ImportField>,
    /// What was left out, and what a person should look at.
    pub skipped: Vec<Skipped>,
}

/// One field of a card.
#[derive(Clone, PartialEq, Eq)]
pub struct ImportField {
    /// Where it goes.
    pub path: Path,
    /// Its normalised value.
    pub value: String,
    /// The property it comes from, without personal data: `TEL;TYPE=CELL`.
    pub from: String,
}

impl fmt::Debug for ImportField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes) from {}", self.path, self.value.len(), self.from)
    }
}

/// Something that was left out or wants a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The property, without personal data: `PHOTO`.
    pub what: String,
    /// Why, in words for a person.
    pub reason: String,
}

/// How to read a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportOptions {
    /// The country (ISO 3166-1 alpha-2) whose numbering plan phone numbers without a country code follow.
    pub default_country: Option<String>,
    /// Which card of a file with several, counted from 1.
    pub card: Option<usize>,
}

/// Why a file is no card.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Larger than [`CARD_BYTES_MAX`].
    #[error("the file has {got} bytes, more than {CARD_BYTES_MAX}: export a single card")]
    TooLarge {
        /// Bytes of the file.
        got: usize,
    },
    /// More than [`PROPERTIES_MAX`] properties.
    #[error("the card has {got} properties, more than {PROPERTIES_MAX}")]
    TooManyProperties {
        /// Properties of the card.
        got: usize,
    },
    /// Neither vCard, jCard nor JSContact.
    #[error(
        "the file is no vCard, jCard or JSContact card: export one from the address book as .vcf or .json"
    )]
    NotACard,
    /// A card that begins and does not end.
    #[error("the card that begins on line {line} does not end: the file was cut off, export it again")]
    Truncated {
        /// The line of its `BEGIN:VCARD`, counted from 1.
        line: usize,
    },
    /// JSON that does not parse.
    #[error("the JSON is not well formed at line {line}: export it again")]
    Json {
        /// The line, counted from 1.
        line: usize,
    },
    /// More than one card and no choice.
    #[error("the file holds {count} cards: choose yours with --card 1 to --card {count}")]
    SeveralCards {
        /// Cards in the file.
        count: usize,
    },
    /// A choice that is not there.
    #[error("the file holds {count} cards, so there is no card {got}: choose 1 to {count}")]
    NoSuchCard {
        /// The card asked for.
        got: usize,
        /// Cards in the file.
        count: usize,
    },
    /// The default country is none.
    #[error("the country for phone numbers is not an ISO 3166-1 code of two letters, such as DE")]
    Country,
}
