//! A plane seen at an angle.

/// Across and down.
pub(crate) type Point = (f64, f64);

/// What takes points of a code to points of a picture.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plane([f64; 8]);

impl Plane {
    /// The one that takes these four points to those; none where three of them are on a line.
    pub(crate) fn through(from: [Point; 4], to: [Point; 4]) -> Option<Self> {
        let mut rows = [[0.0; 9]; 8];
        for (index, ((u, v), (x, y))) in from.into_iter().zip(to).enumerate() {
            rows[2 * index] = [u, v, 1.0, 0.0, 0.0, 0.0, -u * x, -v * x, x];
            rows[2 * index + 1] = [0.0, 0.0, 0.0, u, v, 1.0, -u * y, -v * y, y];
        }
        for column in 0..8 {
            let pivot =
                (column..8).max_by(|a, b| rows[*a][column].abs().total_cmp(&rows[*b][column].abs()))?;
            rows.swap(column, pivot);
            let lead = rows[column];
            if lead[column].abs() < 1e-9 {
                return None;
            }
            for (index, row) in rows.iter_mut().enumerate() {
                if index != column {
                    let times = row[column] / lead[column];
                    row.iter_mut().zip(lead).for_each(|(cell, lead)| *cell -= times * lead);
                }
            }
        }
        let mut plane = [0.0; 8];
        for (index, cell) in plane.iter_mut().enumerate() {
            *cell = rows[index][8] / rows[index][index];
        }
        plane.iter().all(|cell: &f64| cell.is_finite()).then_some(Self(plane))
    }

    /// A point of the code in the picture. What is behind the camera may be anywhere, or nowhere.
    pub(crate) fn map(&self, (u, v): Point) -> Point {
        let [a, b, c, d, e, f, g, h] = self.0;
        let far = g * u + h * v + 1.0;
        ((a * u + b * v + c) / far, (d * u + e * v + f) / far)
    }
}

pub(crate) fn distance(a: Point, b: Point) -> f64 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

/// The way from one point to another, of length 1.
pub(crate) fn unit(from: Point, to: Point) -> Point {
    let length = distance(from, to).max(f64::MIN_POSITIVE);
    ((to.0 - from.0) / length, (to.1 - from.1) / length)
}

/// The point so far along a way.
pub(crate) fn along(from: Point, way: Point, length: f64) -> Point {
    (from.0 + way.0 * length, from.1 + way.1 * length)
}

/// Where two lines meet, each through two points.
pub(crate) fn meeting((a, b): (Point, Point), (c, d): (Point, Point)) -> Option<Point> {
    let (ab, cd) = ((b.0 - a.0, b.1 - a.1), (d.0 - c.0, d.1 - c.1));
    let cross = ab.0 * cd.1 - ab.1 * cd.0;
    if cross.abs() < 1e-6 {
        return None;
    }
    let part = ((c.0 - a.0) * cd.1 - (c.1 - a.1) * cd.0) / cross;
    let point = along(a, ab, part);
    (point.0.is_finite() && point.1.is_finite()).then_some(point)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_points_fix_a_plane() {
        let from = [(0.0, 0.0), (10.0, 0.0), (0.0, 10.0), (10.0, 10.0)];
        let to = [(100.0, 100.0), (220.0, 90.0), (80.0, 240.0), (190.0, 200.0)];
        let plane = Plane::through(from, to).expect("no three on a line");
        for (from, to) in from.into_iter().zip(to) {
            assert!(distance(plane.map(from), to) < 1e-6);
        }
        assert!(Plane::through(from, [(0.0, 0.0), (1.0, 1.0), (2.0, 2.0), (3.0, 3.0)]).is_none());
        let diagonals = ((to[0], to[3]), (to[1], to[2]));
        let middle = meeting(diagonals.0, diagonals.1).expect("they meet");
        assert!(distance(plane.map((5.0, 5.0)), middle) < 1e-6);
    }
}
