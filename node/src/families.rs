//! The one place where this program is given message families beside the protocol's own.
//!
//! A family is added with one line in each role that speaks it: `Families::new().with(my_family::Person)`. Its name
//! then stands in every hello, its messages reach it, and `freehold message` sends and lists them; nothing else
//! changes. `examples/note/` shows a whole one; this program does not speak it.

use freehold_mailbox::Linked;
use freehold_protocol::family::Families;

/// What a person's node speaks beside `connect/1` and `data/1`.
pub(crate) fn person() -> Families<Linked> {
    Families::new()
}

/// What a hub speaks beside `connect/1` and `data/1`.
pub(crate) fn hub() -> Families<Linked> {
    Families::new()
}
