//! From a file to brightness.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, ImageReader, Limits};

use crate::QrError;

/// Largest file that is read, in bytes: a photograph of a telephone has 2 to 12 MiB.
pub const IMAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Most pixels of a picture: what the cameras of telephones make in their usual setting, 50 million, with some room.
pub const PIXELS_MAX: u64 = 52_000_000;

/// Longest side of a picture, in pixels.
pub const SIDE_MAX: u32 = 16_384;

/// Most memory that decoding may take at once, in bytes: four for each pixel.
const DECODED_BYTES_MAX: u64 = PIXELS_MAX * 4;

/// Brightness, a byte for each pixel, row by row.
#[derive(Clone)]
pub(crate) struct Luma {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: Vec<u8>,
}

impl Luma {
    /// A frame of a camera.
    pub(crate) fn frame(width: u32, height: u32, luma: &[u8]) -> Result<Self, QrError> {
        check(width, height)?;
        if luma.len() as u64 != u64::from(width) * u64::from(height) {
            return Err(QrError::Frame { width, height, got: luma.len() });
        }
        Ok(Self { width: width as usize, height: height as usize, pixels: luma.to_vec() })
    }

    pub(crate) fn longest(&self) -> usize {
        self.width.max(self.height)
    }

    /// The same with its longest side about this long: each pixel the mean of those it takes the place of, which also takes
    /// noise away; or, where it is made larger, each pixel several times.
    pub(crate) fn scaled(&self, longest: usize) -> Self {
        let times = longest / self.longest().max(1);
        if times > 1 {
            let (width, height) = (self.width * times, self.height * times);
            let at = |index: usize| self.pixels[index / width / times * self.width + index % width / times];
            return Self { width, height, pixels: (0..width * height).map(at).collect() };
        }
        if longest >= self.longest() {
            return self.clone();
        }
        let part = |side: usize| (side * longest / self.longest()).max(1);
        let (width, height) = (part(self.width), part(self.height));
        let mut pixels = Vec::with_capacity(width * height);
        for y in 0..height {
            let (top, bottom) = (y * self.height / height, (y + 1) * self.height / height);
            for x in 0..width {
                let (left, right) = (x * self.width / width, (x + 1) * self.width / width);
                let rows = self.pixels[top * self.width..].chunks(self.width).take(bottom - top);
                let sum: u32 =
                    rows.map(|row| row[left..right].iter().map(|p| u32::from(*p)).sum::<u32>()).sum();
                pixels.push((sum / ((bottom - top) * (right - left)).max(1) as u32) as u8);
            }
        }
        Self { width, height, pixels }
    }

    /// Each pixel the mean of the nine around it.
    pub(crate) fn softened(&self) -> Self {
        let mut pixels = self.pixels.clone();
        for y in 1..self.height.saturating_sub(1) {
            for x in 1..self.width.saturating_sub(1) {
                let row = |y: usize| &self.pixels[y * self.width + x - 1..][..3];
                let sum: u32 =
                    [row(y - 1), row(y), row(y + 1)].into_iter().flatten().map(|p| u32::from(*p)).sum();
                pixels[y * self.width + x] = (sum / 9) as u8;
            }
        }
        Self { pixels, ..*self }
    }
}

/// Reads a PNG or JPEG. What it says of its size is judged before any memory is taken for its pixels.
pub(crate) fn decode(image: &[u8]) -> Result<Luma, QrError> {
    if image.len() > IMAGE_BYTES_MAX {
        return Err(QrError::TooLarge { got: image.len() });
    }
    let format = image::guess_format(image).map_err(|_| QrError::NotAPicture)?;
    if !matches!(format, ImageFormat::Png | ImageFormat::Jpeg) {
        return Err(QrError::NotAPicture);
    }
    let reader = || ImageReader::with_format(Cursor::new(image), format);
    let (width, height) = reader().into_dimensions().map_err(|_| QrError::NotAPicture)?;
    check(width, height)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(width);
    limits.max_image_height = Some(height);
    limits.max_alloc = Some(DECODED_BYTES_MAX);
    let mut reader = reader();
    reader.limits(limits);
    let luma = match reader.decode().map_err(|_| QrError::NotAPicture)? {
        // What is clear is paper.
        picture if picture.color().has_alpha() => on_white(picture),
        picture => picture.into_luma8().into_raw(),
    };
    Luma::frame(width, height, &luma)
}

fn on_white(picture: DynamicImage) -> Vec<u8> {
    let mix = |[luma, alpha]: [u8; 2]| {
        let (luma, alpha) = (u32::from(luma), u32::from(alpha));
        ((luma * alpha + 255 * (255 - alpha)) / 255) as u8
    };
    picture.into_luma_alpha8().pixels().map(|pixel| mix(pixel.0)).collect()
}

fn check(width: u32, height: u32) -> Result<(), QrError> {
    let fits = u64::from(width) * u64::from(height) <= PIXELS_MAX && width.max(height) <= SIDE_MAX;
    if !fits {
        return Err(QrError::TooManyPixels { width, height });
    }
    if width == 0 || height == 0 { Err(QrError::NotAPicture) } else { Ok(()) }
}
