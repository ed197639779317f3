//! The mapping: where each path stands in the CRM.

use crate::config::Kind;

/// A mapping that was read and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    pub(crate) system: Kind,
}

/// What is wrong with a mapping file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the mapping: {problem}")]
pub struct MappingError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong there and what would be right.
    pub problem: String,
}

impl Mapping {
    /// The mapping that the program carries for a system.
    #[must_use]
    pub fn shipped(kind: Kind) -> Self {
        Self { system: kind }
    }

    /// Reads a mapping file.
    ///
    /// # Errors
    /// [`MappingError`] with the line.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        let _ = text;
        Err(MappingError { line: 1, problem: "mapping files cannot be read yet".to_owned() })
    }

    /// Which system it is for.
    #[must_use]
    pub fn system(&self) -> Kind {
        self.system
    }
}
