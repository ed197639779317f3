//! Finder patterns: the three squares in the corners of a code. Every line through the middle of one meets dark, light, dark,
//! light and dark "in the sequence 1:1:3:1:1" (ISO/IEC 18004), however it is turned.

use crate::bits::Bits;

/// Most places that are followed at once: a picture may be made of nothing but finder patterns.
const PLACES_MAX: usize = 64;

/// Most finder patterns that are put together to codes; those that most rows met come first.
const FINDERS_MAX: usize = 20;

/// A finder pattern.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Finder {
    /// Its middle.
    pub(crate) x: f64,
    pub(crate) y: f64,
    /// Pixels of a module, as its rows see it.
    pub(crate) module: f64,
    /// Rows that met it.
    rows: u32,
}

impl Finder {
    pub(crate) fn middle(&self) -> (f64, f64) {
        (self.x, self.y)
    }
}

/// The finder patterns of a picture, the surest first.
pub(crate) fn finders(bits: &Bits) -> Vec<Finder> {
    let mut places: Vec<Finder> = Vec::new();
    for y in 0..bits.height {
        let row = bits.row(y);
        // The lengths of the last five runs, the newest last.
        let mut runs = [0; 5];
        let mut start = 0;
        for end in 1..=row.len() {
            if end < row.len() && row[end] == row[start] {
                continue;
            }
            runs.rotate_left(1);
            runs[4] = end - start;
            if row[start]
                && let Some(module) = module(runs)
            {
                let x = end as f64 - (runs[4] + runs[3]) as f64 - runs[2] as f64 / 2.0;
                if let Some(found) = confirmed(bits, x, y as f64 + 0.5, module) {
                    add(&mut places, found);
                }
            }
            start = end;
        }
    }
    places.retain(|place| place.rows >= 2);
    places.sort_by_key(|place| std::cmp::Reverse(place.rows));
    places.truncate(FINDERS_MAX);
    places
}

/// Pixels of a module, if the runs are those of a finder pattern.
fn module(runs: [usize; 5]) -> Option<f64> {
    if runs.contains(&0) {
        return None;
    }
    let module = runs.iter().sum::<usize>() as f64 / 7.0;
    let fits = |run: usize, modules: f64| (run as f64 - modules * module).abs() <= 0.6 * module.max(1.2);
    let is_finder = [0, 1, 3, 4].into_iter().all(|index| fits(runs[index], 1.0))
        && (runs[2] as f64 - 3.0 * module).abs() <= 1.3 * module;
    is_finder.then_some(module)
}

/// Looks down and across the place that a row has met.
fn confirmed(bits: &Bits, x: f64, y: f64, module: f64) -> Option<Finder> {
    let (down, tall) = across(bits, (x, y), (0.0, 1.0), module)?;
    let y = y + down;
    let (along, wide) = across(bits, (x, y), (1.0, 0.0), module)?;
    let alike = tall / wide;
    (0.4..2.5).contains(&alike).then(|| Finder { x: x + along, y, module: (tall + wide) / 2.0, rows: 1 })
}

/// The runs on a line through a point: how far the middle is from the point, and the module.
fn across(bits: &Bits, from: (f64, f64), step: (f64, f64), expected: f64) -> Option<(f64, f64)> {
    /// A run this many times as long as expected is none of a finder pattern.
    const LONGER: f64 = 3.0;
    let longest = (expected * LONGER * 3.0) as usize + 2;
    let side = |sign: f64| -> Option<[usize; 3]> {
        let mut runs = [0; 3];
        let (mut at, mut black) = (from, true);
        for run in &mut runs {
            while bits.is_black(at) == black {
                *run += 1;
                at = (at.0 + sign * step.0, at.1 + sign * step.1);
                if *run > longest {
                    return None;
                }
            }
            black = !black;
        }
        Some(runs)
    };
    if !bits.is_black(from) {
        return None;
    }
    let (back, forth) = (side(-1.0)?, side(1.0)?);
    // The point itself was counted from both sides.
    let module = module([back[2], back[1], (back[0] + forth[0]).saturating_sub(1), forth[1], forth[2]])?;
    Some(((forth[0] as f64 - back[0] as f64) / 2.0, module))
}

/// Adds what a row has met to the place it belongs to.
fn add(places: &mut Vec<Finder>, found: Finder) {
    let near = |place: &&mut Finder| {
        let reach = 1.5 * place.module.max(found.module);
        (place.x - found.x).abs() < reach && (place.y - found.y).abs() < reach
    };
    if let Some(place) = places.iter_mut().find(near) {
        let rows = f64::from(place.rows);
        let mean = |old: f64, new: f64| (old * rows + new) / (rows + 1.0);
        *place = Finder {
            x: mean(place.x, found.x),
            y: mean(place.y, found.y),
            module: mean(place.module, found.module),
            rows: place.rows + 1,
        };
        return;
    }
    if places.len() == PLACES_MAX {
        // What one row met and the next ones did not is nothing.
        places.retain(|place| place.rows > 1 || (found.y - place.y).abs() < 3.0 * place.module);
    }
    if places.len() < PLACES_MAX {
        places.push(found);
    }
}
