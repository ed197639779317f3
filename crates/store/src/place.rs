//! Where a store's files are: a folder of the machine, or a simulated disk.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _};
use std::path::{Path, PathBuf};

use crate::disk::sync_dir;
use crate::format::private;
#[cfg(feature = "simulation")]
use crate::simulation::disk::{Power, SimulatedFile};

/// A store's folder.
pub(crate) enum Place {
    Folder(PathBuf),
    #[cfg(feature = "simulation")]
    Simulated(Power),
}

/// A file that is read and written in place.
pub(crate) enum PlaceFile {
    Real(File),
    #[cfg(feature = "simulation")]
    Simulated(SimulatedFile),
}

impl Place {
    /// The folder; in a simulation, the disk that is mounted there.
    pub(crate) fn of(dir: &Path) -> Self {
        #[cfg(feature = "simulation")]
        if let Some(power) = crate::simulation::disk::mounted(dir) {
            return Self::Simulated(power);
        }
        Self::Folder(dir.to_owned())
    }

    /// Makes the folder, durably, unless it is there.
    pub(crate) fn make(&self) -> io::Result<()> {
        match self {
            Self::Folder(dir) if dir.is_dir() => Ok(()),
            Self::Folder(dir) => {
                DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
                match dir.parent() {
                    Some(parent) if !parent.as_os_str().is_empty() => sync_dir(parent),
                    _ => sync_dir(Path::new(".")),
                }
            }
            #[cfg(feature = "simulation")]
            Self::Simulated(_) => Ok(()),
        }
    }

    pub(crate) fn exists(&self, name: &str) -> bool {
        match self {
            Self::Folder(dir) => dir.join(name).exists(),
            #[cfg(feature = "simulation")]
            Self::Simulated(power) => power.exists(name),
        }
    }

    /// Opens a file, making it if `create` says so; `None` if it is not there.
    pub(crate) fn file(&self, name: &str, create: bool) -> io::Result<Option<PlaceFile>> {
        match self {
            Self::Folder(dir) => {
                let mut options = private();
                match options.create(create).truncate(false).open(dir.join(name)) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                    opened => opened.map(|file| Some(PlaceFile::Real(file))),
                }
            }
            #[cfg(feature = "simulation")]
            Self::Simulated(power) => Ok(power.file(name, create)?.map(PlaceFile::Simulated)),
        }
    }

    /// Replaces a file as a whole, durably: a crash leaves the old one or the new one.
    pub(crate) fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Folder(dir) => {
                let temporary = dir.join(format!("{name}.new"));
                let file = private().truncate(true).open(&temporary)?;
                file.write_all_at(bytes, 0)?;
                file.sync_all()?;
                fs::rename(&temporary, dir.join(name))?;
                sync_dir(dir)
            }
            #[cfg(feature = "simulation")]
            Self::Simulated(power) => power.replace(name, bytes),
        }
    }
}

impl PlaceFile {
    /// Length in bytes.
    pub(crate) fn len(&self) -> io::Result<u64> {
        match self {
            Self::Real(file) => Ok(file.metadata()?.len()),
            #[cfg(feature = "simulation")]
            Self::Simulated(file) => file.len(),
        }
    }

    pub(crate) fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        match self {
            Self::Real(file) => file.read_exact_at(bytes, offset),
            #[cfg(feature = "simulation")]
            Self::Simulated(file) => file.read_exact_at(bytes, offset),
        }
    }

    /// Not durable before a sync.
    pub(crate) fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        match self {
            Self::Real(file) => file.write_all_at(bytes, offset),
            #[cfg(feature = "simulation")]
            Self::Simulated(file) => file.write_all_at(bytes, offset),
        }
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        match self {
            Self::Real(file) => file.sync_data(),
            #[cfg(feature = "simulation")]
            Self::Simulated(file) => file.sync(),
        }
    }

    /// Another descriptor of the same file.
    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        match self {
            Self::Real(file) => file.try_clone().map(Self::Real),
            #[cfg(feature = "simulation")]
            Self::Simulated(file) => Ok(Self::Simulated(file.clone())),
        }
    }
}
