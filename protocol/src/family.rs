//! Message families: how a set of messages plugs in. Spec: `specs/families.md`.
//!
//! A family is one value of one trait, registered once per role. Mailbox, session and transport know none by
//! name. A [`Role`] says what a handler works on: a transaction over one relationship.

use std::collections::BTreeMap;

use crate::code::Code;
use crate::limits::FAMILIES_MAX;
use crate::mailbox::Entry;
use crate::message::{Message, MessageType};

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

    /// Looks at an entry of this family that the user of this side has just queued by hand, in the same transaction.
    /// What a family queues itself does not pass here.
    ///
    /// # Errors
    /// The code why it may not be sent; nothing is queued then.
    fn queued(&self, desk: &mut R::Desk<'_>, entry: &Entry) -> Result<(), Code> {
        let _ = (desk, entry);
        Ok(())
    }
}

/// The families of one role.
pub struct Families<R: Role> {
    known: BTreeMap<&'static str, Box<dyn Family<R>>>,
    /// A name that was registered twice.
    doubled: Option<&'static str>,
}

/// Why two sets of families do not go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FamiliesError {
    /// Two families have one name.
    #[error("the message family {name} is registered twice: give one of them another name or version")]
    Doubled {
        /// The name.
        name: &'static str,
    },
    /// A name that stands in no message type.
    #[error("{name:?} is no name of a message family: write name/version, in a-z, 0-9 and -")]
    Name {
        /// The name.
        name: &'static str,
    },
    /// More than a hello names.
    #[error("{got} message families are registered: a hello names {FAMILIES_MAX} at most")]
    TooMany {
        /// How many.
        got: usize,
    },
}

impl<R: Role> Families<R> {
    /// No family.
    #[must_use]
    pub fn new() -> Self {
        Self { known: BTreeMap::new(), doubled: None }
    }

    /// Registers a family under its name.
    #[must_use]
    pub fn with(mut self, family: impl Family<R> + 'static) -> Self {
        let name = family.name();
        if self.known.insert(name, Box::new(family)).is_some() {
            self.doubled = Some(name);
        }
        self
    }

    /// Adds the families that somebody else registered.
    ///
    /// # Errors
    /// [`FamiliesError`]; a family never quietly takes the place of another.
    pub fn merge(mut self, more: Self) -> Result<Self, FamiliesError> {
        let common = more.known.keys().copied().find(|name| self.known.contains_key(name));
        if let Some(name) = self.doubled.or(more.doubled).or(common) {
            return Err(FamiliesError::Doubled { name });
        }
        self.known.extend(more.known);
        let fits = |name: &str| MessageType::parse(&format!("{name}/x")).is_ok();
        if let Some(name) = self.known.keys().copied().find(|name| !fits(name)) {
            return Err(FamiliesError::Name { name });
        }
        match self.known.len() {
            got if got > FAMILIES_MAX => Err(FamiliesError::TooMany { got }),
            _ => Ok(self),
        }
    }

    /// The names, for hello.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.known.keys().map(|name| (*name).to_owned()).collect()
    }

    /// The family of a message type, if this build knows it.
    #[must_use]
    pub fn of(&self, kind: &MessageType) -> Option<&dyn Family<R>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    struct Bare;

    impl Role for Bare {
        type Desk<'t> = ();
    }

    struct Named(&'static str);

    impl Family<Bare> for Named {
        fn name(&self) -> &'static str {
            self.0
        }

        fn receive(&self, (): &mut (), _: &Message) -> Result<(), Code> {
            Ok(())
        }

        fn compose(&self, (): &mut (), _: &Entry, _: &[u8]) -> Result<Vec<u8>, Code> {
            Err(Code::UnknownType)
        }
    }

    fn of(names: &[&'static str]) -> Families<Bare> {
        names.iter().fold(Families::new(), |families, name| families.with(Named(name)))
    }

    #[test]
    fn a_family_is_added_under_a_name_of_its_own_or_not_at_all() {
        let merged = of(&["a/1", "b/1"]).merge(of(&["a/2"])).unwrap();
        assert_eq!(merged.names(), ["a/1", "a/2", "b/1"]);
        let refused = |more: &[&'static str]| of(&["a/1"]).merge(of(more)).unwrap_err();
        assert_eq!(refused(&["a/1"]), FamiliesError::Doubled { name: "a/1" });
        assert_eq!(refused(&["c/1", "c/1"]), FamiliesError::Doubled { name: "c/1" });
        for name in ["a", "A/1", "a/one", "a/1/b", ""] {
            assert_eq!(refused(&[name]), FamiliesError::Name { name }, "{name}");
        }
    }

    #[test]
    fn as_many_families_are_registered_as_a_hello_names() {
        let names: Vec<&'static str> =
            (0..=FAMILIES_MAX).map(|number| &*format!("a{number}/1").leak()).collect();
        let merged = of(&names[1..]).merge(of(&[])).unwrap();
        let kind = |text: &str| MessageType::parse(text).unwrap();
        assert_eq!(merged.of(&kind("a1/1/note")).map(|family| family.name()), Some("a1/1"));
        assert!(merged.of(&kind("a0/1/note")).is_none() && merged.of(&kind("a1/2/note")).is_none());
        let got = FAMILIES_MAX + 1;
        assert_eq!(of(&names[1..]).merge(of(&names[..1])).unwrap_err(), FamiliesError::TooMany { got });
    }
}
