//! The conformance runner: drives a live peer that somebody else wrote through the rules of `specs/`, good and bad, and
//! gives a verdict for each.
//!
//! The runner plays the other side with a scripted peer whose mailboxes are in memory: it says what no honest peer says,
//! and looks at what comes back. It shares the codec and the checks of `freehold-protocol`, and none of the engines. What
//! it leaves out: rules that only the inside of a peer can show (what is on its disk, what a person sees).
//!
//! Reading order: [`Verdict`], [`Report`] (what it gives), [`HubSubject`], [`PersonSubject`] (whom it tests), [`Drive`]
//! (how the tested peer is made to act), [`peer`] (the scripted peer), then the rules, one small function each.

mod drive;
mod hub;
mod misdeeds;
pub mod peer;
mod person;
mod report;
mod rule;
mod sample;

pub use drive::{Drive, GRANT, LINK, PATH, VALUE, VENDOR};
pub use hub::{HubSubject, run as run_hub};
pub use person::{PersonSubject, run as run_person};
pub use report::{Finding, Note, Report, Role, Summary, Tell, Verdict};
pub use rule::{Fault, Options};
