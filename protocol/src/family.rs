//! Message families: how a set of messages plugs in. Spec: `specs/families.md`.
//!
//! A family is one value of one trait, registered once per role. Mailbox, session and transport know none by
//! name. A [`Role`] says what a handler works on: a transaction over one relationship.

use std::collections::BTreeMap;

use crate::code::Code;
use crate::mailbox::Entry;
use crate::message::Message;

/// One side of the protocol: what its handlers work on.
pub trait Role: 'static {
    /// One relationship's open transaction.
    type Desk<'t>;
}

/// A set of message types with one name and version.
pub trait Family<R: Role>: Send + Sync {
    /// The name with its version: `data/1`.
    fn name(&self) -> &'static str;

    /// Takes in one message of this family, in order, once. What it writes through `desk` commits together
    /// with the mailbox's cursor, or not at all.
    ///
    /// # Errors
    /// The code the sender is told. The message stays in the mailbox's record; nothing else is written.
    fn receive(&self, desk: &mut R::Desk<'_>, message: &Message) -> Result<(), Code>;

    /// Makes the body of an entry that was queued to be composed at the moment of sending.
    ///
    /// # Errors
    /// A code that ends the session; the entry stays queued.
    fn compose(&self, desk: &mut R::Desk<'_>, entry: &Entry, reference: &[u8]) -> Result<Vec<u8>, Code>;

    /// Notes that the peer has an entry of this family on its disk.
    ///
    /// # Errors
    /// [`Code::StorageFailed`].
    fn delivered(&self, desk: &mut R::Desk<'_>, entry: &Entry) -> Result<(), Code> {
        let _ = (desk, entry);
        Ok(())
    }
}

/// The families of one role.
pub struct Families<R: Role> {
    known: BTreeMap<&'static str, Box<dyn Family<R>>>,
}

impl<R: Role> Families<R> {
    /// No family.
    #[must_use]
    pub fn new() -> Self {
        Self { known: BTreeMap::new() }
    }

    /// Registers a family under its name.
    #[must_use]
    pub fn with(mut self, family: impl Family<R> + 'static) -> Self {
        self.known.insert(family.name(), Box::new(family));
        self
    }

    /// The names, for hello.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.known.keys().map(|name| (*name).to_owned()).collect()
    }

    /// The family of a message type, if this build knows it.
    #[must_use]
    pub fn of(&self, kind: &crate::message::MessageType) -> Option<&dyn Family<R>> {
        self.known.get(kind.family()).map(AsRef::as_ref)
    }
}

impl<R: Role> Default for Families<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R: Role> std::fmt::Debug for Families<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.known.keys()).finish()
    }
}
