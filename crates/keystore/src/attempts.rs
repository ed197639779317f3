//! How fast a passphrase can be guessed through the program.
//!
//! Beside the key file `keys` lies `keys.attempts`: one line of fixed length, `freehold-attempts 1 FAILURES MILLISECONDS`,
//! with the attempts that have failed since the last one that did not, and when the last of them began. Attempts are made one
//! at a time, whatever process makes them, and each is counted before it is made, so that neither a restart nor a kill
//! gives one for nothing. Whoever has the key file itself guesses elsewhere, at the price of [`Cost`](crate::Cost).

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::file::{OpenError, open};
use crate::passphrase::Passphrase;
use crate::seed::Seed;

/// Attempts in a row that may fail without a wait: a person mistypes, with the wrong keyboard layout twice.
pub const FREE_ATTEMPTS: u32 = 3;
/// The first wait; each further failure doubles it.
const WAIT_FIRST: Duration = Duration::from_secs(1);
/// The longest wait: 1,440 guesses a day, and an owner who remembers waits no longer than this.
pub const WAIT_MAX: Duration = Duration::from_secs(60);
/// The wait where an attempt cannot be counted, since the disk is full or read-only.
const WAIT_UNCOUNTED: Duration = Duration::from_secs(5);

/// What the file says it is.
const WORD: &str = "freehold-attempts";
/// The version of the file that this build writes and reads.
const VERSION: u32 = 1;
/// Bytes of the line. It is written in place, within one sector, so that it needs no room on a full disk.
const LINE_BYTES: usize = 56;

/// Why an attempt waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// How long.
    pub duration: Duration,
    /// How many attempts have failed in a row; `None` where they cannot be counted.
    pub failures: Option<u32>,
}

/// Opens the file of a seed as [`open`] does, after the wait that earlier failures ask for. `now` tells the time, and `pause`
/// waits; it is not called where there is nothing to wait for.
///
/// A clock that goes back lengthens no wait beyond [`WAIT_MAX`], and one that goes forward shortens it: whoever sets the
/// machine's clock can read its files.
///
/// # Errors
/// [`OpenError`], as [`open`]. Only [`OpenError::WrongPassphrase`] counts as a failure.
pub fn open_counted(
    path: &Path,
    passphrase: &Passphrase,
    now: impl Fn() -> SystemTime,
    pause: impl Fn(Wait),
) -> Result<Seed, OpenError> {
    if path.symlink_metadata().is_err() {
        // Nothing to guess, and nothing to leave behind.
        return open(path, passphrase);
    }
    let Ok(mut attempts) = Attempts::begin(&beside(path)) else {
        pause(Wait { duration: WAIT_UNCOUNTED, failures: None });
        return open(path, passphrase);
    };
    let duration = attempts.count.wait(millis(now()));
    if !duration.is_zero() {
        pause(Wait { duration, failures: Some(attempts.count.failures) });
    }
    let before = attempts.count;
    let counted = Count { failures: before.failures.saturating_add(1), last_ms: millis(now()) };
    if attempts.tell(counted).is_err() {
        pause(Wait { duration: WAIT_UNCOUNTED, failures: None });
    }
    let opened = open(path, passphrase);
    let after = match &opened {
        Ok(_) => Count::default(),
        Err(OpenError::WrongPassphrase) => counted,
        Err(_) => before,
    };
    if after != counted {
        // Where this is lost, one attempt too many is counted, which costs its owner nothing yet.
        let _ = attempts.tell(after);
    }
    opened
}

/// The file that counts, beside the key file.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".attempts");
    name.into()
}

fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// What is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Count {
    /// Attempts that have failed since the last one that did not.
    failures: u32,
    /// When the last of them began, in milliseconds since 1970.
    last_ms: u64,
}

impl Count {
    /// How long the next attempt waits.
    fn wait(self, now_ms: u64) -> Duration {
        let Some(doublings) = self.failures.checked_sub(FREE_ATTEMPTS) else { return Duration::ZERO };
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        let whole = WAIT_FIRST.saturating_mul(factor).min(WAIT_MAX);
        whole.saturating_sub(Duration::from_millis(now_ms.saturating_sub(self.last_ms)))
    }

    fn line(self) -> [u8; LINE_BYTES] {
        let mut line = [b' '; LINE_BYTES];
        let text = format!("{WORD} {VERSION} {:010} {:020}", self.failures, self.last_ms);
        line[..text.len()].copy_from_slice(text.as_bytes());
        line[LINE_BYTES - 1] = b'\n';
        line
    }

    /// Reads the line. A file that is new, or lost its bytes with the power, counts nothing; one that says something else
    /// is believed the worst of.
    fn read(bytes: &[u8]) -> Self {
        if bytes.iter().all(|byte| *byte == 0) {
            return Self::default();
        }
        let worst = Self { failures: u32::MAX, last_ms: u64::MAX };
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        match text.split_ascii_whitespace().collect::<Vec<_>>().as_slice() {
            [WORD, version, failures, last_ms] if version.parse() == Ok(VERSION) => {
                match (failures.parse(), last_ms.parse()) {
                    (Ok(failures), Ok(last_ms)) => Self { failures, last_ms },
                    _ => worst,
                }
            }
            _ => worst,
        }
    }
}

/// The file, and the right to be the only one who makes an attempt.
struct Attempts {
    file: File,
    count: Count,
}

impl Attempts {
    /// Waits until no other process makes an attempt.
    fn begin(path: &Path) -> io::Result<Self> {
        let mut options = File::options();
        let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        file.lock()?;
        let mut bytes = Vec::with_capacity(LINE_BYTES);
        io::Read::read_to_end(&mut io::Read::take(&file, LINE_BYTES as u64), &mut bytes)?;
        Ok(Self { count: Count::read(&bytes), file })
    }

    fn tell(&mut self, count: Count) -> io::Result<()> {
        self.count = count;
        self.file.write_all_at(&count.line(), 0)?;
        self.file.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_a_minute_and_passes() {
        let check = |failures: u32, since_ms: u64, expected: u64| {
            let count = Count { failures, last_ms: 1_000_000 };
            assert_eq!(count.wait(1_000_000 + since_ms), Duration::from_millis(expected), "{failures}");
        };
        for free in 0..FREE_ATTEMPTS {
            check(free, 0, 0);
        }
        for (failures, seconds) in [(3, 1), (4, 2), (5, 4), (8, 32), (9, 60), (40, 60), (u32::MAX, 60)] {
            check(failures, 0, seconds * 1_000);
            check(failures, 500, seconds * 1_000 - 500);
            check(failures, seconds * 1_000, 0);
        }
        let count = Count { failures: 5, last_ms: 1_000_000 };
        assert_eq!(count.wait(10), Duration::from_secs(4), "a clock that went back");
    }

    #[test]
    fn a_line_is_read_as_it_was_written_and_another_counts_as_the_worst() {
        for count in
            [Count::default(), Count { failures: 7, last_ms: 1_800_000_000_000 }, Count::read(b"nonsense")]
        {
            assert_eq!(Count::read(&count.line()), count);
        }
        assert_eq!(Count::read(b""), Count::default());
        assert_eq!(Count::read(&[0; LINE_BYTES]), Count::default());
        for other in
            ["freehold-attempts 2 0 0", "freehold-attempts 1 x 0", "freehold-attempts 1 0", "\u{fffd}"]
        {
            assert_eq!(Count::read(other.as_bytes()).wait(u64::MAX - 1), WAIT_MAX, "{other}");
        }
    }
}
