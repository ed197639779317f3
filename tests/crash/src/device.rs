//! A file system of our own on a loop device, whose power can be cut.
//!
//! What the system has not yet written to the device stays in the page cache of the mounted file system. The image
//! file holds only what the device was given: it is what a power cut leaves, and copying it needs neither a sync nor
//! an unmount.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use tempfile::TempDir;

/// Longest wait for the device to be still while its image is copied.
const STILL_WAIT_MAX: Duration = Duration::from_secs(60);
/// Longest wait for a file system that a dying process still holds.
const UNMOUNT_WAIT_MAX: Duration = Duration::from_secs(30);
/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// A mounted ext4 of its own. Dropped, it is unmounted and gone.
pub struct Device {
    dir: TempDir,
    name: String,
    attached: Option<String>,
    cuts: u64,
}

impl Device {
    /// Makes one of so many MiB.
    ///
    /// # Errors
    /// Why this machine has none: no root, no loop device, no `mkfs.ext4`.
    pub fn make(mebibytes: u64) -> Result<Self, String> {
        if !rustix::process::geteuid().is_root() {
            return Err("mounting needs root".to_owned());
        }
        let dir = tempfile::tempdir_in(folder()).map_err(|error| format!("no folder: {error}"))?;
        let device = Self { dir, name: "image".to_owned(), attached: None, cuts: 0 };
        let image = device.image();
        let sized = File::create(&image).and_then(|file| file.set_len(mebibytes * 1024 * 1024));
        sized.map_err(|error| format!("no image: {error}"))?;
        // Everything is initialised now, so that nothing writes to the device later on its own account. An error
        // turns the file system read-only, as distributions have it.
        let options = ["-q", "-F", "-e", "remount-ro", "-E", "lazy_itable_init=0,lazy_journal_init=0"];
        run("mkfs.ext4", &[&options[..], &[&image.to_string_lossy()]].concat())?;
        fs::create_dir(device.path()).map_err(|error| format!("no mount point: {error}"))?;
        let mut device = device;
        device.attach()?;
        Ok(device)
    }

    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.dir.path().join("mount")
    }

    /// The file that holds what the device was given.
    #[must_use]
    pub fn image(&self) -> PathBuf {
        self.dir.path().join(&self.name)
    }

    /// The device's name in `/sys`, such as `loop0`.
    ///
    /// # Panics
    /// When it is not attached, which holds only while it is made or cut.
    #[must_use]
    pub fn system_name(&self) -> &str {
        let attached = self.attached.as_deref().expect("a device that is made is attached");
        attached.trim_start_matches("/dev/")
    }

    /// Keeps what a power cut at this moment would leave. Processes that write go on, or are stopped before.
    ///
    /// # Panics
    /// When the device is never still, or the copy cannot be made.
    #[must_use]
    pub fn freeze_image(&self) -> Frozen {
        let name = format!("image-{}", self.cuts + 1);
        let since = Instant::now();
        loop {
            // A copy that spans writes would be a state that the device was never in.
            let before = self.writes();
            let (image, copy) = (self.image(), self.dir.path().join(&name));
            run("cp", &["--sparse=always", &image.to_string_lossy(), &copy.to_string_lossy()])
                .expect("a copy of the image");
            if before.under_way == 0 && before == self.writes() {
                return Frozen { name };
            }
            assert!(since.elapsed() < STILL_WAIT_MAX, "the device is never still");
            std::thread::park_timeout(PAUSE);
        }
    }

    /// Goes on from what a cut left: the file system is mounted from the frozen image, its journal replayed. All
    /// processes that used it must have ended.
    ///
    /// # Panics
    /// When it cannot be mounted.
    pub fn power_on(&mut self, frozen: Frozen) {
        self.detach();
        let _ = fs::remove_file(self.image());
        self.name = frozen.name;
        self.cuts += 1;
        self.attach().expect("what a cut left can be mounted");
    }

    /// Lets the file system meet an error: it gives up its journal and is read-only from now on.
    ///
    /// # Panics
    /// When the system refuses.
    pub fn fail(&self) {
        run("mount", &["-o", "remount,abort", &self.path().to_string_lossy()])
            .expect("the journal is aborted");
    }

    /// Unmounts and mounts again, with options such as `ro`.
    ///
    /// # Panics
    /// When the system refuses.
    pub fn mount_again(&mut self, options: &str) {
        self.unmount();
        let attached = self.attached.clone().expect("a device that is made is attached");
        let path = self.path();
        run("mount", &["-o", options, &attached, &path.to_string_lossy()]).expect("it is mounted again");
    }

    /// Unmounts, so that the image holds everything.
    pub fn unmount(&self) {
        let since = Instant::now();
        while let Err(error) = unmount(self.path(), UnmountFlags::empty()) {
            if error != rustix::io::Errno::BUSY || since.elapsed() > UNMOUNT_WAIT_MAX {
                break;
            }
            std::thread::park_timeout(PAUSE);
        }
    }

    fn attach(&mut self) -> Result<(), String> {
        let image = self.image();
        // Past the cache where the folder's file system allows it: the image is then what the device was given, at
        // once. Elsewhere the cache of the image file is as good, since only we read it.
        let flags = ["--find", "--show", "--direct-io=on"];
        let attached = run("losetup", &[&flags[..], &[&image.to_string_lossy()]].concat())?.trim().to_owned();
        let mounted = mount(attached.as_str(), self.path(), "ext4", MountFlags::NOATIME, None);
        self.attached = Some(attached);
        mounted.map_err(|error| format!("no mount: {error}"))
    }

    fn detach(&mut self) {
        self.unmount();
        if let Some(attached) = self.attached.take() {
            let _ = run("losetup", &["--detach", &attached]);
        }
    }

    fn writes(&self) -> Writes {
        let path = format!("/sys/block/{}/stat", self.system_name());
        let text = fs::read_to_string(path).unwrap_or_default();
        let numbers: Vec<u64> = text.split_ascii_whitespace().map_while(|word| word.parse().ok()).collect();
        let at = |index: usize| numbers.get(index).copied().unwrap_or_default();
        Writes { done: at(4), under_way: at(8) }
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.detach();
    }
}

/// What a cut left.
#[derive(Debug)]
pub struct Frozen {
    name: String,
}

#[derive(PartialEq, Eq)]
struct Writes {
    done: u64,
    under_way: u64,
}

/// Where images and other short-lived files are: in memory if the machine has such a folder, so that a thousand cuts
/// wear no drive.
#[must_use]
pub fn folder() -> PathBuf {
    let shared = Path::new("/dev/shm");
    if shared.is_dir() { shared.to_owned() } else { std::env::temp_dir() }
}

/// A small file system in memory, for filling.
pub struct Memory {
    dir: TempDir,
}

impl Memory {
    /// Mounts one of so many KiB.
    ///
    /// # Errors
    /// Why this machine has none.
    pub fn make(kibibytes: u64) -> Result<Self, String> {
        let dir = tempfile::tempdir().map_err(|error| format!("no folder: {error}"))?;
        let options =
            std::ffi::CString::new(format!("size={kibibytes}k")).map_err(|error| error.to_string())?;
        mount("tmpfs", dir.path(), "tmpfs", MountFlags::empty(), Some(options.as_c_str()))
            .map_err(|error| format!("mounting needs root: {error}"))?;
        Ok(Self { dir })
    }

    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Changes its size, in KiB.
    ///
    /// # Panics
    /// When the system refuses.
    pub fn resize(&self, kibibytes: u64) {
        let options = format!("remount,size={kibibytes}k");
        run("mount", &["-o", &options, &self.path().to_string_lossy()]).expect("it is resized");
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let _ = unmount(self.dir.path(), UnmountFlags::DETACH);
    }
}

/// Runs a program to its end; its output, or what went wrong.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    let output = command.output().map_err(|error| format!("{program} cannot be started: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim()))
    }
}
