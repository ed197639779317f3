//! Values to send: in the form that the vocabulary wants, and of nobody.

use freehold_protocol::path::Path;
use freehold_protocol::vocabulary::Vocabulary;

/// One of these is a normalised value of most fields.
const SAMPLES: [&str; 12] = [
    "+442079460000",
    "ada@example.com",
    "1985-12-10",
    "GB",
    "en",
    "https://example.com/",
    "Europe/London",
    "12",
    "true",
    "Ada",
    "ada",
    "1 High Street",
];

/// A path that no request of an honest hub asks for.
pub(crate) fn stranger() -> Path {
    Path::parse("x.conformance.stranger").expect("the path is well formed")
}

/// A normalised value of a field, or nothing: an emptied field is always told by null.
pub(crate) fn value(path: &Path) -> Option<String> {
    let vocabulary = Vocabulary::standard();
    let fits = |text: &&&str| vocabulary.check(path, text).is_ok_and(|known| known.as_str() == **text);
    SAMPLES.iter().find(fits).map(|text| (*text).to_owned())
}

/// 16 random bytes.
pub(crate) fn entropy() -> [u8; 16] {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    bytes
}

/// 32 random bytes: a key's seed.
pub(crate) fn seed() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_fields_have_a_sample_in_their_own_form() {
        for (path, sample) in [("phone.mobile", "+442079460000"), ("email.personal", "ada@example.com")] {
            assert_eq!(value(&Path::parse(path).unwrap()).as_deref(), Some(sample));
        }
        assert!(value(&stranger()).is_some());
    }
}
