//! Whom a server of the vendor's own has to prove its name to: a database, a message queue.
//!
//! [`client_config`] gives what rustls needs for it: the authorities in a file, or the machine's, and no way around them.
//!
//! What it leaves out: connections, which belong to the library of each protocol, and HTTP, whose client has rules of its own
//! (`freehold-outbound`).
//!
//! ```no_run
//! # fn run() -> Result<(), freehold_tls::AuthorityError> {
//! let config = freehold_tls::client_config(Some("/etc/freehold/ca.pem".as_ref()))?;
//! # drop(config); Ok(())
//! # }
//! ```

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{RootCertStore, crypto};

pub use tokio_rustls::rustls::ClientConfig;

/// Why no server could be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// The file cannot be read.
    #[error("the authorities' file cannot be read: {0}")]
    File(String),
    /// It has something else than certificates.
    #[error("the authorities' file is no PEM of certificates: give the authority's own (BEGIN CERTIFICATE)")]
    Certificate,
    /// There is no authority at all.
    #[error("no certificate authority is known: name a file, or install the package ca-certificates")]
    Nobody,
    /// The versions of TLS that are safe are not there.
    #[error("TLS cannot be set up")]
    Tls,
}

/// Trusts the authorities in a file of PEM, or the machine's where none is named.
///
/// # Errors
/// [`AuthorityError`].
pub fn client_config(authorities: Option<&Path>) -> Result<ClientConfig, AuthorityError> {
    let mut roots = RootCertStore::empty();
    match authorities {
        Some(path) => {
            let pem = std::fs::read(path).map_err(|error| AuthorityError::File(error.to_string()))?;
            for certificate in CertificateDer::pem_slice_iter(&pem) {
                let certificate = certificate.map_err(|_| AuthorityError::Certificate)?;
                roots.add(certificate).map_err(|_| AuthorityError::Certificate)?;
            }
            if roots.is_empty() {
                return Err(AuthorityError::Certificate);
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if roots.is_empty() {
        return Err(AuthorityError::Nobody);
    }
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| AuthorityError::Tls)?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<(), &AuthorityError>) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let got = client_config(Some(file.path())).map(drop);
        assert_eq!(got.as_ref().copied(), expected, "{text}");
    }

    #[test]
    fn a_file_without_a_certificate_trusts_nobody_instead_of_the_machines_authorities() {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        check(&made.cert.pem(), Ok(()));
        check(&format!("{}{}", made.cert.pem(), made.cert.pem()), Ok(()));
        check("", Err(&AuthorityError::Certificate));
        check(&made.key_pair.serialize_pem(), Err(&AuthorityError::Certificate));
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        check(broken, Err(&AuthorityError::Certificate));
    }

    #[test]
    fn a_file_that_is_not_there_is_told() {
        let missing = client_config(Some("/nowhere/ca.pem".as_ref())).map(drop).unwrap_err();
        assert!(matches!(missing, AuthorityError::File(_)), "{missing}");
    }
}
