//! The names a page answers to, and what a browser says of where a request comes from.
//!
//! A name that somebody else's DNS points at this machine ("rebinding") makes a browser take a foreign page for this one;
//! the `Host` header tells, since it carries that name. A form on a foreign page is told by `Origin` and `Sec-Fetch-Site`.

use std::net::IpAddr;

use axum::http::{HeaderMap, Method, header};

use crate::Bind;

/// Where a page is found: by the address it listens on, and by the URL that its owner has named.
#[derive(Debug, Clone)]
pub struct Site {
    /// `host:port` as browsers write it for the address itself.
    near: Vec<String>,
    /// The authority of the named URL.
    named: Option<String>,
    /// What `Origin` may say.
    origins: Vec<String>,
    secure: bool,
}

/// The URL of a page cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no address of a page: write one such as https://desk.example, without a path")]
pub struct SiteError(String);

impl Site {
    /// The site of an address that is listened on, and of the URL by which a proxy makes it reachable.
    ///
    /// # Errors
    /// [`SiteError`].
    pub fn new(bind: &Bind, url: Option<&str>) -> Result<Self, SiteError> {
        let address = bind.address();
        let mut near = vec![address.to_string()];
        if address.ip().is_loopback() {
            near.push(format!("localhost:{}", address.port()));
        }
        let mut origins: Vec<String> = near.iter().map(|host| format!("http://{host}")).collect();
        let (mut named, mut secure) = (None, false);
        if let Some(url) = url {
            let bad = || SiteError(url.to_owned());
            let (scheme, rest) = url.split_once("://").ok_or_else(bad)?;
            let authority = rest.strip_suffix('/').unwrap_or(rest).to_ascii_lowercase();
            let odd = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']'));
            if authority.is_empty() || authority.contains(odd) || !matches!(scheme, "http" | "https") {
                return Err(bad());
            }
            secure = scheme == "https";
            origins.push(format!("{scheme}://{authority}"));
            named = Some(authority);
        }
        Ok(Self { near, named, origins, secure })
    }

    /// Whether browsers reach it by https, so that cookies may be bound to that.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The URL, without a path, that it was given as its public one.
    #[must_use]
    pub fn public_origin(&self) -> Option<String> {
        self.named.as_ref().map(|named| self.origin(named))
    }

    /// The URL, without a path, under which a browser asks that names this `Host`; what it is sent away from it comes back to.
    #[must_use]
    pub fn origin(&self, host: &str) -> String {
        let host = host.to_ascii_lowercase();
        let scheme =
            if self.secure && self.named.as_deref() == Some(host.as_str()) { "https" } else { "http" };
        format!("{scheme}://{host}")
    }

    /// Whether a `Host` is one of its names.
    #[must_use]
    pub fn is_own_host(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.is_near_host(&host) || self.named.as_deref() == Some(host.as_str())
    }

    /// Whether a `Host` is the address itself: whoever asks so is on this machine or in its network, not behind the proxy.
    #[must_use]
    pub fn is_near_host(&self, host: &str) -> bool {
        self.near.iter().any(|near| near == host) || self.is_own_address(host)
    }

    /// Where a request comes from: the other end of the connection, or, behind the proxy of the named URL, where that proxy
    /// says.
    #[must_use]
    pub fn asker(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        if !peer.is_loopback() || self.is_near_host(&host.to_ascii_lowercase()) {
            return peer;
        }
        // The last one is what our own proxy has seen; those before it are what it was told.
        let forwarded = headers.get_all("x-forwarded-for").iter().next_back();
        let forwarded = forwarded.and_then(|value| value.to_str().ok());
        let last =
            forwarded.and_then(|value| value.rsplit(',').next()).and_then(|last| last.trim().parse().ok());
        last.unwrap_or(peer)
    }

    /// With an address such as 0.0.0.0, any literal address with the right port is the machine's own: a literal cannot be
    /// rebound.
    fn is_own_address(&self, host: &str) -> bool {
        let Some(near) = self.near.first().and_then(|near| near.parse::<std::net::SocketAddr>().ok()) else {
            return false;
        };
        let is_any = match near.ip() {
            IpAddr::V4(ip) => ip.is_unspecified(),
            IpAddr::V6(ip) => ip.is_unspecified(),
        };
        is_any && host.parse::<std::net::SocketAddr>().is_ok_and(|asked| asked.port() == near.port())
    }

    /// Whether a request that changes something comes from one of this site's own pages, or from no browser.
    ///
    /// `Referrer-Policy: no-referrer` makes browsers say `Origin: null` even of a page's own forms; `Sec-Fetch-Site` tells
    /// those from others'.
    #[must_use]
    pub fn is_own_request(&self, method: &Method, headers: &HeaderMap) -> bool {
        let said = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let fetch_site = said("sec-fetch-site");
        if fetch_site.is_some_and(|from| !matches!(from, "same-origin" | "none")) {
            // Following a link from elsewhere shows a page, and changes nothing.
            return method.is_safe();
        }
        match said(header::ORIGIN.as_str()) {
            None => true,
            Some("null") => method.is_safe() || fetch_site == Some("same-origin"),
            Some(origin) => {
                self.origins.iter().any(|own| own == origin)
                    || (fetch_site == Some("same-origin")
                        && origin.strip_prefix("http://").is_some_and(|host| self.is_own_address(host)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn site(bind: &str, url: Option<&str>) -> Site {
        Site::new(&Bind::parse(bind, true).unwrap(), url).unwrap()
    }

    #[test]
    fn only_its_own_names_are_answered() {
        let site = site("127.0.0.1:4180", Some("https://Desk.Example/"));
        for host in ["127.0.0.1:4180", "localhost:4180", "LOCALHOST:4180", "desk.example"] {
            assert!(site.is_own_host(host), "{host}");
        }
        for host in ["evil.example:4180", "127.0.0.1", "127.0.0.1:4181", "desk.example.evil", ""] {
            assert!(!site.is_own_host(host), "{host}");
        }
        assert!(!site.is_near_host("desk.example"));
        assert!(site.is_secure());
        assert_eq!(site.origin("Desk.Example"), "https://desk.example");
        assert_eq!(site.origin("127.0.0.1:4180"), "http://127.0.0.1:4180");
    }

    #[test]
    fn on_all_addresses_any_literal_is_its_own_and_no_name_is() {
        let site = site("0.0.0.0:80", None);
        assert!(site.is_own_host("192.168.1.7:80"));
        assert!(!site.is_own_host("evil.example:80") && !site.is_own_host("192.168.1.7:81"));
    }

    #[test]
    fn a_foreign_page_changes_nothing() {
        let site = site("127.0.0.1:4180", Some("https://desk.example"));
        let asked = |method: Method, origin: &str, fetch: &str| {
            let mut headers = HeaderMap::new();
            for (name, value) in [("origin", origin), ("sec-fetch-site", fetch)] {
                if !value.is_empty() {
                    headers.insert(name, HeaderValue::from_str(value).unwrap());
                }
            }
            site.is_own_request(&method, &headers)
        };
        for (origin, fetch) in [
            ("", ""),
            ("http://127.0.0.1:4180", ""),
            ("https://desk.example", "same-origin"),
            ("null", "same-origin"),
        ] {
            assert!(asked(Method::POST, origin, fetch), "{origin} {fetch}");
        }
        for (origin, fetch) in [
            ("https://evil.example", ""),
            ("null", ""),
            ("null", "cross-site"),
            ("http://127.0.0.1:4180", "cross-site"),
            ("", "same-site"),
        ] {
            assert!(!asked(Method::POST, origin, fetch), "{origin} {fetch}");
        }
        assert!(asked(Method::GET, "", "cross-site"));
    }

    #[test]
    fn a_url_with_more_than_a_host_is_refused() {
        for url in
            ["desk.example", "ftp://desk.example", "https://desk.example/path", "https://u@desk.example"]
        {
            assert!(Site::new(&Bind::parse("127.0.0.1:1", false).unwrap(), Some(url)).is_err(), "{url}");
        }
    }
}
