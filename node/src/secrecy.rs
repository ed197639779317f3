//! What keeps keys out of the disk and out of other programs' sight while the process runs.

use rustix::io::Errno;
use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

/// No limit at all.
const UNLIMITED: Rlimit = Rlimit { current: None, maximum: None };

/// Forbids core dumps and the reading of this process's memory by others of the same user, and locks its memory against the swap
/// where the system allows that. What it does not allow is one line of the log, and no reason not to run.
pub(crate) fn begin() {
    // Programs that this one starts inherit the limit, and not the other two.
    if let Err(error) = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }) {
        tracing::info!(%error, "core dumps cannot be turned off: a crash may leave keys on the disk");
    }
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::info!(%error, "other programs of this user can read this one's memory");
    }
    if let Err(error) = lock_memory() {
        tracing::info!(
            %error,
            "keys may reach the swap: set LimitMEMLOCK=infinity in the unit, or `ulimit -l unlimited`, or encrypt the swap"
        );
    }
}

/// Locks each page from when it is first used, what is allocated later too. A process that may lock only so much is not locked
/// at all: beyond its limit it would get no memory any more.
fn lock_memory() -> Result<(), Errno> {
    let limit = getrlimit(Resource::Memlock);
    let may_raise = limit.maximum.is_none() || setrlimit(Resource::Memlock, UNLIMITED).is_ok();
    if may_raise {
        setrlimit(Resource::Memlock, UNLIMITED)?;
        return lock_all();
    }
    // With a limit of nothing only who is above limits (CAP_IPC_LOCK) may lock, and he then always may.
    setrlimit(Resource::Memlock, Rlimit { current: Some(0), ..limit })?;
    let locked = lock_all();
    setrlimit(Resource::Memlock, limit)?;
    locked
}

/// Not what is only mapped: stacks and heaps reserve far more than they use.
fn lock_all() -> Result<(), Errno> {
    mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT)
}
