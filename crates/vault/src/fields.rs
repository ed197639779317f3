//! The person's fields: signed versions, and the change sets that made them.
//!
//! A field is state with a history. [`apply`] writes a change set whole or not at all; each changed field gets one
//! more version, signed by the person. [`erase`] destroys the versions of a field for good, and only its count
//! goes on, so that copies at vendors count as out of date.
//!
//! Reading order: [`Change`], [`apply`], [`FieldVersion`], [`current`], [`page`], [`list`], [`history`], [`erase`], [`verify`].

mod apply;
mod change;
pub(crate) mod order;
mod version;

pub use apply::{CHANGES_MAX, Change, FieldError, SOURCE_BYTES_MAX, apply, note_empty};
pub use change::{ChangeSet, change, change_meant_by, changes};
pub use order::{Facet, facets, page};
pub use version::{FieldVersion, at, current, erase, history, list, verify, verify_version, version};
