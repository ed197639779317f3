//! Part of Freehold.
