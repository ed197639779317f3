//! Languages of BCP 47.

use language_tags::LanguageTag;

use super::ValueError;

/// Longest tag: RFC 5646 section 4.4.1 asks for room for 35 characters; longer ones are no preference of a person.
const TAG_BYTES_MAX: usize = 64;

/// A tag whose subtags are all in the IANA registry, in the registry's case.
pub(super) fn parse(input: &str) -> Result<String, ValueError> {
    if input.len() > TAG_BYTES_MAX {
        return Err(ValueError::Language);
    }
    let tag = LanguageTag::parse(input).map_err(|_| ValueError::Language)?;
    tag.validate().map_err(|_| ValueError::Language)?;
    // The library takes the registry's range qaa..qtz of three letters for two-letter tags too.
    let primary = tag.primary_language();
    if primary.len() == 2 && primary.starts_with('q') && primary != "qu" {
        return Err(ValueError::Language);
    }
    Ok(tag.into_string())
}
