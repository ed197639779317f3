//! The vendor's engine.

pub mod view;
