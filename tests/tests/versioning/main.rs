//! A peer of tomorrow meets one of today: what is safe goes on, what is not is refused with a code, nothing is lost.
//!
//! Tomorrow's side is a script that writes every byte (`freehold_tests::wire`), in both roles.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod hub;
mod node;

use freehold_mailbox::Linked;
use freehold_protocol::family::Families;

/// Today's program speaks no further family.
fn today() -> Families<Linked> {
    Families::new()
}
