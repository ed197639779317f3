//! The folder of a node or a hub: `home.json` says what it is, `keys` holds the seed under the passphrase, `keys.attempts`
//! counts wrong ones, `lock` lets one process in, `store` is the engine's, `api.sock` is there while it runs.

use std::fs::{DirBuilder, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use freehold_api::ApiError;
use freehold_keystore::{ChangeError, Cost, CreateError, OldFile, OpenError, Passphrase, Seed, Wait};
use serde::{Deserialize, Serialize};

use crate::output::Out;
use crate::passphrase;

/// The format this build writes, and the newest it reads.
const FORMAT: u32 = 1;
const ABOUT: &str = "home.json";
pub(crate) const LOCK: &str = "lock";
const KEYS: &str = "keys";
const STORE: &str = "store";

/// Whose home it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Person,
    Hub,
}

#[derive(Debug, Serialize, Deserialize)]
struct About {
    format: u32,
    kind: Kind,
}

/// What a later format may have changed beyond recognition.
#[derive(Debug, Deserialize)]
struct AnyFormat {
    format: u32,
}

/// A home that this process has to itself until it is dropped.
#[derive(Debug)]
pub(crate) struct Home {
    dir: PathBuf,
    _lock: File,
}

impl Home {
    /// Takes the home, making the folder if there is none. An unfinished set-up is taken up again.
    pub(crate) fn take(dir: &Path, kind: Kind, passphrase_file: Option<&Path>) -> Result<Self, ApiError> {
        let known = about(dir)?;
        match &known {
            Some(about) => fits(dir, about, kind)?,
            None => empty(dir, passphrase_file)?,
        }
        if known.is_none() {
            DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|e| io_error(dir, &e))?;
            std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))
                .map_err(|e| io_error(dir, &e))?;
        }
        let lock = lock(dir)?;
        if known.is_none() {
            write_about(dir, &About { format: FORMAT, kind }).map_err(|e| io_error(dir, &e))?;
        }
        // Under the lock nobody else writes there.
        freehold_keystore::remove_unfinished(&dir.join(KEYS)).map_err(|e| io_error(dir, &e))?;
        Ok(Self { dir: dir.to_owned(), _lock: lock })
    }

    /// Takes a home that was made before.
    pub(crate) fn take_known(dir: &Path, kind: Kind) -> Result<Self, ApiError> {
        if about(dir)?.is_none() || !dir.join(KEYS).exists() {
            let text = format!("{} is no home: name one with --home", dir.display());
            return Err(ApiError::new("not-a-home", text));
        }
        Self::take(dir, kind, None)
    }

    /// Whether the seed is still to be made.
    pub(crate) fn is_new(&self) -> Result<bool, ApiError> {
        if self.dir.join(KEYS).exists() {
            return Ok(false);
        }
        if self.dir.join(STORE).exists() {
            let text = format!(
                "{} has a store and no keys: move it away, and make it again from its words with `freehold restore`",
                self.dir.display()
            );
            return Err(ApiError::new("not-a-home", text));
        }
        Ok(true)
    }

    /// Makes the seed; it is on disk, under the passphrase, when this returns.
    pub(crate) fn create(&self, passphrase: &Passphrase) -> Result<Seed, ApiError> {
        let seed = Seed::generate().map_err(|error| ApiError::new("internal", error))?;
        self.keep(&seed, passphrase)?;
        Ok(seed)
    }

    /// Keeps a seed; it is on disk, under the passphrase, when this returns.
    pub(crate) fn keep(&self, seed: &Seed, passphrase: &Passphrase) -> Result<(), ApiError> {
        freehold_keystore::create(&self.dir.join(KEYS), seed, passphrase, Cost::interactive())
            .map_err(|error| create_error(&self.dir, error))
    }

    /// Opens the seed.
    pub(crate) fn open(&self, passphrase: &Passphrase, out: &Out) -> Result<Seed, ApiError> {
        open_seed(&self.dir, passphrase, out)
    }

    /// Puts the seed under another passphrase, at what guessing one costs today, or more.
    pub(crate) fn change_passphrase(&self, old: &Passphrase, new: &Passphrase) -> Result<OldFile, ApiError> {
        let keys = self.dir.join(KEYS);
        let cost = freehold_keystore::cost(&keys).map_err(|error| seed_error(&self.dir, error))?;
        let cost = Cost::interactive().at_least(cost);
        freehold_keystore::change_passphrase(&keys, old, new, cost).map_err(|error| match error {
            ChangeError::Open(error) => seed_error(&self.dir, error),
            ChangeError::Create(error) => create_error(&self.dir, error),
        })
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where the engine's store lies.
    pub(crate) fn store(&self) -> PathBuf {
        self.dir.join(STORE)
    }
}

/// Opens the seed of a home that another process may have, after the wait that wrong passphrases before it ask for.
pub(crate) fn open_seed(dir: &Path, passphrase: &Passphrase, out: &Out) -> Result<Seed, ApiError> {
    let pause = |wait: Wait| {
        let seconds = wait.duration.as_secs_f64().ceil();
        let after = match wait.failures {
            Some(failures) => format!("after {failures} wrong passphrases"),
            None => "since attempts cannot be counted on this disk".to_owned(),
        };
        out.note(format!("waiting {seconds} s {after}"));
        let since = Instant::now();
        while let Some(left) = wait.duration.checked_sub(since.elapsed()).filter(|left| !left.is_zero()) {
            std::thread::park_timeout(left);
        }
    };
    freehold_keystore::open_counted(&dir.join(KEYS), passphrase, SystemTime::now, pause)
        .map_err(|error| seed_error(dir, error))
}

fn seed_error(dir: &Path, error: OpenError) -> ApiError {
    match &error {
        OpenError::WrongPassphrase => passphrase::wrong(),
        OpenError::NewerFormat { .. } => ApiError::new("home-newer", error),
        OpenError::NotFound(_) => ApiError::new("not-a-home", error),
        OpenError::Malformed(_) => ApiError::new("store-corrupt", error),
        OpenError::Permissions { .. } => ApiError::new("permissions", error),
        OpenError::Io(source) => io_error(dir, source),
    }
}

fn create_error(dir: &Path, error: CreateError) -> ApiError {
    match &error {
        CreateError::Exists(_) => ApiError::new("home-exists", error),
        CreateError::Io(source) => io_error(dir, source),
        CreateError::Cost => ApiError::new("internal", error),
    }
}

/// Refuses a home of the other kind, or of a later version; one that is not there is nobody's.
pub(crate) fn check(dir: &Path, kind: Kind) -> Result<(), ApiError> {
    about(dir)?.map_or(Ok(()), |about| fits(dir, &about, kind))
}

/// Whether a home is there whose seed was made.
pub(crate) fn is_made(dir: &Path) -> bool {
    dir.join(KEYS).exists()
}

/// Where a person's home is.
pub(crate) fn person_dir(given: Option<PathBuf>) -> Result<PathBuf, ApiError> {
    dir(given, "FREEHOLD_HOME", ".freehold")
}

/// Where a hub's home is.
pub(crate) fn hub_dir(given: Option<PathBuf>) -> Result<PathBuf, ApiError> {
    dir(given, "FREEHOLD_HUB_HOME", ".freehold-hub")
}

fn dir(given: Option<PathBuf>, variable: &str, name: &str) -> Result<PathBuf, ApiError> {
    let found = given
        .or_else(|| std::env::var_os(variable).filter(|dir| !dir.is_empty()).map(PathBuf::from))
        .or_else(|| std::env::home_dir().filter(|home| home.is_absolute()).map(|home| home.join(name)));
    let found =
        found.ok_or_else(|| ApiError::new("usage", "there is no home folder: name one with --home DIR"))?;
    std::path::absolute(&found).map_err(|error| io_error(&found, &error))
}

fn about(dir: &Path) -> Result<Option<About>, ApiError> {
    let text = match std::fs::read_to_string(dir.join(ABOUT)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error(dir, &error)),
    };
    let damaged = || {
        let text = format!("{} is damaged: restore it from a backup", dir.join(ABOUT).display());
        ApiError::new("not-a-home", text)
    };
    let AnyFormat { format } = serde_json::from_str(&text).map_err(|_| damaged())?;
    if format > FORMAT {
        let text = format!(
            "{} has format {format} and this program reads up to {FORMAT}: install a newer version",
            dir.display()
        );
        return Err(ApiError::new("home-newer", text));
    }
    serde_json::from_str(&text).map(Some).map_err(|_| damaged())
}

fn fits(dir: &Path, about: &About, kind: Kind) -> Result<(), ApiError> {
    if about.kind == kind {
        return Ok(());
    }
    let (is, hint) = match about.kind {
        Kind::Hub => ("a hub's", "use `freehold hub …`, or name a person's home"),
        Kind::Person => ("a person's", "name a hub's home"),
    };
    Err(ApiError::new("home-kind", format!("{} is {is} home: {hint} with --home", dir.display())))
}

/// A folder with other things in it is not taken over by a slip of the keyboard.
fn empty(dir: &Path, passphrase_file: Option<&Path>) -> Result<(), ApiError> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io_error(dir, &error)),
    };
    let passphrase = passphrase_file.and_then(|file| file.canonicalize().ok());
    for entry in entries {
        let entry = entry.map_err(|error| io_error(dir, &error))?;
        if entry.file_name() != LOCK && entry.path().canonicalize().ok() != passphrase {
            let text = format!(
                "{} is no home and not empty: name an empty folder, or one to be made, with --home",
                dir.display()
            );
            return Err(ApiError::new("not-a-home", text));
        }
    }
    Ok(())
}

fn lock(dir: &Path) -> Result<File, ApiError> {
    let mut options = File::options();
    let file = options.write(true).create(true).truncate(false).mode(0o600).open(dir.join(LOCK));
    let file = file.map_err(|error| io_error(dir, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let text = format!(
                "another process runs on {}: stop it first, or use another home with --home",
                dir.display()
            );
            Err(ApiError::new("home-in-use", text))
        }
        Err(TryLockError::Error(error)) => Err(io_error(dir, &error)),
    }
}

fn write_about(dir: &Path, about: &About) -> io::Result<()> {
    let (new, path) = (dir.join("home.json.new"), dir.join(ABOUT));
    let mut options = File::options();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(serde_json::to_string(about)?.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(new, path)?;
    File::open(dir)?.sync_all()
}

/// The code of a store that does not open.
pub(crate) fn store_code(error: &freehold_store::OpenError) -> &'static str {
    use freehold_store::OpenError;
    match error {
        OpenError::InUse => "home-in-use",
        OpenError::NewerFormat { .. } | OpenError::NewerTables { .. } => "home-newer",
        OpenError::WrongKey | OpenError::Corrupt(_) => "store-corrupt",
        OpenError::Io(error) if error.kind() == io::ErrorKind::StorageFull => "disk-full",
        OpenError::Io(_) => "store-failed",
        OpenError::Database(error) => database_code(error),
    }
}

/// The code of a database that does not do what it is asked.
pub(crate) fn database_code(error: &freehold_store::database::DatabaseError) -> &'static str {
    use freehold_store::database::DatabaseError;
    match error {
        DatabaseError::InUse => "home-in-use",
        DatabaseError::Newer { .. } => "home-newer",
        DatabaseError::Full => "disk-full",
        DatabaseError::Away(_) | DatabaseError::Failed(_) => "store-failed",
    }
}

/// An error of the file system about a home.
pub(crate) fn io_error(dir: &Path, error: &io::Error) -> ApiError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            ApiError::new("disk-full", "the disk is full: free some space and try again")
        }
        _ => {
            let text = format!(
                "{} cannot be used ({error}): check the folder, its owner and the disk",
                dir.display()
            );
            ApiError::new("home-unusable", text)
        }
    }
}

#[cfg(test)]
mod tests;
