//! Looking for codes.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rqrr::{Grid, SimpleGrid};

use crate::QrError;
use crate::bits::Bits;
use crate::finder::finders;
use crate::grid::{Corners, Modules};
use crate::picture::Luma;

/// How large a picture is looked at, by its longest side in pixels, in the order of what finds most.
const SIDES: [usize; 3] = [1_200, 2_400, 640];

/// Pictures with a longest side below this are made so many times larger: several pixels for a module are wanted, and a drawn
/// code may have one.
const SMALL: [(usize, usize); 2] = [(200, 4), (400, 2)];

/// What a pixel is compared with, as a part of the picture, and whether light modules stand on a dark ground, as a terminal
/// shows a code and a page in its dark dress. A code that fills the picture wants a large part, a shadow across it a small one.
const WAYS: [(usize, bool); 3] = [(4, false), (10, false), (4, true)];

/// Most threes of finder patterns that are tried at one size: with that, the work on a picture is bounded.
const THREES_MAX: usize = 30;

/// The texts of the codes, each once.
pub(crate) fn codes(picture: &Luma) -> Result<Vec<String>, QrError> {
    let longest = picture.longest();
    let mut sides = match SMALL.iter().find(|(below, _)| longest < *below) {
        Some((_, times)) => vec![longest * times],
        None => SIDES.map(|side| side.min(longest)).to_vec(),
    };
    sides.dedup();
    let scaled = sides.iter().map(|side| picture.scaled(*side));
    // The last look is for a sensor in the dark, whose noise is larger than a pixel.
    for scaled in scaled.chain(std::iter::once_with(|| picture.scaled(sides[0]).softened())) {
        for (part, light) in WAYS {
            let found = look(&Bits::of(&scaled, part, light));
            if !found.is_empty() {
                return Ok(found);
            }
        }
    }
    Err(QrError::NoCode)
}

fn look(bits: &Bits) -> Vec<String> {
    let finders = finders(bits);
    let mut threes = Vec::new();
    for (third, c) in finders.iter().enumerate() {
        for (second, b) in finders[..third].iter().enumerate() {
            threes.extend(finders[..second].iter().filter_map(|a| Corners::of([*a, *b, *c])));
        }
    }
    threes.sort_by(|a, b| a.odd.total_cmp(&b.odd));
    threes.truncate(THREES_MAX);
    let (mut found, mut used): (Vec<String>, Vec<Corners>) = (Vec::new(), Vec::new());
    for three in threes {
        if used.iter().any(|used| used.touches(&three)) {
            continue;
        }
        if let Some(text) = three.readings(bits).find_map(|modules| decode(&modules)) {
            used.push(three);
            if !found.contains(&text) {
                found.push(text);
            }
        }
    }
    found
}

/// What the modules say, errors corrected, also in a mirror's picture.
fn decode(modules: &Modules) -> Option<String> {
    let grid = SimpleGrid::from_func(modules.side, |x, y| modules.dark[y * modules.side + x]);
    // Nothing is known that makes the library panic here; but it is not written for pictures that strangers send.
    let decoded = catch_unwind(AssertUnwindSafe(|| Grid::new(grid).decode().ok()));
    decoded.ok().flatten().map(|(_, text)| text)
}
