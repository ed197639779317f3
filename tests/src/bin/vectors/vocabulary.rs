//! `specs/vocabulary.md`: paths, and the values of each type.

use freehold_protocol::code::Code;
use serde_json::json;

use crate::paper::path;
use crate::vector::Vector;

const PAGE: &str = "vocabulary";

pub(super) fn vectors() -> Vec<Vector> {
    [paths(), bad_paths(), values(), bad_values(), not_normalised()].into_iter().flatten().collect()
}

fn paths() -> Vec<Vector> {
    let case = |name: &str, what: &str, text: &str| {
        Vector::accept(PAGE, name, "vocabulary, rule 1", what).input("path", json!({"path": text}))
    };
    vec![
        case("path", "A known path.", "address.delivery.postalCode"),
        case("path-of-6-segments", "Six segments.", "a.b.c.d.e.f"),
        case("path-free", "A free path keeps the names of others.", "x.vcard.X-ABLABEL"),
        case("path-free-digits", "A segment of a free path may begin with a digit.", "x.1.a_b-c"),
        case(
            "path-of-a-newer-version",
            "A path that the data file does not list: kept, and never released.",
            "phone.satellite",
        ),
        case("path-segment-of-64", "A segment of 64 bytes.", &format!("x.{}", "a".repeat(64))),
    ]
}

fn bad_paths() -> Vec<Vector> {
    let case = |name: &str, what: &str, text: &str| {
        Vector::reject(PAGE, name, None, "vocabulary, rule 1", what).input("path", json!({"path": text}))
    };
    let whole = format!("x.{0}.{0}.{0}.{0}", "a".repeat(64));
    vec![
        case("path-empty", "Nothing.", ""),
        case("path-of-one-segment", "One segment: no prefix is a path.", "phone"),
        case("path-of-7-segments", "Seven segments.", "a.b.c.d.e.f.g"),
        case("path-too-long", "More than 255 bytes.", &whole),
        case("path-segment-of-65", "A segment of 65 bytes.", &format!("x.{}", "a".repeat(65))),
        case("path-homograph-cyrillic", "A Cyrillic letter that looks like `e`.", "phone.mobil\u{435}"),
        case("path-homograph-fullwidth", "A fullwidth letter.", "phone.\u{ff4d}obile"),
        case("path-homograph-dot", "A dot that is none: U+2024.", "phone\u{2024}mobile"),
        case("path-combining", "A letter with a combining mark.", "phone.mo\u{301}bile"),
        case("path-zero-width", "A character of no width.", "phone.mo\u{200b}bile"),
        case("path-case-facet", "A facet in upper case.", "Phone.mobile"),
        case("path-case-free", "The facet of free paths in upper case.", "X.vcard"),
        case("path-traversal", "Segments that go up.", "phone.mobile...address.home"),
        case("path-traversal-slash", "A slash.", "phone.mobile/../email"),
        case("path-traversal-free", "A slash in a free path.", "x.a/b"),
        case("path-backslash", "A backslash.", "phone.mobile\\email"),
        case("path-wildcard", "No pattern is a path.", "phone.*"),
        case("path-dot-at-the-end", "A dot at the end.", "phone.mobile."),
        case("path-dot-at-the-beginning", "A dot at the beginning.", ".phone.mobile"),
        case("path-two-dots", "Two dots in a row.", "phone..mobile"),
        case("path-blank", "A blank at the end.", "phone.mobile "),
        case("path-nul", "A zero at the end.", "phone.mobile\0"),
        case("path-digit-first", "A segment of a known path begins with a letter.", "phone.1"),
        case("path-hyphen", "A known path has no hyphen.", "phone.mobile-2"),
        case("path-free-hyphen-first", "A free segment begins with a letter or digit.", "x.-a"),
    ]
}

/// Values as they travel: normalised already.
fn values() -> Vec<Vector> {
    let cases = [
        ("text", "name.given", "Zoë"),
        ("text-arabic", "name.family", "مريم"),
        ("lines", "address.home.street", "Street 4\nBuilding 6"),
        ("phone", "phone.mobile", "+491701234567"),
        ("phone-italian-zero", "phone.home", "+390669812345"),
        ("email", "email.work", "Jo.Doe+tag@example.com"),
        ("date", "id.passportExpiry", "2028-02-29"),
        ("partial-date", "birth.date", "1980-03-22"),
        ("partial-date-without-year", "birth.date", "--02-29"),
        ("country", "address.home.country", "DE"),
        ("language", "language.preferred", "zh-Hant-TW"),
        ("timezone", "timezone.home", "Europe/Berlin"),
        ("uri", "web.home", "https://Example.com/%C3%A4?q=1#x"),
        ("postal-code", "address.home.postalCode", "H0H 0H0"),
        ("iban", "payment.iban", "DE89370400440532013000"),
        ("bic", "payment.bic", "DEUTDEFF500"),
        ("identifier", "id.tax", "12/345/67890"),
        ("boolean", "preference.marketing", "true"),
        ("enum", "preference.channel", "email"),
        ("free", "x.note", " two\nlines\t"),
    ];
    let longest = "a".repeat(4_096);
    let all = cases.into_iter().chain([("longest", "x.note", longest.as_str())]);
    all.map(|(name, known, text)| {
        Vector::accept(
            PAGE,
            &format!("value-{name}"),
            "vocabulary, Values",
            "A value in its normalised form.",
        )
        .input("value", json!({"path": path(known), "value": text}))
    })
    .collect()
}

/// What is no value of its type at all.
fn bad_values() -> Vec<Vector> {
    let cases = [
        ("empty", "name.given", "", "A value is never empty: a field without one is null."),
        ("blank", "name.given", "  ", "Blanks alone."),
        ("control-character", "name.given", "a\u{7f}", "A control character."),
        ("direction", "name.given", "a\u{202e}b", "A character that turns the direction of writing."),
        ("direction-isolate", "x.note", "a\u{2066}b", "The same under a free path."),
        ("line-break-in-text", "name.given", "a\nb", "Two lines where one is meant."),
        ("phone-without-country", "phone.mobile", "01701234567", "No country code."),
        ("phone-extension", "phone.mobile", "+14186569254;ext=102", "An extension."),
        ("phone-unknown-country", "phone.mobile", "+999123456", "A country code that is not in use."),
        ("phone-too-short", "phone.mobile", "+491", "A length that no plan has."),
        ("email-literal", "email.work", "a@[1.2.3.4]", "An address literal."),
        ("email-quoted", "email.work", "\"a\"@b.cd", "A quoted local part."),
        ("email-one-label", "email.work", "a@b", "A host of one label."),
        ("date-of-no-calendar", "id.passportExpiry", "2027-02-29", "No such day."),
        ("date-compact", "id.passportExpiry", "20280229", "Without hyphens."),
        ("date-with-time", "id.passportExpiry", "2028-02-29T00:00", "A time as well."),
        ("partial-date-year", "birth.date", "1980", "A year alone."),
        ("country-alpha-3", "address.home.country", "DEU", "Three letters."),
        ("country-name", "address.home.country", "Germany", "A name."),
        ("country-unknown", "address.home.country", "QQ", "No such country."),
        ("language-unknown", "language.preferred", "qq", "No such language."),
        ("timezone-offset", "timezone.home", "+02:00", "An offset is no zone."),
        ("uri-without-scheme", "web.home", "example.com", "No scheme."),
        ("uri-script", "web.home", "javascript:alert(1)", "A scheme that runs."),
        ("uri-bad-escape", "web.home", "https://a/%zz", "A percent sign without its digits."),
        ("postal-code-fullwidth", "address.home.postalCode", "\u{ff11}\u{ff10}\u{ff11}", "Fullwidth digits."),
        ("iban-check-digits", "payment.iban", "DE88370400440532013000", "Wrong check digits."),
        ("bic-country", "payment.bic", "DEUTQQFF", "No such country in it."),
        ("identifier-underscore", "id.tax", "a_b", "An underscore."),
        ("boolean-yes", "preference.marketing", "yes", "Another word."),
        ("enum-other", "preference.channel", "fax", "Not listed."),
        ("unknown-path", "phone.satellite", "+491701234567", "A path that the data file does not list."),
    ];
    let long = "a".repeat(4_097);
    let refused =
        cases.into_iter().map(|(name, known, text, what)| bad(name, Code::Malformed, known, text, what));
    refused.chain([bad("too-long", Code::TooLarge, "x.note", &long, "4,097 bytes.")]).collect()
}

/// What normalising would change: a receiver refuses it, so that both sides hold the same text.
fn not_normalised() -> Vec<Vector> {
    let cases = [
        ("text", "name.given", "Anna  Maria", "Two blanks."),
        ("text-blank", "name.given", "Zoë ", "A blank at the end."),
        ("lines", "address.home.street", "Street 4\r\nBuilding 6", "CR and LF."),
        ("lines-empty", "address.home.street", "Street 4\n\nBuilding 6", "An empty line."),
        ("phone", "phone.mobile", "+49 170 1234567", "Blanks."),
        ("phone-zero", "phone.mobile", "+49(0)1701234567", "The zero that is not dialled."),
        ("email", "email.work", "jo@Example.com", "A host in upper case."),
        ("country", "address.home.country", "de", "Lower case."),
        ("language", "language.preferred", "pt-br", "Not in canonical case."),
        ("timezone", "timezone.home", "europe/berlin", "Not in the case of the database."),
        ("uri", "web.home", "HTTPS://example.com/", "A scheme in upper case."),
        ("postal-code", "address.home.postalCode", "h0h 0h0", "Lower case."),
        ("iban", "payment.iban", "DE89 3704 0044 0532 0130 00", "Blanks."),
        ("bic", "payment.bic", "deutdeff", "Lower case."),
        ("identifier", "id.tax", " 12/345/67890", "A blank at the beginning."),
        ("boolean", "preference.marketing", "TRUE", "Upper case."),
        ("enum", "preference.channel", "Email", "Not as the field lists it."),
        ("partial-date", "birth.date", " --02-29", "A blank at the beginning."),
        ("date", "id.passportExpiry", "2028-02-29 ", "A blank at the end."),
    ];
    cases
        .into_iter()
        .map(|(name, known, text, what)| {
            bad(&format!("not-normalised-{name}"), Code::Malformed, known, text, what)
        })
        .collect()
}

fn bad(name: &str, code: Code, known: &str, text: &str, what: &str) -> Vector {
    Vector::reject(PAGE, &format!("value-{name}"), code, "vocabulary, Values", what)
        .input("value", json!({"path": path(known), "value": text}))
}
