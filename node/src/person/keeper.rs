//! A home that is opened while the program runs: by a passphrase at the start, or in the page.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use freehold_api::ApiError;
use freehold_backup::{Backup, Choice, Opener};
use freehold_keystore::{Passphrase, Seed};
use freehold_link::system_clock;
use freehold_page::{Answer, Keeper, Made, Restore, Stage};
use freehold_person::{Person, PersonConfig, StartError};
use tokio::sync::watch;
use zeroize::Zeroizing;

use super::restore::{Source, bring_back};
use super::{backup, run};
use crate::home::{self, Home, Kind};
use crate::output::Out;
use crate::{cli, families};

/// A person's home, and its engine once somebody has opened it.
pub(super) struct HomeKeeper {
    dir: PathBuf,
    args: cli::Run,
    /// Told when the engine runs.
    opened: watch::Sender<Option<Person>>,
    /// Keeps others out while it does.
    taken: Mutex<Option<Home>>,
    /// One at a time: two that open a home at once would be in each other's way.
    turn: tokio::sync::Mutex<()>,
}

impl HomeKeeper {
    /// Fails when what was typed cannot be used, before anybody is asked for a passphrase.
    pub(super) fn new(dir: &Path, args: &cli::Run) -> Result<Arc<Self>, ApiError> {
        run::resolver(args)?;
        Ok(Arc::new(Self {
            dir: dir.to_owned(),
            args: args.clone(),
            opened: watch::Sender::new(None),
            taken: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }))
    }

    /// The engine, now or as soon as it runs.
    pub(super) async fn opened(&self) -> Option<Person> {
        let mut opened = self.opened.subscribe();
        opened.wait_for(Option::is_some).await.ok().and_then(|person| person.clone())
    }

    /// Makes a new home under a passphrase, and opens it.
    pub(super) async fn make(&self, passphrase: Passphrase) -> Result<(Person, Zeroizing<String>), ApiError> {
        let _turn = self.turn.lock().await;
        let (dir, file) = (self.dir.clone(), self.args.passphrase.passphrase_file.clone());
        let made = blocking(move || {
            let home = Home::take(&dir, Kind::Person, file.as_deref())?;
            if !home.is_new()? {
                let text = format!("{} is there already: sign in with its passphrase", dir.display());
                return Err(ApiError::new("home-exists", text));
            }
            let seed = home.create(&passphrase)?;
            Ok((home, seed))
        });
        let (home, seed) = made.await?;
        let words = seed.words();
        Ok((self.start(home, seed).await?, words))
    }

    /// Opens the home, or checks the passphrase of one that is open.
    pub(super) async fn unlock(&self, passphrase: Passphrase) -> Result<Person, ApiError> {
        let _turn = self.turn.lock().await;
        let open = self.opened.borrow().clone();
        if let Some(person) = open {
            self.seed(passphrase).await?;
            return Ok(person);
        }
        let (dir, file) = (self.dir.clone(), self.args.passphrase.passphrase_file.clone());
        let opened = blocking(move || {
            let home = Home::take(&dir, Kind::Person, file.as_deref())?;
            let seed = home.open(&passphrase, &Out::new(false))?;
            Ok((home, seed))
        });
        let (home, seed) = opened.await?;
        self.start(home, seed).await
    }

    async fn seed(&self, passphrase: Passphrase) -> Result<Seed, ApiError> {
        let dir = self.dir.clone();
        blocking(move || home::open_seed(&dir, &passphrase, &Out::new(false))).await
    }

    async fn start(&self, home: Home, seed: Seed) -> Result<Person, ApiError> {
        let config = PersonConfig {
            resolver: run::resolver(&self.args)?,
            limits: freehold_transport::Limits::default(),
            store: freehold_store::Options::default(),
            families: families::person(),
        };
        let person = Person::start(home.dir(), seed, config, system_clock()).await.map_err(start_error)?;
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = Some(home);
        self.opened.send_replace(Some(person.clone()));
        Ok(person)
    }

    async fn bring_back(&self, from: Restore) -> Result<usize, ApiError> {
        let _turn = self.turn.lock().await;
        let (dir, file) = (self.dir.clone(), self.args.passphrase.passphrase_file.clone());
        let Restore { words, folder, passphrase } = from;
        let made = blocking(move || {
            let wrong = |error| ApiError::new("wrong-words", error);
            let seed = Seed::from_words(&words).map_err(wrong)?;
            let source = match folder {
                None => Source::Seed(Box::new(seed)),
                Some(folder) => {
                    let choice = Choice { chain: None, to: None };
                    let opened = Backup::open(Path::new(&folder), &Opener::words(seed), &choice);
                    Source::Backup(Box::new(opened.map_err(backup::error)?))
                }
            };
            let restored = bring_back(&dir, &source, &passphrase, file.as_deref())?;
            let home = Home::take(&dir, Kind::Person, file.as_deref())?;
            let seed = home.open(&passphrase, &Out::new(false))?;
            Ok((home, seed, restored.held))
        });
        let (home, seed, held) = made.await?;
        self.start(home, seed).await?;
        Ok(held)
    }
}

impl Keeper for HomeKeeper {
    fn stage(&self) -> Stage {
        match (self.opened.borrow().clone(), home::is_made(&self.dir)) {
            (Some(person), _) => Stage::Open(person),
            (None, true) => Stage::Locked,
            (None, false) => Stage::New,
        }
    }

    fn create(&self, passphrase: Passphrase) -> Answer<'_, Made> {
        Box::pin(async move {
            let (person, words) = self.make(passphrase).await?;
            Ok(Made { person, words })
        })
    }

    fn restore(&self, from: Restore) -> Answer<'_, usize> {
        Box::pin(self.bring_back(from))
    }

    fn open(&self, passphrase: Passphrase) -> Answer<'_, Person> {
        Box::pin(self.unlock(passphrase))
    }

    fn words(&self, passphrase: Passphrase) -> Answer<'_, Zeroizing<String>> {
        Box::pin(async move { Ok(self.seed(passphrase).await?.words()) })
    }
}

/// Runs what stretches a passphrase or waits for the disk, off the threads that serve.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let failed = |_| ApiError::new("internal", "it failed by a fault of the program: look at the log");
    tokio::task::spawn_blocking(work).await.map_err(failed)?
}

fn start_error(error: StartError) -> ApiError {
    match &error {
        StartError::Store(source) => ApiError::new(home::store_code(source), error),
        StartError::Read(_) => ApiError::new("store-corrupt", error),
        StartError::Families(_) => ApiError::new("internal", error),
    }
}
