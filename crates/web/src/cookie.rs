//! The cookies of a page.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::{Site, Token};

/// A cookie of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cookie {
    /// Who is signed in. No request that another site has begun brings it along.
    Session,
    /// That this browser is at an identity provider. The way back brings it along; it lets nobody in.
    SignIn,
}

/// How long somebody may take at the provider, in seconds.
const SIGN_IN_SECS: u32 = 600;

impl Cookie {
    /// Its name; over https browsers then take it from this host alone.
    fn name(self, site: &Site) -> &'static str {
        match (self, site.is_secure()) {
            (Self::Session, true) => "__Host-freehold",
            (Self::Session, false) => "freehold",
            (Self::SignIn, true) => "__Host-freehold-sign-in",
            (Self::SignIn, false) => "freehold-sign-in",
        }
    }

    /// The token that a browser presents.
    #[must_use]
    pub fn read(self, site: &Site, headers: &HeaderMap) -> Option<String> {
        let wanted = self.name(site);
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| value.to_owned())
    }

    /// What makes a browser keep a token: until it is closed, or as long as a sign-in may take.
    #[must_use]
    pub fn set(self, site: &Site, token: &Token) -> HeaderValue {
        match self {
            Self::Session => self.written(site, token.danger_text(), ""),
            Self::SignIn => self.written(site, token.danger_text(), &format!("; Max-Age={SIGN_IN_SECS}")),
        }
    }

    /// What makes a browser forget it.
    #[must_use]
    pub fn removed(self, site: &Site) -> HeaderValue {
        self.written(site, "", "; Max-Age=0")
    }

    fn written(self, site: &Site, value: &str, more: &str) -> HeaderValue {
        let secure = if site.is_secure() { "; Secure" } else { "" };
        let from = match self {
            Self::Session => "Strict",
            Self::SignIn => "Lax",
        };
        let name = self.name(site);
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite={from}{secure}{more}");
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
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
            let set = Cookie::Session.set(&site, &token);
            let text = set.to_str().unwrap();
            assert!(text.starts_with(begin) && text.contains("HttpOnly; SameSite=Strict"), "{text}");
            assert_eq!(text.contains("; Secure"), secure);
            let mut headers = HeaderMap::new();
            let pair = text.split(';').next().unwrap();
            headers.insert(header::COOKIE, format!("a=b; {pair}; c").parse().unwrap());
            assert!(token.is(&Cookie::Session.read(&site, &headers).unwrap()));
            assert_eq!(Cookie::SignIn.read(&site, &headers), None);
        }
    }
}
