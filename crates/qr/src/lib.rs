//! QR codes: drawn for a page and a terminal, and read from pictures.
//!
//! [`read`] takes a photograph or a screenshot as PNG or JPEG, [`read_luma`] one frame of a camera. Pictures are anybody's:
//! their size, the memory they take when decoded and the work that is spent on them have limits, and nothing in them makes a
//! reader panic. Whatever stands in a code is text that a stranger wrote; what it means is for the caller to judge.
//!
//! ```
//! let picture = freehold_qr::svg("freehold:connect:uabc")?;
//! assert!(picture.starts_with("<svg "));
//! # Ok::<(), freehold_qr::QrError>(())
//! ```

mod bits;
mod draw;
mod finder;
mod grid;
mod picture;
mod plane;
mod scan;

pub use draw::{svg, terminal};
pub use picture::{IMAGE_BYTES_MAX, PIXELS_MAX, SIDE_MAX};

use picture::Luma;

/// Why there is no code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QrError {
    /// The file is larger than [`IMAGE_BYTES_MAX`].
    #[error("the picture has {got} bytes, more than {IMAGE_BYTES_MAX}: take a smaller one")]
    TooLarge {
        /// Bytes of the file.
        got: usize,
    },
    /// More pixels than [`PIXELS_MAX`], or a side longer than [`SIDE_MAX`].
    #[error("the picture has {width} x {height} pixels, more than can be looked through: take a smaller one")]
    TooManyPixels {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// Neither PNG nor JPEG, or broken.
    #[error("the file is no PNG or JPEG picture that can be read: save it again in one of these forms")]
    NotAPicture,
    /// A frame whose bytes are not one for each of its pixels.
    #[error(
        "a frame of {width} x {height} pixels has {got} bytes: send one byte of brightness for each pixel"
    )]
    Frame {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// Bytes of the frame.
        got: usize,
    },
    /// No QR code that can be read.
    #[error("no QR code can be read in the picture: go closer, keep it still and let light fall on it")]
    NoCode,
    /// A text that no QR code can hold.
    #[error("a text of {got} bytes does not fit into a QR code: give the text itself")]
    TooLong {
        /// Bytes of the text.
        got: usize,
    },
}

/// The texts of the QR codes in a PNG or JPEG picture, each once.
///
/// # Errors
/// [`QrError`]; a picture without a code that can be read is [`QrError::NoCode`].
pub fn read(image: &[u8]) -> Result<Vec<String>, QrError> {
    scan::codes(&picture::decode(image)?)
}

/// The texts of the QR codes in a frame of a camera, each once. `luma` is a byte of brightness for each pixel, row by row.
///
/// # Errors
/// [`QrError`]; a frame without a code that can be read is [`QrError::NoCode`].
pub fn read_luma(width: u32, height: u32, luma: &[u8]) -> Result<Vec<String>, QrError> {
    scan::codes(&Luma::frame(width, height, luma)?)
}
