//! Reading codes from pictures.

mod photo;

use freehold_qr::{IMAGE_BYTES_MAX, QrError, read, read_luma, svg, terminal};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder as _};
use photo::{PLAIN, Shot, take};

/// As long as an invitation is.
fn link() -> String {
    format!("freehold:connect:u{}", "pWF2AWFkeDhkaWQ6a2V5Ono2TWtmYXM".repeat(9))
}

fn check(name: &str, shot: &Shot) {
    let (width, height) = shot.size;
    let found = read_luma(width as u32, height as u32, &take(&link(), shot));
    assert_eq!(found, Ok(vec![link()]), "{name}");
}

fn png(width: u32, height: u32, luma: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    PngEncoder::new(&mut file).write_image(luma, width, height, ExtendedColorType::L8).expect("a PNG");
    file
}

#[test]
fn photographs_are_read_however_the_camera_was_held() {
    check("from above", &PLAIN);
    check("upside down", &Shot { turned: 180.0, ..PLAIN });
    check("turned", &Shot { turned: 37.0, ..PLAIN });
    check("turned by half a right angle and tilted", &Shot { turned: 45.0, tilt: 0.6, ..PLAIN });
    check("steep", &Shot { module: 5.6, turned: 100.0, tilt: 0.7, ..PLAIN });
    check("far away", &Shot { module: 3.0, turned: -15.0, ..PLAIN });
    check("in a mirror", &Shot { mirrored: true, turned: 5.0, ..PLAIN });
}

#[test]
fn photographs_are_read_in_bad_light() {
    check("a shadow", &Shot { turned: -15.0, shade: 0.2, ..PLAIN });
    check("out of focus", &Shot { turned: 10.0, blur: 3, ..PLAIN });
    check("noise", &Shot { turned: 10.0, noise: 60.0, ..PLAIN });
    check("dark", &Shot { turned: 10.0, levels: (8.0, 40.0), noise: 8.0, ..PLAIN });
    check("light on dark", &Shot { inverted: true, turned: 5.0, ..PLAIN });
    let all =
        Shot { turned: 33.0, tilt: 0.4, blur: 2, levels: (15.0, 80.0), shade: 0.4, noise: 10.0, ..PLAIN };
    check("all of it", &all);
}

#[test]
fn a_photograph_of_a_telephone_is_read_from_its_file() {
    let (width, height) = (4_000, 3_000);
    let shot = Shot { size: (width, height), module: 16.0, turned: 12.0, tilt: 0.3, blur: 3, ..PLAIN };
    let luma = take(&link(), &shot);
    let rgb: Vec<u8> = luma.iter().flat_map(|p| [*p, p.saturating_sub(10), p.saturating_sub(30)]).collect();
    let mut file = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut file, 70);
    encoder.write_image(&rgb, width as u32, height as u32, ExtendedColorType::Rgb8).expect("a JPEG");
    assert_eq!(read(&file), Ok(vec![link()]));
}

#[test]
fn codes_of_other_programs_are_read() {
    let all = [
        ("segno-link.png", link()),
        ("segno-most-correction.png", link()),
        ("segno-alphanumeric.png", "FREEHOLD:1234567890".to_owned()),
        ("segno-digits.png", "31415926535897932384626433".to_owned()),
        ("segno-utf8.png", "Grüße an Ada Lind, 家".to_owned()),
        ("python-qrcode-link.png", link()),
        ("python-qrcode-largest-inverted.png", format!("https://energy.example/{}", "a".repeat(2_000))),
        ("qrencode-link.png", link()),
        ("zint-link.png", link()),
    ];
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/read/codes");
    for (name, text) in &all {
        let file = std::fs::read(folder.join(name)).expect("a picture");
        assert_eq!(read(&file), Ok(vec![text.clone()]), "{name}");
    }
    assert_eq!(std::fs::read_dir(folder).expect("a folder").count(), all.len(), "each picture is read");
}

#[test]
fn what_is_drawn_is_read() {
    for text in ["a", "freehold:connect:uabc", &link(), &"x".repeat(2_900)] {
        let drawn = svg(text).expect("it fits");
        let (side, luma) = painted(&drawn);
        assert_eq!(read(&png(side, side, &luma)), Ok(vec![text.to_owned()]));
        let blocks = terminal(text).expect("it fits");
        let rows: Vec<Vec<char>> = blocks.lines().map(|line| line.chars().collect()).collect();
        let width = rows.iter().map(Vec::len).max().expect("rows");
        // As a dark terminal shows it: what is a block is light. Two pixels for each half of a block.
        let light = |half: usize, column: usize| {
            let block = rows[half / 2].get(column).copied().unwrap_or(' ');
            block == '█' || block == if half.is_multiple_of(2) { '▀' } else { '▄' }
        };
        let (across, down) = (2 * width, 4 * rows.len());
        let luma: Vec<u8> = (0..across * down)
            .map(|at| if light(at / across / 2, at % across / 2) { 230 } else { 20 })
            .collect();
        assert_eq!(read_luma(across as u32, down as u32, &luma), Ok(vec![text.to_owned()]));
    }
}

#[test]
fn each_code_of_a_picture_is_read_once() {
    let one = painted(&svg("freehold:connect:one").expect("it fits"));
    let other = painted(&svg("freehold:connect:other").expect("it fits"));
    let side = one.0.max(other.0) as usize;
    let mut luma = vec![255; 3 * side * side];
    for (place, (width, code)) in [&one, &other, &one].into_iter().enumerate() {
        for (row, line) in code.chunks(*width as usize).enumerate() {
            luma[row * 3 * side + place * side..][..line.len()].copy_from_slice(line);
        }
    }
    let mut found = read_luma(3 * side as u32, side as u32, &luma).expect("codes");
    found.sort();
    assert_eq!(found, ["freehold:connect:one", "freehold:connect:other"]);
}

#[test]
fn what_is_no_picture_or_too_large_is_refused() {
    assert_eq!(read(b""), Err(QrError::NotAPicture));
    assert_eq!(read(b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"), Err(QrError::NotAPicture));
    let picture = png(300, 200, &[200; 60_000]);
    assert_eq!(read(&picture), Err(QrError::NoCode));
    assert_eq!(read(&picture[..picture.len() / 2]), Err(QrError::NotAPicture), "it was cut off");
    let large = vec![0; IMAGE_BYTES_MAX + 1];
    assert_eq!(read(&large), Err(QrError::TooLarge { got: large.len() }));
    assert_eq!(read_luma(10, 10, &[0; 99]), Err(QrError::Frame { width: 10, height: 10, got: 99 }));
    assert_eq!(read_luma(0, 0, &[]), Err(QrError::NotAPicture));
    let (width, height) = (u32::MAX, 1);
    assert_eq!(read_luma(width, height, &[]), Err(QrError::TooManyPixels { width, height }));
}

#[test]
fn a_picture_that_says_it_is_huge_is_refused_before_its_pixels() {
    // 60,000 by 60,000 pixels in a few bytes: a header, and then nothing.
    let mut picture = png(1, 1, &[0]);
    let header = 16;
    picture[header..header + 8].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    let crc = crc(&picture[header - 4..header + 13]);
    picture[header + 13..header + 17].copy_from_slice(&crc.to_be_bytes());
    assert_eq!(read(&picture), Err(QrError::TooManyPixels { width: 60_000, height: 60_000 }));
}

/// What stops a reader that follows every lead: nothing but finder patterns, stripes, noise, a chequerboard.
#[test]
fn a_picture_made_to_mislead_ends_without_a_code() {
    let (width, height) = (1_600_usize, 1_200_usize);
    let ring = |x: usize, y: usize| (x % 9).abs_diff(3).max((y % 9).abs_diff(3));
    let patterns: [&dyn Fn(usize, usize) -> bool; 5] = [
        &|x, y| matches!(ring(x, y), 0 | 1 | 3),
        &|x, y| matches!(ring(x / 3, y / 3), 0 | 1 | 3),
        &|x, _| x % 2 == 0,
        &|x, y| (x * 7_919 + y * 104_729) * 2_654_435_761 % 8_191 < 4_000,
        &|x, y| (x / 5 + y / 5) % 2 == 0,
    ];
    for pattern in patterns {
        let luma: Vec<u8> =
            (0..width * height).map(|at| if pattern(at % width, at / width) { 20 } else { 230 }).collect();
        assert_eq!(read_luma(width as u32, height as u32, &luma), Err(QrError::NoCode));
    }
    for (width, height) in [(1, 1), (16_384, 1), (1, 16_384), (3, 2)] {
        let luma = vec![128; (width * height) as usize];
        assert_eq!(read_luma(width, height, &luma), Err(QrError::NoCode), "{width} x {height}");
    }
}

/// The pixels of a drawn code, one for each of its units.
fn painted(svg: &str) -> (u32, Vec<u8>) {
    let side: usize =
        svg.split("0 0 ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok()).expect("a side");
    let mut luma = vec![255; side * side];
    let path = svg.rsplit("d=\"").next().and_then(|rest| rest.split('"').next()).expect("a path");
    for run in path.split('z').filter(|run| !run.is_empty()) {
        let numbers: Vec<usize> =
            run.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect();
        let [x, y, length, ..] = numbers[..] else { panic!("a run: {run}") };
        luma[y * side + x..][..length].fill(0);
    }
    (side as u32, luma)
}

/// The check of a chunk of a PNG.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 },
        )
    })
}
