//! Email addresses: the dot-string of RFC 5321 with a dotted host name.
//!
//! Quoted local parts, address literals and names in the host's own script are left out on purpose: mail systems and
//! CRMs refuse or garble them. A host in another script is written in its `xn--` form.

use super::ValueError;

/// Longest address in octets (RFC 5321 section 4.5.3.1.3, less the angle brackets).
const ADDRESS_BYTES_MAX: usize = 254;

/// Longest local part in octets (RFC 5321 section 4.5.3.1.1).
const LOCAL_BYTES_MAX: usize = 64;

/// Longest label of a host name (RFC 1035 section 2.3.4).
const LABEL_BYTES_MAX: usize = 63;

pub(super) fn parse(input: &str) -> Result<String, ValueError> {
    let (local, host) = input.rsplit_once('@').ok_or(ValueError::Email)?;
    let host = host.to_ascii_lowercase();
    if input.len() <= ADDRESS_BYTES_MAX && is_local(local) && is_host(&host) {
        Ok(format!("{local}@{host}"))
    } else {
        Err(ValueError::Email)
    }
}

fn is_local(local: &str) -> bool {
    let atext = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b);
    local.len() <= LOCAL_BYTES_MAX && local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(atext))
}

/// A host name of two labels or more whose last is not a number.
pub(super) fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    host.contains('.') && host.split('.').all(label) && !last.bytes().all(|b| b.is_ascii_digit())
}
