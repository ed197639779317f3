//! The person's page: where somebody who has never seen a command line holds their data, answers vendors, changes things
//! once, and sees what came of it.
//!
//! Pages are made here, in the reader's language, and can be read without a script; the one script there is asks for a
//! page again when something has changed, checks a value while it is typed, and reads a code with the camera. Everything
//! that is shown or done is a call to [`freehold_person::Person`].
//!
//! A home that is not made, or not open, is the program's matter: it gives a [`Keeper`], and the page asks for a
//! passphrase.
//!
//! What it leaves out: users. Whoever has the passphrase, or the link that the program prints, is the person.
//!
//! Reading order: [`Page`], [`Keeper`], `visit` (who asks), `pages`, `live`, `tongue` (languages).

#[macro_use]
mod tongue;

mod frame;
mod keeper;
mod live;
mod page;
mod pages;
mod refusal;
mod say;
mod set_up;
mod sign_in;
mod visit;

pub use keeper::{Answer, Keeper, Made, Restore, Stage};
pub use page::{Listening, Page, PageConfig, PageError};
pub use visit::escaped;
