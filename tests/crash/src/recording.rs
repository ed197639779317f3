//! Every call by which a process changed a store's files, in order, as strace saw it; and what a crash between any
//! two of them may leave.
//!
//! The model is harsher than any one file system: of a file, only what a returned `fsync` or `fdatasync` covers is
//! sure; each later write may be there, missing, or there in some of its 512-byte sectors, whatever came after it.
//! `sync_file_range` makes nothing sure. Names are made, moved and removed in order, as by a journal, and are sure
//! after an `fsync` of their folder, or each at once while the folder has `FS_DIRSYNC_FL`: the file system that is modelled
//! knows that flag, whether or not the one on which the process is recorded does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use crate::random::Random;
use crate::writer::{Plan, Said, Writer};

mod line;

use line::{Call, Lines};

/// The least that a drive writes as a whole.
const SECTOR_BYTES: usize = 512;
/// A segment of sled's log, as `freehold-store` has it.
const SEGMENT_BYTES: u64 = 8 * 1024 * 1024;
/// The calls that are recorded.
const CALLS: &str = "trace=pwrite64,write,fdatasync,fsync,ftruncate,rename,renameat,renameat2,unlink,unlinkat,openat,\
                     mkdir,mkdirat,ioctl";
/// Longest string that strace prints whole: more than one segment of sled's log.
const STRING_BYTES_MAX: &str = "33554432";

/// So many calls after a name was changed it still matters that it was.
const NAMING_CALLS: usize = 20;

/// A file of the store, whatever it is called.
type FileId = usize;

/// The calls of one process on one store.
pub struct Recording {
    dir: PathBuf,
    /// What was there before, by name.
    base: BTreeMap<PathBuf, FileId>,
    contents: Vec<Vec<u8>>,
    writes: Vec<Write>,
    names: Vec<Naming>,
    syncs: Vec<Sync>,
    said: Vec<(usize, u64)>,
    acknowledged: u64,
    start: usize,
    end: usize,
}

/// When a call was made and when it returned, counted in lines of the record.
#[derive(Debug, Clone, Copy)]
struct Span {
    begin: usize,
    end: usize,
}

#[derive(Clone)]
struct Write {
    span: Span,
    file: FileId,
    what: Written,
}

#[derive(Clone)]
enum Written {
    Bytes(u64, Vec<u8>),
    Length(u64),
}

#[derive(Clone)]
struct Naming {
    span: Span,
    what: Named,
    /// Whether it is sure when the call returns.
    synchronous: bool,
}

#[derive(Clone)]
enum Named {
    Folder(PathBuf),
    File(PathBuf, FileId),
    Moved(PathBuf, PathBuf),
    Removed(PathBuf),
}

#[derive(Clone)]
struct Sync {
    span: Span,
    what: Synced,
}

#[derive(Clone, PartialEq, Eq)]
enum Synced {
    File(FileId),
    Folder(PathBuf),
}

/// What a crash does to the calls that nothing had made sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// Nothing: the process was killed.
    None,
    /// All are lost.
    AllDropped,
    /// The last is lost.
    LastDropped,
    /// The last is there in part.
    LastTorn,
    /// Some are there, some not, some in part, regardless of their order.
    Reordered,
}

impl Damage {
    /// Each kind.
    pub const ALL: [Self; 5] =
        [Self::None, Self::AllDropped, Self::LastDropped, Self::LastTorn, Self::Reordered];
}

/// Whether syncs are believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syncs {
    /// As they were called.
    Real,
    /// As if they had been left out, to see that it is noticed.
    LeftOut,
}

impl Recording {
    /// Runs a plan on a store under strace. What is in the folder already counts as sure, and so does what was
    /// acknowledged before.
    ///
    /// # Errors
    /// The process failed, or what strace wrote is not understood.
    pub fn make(program: &Path, plan: &Plan, dir: &Path, acknowledged: u64) -> Result<Self, String> {
        Self::of(program, &plan.arguments(dir), dir, acknowledged)
    }

    /// As [`Recording::make`], of any process that says as a [`Writer`] does what was acknowledged.
    ///
    /// # Errors
    /// The process failed, or what strace wrote is not understood.
    pub fn of(program: &Path, arguments: &[String], dir: &Path, acknowledged: u64) -> Result<Self, String> {
        let (base, contents) = contents_of(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
        let log = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
        let mut prefix: Vec<String> = [
            "strace",
            "-f",
            "-qq",
            "-y",
            "-xx",
            "-s",
            STRING_BYTES_MAX,
            "-e",
            "signal=none",
            "-e",
            CALLS,
            "-o",
        ]
        .map(str::to_owned)
        .into();
        prefix.push(log.path().display().to_string());
        let (status, said) = Writer::start_as(program, &prefix, arguments).end();
        if !status.success() {
            return Err(format!("the recorded process ended with {status}: {:?}", said.last()));
        }
        let log = fs::read(log.path()).map_err(|error| error.to_string())?;
        let mut recording = Self {
            dir: dir.to_owned(),
            base,
            contents,
            writes: Vec::new(),
            names: Vec::new(),
            syncs: Vec::new(),
            said: Vec::new(),
            acknowledged,
            start: 0,
            end: 0,
        };
        recording.take(&log)?;
        if recording.said.is_empty() || recording.writes.is_empty() {
            return Err("strace recorded nothing".to_owned());
        }
        Ok(recording)
    }

    /// Kills the process at a moment and records the one that recovers, in an empty folder. What was not sure when the
    /// first was killed is still not sure: the system has it, and the disk may not.
    ///
    /// # Errors
    /// The second process failed, or what strace wrote is not understood.
    pub fn then(&self, moment: usize, program: &Path, plan: &Plan, dir: &Path) -> Result<Self, String> {
        let mut random = Random::new(0);
        self.crash(moment, Damage::None, Syncs::Real, &mut random, dir).map_err(|error| error.to_string())?;
        let second = Self::make(program, plan, dir, self.acknowledged(moment))?;
        let names = self.names_at(moment, Damage::None, &|_, _| false, &mut random);
        // The second's files are the first's under other numbers, or new ones.
        let known: BTreeMap<FileId, FileId> =
            second.base.iter().filter_map(|(name, id)| Some((*id, names.get(name).copied()??))).collect();
        let first_new = self.contents.len() + self.names.len();
        let file = |id: FileId| known.get(&id).copied().unwrap_or(first_new + id);
        let later = |span: Span| Span { begin: span.begin + moment, end: span.end + moment };
        let before = |span: Span| span.begin < moment;
        let mut whole = Self {
            dir: second.dir,
            base: self.base.clone(),
            contents: self.contents.clone(),
            writes: self.writes.iter().filter(|write| before(write.span)).cloned().collect(),
            names: self.names.iter().filter(|naming| before(naming.span)).cloned().collect(),
            syncs: self.syncs.iter().filter(|sync| sync.span.end < moment).cloned().collect(),
            said: second.said.iter().map(|(at, number)| (at + moment, *number)).collect(),
            acknowledged: self.acknowledged(moment),
            start: moment,
            end: second.end + moment,
        };
        // What was under way when it was killed has been done by then.
        let done = |span: Span| Span { begin: span.begin, end: span.end.min(moment) };
        whole.writes.iter_mut().for_each(|write| write.span = done(write.span));
        whole.names.iter_mut().for_each(|naming| naming.span = done(naming.span));
        whole.writes.extend(second.writes.into_iter().map(|write| Write {
            span: later(write.span),
            file: file(write.file),
            what: write.what,
        }));
        whole.names.extend(second.names.into_iter().map(|naming| Naming {
            span: later(naming.span),
            what: naming.what.renumbered(file),
            ..naming
        }));
        whole.syncs.extend(second.syncs.into_iter().map(|sync| Sync {
            span: later(sync.span),
            what: match sync.what {
                Synced::File(id) => Synced::File(file(id)),
                folder @ Synced::Folder(_) => folder,
            },
        }));
        Ok(whole)
    }

    /// The moments at which it may crash.
    #[must_use]
    pub fn moments(&self) -> std::ops::Range<usize> {
        self.start..self.end + 1
    }

    /// Writes to a segment of sled's log after a later one had been written: it was free and is used again.
    #[must_use]
    pub fn writes_to_used_segments(&self) -> u64 {
        let mut latest: BTreeMap<FileId, u64> = BTreeMap::new();
        let mut count = 0;
        for write in &self.writes {
            if let Written::Bytes(at, _) = write.what {
                let (segment, latest) = (at / SEGMENT_BYTES, latest.entry(write.file).or_default());
                count += u64::from(segment < *latest);
                *latest = segment.max(*latest);
            }
        }
        count
    }

    /// The last transaction that was acknowledged before a moment.
    #[must_use]
    pub fn acknowledged(&self, moment: usize) -> u64 {
        let before = self.said.iter().filter(|(at, _)| *at < moment).map(|(_, number)| *number);
        before.max().unwrap_or(0).max(self.acknowledged)
    }

    /// Whether names were made, moved or removed shortly before a moment.
    #[must_use]
    pub fn is_naming(&self, moment: usize) -> bool {
        self.names
            .iter()
            .any(|naming| (naming.span.begin..naming.span.begin + NAMING_CALLS).contains(&moment))
    }

    /// Makes what a crash at a moment may leave, in an empty folder.
    ///
    /// # Errors
    /// Of the file system.
    pub fn crash(
        &self,
        moment: usize,
        damage: Damage,
        syncs: Syncs,
        random: &mut Random,
        dir: &Path,
    ) -> io::Result<()> {
        let sure = |span: Span, what: &Synced| {
            syncs == Syncs::Real
                && self
                    .syncs
                    .iter()
                    .any(|sync| sync.what == *what && sync.span.begin > span.end && sync.span.end < moment)
        };
        let names = self.names_at(moment, damage, &sure, random);
        let mut files = BTreeMap::new();
        for (name, id) in &names {
            let path = dir.join(name);
            match id {
                None => fs::create_dir_all(path)?,
                Some(id) => {
                    if let Some(parent) = path.parent() {
                        fs::create_dir_all(parent)?;
                    }
                    let file =
                        File::options().read(true).write(true).create(true).truncate(true).open(path)?;
                    if let Some(base) = self.contents.get(*id) {
                        file.write_all_at(base, 0)?;
                    }
                    files.insert(*id, file);
                }
            }
        }
        let issued = self.writes.iter().filter(|write| write.span.begin < moment);
        let last_unsure = issued.clone().filter(|write| !sure(write.span, &Synced::File(write.file))).count();
        let mut unsure = 0;
        for write in issued {
            let fate = if sure(write.span, &Synced::File(write.file)) {
                Fate::Whole
            } else {
                unsure += 1;
                Fate::of(damage, unsure == last_unsure, random)
            };
            if let Some(file) = files.get(&write.file) {
                fate.apply(write, file, random)?;
            }
        }
        Ok(())
    }

    /// The names at a moment; folders have no file.
    fn names_at(
        &self,
        moment: usize,
        damage: Damage,
        sure: &impl Fn(Span, &Synced) -> bool,
        random: &mut Random,
    ) -> BTreeMap<PathBuf, Option<FileId>> {
        let issued: Vec<&Naming> = self.names.iter().filter(|naming| naming.span.begin < moment).collect();
        // They are made in order: what comes before a sure one is sure.
        let is_sure = |naming: &&Naming| {
            naming.synchronous && naming.span.end < moment
                || sure(naming.span, &Synced::Folder(naming.what.folder()))
        };
        let kept_least = issued.iter().rposition(is_sure).map_or(0, |at| at + 1);
        let unsure = issued.len() - kept_least;
        let kept = match damage {
            Damage::None | Damage::LastTorn => issued.len(),
            Damage::AllDropped => kept_least,
            Damage::LastDropped => issued.len() - unsure.min(1),
            Damage::Reordered => kept_least + random.below(unsure as u64 + 1) as usize,
        };
        let mut names: BTreeMap<PathBuf, Option<FileId>> =
            self.base.iter().map(|(name, id)| (name.clone(), Some(*id))).collect();
        for naming in &issued[..kept] {
            naming.what.apply(&mut names);
        }
        names
    }

    /// Reads what strace wrote.
    fn take(&mut self, log: &[u8]) -> Result<(), String> {
        let mut names: BTreeMap<PathBuf, Option<FileId>> =
            self.base.iter().map(|(name, id)| (name.clone(), Some(*id))).collect();
        let mut next_id = self.contents.len();
        let mut positions: BTreeMap<u64, u64> = BTreeMap::new();
        let mut synchronous: BTreeSet<PathBuf> = BTreeSet::new();
        // What a name stood for before it was given to another file, or to none.
        let mut displaced: BTreeMap<PathBuf, FileId> = BTreeMap::new();
        let mut lines = Lines::new(log);
        while let Some(call) = lines.next()? {
            let span = Span { begin: call.begin, end: call.end };
            self.end = self.end.max(call.end);
            if call.name == "ioctl" {
                self.set_flags(&call, &mut synchronous)?;
                continue;
            }
            let Some(returned) = call.returned else { continue };
            let file_of = |name: &Path| names.get(name).copied().flatten();
            match call.name.as_str() {
                "openat" => {
                    let Some(name) = self.inside(&call.path(1)?) else { continue };
                    positions.insert(returned, 0);
                    let flags = call.word(2)?;
                    if let Some(file) = file_of(&name) {
                        if flags.contains("O_TRUNC") {
                            self.writes.push(Write { span, file, what: Written::Length(0) });
                        }
                    } else if flags.contains("O_CREAT") {
                        let what = Named::File(name, next_id);
                        next_id += 1;
                        what.apply(&mut names);
                        self.names.push(Naming {
                            span,
                            synchronous: synchronous.contains(&what.folder()),
                            what,
                        });
                    }
                }
                "write" if call.path(0).is_ok_and(|path| self.inside(&path).is_none()) => {
                    let text = String::from_utf8_lossy(&call.bytes(1)?).into_owned();
                    if let Some(Said::Open(number) | Said::Acknowledged(number)) = Said::read(&text) {
                        self.said.push((call.end, number));
                    }
                }
                "write" | "pwrite64" | "ftruncate" => {
                    let Some(name) = self.inside(&call.path(0)?) else { continue };
                    let held =
                        if call.is_nameless(0) { displaced.get(&name).copied() } else { file_of(&name) };
                    let Some(file) = held else { continue };
                    let what = self.written(&call, returned, &mut positions)?;
                    self.writes.push(Write { span, file, what });
                }
                "fsync" | "fdatasync" => {
                    let path = call.path(0)?;
                    let Some(name) = self.inside(&path) else { continue };
                    let held =
                        if call.is_nameless(0) { displaced.get(&name).copied() } else { file_of(&name) };
                    let what = held.map_or(Synced::Folder(name), Synced::File);
                    self.syncs.push(Sync { span, what });
                }
                "mkdir" | "mkdirat" | "rename" | "renameat" | "renameat2" | "unlink" | "unlinkat" => {
                    if let Some(what) = self.named(&call)? {
                        if let Named::Moved(_, name) | Named::Removed(name) = &what
                            && let Some(file) = file_of(name)
                        {
                            displaced.insert(name.clone(), file);
                        }
                        what.apply(&mut names);
                        self.names.push(Naming {
                            span,
                            synchronous: synchronous.contains(&what.folder()),
                            what,
                        });
                    }
                }
                other => return Err(format!("a call that nothing knows: {other}")),
            }
        }
        Ok(())
    }

    /// Notes which folders make their names sure at once.
    fn set_flags(&self, call: &Call, synchronous: &mut BTreeSet<PathBuf>) -> Result<(), String> {
        let (true, Some(folder)) =
            (call.word(1)? == "FS_IOC_SETFLAGS", call.path(0).ok().and_then(|path| self.inside(&path)))
        else {
            return Ok(());
        };
        if call.word(2)?.contains("FS_DIRSYNC_FL") {
            synchronous.insert(folder);
        } else {
            synchronous.remove(&folder);
        }
        Ok(())
    }

    fn written(
        &self,
        call: &Call,
        returned: u64,
        positions: &mut BTreeMap<u64, u64>,
    ) -> Result<Written, String> {
        if call.name == "ftruncate" {
            return Ok(Written::Length(call.number(1)?));
        }
        let mut bytes = call.bytes(1)?;
        bytes.truncate(returned as usize);
        if call.name == "pwrite64" {
            return Ok(Written::Bytes(call.number(3)?, bytes));
        }
        let position = positions.entry(call.descriptor(0)?).or_default();
        let at = *position;
        *position += bytes.len() as u64;
        Ok(Written::Bytes(at, bytes))
    }

    fn named(&self, call: &Call) -> Result<Option<Named>, String> {
        let paths: Vec<PathBuf> = (0..call.words()).filter_map(|at| call.quoted(at)).collect();
        let inside: Option<Vec<PathBuf>> = paths.iter().map(|path| self.inside(path)).collect();
        let Some(inside) = inside else { return Ok(None) };
        let kind = call.name.as_str();
        Ok(Some(match inside.as_slice() {
            [name] if kind.starts_with("mkdir") => Named::Folder(name.clone()),
            [name] if kind.starts_with("unlink") => Named::Removed(name.clone()),
            [from, to] if kind.starts_with("rename") => Named::Moved(from.clone(), to.clone()),
            _ => return Err(format!("{kind} with {} paths", inside.len())),
        }))
    }

    /// A path's name in the store.
    fn inside(&self, path: &Path) -> Option<PathBuf> {
        path.strip_prefix(&self.dir).ok().map(Path::to_owned)
    }
}

impl Named {
    fn folder(&self) -> PathBuf {
        let (Self::Folder(name) | Self::File(name, _) | Self::Moved(_, name) | Self::Removed(name)) = self;
        name.parent().unwrap_or(Path::new("")).to_owned()
    }

    fn renumbered(self, file: impl Fn(FileId) -> FileId) -> Self {
        match self {
            Self::File(name, id) => Self::File(name, file(id)),
            other => other,
        }
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, Option<FileId>>) {
        match self {
            Self::Folder(name) => drop(names.insert(name.clone(), None)),
            Self::File(name, id) => drop(names.insert(name.clone(), Some(*id))),
            Self::Moved(from, to) => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
            Self::Removed(name) => drop(names.remove(name)),
        }
    }
}

/// What becomes of one write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Whole,
    Gone,
    Torn,
}

impl Fate {
    fn of(damage: Damage, is_last: bool, random: &mut Random) -> Self {
        match damage {
            Damage::AllDropped => Self::Gone,
            Damage::LastDropped if is_last => Self::Gone,
            Damage::LastTorn if is_last => Self::Torn,
            Damage::None | Damage::LastDropped | Damage::LastTorn => Self::Whole,
            Damage::Reordered => [Self::Whole, Self::Gone, Self::Torn][random.below(3) as usize],
        }
    }

    fn apply(self, write: &Write, file: &File, random: &mut Random) -> io::Result<()> {
        match (&write.what, self) {
            (_, Self::Gone) => Ok(()),
            (Written::Length(length), _) => file.set_len(*length),
            (Written::Bytes(at, bytes), Self::Whole) => file.write_all_at(bytes, *at),
            (Written::Bytes(at, bytes), Self::Torn) => {
                let first = SECTOR_BYTES - *at as usize % SECTOR_BYTES;
                let (head, rest) = bytes.split_at(first.min(bytes.len()));
                let mut at = *at;
                for sector in std::iter::once(head).chain(rest.chunks(SECTOR_BYTES)) {
                    if random.percent(50) {
                        file.write_all_at(sector, at)?;
                    }
                    at += sector.len() as u64;
                }
                Ok(())
            }
        }
    }
}

type Base = (BTreeMap<PathBuf, FileId>, Vec<Vec<u8>>);

/// The files of a store, as they are.
fn contents_of(dir: &Path) -> io::Result<Base> {
    let (mut base, mut contents) = (BTreeMap::new(), Vec::new());
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(name) = path.strip_prefix(dir) {
                base.insert(name.to_owned(), contents.len());
                contents.push(fs::read(&path)?);
            }
        }
    }
    Ok((base, contents))
}
