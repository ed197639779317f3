//! Frames in a stream of bytes: a big-endian `u32` length, then that many bytes.

/// Longest frame, in bytes: a change set of a few hundred values with its signature, and 64 of them per session
/// stay under 16 MiB. Also the longest that is believed before its bytes have come.
pub const FRAME_BYTES_MAX: usize = 256 * 1024;

/// Length of a frame's header, in bytes.
pub(crate) const HEADER_BYTES: usize = 4;

/// A length that is 0 or above [`FRAME_BYTES_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadLength(pub(crate) u32);

/// Cuts frames out of bytes as they come. It holds at most twice the bytes it was really given.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    header: [u8; HEADER_BYTES],
    header_len: usize,
    body: Vec<u8>,
}

/// The header of a frame of `len` bytes, which the caller has checked with [`check_len`].
pub(crate) fn header(len: usize) -> [u8; HEADER_BYTES] {
    u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes()
}

/// Whether a frame may have `len` bytes.
pub(crate) fn check_len(len: usize) -> Result<(), BadLength> {
    match len {
        1..=FRAME_BYTES_MAX => Ok(()),
        _ => Err(BadLength(u32::try_from(len).unwrap_or(u32::MAX))),
    }
}

impl Decoder {
    /// Whether the last byte given was inside a frame.
    pub(crate) fn is_partial(&self) -> bool {
        self.header_len > 0
    }

    /// Takes bytes from the front of `input` until a frame is whole or `input` is empty.
    pub(crate) fn feed(&mut self, input: &mut &[u8]) -> Result<Option<Vec<u8>>, BadLength> {
        if self.header_len < HEADER_BYTES {
            let taken = take(input, HEADER_BYTES - self.header_len);
            self.header[self.header_len..self.header_len + taken.len()].copy_from_slice(taken);
            self.header_len += taken.len();
            if self.header_len < HEADER_BYTES {
                return Ok(None);
            }
        }
        let len = u32::from_be_bytes(self.header);
        let len = usize::try_from(len).map_err(|_| BadLength(len))?;
        check_len(len)?;
        self.body.extend_from_slice(take(input, len - self.body.len()));
        if self.body.len() < len {
            return Ok(None);
        }
        self.header_len = 0;
        Ok(Some(std::mem::take(&mut self.body)))
    }
}

fn take<'a>(input: &mut &'a [u8], most: usize) -> &'a [u8] {
    let (taken, rest) = input.split_at(most.min(input.len()));
    *input = rest;
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(chunk: usize, frames: &[&[u8]]) {
        let bytes: Vec<u8> =
            frames.iter().flat_map(|f| header(f.len()).into_iter().chain(f.iter().copied())).collect();
        let (mut decoder, mut got) = (Decoder::default(), Vec::new());
        for mut piece in bytes.chunks(chunk) {
            while !piece.is_empty() {
                got.extend(decoder.feed(&mut piece).unwrap());
            }
        }
        assert_eq!(got, frames);
        assert!(!decoder.is_partial());
    }

    #[test]
    fn frames_come_out_whole_however_the_bytes_are_cut() {
        let large = vec![7; FRAME_BYTES_MAX];
        for chunk in [1, 2, 3, 5, 4096, usize::MAX] {
            check(chunk, &[b"a", b"bcd", &large, b"e"]);
        }
    }

    #[test]
    fn a_bad_length_is_refused_before_anything_is_allocated() {
        for len in [0, FRAME_BYTES_MAX as u32 + 1, u32::MAX] {
            let mut decoder = Decoder::default();
            assert_eq!(decoder.feed(&mut &len.to_be_bytes()[..]), Err(BadLength(len)));
            assert_eq!(decoder.body.capacity(), 0);
        }
    }

    #[test]
    fn a_promised_length_allocates_nothing_until_its_bytes_come() {
        let mut decoder = Decoder::default();
        assert_eq!(decoder.feed(&mut &header(FRAME_BYTES_MAX)[..]), Ok(None));
        assert_eq!(decoder.body.capacity(), 0);
        assert_eq!(decoder.feed(&mut &[0; 100][..]), Ok(None));
        assert!(decoder.body.capacity() <= 200 && decoder.is_partial());
    }
}
