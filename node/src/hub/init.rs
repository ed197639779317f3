//! `hub init`.

use std::path::Path;

use freehold_api::ApiError;
use freehold_crm::CrmConfig;
use freehold_hub::{DidChoice, HubConfig, InitError, WebhookConfig};
use freehold_webhook::Secret;
use serde_json::json;

use crate::Outcome;
use crate::cli::Init;
use crate::home::{Home, Kind, io_error};
use crate::hub::database;
use crate::output::Out;
use crate::passphrase;

pub(super) fn init(dir: &Path, args: &Init, out: &Out) -> Outcome {
    let mut config = HubConfig::new(&name(args));
    if let Some(domain) = &args.did_web {
        config.did = DidChoice::try_from(did_web(domain)).map_err(|error| ApiError::new("usage", error))?;
    }
    if !args.listen.is_empty() {
        config.listen.clone_from(&args.listen);
    }
    config.announce.clone_from(&args.announce);
    config.sinks.jsonl.clone_from(&args.jsonl);
    database::configure(&mut config, &args.store)?;
    let secret = match &args.webhook {
        None => None,
        Some(url) => Some(webhook(url, &mut config)?),
    };
    if let (Some(system), Some(url)) = (&args.crm, &args.crm_url) {
        config.crm = Some(crm(system, url, args.crm_token_file.as_deref())?);
    }
    config.check().map_err(|error| ApiError::new("usage", error))?;

    let home = Home::take(dir, Kind::Hub, args.passphrase.passphrase_file.as_deref())?;
    let seed = if home.is_new()? {
        home.create(&passphrase::new(&args.passphrase)?)?
    } else if dir.join(freehold_hub::CONFIG_FILE).exists() {
        return Err(init_error(dir, InitError::Exists(dir.to_owned())));
    } else {
        // A set-up that was cut off between the keys and the configuration.
        home.open(&passphrase::existing(&args.passphrase)?, out)?
    };
    let made = freehold_hub::init(dir, &seed, &config).map_err(|error| init_error(dir, error))?;
    let value = json!({ "home": dir, "did": made.did, "document": made.document, "webhookSecret": secret });
    out.show(&value, |_| {
        let mut text = format!(
            "The hub is made: {}\nconfiguration: {}",
            made.did,
            dir.join(freehold_hub::CONFIG_FILE).display()
        );
        if let Some(secret) = &secret {
            text.push_str(&format!(
                "\n\nThe webhook's secret, for the receiver to check signatures with:\n{secret}"
            ));
        }
        if let Some(document) = &made.document {
            let document = serde_json::to_string_pretty(document).unwrap_or_default();
            text.push_str(&format!("\n\nPublish this at {}:\n{document}", published_at(&made.did)));
        }
        text.push_str(&format!("\n\nRun it with  freehold --home {} hub run", dir.display()));
        text
    });
    Ok(())
}

fn name(args: &Init) -> String {
    let machine =
        || std::fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|name| name.trim().to_owned());
    let name = args.name.clone().or_else(|| args.did_web.clone()).or_else(machine);
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "A vendor".to_owned())
}

/// `shop.example`, `shop.example:8443` or `shop.example/eu` as a did:web (its method specification, section 3.1).
fn did_web(domain: &str) -> String {
    let bare = domain.strip_prefix("https://").unwrap_or(domain).trim_end_matches('/');
    if bare.starts_with("did:web:") {
        return bare.to_owned();
    }
    let (host, path) = bare.split_once('/').map_or((bare, None), |(host, path)| (host, Some(path)));
    let mut did = format!("did:web:{}", host.replace(':', "%3A"));
    if let Some(path) = path {
        did.push(':');
        did.push_str(&path.replace('/', ":"));
    }
    did
}

/// Where the document of a did:web belongs.
fn published_at(did: &str) -> String {
    let rest = did.strip_prefix("did:web:").unwrap_or(did);
    match rest.split_once(':') {
        None => format!("https://{}/.well-known/did.json", rest.replace("%3A", ":")),
        Some((host, path)) => {
            format!("https://{}/{}/did.json", host.replace("%3A", ":"), path.replace(':', "/"))
        }
    }
}

/// Adds the webhook with a new secret, which is given to the operator once.
fn webhook(url: &str, config: &mut HubConfig) -> Result<String, ApiError> {
    let secret = Secret::generate().map_err(|error| ApiError::new("internal", error))?;
    let text = secret.danger_text().to_owned();
    let inward = is_inward(url);
    config.sinks.webhook = Some(WebhookConfig {
        url: url.to_owned(),
        secret: text.clone(),
        // Whoever types http:// means it.
        allow_http: url.starts_with("http://"),
        inward,
    });
    Ok(text)
}

/// A CRM with a token in a file, which is read when the hub runs.
fn crm(system: &str, url: &str, token_file: Option<&Path>) -> Result<CrmConfig, ApiError> {
    let kind = super::crm::kind(system)?;
    let token_file = token_file.map(std::path::absolute).transpose();
    let token_file = token_file.map_err(|error| ApiError::new("usage", error))?;
    let mut config = CrmConfig::new(kind, url, None);
    config.token_file = token_file;
    (config.allow_http, config.inward) = (url.starts_with("http://"), is_inward(url));
    Ok(config)
}

/// Whether the operator's own words name this machine or a private network. Names that merely resolve to one need
/// `inward = true` in the configuration.
fn is_inward(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    if host.starts_with("[::1]") {
        return true;
    }
    let host = host.split(':').next().unwrap_or_default();
    match host.parse::<std::net::Ipv4Addr>() {
        Ok(address) => address.is_loopback() || address.is_private(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

fn init_error(dir: &Path, error: InitError) -> ApiError {
    match &error {
        InitError::Exists(_) => ApiError::new("home-exists", error),
        InitError::Config(_) | InitError::Did(_) => ApiError::new("usage", error),
        InitError::Io(source) => io_error(dir, source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_becomes_a_did_and_a_place_to_publish() {
        for (domain, did, place) in [
            ("shop.example", "did:web:shop.example", "https://shop.example/.well-known/did.json"),
            (
                "shop.example:8443",
                "did:web:shop.example%3A8443",
                "https://shop.example:8443/.well-known/did.json",
            ),
            ("https://shop.example/eu/", "did:web:shop.example:eu", "https://shop.example/eu/did.json"),
            ("did:web:shop.example", "did:web:shop.example", "https://shop.example/.well-known/did.json"),
        ] {
            assert_eq!(did_web(domain), did);
            assert_eq!(published_at(did), place);
        }
    }

    #[test]
    fn only_literal_inward_hosts_open_the_guard() {
        for url in ["http://127.0.0.1:80/x", "http://localhost/", "https://10.1.2.3", "http://[::1]:8080/h"] {
            assert!(is_inward(url), "{url}");
        }
        for url in ["https://crm.example/127.0.0.1", "https://8.8.8.8/", "https://localhost.example/"] {
            assert!(!is_inward(url), "{url}");
        }
    }
}
