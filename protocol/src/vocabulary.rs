//! The vocabulary of known fields.
