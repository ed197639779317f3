//! Drawing.

use std::fmt::Write as _;

use qrcode::render::unicode::Dense1x2;
use qrcode::{Color, EcLevel, QrCode};

use crate::QrError;

/// White modules around a code: "the quiet zone shall be 4X wide" (ISO/IEC 18004).
const QUIET: usize = 4;

/// A QR code as an `<svg>` element, dark on white whatever is around it, one unit for each module. It has no size of its own:
/// the page's stylesheet gives it one.
///
/// # Errors
/// [`QrError::TooLong`].
pub fn svg(text: &str) -> Result<String, QrError> {
    let code = encode(text)?;
    let (width, modules) = (code.width(), code.to_colors());
    let side = width + 2 * QUIET;
    let mut path = String::new();
    for (y, row) in modules.chunks(width.max(1)).enumerate() {
        let mut x = 0;
        while x < row.len() {
            let dark = row[x..].iter().take_while(|color| **color == Color::Dark).count();
            if dark > 0 {
                // Writing to a string cannot fail.
                let _ = write!(path, "M{} {}h{dark}v1h-{dark}z", x + QUIET, y + QUIET);
            }
            x += dark.max(1);
        }
    }
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
    ))
}

/// A QR code of half blocks, for a terminal.
///
/// # Errors
/// [`QrError::TooLong`].
pub fn terminal(text: &str) -> Result<String, QrError> {
    Ok(encode(text)?.render::<Dense1x2>().quiet_zone(true).build())
}

/// With the least correction: a link is long, and fewer and larger modules are what a camera needs.
fn encode(text: &str) -> Result<QrCode, QrError> {
    QrCode::with_error_correction_level(text, EcLevel::L).map_err(|_| QrError::TooLong { got: text.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_of_any_allowed_length_is_drawn() {
        assert!(terminal("freehold:connect:uabc").is_ok_and(|code| code.lines().count() > 10));
        assert_eq!(terminal(&"x".repeat(5_000)), Err(QrError::TooLong { got: 5_000 }));
        assert_eq!(svg(&"x".repeat(5_000)), Err(QrError::TooLong { got: 5_000 }));
    }

    #[test]
    fn a_picture_holds_nothing_of_its_text() {
        let picture = svg("<script>alert(1)</script>").expect("it fits");
        assert_eq!(picture.matches('<').count(), 4, "one svg and two paths: {picture}");
    }
}
