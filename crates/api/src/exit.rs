//! Exit statuses of the command line: the one table from error codes. Spec: `specs/exit-codes.md`.

/// Done.
pub const OK: u8 = 0;
/// Anything without a status of its own.
pub const OTHER: u8 = 1;
/// The command line, or a call's parameters, are wrong.
pub const USAGE: u8 = 2;
/// Nothing runs on this home.
pub const NOT_RUNNING: u8 = 3;
/// Another process has this home.
pub const HOME_IN_USE: u8 = 4;
/// The home is of a newer version, of the other kind, or no home.
pub const HOME: u8 = 5;
/// The passphrase, the words or the identity are wrong, or none were given.
pub const PASSPHRASE: u8 = 6;
/// A value or a path is not acceptable.
pub const BAD_VALUE: u8 = 7;
/// There is nothing with this id or path.
pub const NOT_FOUND: u8 = 8;
/// The invitation is damaged, expired or used.
pub const INVITATION: u8 = 9;
/// The vendor or the person cannot be resolved, cannot be reached, or is someone else.
pub const VENDOR: u8 = 10;
/// A grant forbids it.
pub const DENIED: u8 = 11;
/// A signature or a chain does not verify.
pub const VERIFICATION: u8 = 12;
/// No room on the disk.
pub const DISK_FULL: u8 = 13;
/// The store is damaged.
pub const STORE: u8 = 14;
/// The card cannot be read.
pub const CARD: u8 = 15;
/// Required fields have no value.
pub const MISSING_FIELDS: u8 = 16;
/// A peer under test breaks a rule of the specification.
pub const NOT_CONFORMANT: u8 = 17;

/// A backup is damaged, incomplete, of another version, or cannot be used.
pub const BACKUP: u8 = 18;

/// Codes with a status other than [`OTHER`].
pub const TABLE: &[(&str, u8)] = &[
    ("usage", USAGE),
    ("bad-request", USAGE),
    ("unknown-call", USAGE),
    ("too-large", USAGE),
    ("not-running", NOT_RUNNING),
    ("home-in-use", HOME_IN_USE),
    ("home-newer", HOME),
    ("home-kind", HOME),
    ("not-a-home", HOME),
    ("home-exists", HOME),
    ("wrong-passphrase", PASSPHRASE),
    ("no-passphrase", PASSPHRASE),
    ("bad-value", BAD_VALUE),
    ("bad-ask", BAD_VALUE),
    ("not-found", NOT_FOUND),
    ("invitation", INVITATION),
    ("vendor-unreachable", VENDOR),
    ("not-connected", VENDOR),
    ("denied", DENIED),
    ("bad-signature", VERIFICATION),
    ("audit-broken", VERIFICATION),
    ("disk-full", DISK_FULL),
    ("store-failed", STORE),
    ("store-corrupt", STORE),
    ("card-unreadable", CARD),
    ("missing-fields", MISSING_FIELDS),
    ("not-conformant", NOT_CONFORMANT),
    ("wrong-words", PASSPHRASE),
    ("no-words", PASSPHRASE),
    ("backup-damaged", BACKUP),
    ("backup-incomplete", BACKUP),
    ("backup-format", BACKUP),
    ("backup-unusable", BACKUP),
];

/// The exit status of a code.
#[must_use]
pub fn status(code: &str) -> u8 {
    TABLE.iter().find(|(known, _)| *known == code).map_or(OTHER, |(_, status)| *status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_listed_once_and_a_foreign_one_is_other() {
        for (index, (code, status)) in TABLE.iter().enumerate() {
            assert!(TABLE[..index].iter().all(|(earlier, _)| earlier != code), "{code} twice");
            assert!(*status > OTHER && *status <= BACKUP, "{code}");
        }
        assert_eq!(status("missing-fields"), 16);
        assert_eq!(status("made-up"), OTHER);
    }

    #[test]
    fn the_spec_lists_every_code_with_its_status() {
        let spec = include_str!("../../../specs/exit-codes.md");
        for (code, status) in TABLE {
            let row = spec.lines().find(|line| line.starts_with(&format!("| {status} |")));
            assert!(
                row.is_some_and(|row| row.contains(&format!("`{code}`"))),
                "{code} is not under {status}"
            );
        }
    }
}
