//! The one cookie of a page.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::{Site, Token};

/// The cookie's name; over https browsers then take it from this host alone.
fn name(site: &Site) -> &'static str {
    if site.is_secure() { "__Host-freehold" } else { "freehold" }
}

/// The token that a browser presents.
#[must_use]
pub fn cookie(site: &Site, headers: &HeaderMap) -> Option<String> {
    let wanted = name(site);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == wanted)
        .map(|(_, value)| value.to_owned())
}

/// What makes a browser keep a token until it is closed.
#[must_use]
pub fn cookie_set(site: &Site, token: &Token) -> HeaderValue {
    written(site, token.danger_text(), "")
}

/// What makes a browser forget it.
#[must_use]
pub fn cookie_removed(site: &Site) -> HeaderValue {
    written(site, "", "; Max-Age=0")
}

fn written(site: &Site, value: &str, more: &str) -> HeaderValue {
    let secure = if site.is_secure() { "; Secure" } else { "" };
    let text = format!("{}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{more}", name(site));
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bind;

    #[test]
    fn a_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let bind = Bind::parse("127.0.0.1:1", false).unwrap();
        let token = Token::generate().unwrap();
        for (url, begin, secure) in
            [(None, "freehold=", false), (Some("https://desk.example"), "__Host-freehold=", true)]
        {
            let site = Site::new(&bind, url).unwrap();
            let set = cookie_set(&site, &token);
            let text = set.to_str().unwrap();
            assert!(text.starts_with(begin) && text.contains("HttpOnly; SameSite=Strict"), "{text}");
            assert_eq!(text.contains("; Secure"), secure);
            let mut headers = HeaderMap::new();
            let pair = text.split(';').next().unwrap();
            headers.insert(header::COOKIE, format!("a=b; {pair}; c").parse().unwrap());
            assert!(token.is(&cookie(&site, &headers).unwrap()));
        }
    }
}
