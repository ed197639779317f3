//! The few calls on which durability rests, behind a trait narrow enough to fake their failures.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};

use crate::place::PlaceFile;

/// What the writer asks of the disk.
pub(crate) trait Disk: Send + Sync {
    /// Makes sled's log durable (`fdatasync` of `db`).
    fn sync_log(&self) -> io::Result<()>;
    /// Makes the key file durable.
    fn sync_record_keys(&self) -> io::Result<()>;
    /// Free bytes for an unprivileged process.
    fn free_bytes(&self) -> io::Result<u64>;
    /// Forgets cached pages of the log after a failed sync, so that a later read shows what is on disk: the
    /// kernel marks pages clean when writing them failed.
    fn forget_cached(&self);
}

/// The real disk. The log's descriptor is our own and opened before the first write: the kernel reports a
/// failed write-back once per descriptor, so sled's own syncs cannot swallow it.
pub(crate) struct Files {
    dir: File,
    log: File,
    record_keys: PlaceFile,
}

impl Files {
    pub(crate) fn open(dir: &Path, record_keys: PlaceFile) -> io::Result<Self> {
        let log = File::options().read(true).write(true).open(dir.join("db"))?;
        Ok(Self { dir: File::open(dir)?, log, record_keys })
    }
}

impl Disk for Files {
    fn sync_log(&self) -> io::Result<()> {
        self.log.sync_data()
    }

    fn sync_record_keys(&self) -> io::Result<()> {
        self.record_keys.sync()
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let stats = rustix::fs::fstatvfs(&self.dir)?;
        Ok(stats.f_bavail.saturating_mul(stats.f_frsize))
    }

    fn forget_cached(&self) {
        // Best effort: the store is poisoned whether or not the kernel takes the advice.
        let _ = rustix::fs::fadvise(&self.log, 0, None, rustix::fs::Advice::DontNeed);
    }
}

/// While it lives, the entries of a directory are made, moved and removed durably, one by one, where the file system can
/// do that (`FS_DIRSYNC_FL`: ext4, btrfs, f2fs).
pub(crate) struct DurableNames {
    dir: File,
}

impl DurableNames {
    pub(crate) fn begin(dir: &Path) -> io::Result<Self> {
        let names = Self { dir: File::open(dir)? };
        if let Err(error) = names.set(true) {
            tracing::debug!(%error, "the file system makes names durable only when asked to");
        }
        Ok(names)
    }

    fn set(&self, on: bool) -> io::Result<()> {
        let mut flags = ioctl_getflags(&self.dir)?;
        flags.set(IFlags::DIRSYNC, on);
        Ok(ioctl_setflags(&self.dir, flags)?)
    }
}

impl Drop for DurableNames {
    fn drop(&mut self) {
        // Best effort: names that stay durable one by one cost time and nothing else.
        let _ = self.set(false);
    }
}

/// Makes a directory's entries durable.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
