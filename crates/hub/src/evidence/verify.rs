//! Checking evidence, with nothing but its bytes.

use std::collections::{BTreeMap, BTreeSet};

use freehold_protocol::code::Code;
use freehold_protocol::disclosure::Grant;
use freehold_protocol::document::{
    DataRequest, Document, DocumentDigest, ErasureSubject, RevocationSubject, Rotation, Subject,
    VendorRotation,
};
use freehold_protocol::identity::{Did, PublicKey};
use freehold_protocol::time::Timestamp;
use freehold_resolver::ResolvedDid;
use serde::{Deserialize, Serialize};

use super::chain::Chain;
use super::{EVENTS, FILES, Listed, MANIFEST, Manifest, VENDOR, tar};

/// What was found of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The file's name in the archive.
    pub file: String,
    /// Whether it is what it must be.
    pub ok: bool,
    /// What it is, or why it is not.
    pub detail: String,
}

/// What was found of all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EvidenceReport {
    /// Whether everything holds.
    pub ok: bool,
    /// The vendor that vouches for it.
    pub vendor: Option<String>,
    /// The person's DIDs, the present one first.
    pub person: Vec<String>,
    /// DIDs, of the person or the vendor, that no statement here joins to the present one: that they are the same is the vendor's word.
    pub by_word: Vec<String>,
    /// File by file.
    pub findings: Vec<Finding>,
    /// How many events are told of.
    pub events: usize,
}

struct Check {
    files: BTreeMap<String, Vec<u8>>,
    vendors: BTreeSet<Did>,
    persons: BTreeSet<Did>,
    /// The key of a vendor with a domain, as the document in the archive has it.
    published: Option<ResolvedDid>,
    findings: Vec<Finding>,
}

/// Verifies an archive of evidence. It needs no network and no time: what it judges is what was signed.
#[must_use]
pub fn verify(archive: &[u8]) -> EvidenceReport {
    let failed = |file: &str, detail: String| EvidenceReport {
        ok: false,
        vendor: None,
        person: Vec::new(),
        by_word: Vec::new(),
        findings: vec![Finding { file: file.to_owned(), ok: false, detail }],
        events: 0,
    };
    let files = match tar::read(archive) {
        Ok(files) => files,
        Err(error) => return failed("the archive", error.to_string()),
    };
    let manifest = files.get(MANIFEST).ok_or(Code::Malformed).and_then(|b| Document::<Manifest>::read(b));
    let manifest = match manifest {
        Ok(manifest) => manifest,
        Err(code) => return failed(MANIFEST, format!("it is no signed manifest ({code})")),
    };
    let subject = manifest.subject().clone();
    let published = published(&files, manifest.issuer());
    let mut check = Check {
        vendors: subject.vendors.iter().cloned().collect(),
        persons: subject.earlier.iter().chain([&subject.id]).cloned().collect(),
        files,
        published,
        findings: Vec::new(),
    };
    let vouched = check.is_vendor(manifest.issuer(), &manifest.signer_key());
    check.found(MANIFEST, vouched.then(|| "vouched for by the vendor".to_owned()).ok_or(Code::WrongSigner));
    check.listed(&subject);
    let by_word = check.moves(manifest.issuer(), &subject);
    check.documents();
    let ok = check.findings.iter().all(|finding| finding.ok);
    let lines = check
        .files
        .get(EVENTS)
        .map_or(0, |bytes| bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty()).count());
    EvidenceReport {
        ok,
        vendor: Some(manifest.issuer().to_string()),
        person: [&subject.id].into_iter().chain(&subject.earlier).map(Did::to_string).collect(),
        by_word,
        findings: check.findings,
        events: lines,
    }
}

fn published(files: &BTreeMap<String, Vec<u8>>, vendor: &Did) -> Option<ResolvedDid> {
    vendor.web_id()?;
    ResolvedDid::read(vendor, files.get(VENDOR)?, Timestamp::default()).ok()
}

impl Check {
    fn found(&mut self, file: &str, result: Result<String, Code>) {
        let (ok, detail) = match result {
            Ok(detail) => (true, detail),
            Err(code) => (false, format!("does not hold ({code})")),
        };
        self.findings.push(Finding { file: file.to_owned(), ok, detail });
    }

    /// Whether this key speaks for this DID of the vendor.
    fn is_vendor(&self, did: &Did, key: &PublicKey) -> bool {
        let speaks = match did.key() {
            Some(own) => own == *key,
            None => self.published.as_ref().is_some_and(|document| document.may_assert(key)),
        };
        speaks && self.vendors.contains(did)
    }

    fn is_person(&self, did: &Did, key: &PublicKey) -> bool {
        did.key() == Some(*key) && self.persons.contains(did)
    }

    /// Every file is listed with its digest, and nothing else is there.
    fn listed(&mut self, manifest: &Manifest) {
        let result = (|| {
            let bytes = self.files.get(FILES).ok_or(Code::Malformed)?;
            if DocumentDigest::of(bytes) != manifest.digest_multibase {
                return Err(Code::BadSignature);
            }
            let listed: Listed = serde_json::from_slice(bytes).map_err(|_| Code::Malformed)?;
            let there: BTreeSet<&str> =
                self.files.keys().map(String::as_str).filter(|n| ![FILES, MANIFEST].contains(n)).collect();
            let named: BTreeSet<&str> = listed.files.iter().map(|file| file.name.as_str()).collect();
            if there != named || manifest.files != listed.files.len() as u64 {
                return Err(Code::Malformed);
            }
            let same = |file: &super::ListedFile| {
                self.files
                    .get(&file.name)
                    .is_some_and(|bytes| DocumentDigest::of(bytes) == file.digest_multibase)
            };
            if !listed.files.iter().all(same) {
                return Err(Code::BadSignature);
            }
            Ok(format!("{} files, none missing, none changed", listed.files.len()))
        })();
        self.found(FILES, result);
    }

    fn documents(&mut self) {
        let requests =
            self.folder::<freehold_protocol::document::RequestSubject>("requests", |check, request, key| {
                check
                    .is_vendor(request.issuer(), key)
                    .then(|| format!("asked by the vendor: {}", request.subject().title))
            });
        let grants =
            self.folder::<freehold_protocol::document::GrantSubject>("grants", |check, grant, key| {
                check.is_person(grant.issuer(), key).then(|| "given by the person".to_owned())
            });
        let receipts = self.receipts(&requests, &grants);
        let revocations = self.folder::<RevocationSubject>("revocations", |check, revocation, key| {
            let (meant, person) = (&revocation.subject().grant, check.is_person(revocation.issuer(), key));
            let names =
                |document: &Grant| *document.id() == meant.id && document.digest() == meant.digest_multibase;
            let known = grants.iter().chain(&receipts).any(names);
            (person && known)
                .then(|| format!("the person said stop, for {} fields", revocation.subject().paths.len()))
        });
        self.folder::<ErasureSubject>("erasures", |check, erasure, key| {
            let meant = &erasure.subject().revocation;
            let known = revocations.iter().any(|revocation| revocation.reference() == *meant);
            let vendor = check.is_vendor(erasure.issuer(), key);
            (vendor && known)
                .then(|| format!("erased by the vendor: {} fields", erasure.subject().results.len()))
        });
    }

    /// Follows the statements by which person and vendor have moved to another key; gives the DIDs that they do not join.
    fn moves(&mut self, vendor: &Did, manifest: &Manifest) -> Vec<String> {
        let (mut persons, mut vendors) = (Chain::default(), Chain::default());
        for name in self.names("rotations") {
            let taken =
                Rotation::read(&self.files[&name]).and_then(|one| persons.person(&one, &self.vendors));
            self.found(&name, taken);
        }
        for name in self.names("vendor-rotations") {
            let taken = VendorRotation::read(&self.files[&name]).and_then(|one| vendors.vendor(&one));
            self.found(&name, taken);
        }
        let mut left = persons.unjoined(&manifest.id, &self.persons);
        left.extend(vendors.unjoined(vendor, &self.vendors));
        left.iter().map(Did::to_string).collect()
    }

    /// Reads the documents of a folder and judges each; gives those that hold.
    fn folder<S: Subject>(
        &mut self,
        folder: &str,
        judge: impl Fn(&Self, &Document<S>, &PublicKey) -> Option<String>,
    ) -> Vec<Document<S>> {
        let mut good = Vec::new();
        for name in self.names(folder) {
            let result = Document::<S>::read(&self.files[&name]).and_then(|document| {
                let said = judge(self, &document, &document.signer_key()).ok_or(Code::WrongSigner)?;
                good.push(document);
                Ok(said)
            });
            self.found(&name, result);
        }
        good
    }

    /// A receipt is a grant of the same name with the vendor's proof beside the person's, and answers a request that is here.
    fn receipts(&mut self, requests: &[DataRequest], grants: &[Grant]) -> Vec<Grant> {
        let mut good = Vec::new();
        for name in self.names("receipts") {
            let result = Grant::read(&self.files[&name]).and_then(|receipt| {
                let [_, vendor] = receipt.signers() else { return Err(Code::ReceiptMismatch) };
                if !self.is_vendor(&vendor.method.did, &vendor.key)
                    || !self.is_person(receipt.issuer(), &receipt.signer_key())
                {
                    return Err(Code::WrongSigner);
                }
                let given = receipt.without_countersignature()?;
                if !grants.iter().any(|grant| grant.bytes() == given) {
                    return Err(Code::ReceiptMismatch);
                }
                let request =
                    requests.iter().find(|request| request.reference() == receipt.subject().request);
                receipt.subject().matches(request.ok_or(Code::RequestUnknown)?)?;
                let said = format!("countersigned by the vendor; {} fields", receipt.subject().scope.len());
                good.push(receipt);
                Ok(said)
            });
            self.found(&name, result);
        }
        good
    }

    fn names(&self, folder: &str) -> Vec<String> {
        self.files
            .keys()
            .filter(|name| name.split('/').next() == Some(folder) && name.contains('/'))
            .cloned()
            .collect()
    }
}
