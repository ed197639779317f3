//! Black and white.

use crate::picture::Luma;

/// By how many in a hundred a pixel has to differ from what is around it.
const DIFFERENCE: u64 = 4;

/// A picture in black and white.
pub(crate) struct Bits {
    pub(crate) width: usize,
    pub(crate) height: usize,
    black: Vec<bool>,
}

impl Bits {
    /// Black is what is darker than the mean around it; or lighter, where light modules stand on a dark ground. Around it is a
    /// square with this part of the picture's longest side.
    pub(crate) fn of(picture: &Luma, part: usize, light: bool) -> Self {
        let (width, height) = (picture.width, picture.height);
        let sums = sums(picture);
        let at = |x: usize, y: usize| sums[y * (width + 1) + x];
        let reach = (picture.longest() / part / 2).max(8);
        let mut black = Vec::with_capacity(picture.pixels.len());
        for (y, row) in picture.pixels.chunks(width).enumerate() {
            let (top, bottom) = (y.saturating_sub(reach), (y + reach + 1).min(height));
            for (x, pixel) in row.iter().enumerate() {
                let (left, right) = (x.saturating_sub(reach), (x + reach + 1).min(width));
                let sum = at(right, bottom) + at(left, top) - at(left, bottom) - at(right, top);
                let around = ((right - left) * (bottom - top)) as u64;
                let (pixel, sum) = match (u64::from(*pixel), light) {
                    (pixel, false) => (pixel, sum),
                    (pixel, true) => (255 - pixel, 255 * around - sum),
                };
                black.push(pixel * around * 100 < sum * (100 - DIFFERENCE));
            }
        }
        Self { width, height, black }
    }

    pub(crate) fn row(&self, y: usize) -> &[bool] {
        &self.black[y * self.width..][..self.width]
    }

    /// Whether the pixel that a point falls on is black; beside the picture everything is white.
    pub(crate) fn is_black(&self, (x, y): (f64, f64)) -> bool {
        // Casts from a float saturate.
        let inside = x >= 0.0 && y >= 0.0 && x < self.width as f64 && y < self.height as f64;
        inside && self.black[y as usize * self.width + x as usize]
    }
}

/// For each corner of pixels the sum of all that is left of it and above.
fn sums(picture: &Luma) -> Vec<u64> {
    let stride = picture.width + 1;
    let mut sums = vec![0; stride * (picture.height + 1)];
    for (y, row) in picture.pixels.chunks(picture.width).enumerate() {
        let mut line = 0;
        for (x, pixel) in row.iter().enumerate() {
            line += u64::from(*pixel);
            sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + line;
        }
    }
    sums
}
