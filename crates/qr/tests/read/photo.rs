//! Photographs of a code, made by arithmetic: where each point of the picture falls on the paper, how light lies on it, what
//! the lens smears and the sensor adds.

use qrcode::{Color, EcLevel, QrCode};

/// How a photograph was taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shot {
    /// Pixels across and down.
    pub(crate) size: (usize, usize),
    /// Pixels of a module in the middle of the picture.
    pub(crate) module: f64,
    /// How far the camera was turned, in degrees.
    pub(crate) turned: f64,
    /// How much nearer one edge is than the other: 0 from straight above.
    pub(crate) tilt: f64,
    /// Pixels that a point is smeared over, to each side.
    pub(crate) blur: usize,
    /// Brightness of black and of white where the light is strongest.
    pub(crate) levels: (f64, f64),
    /// How much of the light is left in the darkest corner.
    pub(crate) shade: f64,
    /// How far noise moves a pixel.
    pub(crate) noise: f64,
    /// Light modules on a dark ground.
    pub(crate) inverted: bool,
    /// As a mirror shows it.
    pub(crate) mirrored: bool,
}

/// From straight above in good light.
pub(crate) const PLAIN: Shot = Shot {
    size: (1_000, 750),
    module: 7.0,
    turned: 0.0,
    tilt: 0.0,
    blur: 1,
    levels: (40.0, 215.0),
    shade: 0.9,
    noise: 6.0,
    inverted: false,
    mirrored: false,
};

/// Points of a pixel that are looked at, in each direction.
const POINTS: usize = 3;

/// The photograph, a byte for each pixel.
pub(crate) fn take(text: &str, shot: &Shot) -> Vec<u8> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).expect("it fits");
    let (modules, side) = (code.to_colors(), code.width() as f64);
    let (width, height) = shot.size;
    let (sin, cos) = shot.turned.to_radians().sin_cos();
    // Brightness of the paper at a point of the picture, 0 to 1.
    let paper = |x: f64, y: f64| -> f64 {
        let (x, y) = (x - width as f64 / 2.0, y - height as f64 / 2.0);
        let (x, y) = (x * cos - y * sin, x * sin + y * cos);
        let near = 1.0 + shot.tilt * y / height as f64;
        let across = x / near / shot.module * if shot.mirrored { -1.0 } else { 1.0 };
        let (column, row) = (across + side / 2.0, y / near / shot.module + side / 2.0);
        let quiet = 4.0;
        let light = if column < -quiet || row < -quiet || column >= side + quiet || row >= side + quiet {
            // A table with boards.
            return if (column / 11.0 + row / 17.0).sin() > 0.8 { 0.25 } else { 0.55 };
        } else if column < 0.0 || row < 0.0 || column >= side || row >= side {
            true
        } else {
            modules[row as usize * code.width() + column as usize] == Color::Light
        };
        if light == shot.inverted { 0.0 } else { 1.0 }
    };
    let mut picture = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let mut sum = 0.0;
            for point in 0..POINTS * POINTS {
                let step = |at: usize| (at as f64 + 0.5) / POINTS as f64;
                sum += paper(x as f64 + step(point % POINTS), y as f64 + step(point / POINTS));
            }
            picture.push(sum / (POINTS * POINTS) as f64);
        }
    }
    // Twice a box is nearly what a lens does.
    for _ in 0..2 {
        picture = smeared(&picture, width, shot.blur);
    }
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut noise = || {
        // The mean of several is nearly how a sensor's noise is spread.
        let mut sum = 0.0;
        for _ in 0..4 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            sum += (random >> 40) as f64 / f64::from(1 << 24) - 0.5;
        }
        sum / 2.0
    };
    let (black, white) = shot.levels;
    let far = (width + height) as f64;
    picture
        .iter()
        .enumerate()
        .map(|(index, light)| {
            let corner = (index % width + index / width) as f64 / far;
            let lit = 1.0 - (1.0 - shot.shade) * corner;
            ((black + light * (white - black)) * lit + noise() * shot.noise * 2.0).clamp(0.0, 255.0) as u8
        })
        .collect()
}

/// The mean of a square around each pixel, one direction after the other.
fn smeared(picture: &[f64], width: usize, reach: usize) -> Vec<f64> {
    let along = |picture: &[f64], length: usize, step: usize, line: &dyn Fn(usize) -> usize, lines: usize| {
        let mut out = picture.to_vec();
        for start in (0..lines).map(line) {
            for at in 0..length {
                let (from, to) = (at.saturating_sub(reach), (at + reach).min(length - 1));
                let sum: f64 = (from..=to).map(|at| picture[start + at * step]).sum();
                out[start + at * step] = sum / (to - from + 1) as f64;
            }
        }
        out
    };
    let height = picture.len() / width;
    let rows = along(picture, width, 1, &|row| row * width, height);
    along(&rows, height, width, &|column| column, width)
}
