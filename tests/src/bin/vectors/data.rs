//! `specs/data.md`: bodies, agreements, release, intake, reads, endings.

mod agreements;
mod bodies;
mod endings;
mod intake;
mod reads;
mod release;
mod requests;

use crate::vector::Vector;

const PAGE: &str = "data";

pub(super) fn vectors() -> Vec<Vector> {
    [
        bodies::vectors(),
        requests::vectors(),
        agreements::vectors(),
        release::vectors(),
        intake::vectors(),
        reads::vectors(),
        endings::vectors(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
