//! `specs/encoding.md`: frames, signed messages, documents.

mod bad_frames;
mod cose;
mod documents;
mod frames;
mod json_text;
mod proofs;

use crate::vector::Vector;

const PAGE: &str = "encoding";

pub(super) fn vectors() -> Vec<Vector> {
    [
        frames::vectors(),
        bad_frames::vectors(),
        cose::vectors(),
        json_text::vectors(),
        documents::vectors(),
        proofs::vectors(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
