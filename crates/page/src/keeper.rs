//! What the page asks of the program: the home, before it is open.

use std::future::Future;
use std::pin::Pin;

use freehold_api::ApiError;
use freehold_keystore::Passphrase;
use freehold_person::Person;
use zeroize::Zeroizing;

/// Where the home stands.
#[derive(Clone)]
pub enum Stage {
    /// There is none yet.
    New,
    /// It is closed: nobody has said the passphrase.
    Locked,
    /// It runs.
    Open(Person),
}

/// A home that was made.
pub struct Made {
    /// Its engine, running.
    pub person: Person,
    /// The 24 words, one space between them.
    pub words: Zeroizing<String>,
}

/// What a home is made again from.
pub struct Restore {
    /// Its 24 words.
    pub words: Zeroizing<String>,
    /// The folder with its backup, on the machine where the program runs; from the words alone if there is none.
    pub folder: Option<String>,
    /// The passphrase that it is to have from now on.
    pub passphrase: Passphrase,
}

/// What the program does, and what comes of it.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, ApiError>> + Send + 'a>>;

/// Keeps the home: makes it, opens it, knows its words. What fails says so with a code that [`ApiError`] has.
pub trait Keeper: Send + Sync + 'static {
    /// Where it stands.
    fn stage(&self) -> Stage;

    /// Makes a new home and opens it.
    fn create(&self, passphrase: Passphrase) -> Answer<'_, Made>;

    /// Makes the home again from what is left of it, and opens it; gives how many relationships are held back.
    fn restore(&self, from: Restore) -> Answer<'_, usize>;

    /// Opens the home; of one that is open, checks the passphrase. Wrong ones are counted and slowed down.
    fn open(&self, passphrase: Passphrase) -> Answer<'_, Person>;

    /// The 24 words.
    fn words(&self, passphrase: Passphrase) -> Answer<'_, Zeroizing<String>>;
}
