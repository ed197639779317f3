//! Ordered reading of many rows, a page at a time.

use std::collections::{HashMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use crate::database::{Database, DatabaseError, From, KeyRange, Row, Spread, part_of, part_of_range};
use crate::error::ReadError;
use crate::tree::{Bytes, Range, Raw};

/// Rows of the first page: most scans look at the first or the last record.
const ROWS_FIRST: usize = 4;
/// How much more the next page holds.
const GROWTH: usize = 8;
/// Most rows of a page: 16 MiB, if each had the longest value.
const ROWS_MAX: usize = 256;

/// What is read from: what is committed, or what the open batch has made of it.
pub(crate) trait Source: Send + Sync {
    fn get(&self, key: &[u8]) -> Result<Option<Raw>, ReadError>;
    fn get_all(&self, keys: &[Vec<u8>]) -> Result<HashMap<Vec<u8>, Raw>, ReadError>;
    fn page(&self, range: &KeyRange, from: From, rows_max: usize) -> Result<Page, ReadError>;
}

/// Some rows from one end of a range.
pub(crate) struct Page {
    pub(crate) rows: Vec<(Bytes, Raw)>,
    /// Up to which key these are all; `None` if the range has no more.
    pub(crate) through: Option<Vec<u8>>,
}

/// The rows of a range, from either end. It holds no lock.
pub(crate) struct Pages {
    source: Arc<dyn Source>,
    /// What was not fetched yet; `None` once all was.
    left: Option<Range>,
    front: VecDeque<(Bytes, Raw)>,
    back: VecDeque<(Bytes, Raw)>,
    rows_next: usize,
}

impl Pages {
    pub(crate) fn new(source: Arc<dyn Source>, range: Range) -> Self {
        let left = Some(range).filter(|range| !is_empty(range));
        Self { source, left, front: VecDeque::new(), back: VecDeque::new(), rows_next: ROWS_FIRST }
    }

    pub(crate) fn step(&mut self, back: bool) -> Option<Result<(Bytes, Raw), ReadError>> {
        let (near, far) =
            if back { (&mut self.back, &mut self.front) } else { (&mut self.front, &mut self.back) };
        loop {
            if let Some(row) = near.pop_front() {
                return Some(Ok(row));
            }
            // What the other end has fetched and not given out is the rest.
            let Some(left) = &mut self.left else { return far.pop_back().map(Ok) };
            let from = if back { From::Back } else { From::Front };
            let page = match self.source.page(left, from, self.rows_next) {
                Ok(page) => page,
                Err(error) => {
                    self.left = None;
                    far.clear();
                    return Some(Err(error));
                }
            };
            self.rows_next = (self.rows_next * GROWTH).min(ROWS_MAX);
            near.extend(page.rows);
            match page.through {
                Some(through) => *(if back { &mut left.1 } else { &mut left.0 }) = Bound::Excluded(through),
                None => self.left = None,
            }
            self.left = self.left.take().filter(|range| !is_empty(range));
        }
    }
}

/// Whether a range surely holds nothing; a map refuses to be asked for one that runs backwards.
pub(crate) fn is_empty(range: &Range) -> bool {
    match range {
        (Bound::Included(start), Bound::Included(end)) => start > end,
        (Bound::Included(start) | Bound::Excluded(start), Bound::Included(end) | Bound::Excluded(end)) => {
            start >= end
        }
        _ => false,
    }
}

/// What is committed.
pub(crate) struct Committed {
    pub(crate) database: Arc<dyn Database>,
    pub(crate) spread: Spread,
}

impl Source for Committed {
    fn get(&self, key: &[u8]) -> Result<Option<Raw>, ReadError> {
        let row = self.database.committed().row(part_of(self.spread, key), key)?;
        Ok(row.map(|row| raw(row).1))
    }

    fn get_all(&self, keys: &[Vec<u8>]) -> Result<HashMap<Vec<u8>, Raw>, ReadError> {
        let mut found = HashMap::with_capacity(keys.len());
        for keys in keys.chunks(ROWS_MAX) {
            let wanted: Vec<(Vec<u8>, Vec<u8>)> =
                keys.iter().map(|key| (part_of(self.spread, key).to_vec(), key.clone())).collect();
            let rows = self.database.committed().rows(&wanted)?;
            found.extend(rows.into_iter().map(|row| (row.key.clone(), raw(row).1)));
        }
        Ok(found)
    }

    fn page(&self, range: &KeyRange, from: From, rows_max: usize) -> Result<Page, ReadError> {
        let part = part_of_range(self.spread, range);
        let rows = self.database.committed().page(part.as_deref(), range, from, rows_max)?;
        let through = through(&rows, rows_max)?;
        Ok(Page { rows: rows.into_iter().map(raw).collect(), through })
    }
}

/// Up to which key a page of the database is complete.
pub(crate) fn through(rows: &[Row], rows_max: usize) -> Result<Option<Vec<u8>>, DatabaseError> {
    if rows.len() > rows_max {
        return Err(DatabaseError::Failed("it gave more rows than it was asked for".into()));
    }
    Ok(rows.last().filter(|_| rows.len() == rows_max).map(|row| row.key.clone()))
}

pub(crate) fn raw(row: Row) -> (Bytes, Raw) {
    (row.key.into(), Raw { bytes: row.value.into(), secret: row.secret })
}
