//! Message families: how a set of messages plugs in. Spec: `specs/README.md`, "Families".
//!
//! A family is one value of one trait, registered once per role. Mailbox, session and transport know none by
//! name. `C` is what the role gives a handler to work on: a transaction over one relationship.

use std::collections::BTreeMap;

use crate::code::Code;
use crate::mailbox::Entry;
use crate::message::Message;

/// A set of message types with one name and version.
pub trait Family<C>: Send + Sync {
    /// The name with its version: `data/1`.
    fn name(&self) -> &'static str;

    /// Takes in one message of this family, in order, once. What it writes through `context` commits together
    /// with the mailbox's cursor, or not at all.
    ///
    /// # Errors
    /// The code the sender is told. The message stays in the mailbox's record; nothing else is written.
    fn receive(&self, context: &mut C, message: &Message) -> Result<(), Code>;

    /// Makes the body of an entry that was queued to be composed at the moment of sending.
    ///
    /// # Errors
    /// A code that ends the session; the entry stays queued.
    fn compose(&self, context: &mut C, entry: &Entry, reference: &[u8]) -> Result<Vec<u8>, Code>;
}

/// The families of one role.
pub struct Families<C> {
    known: BTreeMap<&'static str, Box<dyn Family<C>>>,
}

impl<C> Families<C> {
    /// No family.
    #[must_use]
    pub fn new() -> Self {
        Self { known: BTreeMap::new() }
    }

    /// Registers a family under its name.
    #[must_use]
    pub fn with(mut self, family: impl Family<C> + 'static) -> Self {
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
    pub fn of(&self, kind: &crate::message::MessageType) -> Option<&dyn Family<C>> {
        self.known.get(kind.family()).map(AsRef::as_ref)
    }
}

impl<C> Default for Families<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C> std::fmt::Debug for Families<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.known.keys()).finish()
    }
}
