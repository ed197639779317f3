//! The grammar of field paths.
