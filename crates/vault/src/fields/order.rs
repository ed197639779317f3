//! The fields that hold a value, in the order of their paths, so that a page of them costs no more than itself.
//!
//! A key of the store hides the path, so that records lie in no order that a person knows. The order is kept beside them: each
//! facet has a directory of leaves, and a leaf has up to [`LEAF_MAX`] paths in order. Both change only when a field begins or
//! ends to hold a value.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use freehold_mailbox::record;
use freehold_protocol::path::{Path, Prefix};
use freehold_store::{Key, Progress, ReadError, Reader, Txn};
use serde::{Deserialize, Serialize};

use super::version::{FieldVersion, Tip, current};
use crate::parts;
use crate::tables::{FACETS, LEAVES, TIPS, named};

/// Most paths of a leaf: a few screenfuls, and some kilobytes to write when one is added.
const LEAF_MAX: usize = 256;

/// Fields that one transaction of the step puts in order.
const STEP_FIELDS: usize = 4096;

/// Fields with the same first name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facet {
    /// The first name of their paths.
    pub name: String,
    /// How many of them hold a value.
    pub fields: u64,
}

/// The leaves of one facet, in order.
#[derive(Serialize, Deserialize)]
struct Directory {
    facet: String,
    /// The number of the next new leaf.
    next: u32,
    leaves: Vec<LeafHead>,
}

/// What a directory says of a leaf.
#[derive(Serialize, Deserialize)]
struct LeafHead {
    /// The first path that may be in it.
    first: Path,
    number: u32,
    fields: u32,
}

/// How a field's place changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It holds a value from now on.
    Taken,
    /// It holds none any more.
    Left,
}

/// The facets with fields that hold a value, in order.
///
/// # Errors
/// The store's.
pub fn facets(reader: &impl Reader) -> Result<Vec<Facet>, ReadError> {
    let facet = |directory: Directory| Facet {
        fields: directory.leaves.iter().map(|leaf| u64::from(leaf.fields)).sum(),
        name: directory.facet,
    };
    Ok(directories(reader)?.into_iter().map(facet).collect())
}

/// At most `limit` of the fields that hold a value, by path: those that begin with `prefix` and come after `after`. Reads no
/// others, and no history.
///
/// # Errors
/// The store's.
pub fn page(
    reader: &impl Reader,
    prefix: Option<&Prefix>,
    after: Option<&Path>,
    limit: usize,
) -> Result<Vec<FieldVersion>, ReadError> {
    let directories = match prefix.and_then(|prefix| prefix.as_str().split('.').next()) {
        Some(facet) => directory(reader, facet)?.into_iter().collect(),
        None => directories(reader)?,
    };
    let begins = prefix.map_or("", Prefix::as_str);
    let mut found = Vec::new();
    for directory in directories {
        if after.is_some_and(|after| directory.facet.as_str() < after.facet()) {
            continue;
        }
        let start = after.map_or(begins, |after| after.as_str().max(begins));
        let skipped = directory.leaves.partition_point(|leaf| leaf.first.as_str() <= start);
        for head in &directory.leaves[skipped.saturating_sub(1)..] {
            for path in leaf(reader, &directory.facet, head.number)? {
                if found.len() == limit {
                    return Ok(found);
                }
                if after.is_some_and(|after| path <= *after) || path.as_str() < begins {
                    continue;
                }
                if !path.as_str().starts_with(begins) {
                    return Ok(found);
                }
                // `x.a-b` lies between `x.a` and `x.a.b`.
                if prefix.is_none_or(|prefix| path.starts_with(prefix)) {
                    found.extend(current(reader, &path)?.filter(|field| field.value.is_some()));
                }
            }
        }
    }
    Ok(found)
}

/// Notes which fields begin and end to hold a value.
pub(super) fn note(txn: &mut Txn, changes: impl IntoIterator<Item = (Path, Place)>) -> Result<(), ReadError> {
    let mut by_facet: BTreeMap<String, Vec<(Path, Place)>> = BTreeMap::new();
    for (path, place) in changes {
        by_facet.entry(path.facet().to_owned()).or_default().push((path, place));
    }
    for (facet, changes) in by_facet {
        let known = directory(txn, &facet)?;
        let mut open = Open {
            directory: known.unwrap_or_else(|| Directory { facet, next: 0, leaves: Vec::new() }),
            leaves: BTreeMap::new(),
        };
        for (path, place) in changes {
            match place {
                Place::Taken => open.take(txn, path)?,
                Place::Left => open.leave(txn, &path)?,
            }
        }
        open.save(txn)?;
    }
    Ok(())
}

/// The step of the tables that brought the order: puts the fields in it that are there already.
pub(crate) fn fill(txn: &mut Txn, place: Option<&[u8]>) -> Result<Progress, ReadError> {
    let tips = Key::new(TIPS);
    let after = place.map_or_else(|| tips.clone(), |place| Key::from_bytes(place.to_vec()));
    let (mut last, mut paths) = (None, Vec::new());
    for entry in txn.scan_after(&tips, &after).take(STEP_FIELDS) {
        let (key, bytes) = entry?;
        paths.extend(record::decode::<Tip>(&bytes)?.path);
        last = Some(key);
    }
    let mut taken = Vec::new();
    for path in paths {
        if current(txn, &path)?.is_some_and(|field| field.value.is_some()) {
            taken.push((path, Place::Taken));
        }
    }
    note(txn, taken)?;
    Ok(last.map_or(Progress::Done, |last| Progress::Again(last.into_bytes())))
}

/// A facet that changes.
struct Open {
    directory: Directory,
    /// The leaves that were looked at, and whether they changed.
    leaves: BTreeMap<u32, (Vec<Path>, bool)>,
}

impl Open {
    /// Where in the directory the leaf is that a path belongs to.
    fn place(&self, path: &Path) -> usize {
        self.directory.leaves.partition_point(|leaf| leaf.first <= *path).saturating_sub(1)
    }

    fn leaf(&mut self, reader: &impl Reader, number: u32) -> Result<&mut (Vec<Path>, bool), ReadError> {
        Ok(match self.leaves.entry(number) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => free.insert((leaf(reader, &self.directory.facet, number)?, false)),
        })
    }

    fn new_leaf(&mut self, paths: Vec<Path>) -> LeafHead {
        let number = self.directory.next;
        self.directory.next += 1;
        let first = paths[0].clone();
        let fields = paths.len() as u32;
        self.leaves.insert(number, (paths, true));
        LeafHead { first, number, fields }
    }

    fn take(&mut self, reader: &impl Reader, path: Path) -> Result<(), ReadError> {
        let place = self.place(&path);
        let Some(number) = self.directory.leaves.get(place).map(|head| head.number) else {
            let head = self.new_leaf(vec![path]);
            self.directory.leaves.push(head);
            return Ok(());
        };
        let (paths, changed) = self.leaf(reader, number)?;
        let Err(at) = paths.binary_search(&path) else { return Ok(()) };
        paths.insert(at, path.clone());
        *changed = true;
        let upper = (paths.len() > LEAF_MAX).then(|| paths.split_off(paths.len() / 2));
        let fields = paths.len() as u32;
        let head = &mut self.directory.leaves[place];
        head.fields = fields;
        if path < head.first {
            head.first = path;
        }
        if let Some(upper) = upper {
            let head = self.new_leaf(upper);
            self.directory.leaves.insert(place + 1, head);
        }
        Ok(())
    }

    fn leave(&mut self, reader: &impl Reader, path: &Path) -> Result<(), ReadError> {
        let place = self.place(path);
        let Some(number) = self.directory.leaves.get(place).map(|head| head.number) else { return Ok(()) };
        let (paths, changed) = self.leaf(reader, number)?;
        let Ok(at) = paths.binary_search(path) else { return Ok(()) };
        paths.remove(at);
        *changed = true;
        let fields = paths.len() as u32;
        if fields == 0 {
            self.directory.leaves.remove(place);
        } else {
            self.directory.leaves[place].fields = fields;
        }
        Ok(())
    }

    fn save(self, txn: &mut Txn) -> Result<(), ReadError> {
        let Self { directory, leaves } = self;
        let mut any = false;
        for (number, (paths, changed)) in leaves {
            let key = leaf_key(txn, &directory.facet, number);
            match (changed, paths.is_empty()) {
                (false, _) => continue,
                (true, false) => parts::save(txn, &key, &paths)?,
                (true, true) => parts::remove(txn, &key)?,
            }
            any = true;
        }
        let key = named(txn, FACETS, &directory.facet);
        match (any, directory.leaves.is_empty()) {
            (false, _) => Ok(()),
            (true, false) => parts::save(txn, &key, &directory),
            (true, true) => parts::remove(txn, &key),
        }
    }
}

fn directories(reader: &impl Reader) -> Result<Vec<Directory>, ReadError> {
    let mut all: Vec<Directory> = parts::list(reader, &Key::new(FACETS))?;
    all.sort_by(|a, b| a.facet.cmp(&b.facet));
    Ok(all)
}

fn directory(reader: &impl Reader, facet: &str) -> Result<Option<Directory>, ReadError> {
    parts::load(reader, &named(reader, FACETS, facet))
}

fn leaf(reader: &impl Reader, facet: &str, number: u32) -> Result<Vec<Path>, ReadError> {
    // A reader of a store that changes may find a leaf gone that its directory named.
    Ok(parts::load(reader, &leaf_key(reader, facet, number))?.unwrap_or_default())
}

fn leaf_key(reader: &impl Reader, facet: &str, number: u32) -> Key {
    named(reader, LEAVES, facet).with(&number.to_be_bytes())
}

#[cfg(test)]
mod tests;
