//! The vocabulary: what a datum is called, what values it takes, and the closed lists of DPV terms.
//!
//! The data are `specs/vocabulary.json`, embedded and parsed once; `specs/vocabulary.md` is its page. Start at
//! [`Vocabulary::standard`]; [`Vocabulary::check`] turns text into a normalised [`Value`].

mod account;
mod country;
mod date;
mod email;
mod language;
mod phone;
mod text;
mod timezone;
mod uri;
mod value;

use std::collections::BTreeMap;
use std::sync::LazyLock;

pub(crate) use self::text::is_unprintable;
use serde::{Deserialize, Serialize};

use crate::path::Path;

pub use country::{countries, country_name};
pub use value::{VALUE_BYTES_MAX, Value, ValueError};

/// The data file, as the specification publishes it.
const SOURCE: &str = include_str!("../../specs/vocabulary.json");

/// The longest edit distance at which a known path is still suggested for an unknown one, as a share of the
/// unknown path's length: a third catches a wrong or missing segment end, and suggests nothing for plain nonsense.
const SUGGEST_DISTANCE_SHARE: usize = 3;

static STANDARD: LazyLock<Vocabulary> = LazyLock::new(|| {
    let source: Source =
        serde_json::from_str(SOURCE).expect("specs/vocabulary.json is well formed, which a test proves");
    Vocabulary::index(source)
});

/// The known fields and terms.
#[derive(Debug)]
pub struct Vocabulary {
    version: u32,
    fields: Vec<Field>,
    by_path: BTreeMap<Path, usize>,
    purposes: Vec<Purpose>,
    legal_bases: Vec<LegalBasis>,
    erasure_exceptions: Vec<ErasureException>,
}

/// One known field.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Field {
    /// Its path.
    pub path: Path,
    /// What values it takes.
    #[serde(rename = "type")]
    pub value_type: ValueType,
    /// What a person reads, in English.
    pub label: String,
    /// Its category in the Data Privacy Vocabulary's extension PD, such as `pd:TelephoneNumber`.
    pub dpv_pd: String,
    /// Whether it wants more care: a special category of personal data, an account, an official document.
    pub sensitive: bool,
    /// The values of a field of type [`ValueType::Enum`]; empty for every other type.
    #[serde(default)]
    pub values: Vec<String>,
    /// The schemes a field of type [`ValueType::Uri`] takes; empty for every other type.
    #[serde(default)]
    pub schemes: Vec<String>,
    /// What other systems call it.
    pub names: Names,
}

/// What other systems call a field; `None` where one has no name for it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Names {
    /// `PROPERTY;TYPE=a,b#component` (RFC 6350, RFC 6474, RFC 6715, RFC 9554).
    pub vcard: Option<String>,
    /// A path into a Card (RFC 9553).
    pub jscontact: Option<String>,
    /// The autofill tokens of the `autocomplete` attribute (HTML Living Standard).
    pub html: Option<String>,
    /// A property of HubSpot's contact object.
    pub hubspot: Option<String>,
    /// A field of Salesforce's Contact, or of its Account.
    pub salesforce: Option<String>,
    /// A field of Odoo's `res.partner`.
    pub odoo: Option<String>,
    /// A field of EspoCRM's Contact, or of its account.
    pub espocrm: Option<String>,
    /// A field of Tryton's `party.party`.
    pub tryton: Option<String>,
    /// An element of HL7 FHIR's Patient.
    pub fhir: Option<String>,
}

/// What values a field takes; the data file describes each normalised form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ValueType {
    /// One line of text.
    Text,
    /// Several lines of text.
    Lines,
    /// A telephone number in E.164 form.
    Phone,
    /// An email address.
    Email,
    /// A calendar date.
    Date,
    /// A calendar date, or a day of the year without the year.
    PartialDate,
    /// ISO 3166-1 alpha-2.
    Country,
    /// BCP 47.
    Language,
    /// A name of the IANA time zone database.
    Timezone,
    /// An absolute URI.
    Uri,
    /// A postal code of any country.
    PostalCode,
    /// ISO 13616.
    Iban,
    /// ISO 9362.
    Bic,
    /// A number of a document or a register.
    Identifier,
    /// `true` or `false`.
    Boolean,
    /// One of the field's `values`.
    Enum,
}

/// A purpose of the Data Privacy Vocabulary.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Purpose {
    /// Its IRI: `https://w3id.org/dpv#ServiceProvision`.
    pub iri: String,
    /// Its short name: `serviceProvision`.
    pub name: String,
    /// A heading, in English.
    pub label: String,
    /// One sentence for the person whose data it is.
    pub sentence: String,
}

/// A legal basis of the Data Privacy Vocabulary.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegalBasis {
    /// Its IRI: `https://w3id.org/dpv#Consent`.
    pub iri: String,
    /// Its short name: `consent`.
    pub name: String,
    /// A heading, in English.
    pub label: String,
    /// The IRI of the same basis in the vocabulary's GDPR extension.
    pub gdpr: String,
    /// One sentence for the person whose data it is.
    pub sentence: String,
}

/// Why a vendor may keep what it was told to erase.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErasureException {
    /// Its IRI: `https://w3id.org/dpv/legal/eu/gdpr#JustificationA17LegalClaims`.
    pub iri: String,
    /// Its short name: `legalClaims`.
    pub name: String,
    /// A heading, in English.
    pub label: String,
    /// Where the law says so.
    pub law: String,
    /// One sentence for the person whose data it is.
    pub sentence: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Source {
    version: u32,
    #[serde(rename = "prefixes")]
    _prefixes: BTreeMap<String, String>,
    #[serde(rename = "types")]
    _types: Vec<TypeForm>,
    fields: Vec<Field>,
    purposes: Vec<Purpose>,
    legal_bases: Vec<LegalBasis>,
    erasure_exceptions: Vec<ErasureException>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypeForm {
    #[serde(rename = "name")]
    _name: ValueType,
    #[serde(rename = "form")]
    _form: String,
}

impl Vocabulary {
    /// The vocabulary that this build carries.
    #[must_use]
    pub fn standard() -> &'static Self {
        &STANDARD
    }

    /// The version of the data file; it grows when a path or a term is added.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// All known fields, in the order a person reads them.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The known field of that path.
    #[must_use]
    pub fn field(&self, path: &Path) -> Option<&Field> {
        self.by_path.get(path).map(|index| &self.fields[*index])
    }

    /// All purposes that a data request may name.
    #[must_use]
    pub fn purposes(&self) -> &[Purpose] {
        &self.purposes
    }

    /// A purpose by its short name or its IRI.
    #[must_use]
    pub fn purpose(&self, name_or_iri: &str) -> Option<&Purpose> {
        self.purposes.iter().find(|it| it.name == name_or_iri || it.iri == name_or_iri)
    }

    /// All legal bases that a data request may name.
    #[must_use]
    pub fn legal_bases(&self) -> &[LegalBasis] {
        &self.legal_bases
    }

    /// A legal basis by its short name, its IRI, or its IRI in the GDPR extension.
    #[must_use]
    pub fn legal_basis(&self, name_or_iri: &str) -> Option<&LegalBasis> {
        self.legal_bases
            .iter()
            .find(|it| it.name == name_or_iri || it.iri == name_or_iri || it.gdpr == name_or_iri)
    }

    /// All reasons that an erasure receipt may give for keeping something.
    #[must_use]
    pub fn erasure_exceptions(&self) -> &[ErasureException] {
        &self.erasure_exceptions
    }

    /// A reason to keep by its short name or its IRI.
    #[must_use]
    pub fn erasure_exception(&self, name_or_iri: &str) -> Option<&ErasureException> {
        self.erasure_exceptions.iter().find(|it| it.name == name_or_iri || it.iri == name_or_iri)
    }

    /// Checks a value strictly and normalises it. The values of free paths are kept as they are.
    ///
    /// # Errors
    /// [`ValueError`], which never repeats the value.
    pub fn check(&self, path: &Path, text: &str) -> Result<Value, ValueError> {
        match self.field(path) {
            Some(field) => value::check(field, text),
            None if path.is_free() => value::check_free(text),
            None => Err(self.unknown(path)),
        }
    }

    /// Checks what another program wrote: as [`Vocabulary::check`], but it also takes phone numbers without a
    /// country code when `country` (ISO 3166-1 alpha-2) is given, names of countries and their alpha-3 codes,
    /// compact dates and web addresses without a scheme.
    ///
    /// # Errors
    /// [`ValueError`], which never repeats the value.
    pub fn check_with_country(
        &self,
        path: &Path,
        text: &str,
        country: Option<&str>,
    ) -> Result<Value, ValueError> {
        match self.field(path) {
            Some(field) => value::check_lenient(field, text, country),
            None if path.is_free() => value::check_free(text),
            None => Err(self.unknown(path)),
        }
    }

    /// The known path that is nearest to an unknown one, if any is near.
    #[must_use]
    pub fn nearest(&self, path: &Path) -> Option<&Path> {
        let wanted = path.as_str();
        self.fields
            .iter()
            .map(|field| (distance(wanted, field.path.as_str()), &field.path))
            .min_by_key(|(distance, _)| *distance)
            .filter(|(distance, _)| *distance <= wanted.len() / SUGGEST_DISTANCE_SHARE)
            .map(|(_, path)| path)
    }

    fn unknown(&self, path: &Path) -> ValueError {
        ValueError::UnknownPath { path: path.clone(), nearest: self.nearest(path).cloned() }
    }

    fn index(source: Source) -> Self {
        let by_path = source.fields.iter().enumerate().map(|(n, field)| (field.path.clone(), n)).collect();
        Self {
            version: source.version,
            fields: source.fields,
            by_path,
            purposes: source.purposes,
            legal_bases: source.legal_bases,
            erasure_exceptions: source.erasure_exceptions,
        }
    }
}

/// The edit distance of two ASCII texts (Levenshtein), letters compared without case.
fn distance(a: &str, b: &str) -> usize {
    let b = b.as_bytes();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(!x.eq_ignore_ascii_case(y));
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests;
