//! Absolute URIs of RFC 3986, in ASCII.

use super::ValueError;
use super::email::is_host;

/// A URI whose scheme is one of `schemes`; the scheme is given back in lower case.
pub(super) fn parse(input: &str, schemes: &[String]) -> Result<String, ValueError> {
    let (scheme, rest) = input.split_once(':').ok_or(ValueError::Uri)?;
    if !is_scheme(scheme) || rest.is_empty() || !is_rest(rest) {
        return Err(ValueError::Uri);
    }
    let scheme = scheme.to_ascii_lowercase();
    if !schemes.contains(&scheme) {
        return Err(ValueError::UriScheme { expected: schemes.to_vec() });
    }
    if matches!(scheme.as_str(), "http" | "https") && !has_authority(rest) {
        return Err(ValueError::Uri);
    }
    Ok(format!("{scheme}:{rest}"))
}

/// As [`parse`], and takes `www.example.com/path` for a web address.
pub(super) fn parse_lenient(input: &str, schemes: &[String]) -> Result<String, ValueError> {
    let host = input.split(['/', '?', '#']).next().unwrap_or_default();
    if schemes.iter().any(|scheme| scheme == "http") && is_host(host) {
        return parse(&format!("http://{input}"), schemes);
    }
    parse(input, schemes)
}

fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

/// Only characters of RFC 3986 section 2, and every `%` begins a byte in hex.
fn is_rest(rest: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&b);
    let hex = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_hexdigit());
    let bytes = rest.as_bytes();
    let encoded = |n: usize| hex(bytes.get(n + 1).copied()) && hex(bytes.get(n + 2).copied());
    bytes.iter().enumerate().all(|(n, b)| allowed(*b) && (*b != b'%' || encoded(n)))
}

fn has_authority(rest: &str) -> bool {
    rest.strip_prefix("//").is_some_and(|rest| !rest.starts_with(['/', '?', '#', ':']) && !rest.is_empty())
}
