//! Where in the audit log what stands, so that a page of it costs no more than itself, however long the log is.
//!
//! The log is indexed in blocks of [`BLOCK`] entries, each when its last entry is written. Of every term of a block (its vendors,
//! fields, purposes and kinds of event) one record says by one bit each which of its entries have the term, and one record of the
//! level above says which blocks have it at all. Of every day it is noted from which entry to which it went, and how often
//! something happened. What is past the last whole block is read entry by entry.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use freehold_mailbox::record;
use freehold_protocol::audit::{AuditEntry, AuditEvent};
use freehold_protocol::identity::Did;
use freehold_protocol::path::Path;
use freehold_protocol::time::Timestamp;
use freehold_store::{Key, Progress, ReadError, Reader, Txn};
use serde::{Deserialize, Serialize};

use super::{entry, head};
use crate::tables::{AUDIT_COUNTS, AUDIT_DAYS, AUDIT_TERMS, named, under};

/// Entries of a block, and blocks of a record of the level above.
const BLOCK: u64 = 256;

/// Blocks that one transaction of the step indexes.
const STEP_BLOCKS: u64 = 16;

const DAY_MILLIS: u64 = 24 * 60 * 60 * 1000;

/// Which entries are looked for: those for which all of it holds.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of one of these vendors; of any, when there are none.
    pub vendors: Vec<Did>,
    /// That name this field.
    pub path: Option<Path>,
    /// With this purpose, as it was written down.
    pub purpose: Option<String>,
    /// Of this kind, as [`event_name`] calls it.
    pub event: Option<String>,
    /// Not before this moment.
    pub since: Option<Timestamp>,
    /// Not after the second of this moment.
    pub until: Option<Timestamp>,
    /// With a lower number.
    pub before: Option<u64>,
}

/// Entries that were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The entries, the newest first.
    pub entries: Vec<AuditEntry>,
    /// Whether there are more.
    pub more: bool,
}

/// How often something happened on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayCount {
    /// The day: days since 1970-01-01, in UTC.
    pub day: u64,
    /// The vendor.
    pub vendor: Did,
    /// What, as [`event_name`] calls it.
    pub event: String,
    /// How often.
    pub count: u64,
}

impl DayCount {
    /// The moment with which the day begins.
    #[must_use]
    pub fn begins(&self) -> Timestamp {
        Timestamp::from_millis(self.day.saturating_mul(DAY_MILLIS))
    }
}

/// The entries of a day, or the days there are: from which to which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Span {
    first: u64,
    last: u64,
}

impl Span {
    fn with(before: Option<Self>, one: u64) -> Self {
        let Self { first, last } = before.unwrap_or(Self { first: one, last: one });
        Self { first: first.min(one), last: last.max(one) }
    }
}

/// One bit each of 256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Bits([u8; 32]);

impl Bits {
    fn all() -> Self {
        Self([0xff; 32])
    }

    fn set(&mut self, bit: u64) {
        self.0[(bit / 8) as usize % 32] |= 1 << (bit % 8);
    }

    fn has(self, bit: u64) -> bool {
        self.0[(bit / 8) as usize % 32] & 1 << (bit % 8) != 0
    }

    fn and(self, other: Self) -> Self {
        Self(std::array::from_fn(|byte| self.0[byte] & other.0[byte]))
    }

    fn or(self, other: Self) -> Self {
        Self(std::array::from_fn(|byte| self.0[byte] | other.0[byte]))
    }

    /// The bits that are set, the highest first.
    fn falling(self) -> impl Iterator<Item = u64> {
        (0..BLOCK).rev().filter(move |bit| self.has(*bit))
    }

    fn load(reader: &impl Reader, key: &Key) -> Result<Self, ReadError> {
        match reader.get(key)? {
            Some(bytes) => bytes.try_into().map(Self).map_err(|_| ReadError::Corrupt),
            None => Ok(Self::default()),
        }
    }
}

/// What an event is called: `released`, `read`, `denied`.
#[must_use]
pub fn event_name(event: &AuditEvent) -> &'static str {
    match event {
        AuditEvent::Requested => "requested",
        AuditEvent::Declined => "declined",
        AuditEvent::Granted => "granted",
        AuditEvent::Released { .. } => "released",
        AuditEvent::Read { .. } => "read",
        AuditEvent::Denied { .. } => "denied",
        AuditEvent::Revoked => "revoked",
        AuditEvent::Erased => "erased",
        AuditEvent::Rotated => "rotated",
        AuditEvent::VendorRotated { .. } => "vendor-rotated",
        AuditEvent::HeldBack => "held-back",
        AuditEvent::Resumed => "resumed",
        AuditEvent::Regained => "regained",
        AuditEvent::Ended => "ended",
        AuditEvent::MessageSent { .. } => "message-sent",
        AuditEvent::MessageReceived { .. } => "message-received",
    }
}

/// The purpose that an entry names.
fn purpose(event: &AuditEvent) -> Option<&str> {
    match event {
        AuditEvent::Read { purpose } | AuditEvent::Denied { purpose, .. } => Some(purpose),
        _ => None,
    }
}

/// Whether events of this kind are counted by day.
fn is_counted(event: &AuditEvent) -> bool {
    matches!(event, AuditEvent::Released { .. } | AuditEvent::Read { .. } | AuditEvent::Denied { .. })
}

fn day_of(at: Timestamp) -> u64 {
    at.millis() / DAY_MILLIS
}

/// What an entry may be looked for by.
mod term {
    pub(super) fn vendor(vendor: &str) -> String {
        format!("v{vendor}")
    }

    pub(super) fn path(path: &str) -> String {
        format!("p{path}")
    }

    pub(super) fn purpose(purpose: &str) -> String {
        format!("u{purpose}")
    }

    pub(super) fn event(name: &str) -> String {
        format!("e{name}")
    }
}

fn terms_of(entry: &AuditEntry) -> impl Iterator<Item = String> {
    let paths = entry.paths.iter().map(|path| term::path(path.as_str()));
    let purpose = purpose(&entry.event).map(term::purpose);
    [term::vendor(entry.vendor.as_str()), term::event(event_name(&entry.event))]
        .into_iter()
        .chain(purpose)
        .chain(paths)
}

/// Indexes the block that the last entry has filled, if it has.
pub(super) fn note(txn: &mut Txn, last: u64) -> Result<(), ReadError> {
    if last.is_multiple_of(BLOCK) { index(txn, last / BLOCK - 1) } else { Ok(()) }
}

/// The step of the tables that brought the index: indexes the blocks that are whole already.
pub(crate) fn fill(txn: &mut Txn, place: Option<&[u8]>) -> Result<Progress, ReadError> {
    let from = match place {
        Some(place) => u64::from_be_bytes(place.try_into().map_err(|_| ReadError::Corrupt)?),
        None => {
            // While a backup of earlier tables is restored, a block may have been filled already.
            for tag in [AUDIT_TERMS, AUDIT_DAYS, AUDIT_COUNTS] {
                txn.erase_prefix(&Key::new(tag))?;
            }
            0
        }
    };
    let end = head(txn)?.n / BLOCK;
    let to = end.min(from + STEP_BLOCKS);
    (from..to).try_for_each(|block| index(txn, block))?;
    Ok(if to < end { Progress::Again(to.to_be_bytes().to_vec()) } else { Progress::Done })
}

/// The numbers of a block's entries.
fn numbers(block: u64) -> RangeInclusive<u64> {
    block * BLOCK + 1..=(block + 1) * BLOCK
}

fn index(txn: &mut Txn, block: u64) -> Result<(), ReadError> {
    let mut terms: BTreeMap<String, Bits> = BTreeMap::new();
    let mut days: BTreeMap<u64, Span> = BTreeMap::new();
    let mut counts: BTreeMap<(u64, String, &'static str), DayCount> = BTreeMap::new();
    for n in numbers(block) {
        // An entry that is missing is named by `verify`.
        let Some(entry) = entry(txn, n)? else { continue };
        for term in terms_of(&entry) {
            terms.entry(term).or_default().set((n - 1) % BLOCK);
        }
        let day = day_of(entry.at);
        days.insert(day, Span::with(days.get(&day).copied(), n));
        if is_counted(&entry.event) {
            let event = event_name(&entry.event);
            let counted =
                || DayCount { day, vendor: entry.vendor.clone(), event: event.to_owned(), count: 0 };
            let key = (day, entry.vendor.to_string(), event);
            counts.entry(key).or_insert_with(counted).count += 1;
        }
    }
    for (term, bits) in terms {
        txn.put(block_key(txn, &term, block), bits.0);
        let above = above_key(txn, &term, block / BLOCK);
        let mut blocks = Bits::load(txn, &above)?;
        blocks.set(block % BLOCK);
        txn.put(above, blocks.0);
    }
    let mut all: Option<Span> = record::load(txn, &Key::new(AUDIT_DAYS))?;
    for (day, span) in days {
        let key = day_key(txn, AUDIT_DAYS, day);
        let known: Option<Span> = record::load(txn, &key)?;
        record::save(txn, key, &Span::with(Some(Span::with(known, span.first)), span.last));
        all = Some(Span::with(all, day));
    }
    if let Some(all) = all {
        record::save(txn, Key::new(AUDIT_DAYS), &all);
    }
    for ((day, vendor, event), counted) in counts {
        let key = under(txn, day_key(txn, AUDIT_COUNTS, day), AUDIT_COUNTS, &format!("{event} {vendor}"));
        let known: Option<DayCount> = record::load(txn, &key)?;
        let count = counted.count + known.map_or(0, |known| known.count);
        record::save(txn, key, &DayCount { count, ..counted });
    }
    Ok(())
}

/// Which of a block's entries have a term.
fn block_key(reader: &impl Reader, term: &str, block: u64) -> Key {
    named(reader, AUDIT_TERMS, &format!("0{term}")).with_u64(block)
}

/// Which of 256 blocks have a term.
fn above_key(reader: &impl Reader, term: &str, above: u64) -> Key {
    named(reader, AUDIT_TERMS, &format!("1{term}")).with_u64(above)
}

fn day_key(reader: &impl Reader, tag: u8, day: u64) -> Key {
    named(reader, tag, &day.to_string())
}

/// At most `limit` entries for which a filter holds, the newest first.
///
/// # Errors
/// The store's.
pub fn find(reader: &impl Reader, filter: &Filter, limit: usize) -> Result<Found, ReadError> {
    let end = head(reader)?.n;
    let newest = filter.before.map_or(end, |before| end.min(before.saturating_sub(1)));
    let indexed = end / BLOCK * BLOCK;
    let mut search = Search { reader, filter, limit, found: Found { entries: Vec::new(), more: false } };
    for n in (indexed + 1..=newest).rev() {
        if search.look(n)? {
            return Ok(search.found);
        }
    }
    let Some(Span { first, last }) = within(reader, filter, Span { first: 1, last: newest.min(indexed) })?
    else {
        return Ok(search.found);
    };
    let terms = Terms::of(filter);
    let blocks = (first - 1) / BLOCK..=(last - 1) / BLOCK;
    for above in (blocks.start() / BLOCK..=blocks.end() / BLOCK).rev() {
        let having = terms.all(|term| Bits::load(reader, &above_key(reader, term, above)))?;
        for block in having.falling().map(|bit| above * BLOCK + bit).filter(|block| blocks.contains(block)) {
            let having = terms.all(|term| Bits::load(reader, &block_key(reader, term, block)))?;
            for n in having.falling().map(|bit| block * BLOCK + bit + 1) {
                if (first..=last).contains(&n) && search.look(n)? {
                    return Ok(search.found);
                }
            }
        }
    }
    Ok(search.found)
}

/// The entries of a span that may lie in the time that a filter names: the node's clock may have been put back between them.
fn within(reader: &impl Reader, filter: &Filter, span: Span) -> Result<Option<Span>, ReadError> {
    let whole = (span.first <= span.last).then_some(span);
    if filter.since.is_none() && filter.until.is_none() {
        return Ok(whole);
    }
    let Some(span) = whole else { return Ok(None) };
    let mut found: Option<Span> = None;
    for day in days(reader, filter.since, filter.until)?.into_iter().flatten() {
        if let Some(of_day) = record::load::<Span>(reader, &day_key(reader, AUDIT_DAYS, day))? {
            found = Some(Span::with(Some(Span::with(found, of_day.first)), of_day.last));
        }
    }
    let found =
        found.map(|found| Span { first: found.first.max(span.first), last: found.last.min(span.last) });
    Ok(found.filter(|found| found.first <= found.last))
}

/// The days on which something indexed may lie between two moments.
fn days(
    reader: &impl Reader,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Result<Option<RangeInclusive<u64>>, ReadError> {
    let all: Option<Span> = record::load(reader, &Key::new(AUDIT_DAYS))?;
    Ok(all.map(|Span { first, last }| {
        let first = since.map_or(first, |since| first.max(day_of(since)));
        let last = until.map_or(last, |until| last.min(day_of(until)));
        first..=last
    }))
}

/// How often values left or were refused, by day, vendor and kind, on the days of two moments and all between.
///
/// # Errors
/// The store's.
pub fn counts(
    reader: &impl Reader,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Result<Vec<DayCount>, ReadError> {
    let mut all: BTreeMap<(u64, String, String), DayCount> = BTreeMap::new();
    let mut add = |counted: DayCount| {
        let key = (counted.day, counted.vendor.to_string(), counted.event.clone());
        let count = counted.count;
        let sum = all.entry(key).or_insert(DayCount { count: 0, ..counted });
        sum.count += count;
    };
    for day in days(reader, since, until)?.into_iter().flatten() {
        record::list(reader, &day_key(reader, AUDIT_COUNTS, day))?.into_iter().for_each(&mut add);
    }
    let end = head(reader)?.n;
    for n in end / BLOCK * BLOCK + 1..=end {
        let Some(entry) = entry(reader, n)? else { continue };
        let day = day_of(entry.at);
        let is_asked =
            since.is_none_or(|since| day_of(since) <= day) && until.is_none_or(|until| day <= day_of(until));
        if is_asked && is_counted(&entry.event) {
            let event = event_name(&entry.event).to_owned();
            add(DayCount { day, vendor: entry.vendor, event, count: 1 });
        }
    }
    Ok(all.into_values().collect())
}

/// The terms that a filter names: all of the outer ones, one of each inner.
struct Terms(Vec<Vec<String>>);

impl Terms {
    fn of(filter: &Filter) -> Self {
        let vendors: Vec<String> =
            filter.vendors.iter().map(|vendor| term::vendor(vendor.as_str())).collect();
        let single = [
            filter.event.as_deref().map(term::event),
            filter.purpose.as_deref().map(term::purpose),
            filter.path.as_ref().map(|path| term::path(path.as_str())),
        ];
        let single = single.into_iter().flatten().map(|term| vec![term]);
        Self(single.chain([vendors]).filter(|terms| !terms.is_empty()).collect())
    }

    /// The bits that all of them have; each one's are loaded while there are any left.
    fn all(&self, load: impl Fn(&str) -> Result<Bits, ReadError>) -> Result<Bits, ReadError> {
        let mut all = Bits::all();
        for any in &self.0 {
            let mut having = Bits::default();
            for term in any {
                having = having.or(load(term)?);
            }
            all = all.and(having);
            if all == Bits::default() {
                break;
            }
        }
        Ok(all)
    }
}

struct Search<'a, R> {
    reader: &'a R,
    filter: &'a Filter,
    limit: usize,
    found: Found,
}

impl<R: Reader> Search<'_, R> {
    /// Looks at one entry. Gives whether enough was found.
    fn look(&mut self, n: u64) -> Result<bool, ReadError> {
        let Some(entry) = entry(self.reader, n)?.filter(|entry| self.filter.takes(entry)) else {
            return Ok(false);
        };
        self.found.more = self.found.entries.len() == self.limit;
        if !self.found.more {
            self.found.entries.push(entry);
        }
        Ok(self.found.more)
    }
}

impl Filter {
    fn takes(&self, entry: &AuditEntry) -> bool {
        (self.vendors.is_empty() || self.vendors.contains(&entry.vendor))
            && self.path.as_ref().is_none_or(|path| entry.paths.contains(path))
            && self.purpose.as_deref().is_none_or(|wanted| purpose(&entry.event) == Some(wanted))
            && self.event.as_deref().is_none_or(|wanted| event_name(&entry.event) == wanted)
            && self.since.is_none_or(|since| entry.at >= since)
            && self.until.is_none_or(|until| entry.at.secs() <= until.secs())
    }
}

#[cfg(test)]
mod tests;
