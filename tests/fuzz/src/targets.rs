//! The targets.

mod backups;
mod documents;
mod machine;
mod pictures;
mod texts;
mod wire;

use crate::Target;

/// A row of the table.
const fn target(name: &'static str, checks: &'static [&'static str], run: fn(&[u8])) -> Target {
    Target { name, checks, run }
}

/// Every target.
pub const TARGETS: &[Target] = &[
    target("frame", &["frame", "session"], wire::frame),
    target("cose", &["cose", "message"], wire::cose),
    target("message", &["message", "oversizeMessage"], wire::message),
    target("introduction", &["introduction"], wire::introduction),
    target("problem", &["problem"], wire::problem),
    target("vendor-rotation", &["vendorRotationBody"], wire::vendor_rotation),
    target("carried", &["carriedBody"], wire::carried),
    target("decline", &["declineBody"], wire::decline),
    target("update", &["updateBody", "intake"], wire::update),
    target("outcome", &["outcomeBody"], wire::outcome),
    target("read-request", &["readRequest"], wire::read_request),
    target("read-answer", &["readAnswer"], wire::read_answer),
    target("audit-entry", &["log"], wire::audit_entry),
    target("audit-log", &["log"], wire::audit_log),
    target("session", &["session", "sequence", "frame"], machine::session),
    target("session-messages", &["message", "sequence"], machine::messages),
    target(
        "document",
        &["document", "grant", "request", "receipt", "erasure", "rotation", "vendorRotation"],
        documents::document,
    ),
    target("signed-document", &["document"], documents::signed),
    target("did-document", &["didDocument"], documents::did_document),
    target("json", &["canonicalize", "document"], texts::json),
    target("link", &["link"], texts::link),
    target("did", &["did", "seed"], texts::did),
    target("key", &["key", "multibase", "seed"], texts::key),
    target("path", &["path"], texts::path),
    target("value", &["value"], texts::value),
    target("name", &["type", "frame"], texts::name),
    target("words", &["derivation"], texts::words),
    target("card", &["card"], texts::card),
    target("multistatus", &[], texts::multistatus),
    target("picture", &[], pictures::file),
    target("frame-of-camera", &["link"], pictures::frame),
    target("backup-items", &[], backups::items),
    target("backup-file", &[], backups::file),
    target("backup-head", &[], backups::head),
    #[cfg(feature = "vendor-files")]
    target("vendor-file", &["file"], texts::vendor_file),
];
