//! `restore`: a home from its words and a backup, or from the words alone.
//!
//! It is made beside its place, and moved there when it is whole: a restore that was cut off leaves no half of a home.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use freehold_api::ApiError;
use freehold_backup::{Backup, ChainId, Choice};
use freehold_keystore::{Passphrase, Seed};
use freehold_link::system_clock;
use freehold_store::{HomeKey, Options, Store};
use freehold_vault::{hold, relationships};
use serde_json::json;

use crate::Outcome;
use crate::cli;
use crate::home::{self, Home, Kind};
use crate::output::Out;
use crate::person::backup;
use crate::{passphrase, words};

/// What a home was made again from.
pub(super) enum Source {
    /// A backup.
    Backup(Box<Backup>),
    /// Its seed alone.
    Seed(Box<Seed>),
}

/// A home that was made again.
pub(super) struct Restored {
    /// Relationships that are held back until the person resumes them.
    pub(super) held: usize,
}

/// Makes the home.
pub(super) fn restore(dir: &Path, args: &cli::Restore, out: &Out) -> Outcome {
    vacant(dir)?;
    match &args.dir {
        Some(folder) => from_backup(dir, folder, args, out),
        None => from_words(dir, args, out),
    }
}

/// Makes a home again under a passphrase. It never writes into one that is there.
pub(super) fn bring_back(
    dir: &Path,
    source: &Source,
    passphrase: &Passphrase,
    passphrase_file: Option<&Path>,
) -> Result<Restored, ApiError> {
    vacant(dir)?;
    let now = system_clock()();
    let held = match source {
        Source::Backup(from) => make(dir, from.seed(), passphrase, passphrase_file, |store| {
            from.write_into(store, move |txn| hold::hold_back_all(txn, now)).map_err(backup::error)
        }),
        Source::Seed(seed) => make(dir, seed, passphrase, passphrase_file, |store| {
            store
                .write_blocking(move |txn| hold::hold_back_all(txn, now))
                .map(drop)
                .map_err(|error| ApiError::new("store-failed", error))
        }),
    }?;
    Ok(Restored { held })
}

fn from_backup(dir: &Path, folder: &Path, args: &cli::Restore, out: &Out) -> Outcome {
    let chain = args.chain.as_deref().map(|text| {
        ChainId::parse(text).ok_or_else(|| {
            ApiError::new(
                "usage",
                "a chain is named by 16 digits of its files' names, as `backup verify` shows them",
            )
        })
    });
    let choice = Choice { chain: chain.transpose()?, to: args.to };
    let opener = words::opener(&args.opening)?;
    let from = Box::new(Backup::open(folder, &opener, &choice).map_err(backup::error)?);
    let passphrase = passphrase::new(&args.passphrase)?;
    let (point, chain) = (from.point().clone(), from.report().chain.to_string());
    let source = Source::Backup(from);
    let Restored { held } =
        bring_back(dir, &source, &passphrase, args.passphrase.passphrase_file.as_deref())?;
    let restored = json!({
        "event": "restored",
        "home": dir,
        "chain": chain,
        "point": point.number,
        "made": point.made.to_string(),
        "records": point.records,
        "heldBack": held,
    });
    out.show(&restored, |_| {
        let home = dir.display();
        let resume = match held {
            0 => "It has no relationships.".to_owned(),
            held => format!(
                "  freehold --home {home} resume\n\
                 {held} relationships are held back: nothing is sent until you resume them. What was agreed or revoked after \
                 that moment comes back from the vendors."
            ),
        };
        format!(
            "{home} is restored as it was at {} (point {} of chain {chain}), under the passphrase that you chose now.\n\
             Not in it: what you changed after that moment. Do not run another copy of this home again.\n\n  \
             freehold --home {home} run\n{resume}",
            point.made, point.number,
        )
    });
    Ok(())
}

fn from_words(dir: &Path, args: &cli::Restore, out: &Out) -> Outcome {
    let source = Source::Seed(Box::new(words::seed(args.opening.words_file.as_deref())?));
    let passphrase = passphrase::new(&args.passphrase)?;
    bring_back(dir, &source, &passphrase, args.passphrase.passphrase_file.as_deref())?;
    let restored = json!({ "event": "restored", "home": dir, "wordsOnly": true, "heldBack": 0 });
    out.show(&restored, |_| {
        format!(
            "{} is made from the words alone.\n\n\
             Back: the seed, and with it every key of this home; it opens every backup that was made with these words.\n\
             Not back: your fields and their history, your relationships and grants, the audit log. They are in a backup or \
             nowhere.\nThe words do not say which vendors there were. Each keeps what it has as long as it was agreed, and you \
             begin anew with a new invitation.\nIf you find a backup:  freehold --home ANOTHER restore DIR\n\
             Otherwise:  freehold --home {} run",
            dir.display(),
            dir.display(),
        )
    });
    Ok(())
}

/// Makes a home with this seed, of which `fill` makes the store, and gives the number of relationships that are held back.
fn make(
    dir: &Path,
    seed: &Seed,
    passphrase: &Passphrase,
    passphrase_file: Option<&Path>,
    fill: impl FnOnce(&Store) -> Result<(), ApiError>,
) -> Result<usize, ApiError> {
    let making = beside(dir)?;
    clear(&making)?;
    let made = (|| {
        let home = Home::take(&making, Kind::Person, passphrase_file)?;
        home.keep(seed, passphrase)?;
        let key = HomeKey::new(*seed.vault_key());
        let opened = Store::open(&home.store(), &key, Options::default());
        let store = opened.map_err(|error| ApiError::new(home::store_code(&error), error))?;
        fill(&store)?;
        let all = relationships::all(&store).map_err(|error| ApiError::new("store-failed", error))?;
        let held = all.iter().filter(|relationship| relationship.restored.is_some()).count();
        store.close_blocking().map_err(|error| ApiError::new("store-failed", error))?;
        put_in_place(&making, dir)?;
        Ok(held)
    })();
    if made.is_err() {
        // The half of a home holds nothing that is not in the backup; the error at hand matters more.
        let _ = fs::remove_dir_all(&making);
    }
    made
}

/// Refuses a place where something is.
fn vacant(dir: &Path) -> Result<(), ApiError> {
    match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(home::io_error(dir, &error)),
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => {
                let text = format!(
                    "{} is there already, and a restore never writes into a home: name another place with --home, or move it away",
                    dir.display()
                );
                Err(ApiError::new("home-exists", text))
            }
        },
    }
}

/// Where a home is made before it gets its place.
fn beside(dir: &Path) -> Result<PathBuf, ApiError> {
    let (Some(parent), Some(name)) = (dir.parent(), dir.file_name()) else {
        return Err(ApiError::new("usage", "this is no place for a home: name another with --home"));
    };
    DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(|e| home::io_error(parent, &e))?;
    Ok(parent.join(format!(".{}.restoring", name.to_string_lossy())))
}

/// Removes what a restore that was cut off has left.
fn clear(making: &Path) -> Result<(), ApiError> {
    let lock = match File::options().write(true).open(making.join(home::LOCK)) {
        Ok(lock) => Some(lock),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(home::io_error(making, &error)),
    };
    if let Some(Err(TryLockError::WouldBlock)) = lock.as_ref().map(File::try_lock) {
        let text = format!("another restore makes {} just now: wait until it is done", making.display());
        return Err(ApiError::new("home-in-use", text));
    }
    match fs::remove_dir_all(making) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(home::io_error(making, &error)),
        _ => Ok(()),
    }
}

/// Moves the home to its place, durably. Only an empty folder gives way to it.
fn put_in_place(making: &Path, dir: &Path) -> Result<(), ApiError> {
    let sync = |dir: &Path| File::open(dir).and_then(|dir| dir.sync_all());
    let failed = |error: io::Error| home::io_error(dir, &error);
    sync(making).map_err(failed)?;
    fs::rename(making, dir).map_err(failed)?;
    sync(dir.parent().unwrap_or(Path::new("/"))).map_err(failed)
}
