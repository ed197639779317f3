//! Pictures that strangers send, looked through for QR codes.

use freehold_qr::{QrError, read, read_luma};

/// A file.
pub(super) fn file(bytes: &[u8]) {
    look(read(bytes));
}

/// Pixels: the first byte says how wide a row is.
pub(super) fn frame(bytes: &[u8]) {
    let Some((width, pixels)) = bytes.split_first() else { return };
    let width = u32::from(*width).max(1);
    let height = pixels.len() as u32 / width;
    let found = read_luma(width, height, &pixels[..(width * height) as usize]);
    assert!(!matches!(found, Err(QrError::Frame { .. })), "a byte for each pixel");
    look(found);
}

/// Whatever is found is said once, and could be drawn.
fn look(found: Result<Vec<String>, QrError>) {
    let Ok(found) = found else { return };
    assert!(!found.is_empty(), "nothing found is an error");
    for (index, text) in found.iter().enumerate() {
        assert!(!found[..index].contains(text), "each text once");
    }
}
