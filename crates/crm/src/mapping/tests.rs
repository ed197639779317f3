use super::*;

const KINDS: [Kind; 6] =
    [Kind::Tryton, Kind::Odoo, Kind::Espocrm, Kind::Hubspot, Kind::Salesforce, Kind::Rest];

/// A mapping for Tryton with this in it.
fn with(rest: &str) -> String {
    format!(
        "version = 1\nsystem = \"tryton\"\n[record]\nobject = \"party.party\"\ndid = \"identifiers.code\"\n{rest}"
    )
}

#[test]
fn every_shipped_mapping_is_read_and_is_for_its_system() {
    for kind in KINDS {
        let mapping =
            Mapping::parse(Mapping::shipped_text(kind)).unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        assert_eq!(mapping.system(), kind);
        assert!(mapping.paths().contains("phone.mobile"), "{kind:?}");
        assert!(mapping.paths().contains("address.home.street"), "{kind:?}");
    }
}

#[test]
fn an_error_names_its_line_and_what_would_be_right() {
    let field = |text: &str| with(&format!("[[field]]\n{text}"));
    for (text, line, problem) in [
        ("version = 2\n".to_owned(), 1, "version 2"),
        ("system = \"tryton\"\n".to_owned(), 1, "version"),
        (with("[end]\nmade = \"never\"\n"), 7, "never"),
        (with("[end]\nmore = 1\n"), 7, "more"),
        (with("duplicates = [\"phone.mobile\"]\n"), 6, "phone.mobile has no field of its own"),
        (field("path = \"phone.mobil\"\nto = \"a\"\n"), 7, "phone.mobile meant"),
        (field("path = \"name.full\"\nto = \"a b\"\n"), 8, "not a place"),
        (field("path = \"name.full\"\nto = \"a\"\nkeep = true\n"), 9, "keep"),
        (field("to = \"a\"\n"), 6, "either path, or paths"),
        (field("path = \"name.full\"\nto = \"a\"\njoin = \"\"\n"), 6, "only one"),
        (field("path = \"name.full\"\nto = \"a\"\nconvert = [\"shout\"]\n"), 9, "shout"),
        (field("path = \"name.full\"\nto = \"a\"\nconvert = [{ date = \"soon\" }]\n"), 6, "YYYY"),
        (field("path = \"name.full\"\nto = \"a\"\nexception = \"tax\"\n"), 9, "legalObligation"),
        (field("path = \"name.full\"\nto = \"identifiers.code\"\n"), 8, "has a path already"),
        (
            field("path = \"name.full\"\nto = \"a\"\n[[field]]\npath = \"name.nick\"\nto = \"a\"\n"),
            11,
            "has a path already",
        ),
        (with("[rest]\nfind = \"\"\nread = \"\"\ncreate = \"\"\nupdate = \"\"\n"), 6, "for the system rest"),
        (with("").replace("tryton", "rest"), 1, "no [rest]"),
    ] {
        let error = Mapping::parse(&text).unwrap_err();
        assert_eq!(error.line, line, "{text}\n{error}");
        assert!(error.problem.contains(problem), "{text}\n{error}");
    }
}

#[test]
fn exceptions_and_defaults_are_filled_in() {
    let text = with(
        "conflict = \"keep\"\n[end]\nexception = \"legalObligation\"\n[[field]]\npath = \"name.full\"\nto = \"name\"\n",
    );
    let mapping = Mapping::parse(&text).unwrap();
    assert_eq!((mapping.end.made, mapping.end.linked), (Way::Erase, Way::Clear));
    assert!(mapping.end.exception.as_deref().unwrap().ends_with("JustificationA17LegallyRequired"));
    assert_eq!(mapping.fields[0].conflict, Conflict::Keep);
    assert!(mapping.record.make);
}
