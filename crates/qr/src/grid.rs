//! From three finder patterns to the modules of a code.

use crate::bits::Bits;
use crate::finder::Finder;
use crate::plane::{Plane, Point, along, distance, meeting, unit};

/// Modules of the smallest and largest code, and between one version and the next.
const SIDE_MIN: usize = 21;
const SIDE_MAX: usize = 177;
const SIDE_STEP: usize = 4;

/// How much of what stands in every code has to be there before the rest is read.
const FIT_MIN: f64 = 0.72;

/// Before the fit is improved.
const FIT_FIRST: f64 = 0.55;

/// Three finder patterns that may be those of a code.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Corners {
    /// Where the other two are along the edges.
    top_left: Finder,
    top_right: Finder,
    bottom_left: Finder,
    /// How far they are from what they should be; 0 is best.
    pub(crate) odd: f64,
}

/// The modules of a code, row by row.
pub(crate) struct Modules {
    pub(crate) side: usize,
    pub(crate) dark: Vec<bool>,
}

impl Corners {
    /// The corners, if the three stand as those of a code would.
    pub(crate) fn of(three: [Finder; 3]) -> Option<Self> {
        let between = |a: usize, b: usize| distance(three[a].middle(), three[b].middle());
        // The one across from the longest side is the corner.
        let sides = [between(1, 2), between(0, 2), between(0, 1)];
        let corner = (0..3).max_by(|a, b| sides[*a].total_cmp(&sides[*b]))?;
        let (top_left, mut one, mut other) =
            (three[corner], three[(corner + 1) % 3], three[(corner + 2) % 3]);
        let (a, b) = (toward(&top_left, &one), toward(&top_left, &other));
        if a.0 * b.1 - a.1 * b.0 < 0.0 {
            std::mem::swap(&mut one, &mut other);
        }
        let (across, down) =
            (distance(top_left.middle(), one.middle()), distance(top_left.middle(), other.middle()));
        let modules = [top_left.module, one.module, other.module];
        let (least, most) =
            (modules.into_iter().fold(f64::MAX, f64::min), modules.into_iter().fold(0.0, f64::max));
        let lean = (a.0 * b.0 + a.1 * b.1).abs();
        let (sizes, edges) = (most / least, across.max(down) / across.min(down));
        let side = (across + down) / 2.0 / ((least + most) / 2.0);
        // The rows' view of a module is up to 1.5 times its size where the code is turned by half a right angle.
        let may_be = sizes < 2.2 && edges < 2.2 && lean < 0.6 && (8.0..220.0).contains(&side);
        let odd = (sizes - 1.0) + (edges - 1.0) + lean;
        may_be.then_some(Self { top_left, top_right: one, bottom_left: other, odd })
    }

    /// Whether they share a finder pattern.
    pub(crate) fn touches(&self, other: &Self) -> bool {
        let all = |corners: &Self| [corners.top_left, corners.top_right, corners.bottom_left];
        all(self).iter().any(|finder| all(other).contains(finder))
    }

    /// The modules, for each size that the code may have, the likeliest first.
    pub(crate) fn readings<'a>(&'a self, bits: &'a Bits) -> impl Iterator<Item = Modules> + 'a {
        let sides = self.side(bits).map(|(side, modules)| {
            let nearest = ((side - SIDE_MIN as f64) / SIDE_STEP as f64).round() as i64;
            (nearest, modules)
        });
        sides.into_iter().flat_map(move |(nearest, modules)| {
            [0, 1, -1, 2, -2].into_iter().filter_map(move |step| {
                let side = usize::try_from(nearest + step).ok()?.checked_mul(SIDE_STEP)? + SIDE_MIN;
                if side > SIDE_MAX { None } else { self.read(bits, side, modules) }
            })
        })
    }

    /// How many modules a side seems to have, and pixels of a module across and down.
    fn side(&self, bits: &Bits) -> Option<(f64, [f64; 2])> {
        let measured = |a: &Finder, b: &Finder| {
            let way = toward(a, b);
            let back = (-way.0, -way.1);
            let width = |finder: &Finder| {
                let wide = edge(bits, finder.middle(), way, finder.module, 3)?
                    + edge(bits, finder.middle(), back, finder.module, 3)?;
                Some(wide / 7.0)
            };
            // On a line that is seen at an angle, the modules between two points are their distance over the geometric
            // mean of a module's size at both.
            Some((width(a)? * width(b)?).sqrt())
        };
        let (tl, tr, bl) = (&self.top_left, &self.top_right, &self.bottom_left);
        let (across, down) = (measured(tl, tr)?, measured(tl, bl)?);
        let sides = distance(tl.middle(), tr.middle()) / across + distance(tl.middle(), bl.middle()) / down;
        Some((sides / 2.0 + 7.0, [across, down]))
    }

    fn read(&self, bits: &Bits, side: usize, modules: [f64; 2]) -> Option<Modules> {
        let (tl, tr, bl) = (self.top_left.middle(), self.top_right.middle(), self.bottom_left.middle());
        let end = side as f64;
        let on_code = |last: Point| [(3.5, 3.5), (end - 3.5, 3.5), (3.5, end - 3.5), last];
        let flat = (tr.0 + bl.0 - tl.0, tr.1 + bl.1 - tl.1);
        let mut guesses = Vec::with_capacity(2);
        if let Some(corner) = self.far_corner(bits, modules) {
            guesses.extend(Plane::through(on_code((end, end)), [tl, tr, bl, corner]));
        }
        guesses.extend(Plane::through(on_code((end - 3.5, end - 3.5)), [tl, tr, bl, flat]));
        let fixed = Fixed::of(side);
        let mut best: Option<(f64, [Point; 4], [Point; 4])> = None;
        for guess in guesses {
            let at = (end - 6.5, end - 6.5);
            let mut tries = vec![(at, guess.map(at))];
            if side > SIDE_MIN {
                tries.extend(alignment(bits, &guess, at).into_iter().map(|found| (at, found)));
            }
            for (on, seen) in tries {
                let (code, picture) = (on_code(on), [tl, tr, bl, seen]);
                let Some(plane) = Plane::through(code, picture) else { continue };
                let fit = fixed.fit(bits, &plane);
                if best.as_ref().is_none_or(|(other, _, _)| fit > *other) {
                    best = Some((fit, code, picture));
                }
            }
        }
        let (fit, code, picture) = best?;
        if fit < FIT_FIRST {
            return None;
        }
        let plane = improved(bits, &fixed, code, picture, fit, modules[0].min(modules[1]))?;
        let mut dark = Vec::with_capacity(side * side);
        for y in 0..side {
            dark.extend((0..side).map(|x| is_dark(bits, &plane, x, y)));
        }
        Some(Modules { side, dark })
    }

    /// The corner without a finder pattern: where the outer edges of the other two meet. Lines stay lines at any angle.
    fn far_corner(&self, bits: &Bits, [across, down]: [f64; 2]) -> Option<Point> {
        let (right, below) =
            (toward(&self.top_left, &self.top_right), toward(&self.top_left, &self.bottom_left));
        let line = |finder: &Finder, way: Point, module: f64, beside: Point, step: f64| {
            // Rows and columns of a finder pattern, and how often the colour changes on them from the middle outward.
            let on = [(-3.0, 1), (-1.0, 3), (0.0, 3), (1.0, 3), (3.0, 1)];
            let mut points = Vec::with_capacity(on.len());
            for (modules, changes) in on {
                let from = along(finder.middle(), beside, modules * step);
                if let Some(length) = edge(bits, from, way, module, changes) {
                    points.push(along(from, way, length));
                }
            }
            let (first, last) = (*points.first()?, *points.last()?);
            (points.len() >= 3).then_some((first, last))
        };
        let bottom = line(&self.bottom_left, below, down, right, across)?;
        let side = line(&self.top_right, right, across, below, down)?;
        meeting(bottom, side)
    }
}

fn toward(from: &Finder, to: &Finder) -> Point {
    unit(from.middle(), to.middle())
}

/// How far it is from a point to where the colour has changed so often.
fn edge(bits: &Bits, from: Point, way: Point, module: f64, changes: u32) -> Option<f64> {
    const STEP: f64 = 0.25;
    let mut black = bits.is_black(from);
    if !black {
        return None;
    }
    let (mut left, mut length) = (changes, 0.0);
    while length < 7.0 * module + 2.0 {
        length += STEP;
        if bits.is_black(along(from, way, length)) != black {
            black = !black;
            left -= 1;
            if left == 0 {
                return Some(length - STEP / 2.0);
            }
        }
    }
    None
}

/// Where the alignment pattern may be that should be near a place of the code, the likeliest first.
fn alignment(bits: &Bits, plane: &Plane, at: Point) -> Vec<Point> {
    /// So far from its place, in halves of a module.
    const REACH: i32 = 14;
    /// So many of its 25 modules have to be as they should.
    const FIT_MIN: u32 = 19;
    /// So many places are worth a closer look: other modules may look like one by chance.
    const PLACES_MAX: usize = 12;
    let fit = |(x, y): Point| {
        let mut fit = 0;
        for (row, column) in (-2..=2_i32).flat_map(|row| (-2..=2_i32).map(move |column| (row, column))) {
            let dark = row.abs().max(column.abs()) != 1;
            let on = (x + f64::from(column), y + f64::from(row));
            fit += u32::from(bits.is_black(plane.map(on)) == dark);
        }
        fit
    };
    let mut places: Vec<(u32, Point)> = (-REACH..=REACH)
        .flat_map(|down| (-REACH..=REACH).map(move |across| (across, down)))
        .map(|(across, down)| (at.0 + f64::from(across) / 2.0, at.1 + f64::from(down) / 2.0))
        .filter_map(|place| Some((fit(place), place)).filter(|(fit, _)| *fit >= FIT_MIN))
        .collect();
    places.sort_by_key(|(fit, _)| std::cmp::Reverse(*fit));
    places.truncate(PLACES_MAX);
    places.into_iter().map(|(_, place)| plane.map(place)).collect()
}

/// Moves each of the four points about as long as what is known of every code fits better.
fn improved(
    bits: &Bits,
    fixed: &Fixed,
    code: [Point; 4],
    mut picture: [Point; 4],
    mut fit: f64,
    module: f64,
) -> Option<Plane> {
    let mut plane = Plane::through(code, picture)?;
    for step in [0.6, 0.3, 0.15] {
        for _ in 0..2 {
            for index in 0..4 {
                for (x, y) in [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)] {
                    let mut moved = picture;
                    moved[index].0 += x * step * module;
                    moved[index].1 += y * step * module;
                    let Some(tried) = Plane::through(code, moved) else { continue };
                    let tried_fit = fixed.fit(bits, &tried);
                    if tried_fit > fit {
                        (plane, picture, fit) = (tried, moved, tried_fit);
                    }
                }
            }
        }
    }
    (fit >= FIT_MIN).then_some(plane)
}

/// Points of a module that are looked at, from its corner.
const POINTS: [Point; 5] = [(0.5, 0.5), (0.3, 0.3), (0.7, 0.3), (0.3, 0.7), (0.7, 0.7)];

fn is_dark(bits: &Bits, plane: &Plane, x: usize, y: usize) -> bool {
    let seen = |(right, down): &Point| bits.is_black(plane.map((x as f64 + right, y as f64 + down)));
    POINTS.iter().filter(|point| seen(point)).count() * 2 > POINTS.len()
}

/// The modules that are the same in every code of a size.
struct Fixed(Vec<(usize, usize, bool)>);

impl Fixed {
    fn of(side: usize) -> Self {
        let mut modules = Vec::new();
        for (left, top) in [(0, 0), (side - 7, 0), (0, side - 7)] {
            for (x, y) in (0..7_usize).flat_map(|y| (0..7_usize).map(move |x| (x, y))) {
                let ring = x.abs_diff(3).max(y.abs_diff(3));
                modules.push((left + x, top + y, ring != 2));
            }
        }
        for at in 8..side - 8 {
            modules.push((at, 6, at % 2 == 0));
            modules.push((6, at, at % 2 == 0));
        }
        let middles = alignments(side);
        for (x, y) in middles.iter().flat_map(|y| middles.iter().map(move |x| (*x, *y))) {
            let on_finder = (x < 8 && (y < 8 || y + 9 > side)) || (y < 8 && x + 9 > side);
            if on_finder {
                continue;
            }
            for (right, down) in (0..5_usize).flat_map(|down| (0..5_usize).map(move |right| (right, down))) {
                let ring = right.abs_diff(2).max(down.abs_diff(2));
                modules.push((x + right - 2, y + down - 2, ring != 1));
            }
        }
        Self(modules)
    }

    /// Which part of them is as it should be, 0 to 1.
    fn fit(&self, bits: &Bits, plane: &Plane) -> f64 {
        let mut fits = 0;
        for (x, y, dark) in &self.0 {
            for (right, down) in POINTS {
                let seen = bits.is_black(plane.map((*x as f64 + right, *y as f64 + down)));
                fits += usize::from(seen == *dark);
            }
        }
        fits as f64 / (self.0.len() * POINTS.len()) as f64
    }
}

/// Columns, and rows, of the middles of alignment patterns (ISO/IEC 18004, annex E).
fn alignments(side: usize) -> Vec<usize> {
    let version = (side - 17) / SIDE_STEP;
    if version < 2 {
        return Vec::new();
    }
    let count = version / 7 + 2;
    // Evenly spaced from the far end, by an even number; 32 is the exception of the table.
    let step = if version == 32 { 26 } else { (version * 4 + count * 2 + 1) / (count * 2 - 2) * 2 };
    let mut middles: Vec<usize> = (0..count - 1).map(|index| side - 7 - index * step).collect();
    middles.push(6);
    middles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alignment_patterns_stand_where_the_standard_has_them() {
        for (version, expected) in [
            (1, &[][..]),
            (2, &[6, 18]),
            (7, &[6, 22, 38]),
            (15, &[6, 26, 48, 70]),
            (32, &[6, 34, 60, 86, 112, 138]),
            (36, &[6, 24, 50, 76, 102, 128, 154]),
            (40, &[6, 30, 58, 86, 114, 142, 170]),
        ] {
            let mut middles = alignments(17 + 4 * version);
            middles.reverse();
            assert_eq!(middles, expected, "version {version}");
        }
    }
}
