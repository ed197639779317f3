//! Inputs made from others, the same from the same seed.

/// A generator of numbers: SplitMix64.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// From a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 when there is none.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.draw() % (end.max(1) as u64)).unwrap_or_default()
    }
}

/// Most bytes of an input.
const BYTES_MAX: usize = 4096;

/// Bytes that often mean something: edges of lengths, CBOR heads, JSON's and the cards' own characters.
const TELLING: [u8; 20] = [
    0, 1, 0x17, 0x18, 0x1f, 0x3b, 0x40, 0x5f, 0x7f, 0x80, 0x9f, 0xa0, 0xbf, 0xf6, 0xff, b'"', b'\\', b'{',
    b'\n', b':',
];

/// A copy of one input that was changed in one to eight places, now and then with a part of another.
#[must_use]
pub fn mutate(random: &mut Random, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seeds.get(random.below(seeds.len())).cloned().unwrap_or_default();
    for _ in 0..=random.below(8) {
        let at = random.below(bytes.len());
        match random.below(8) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            1 if !bytes.is_empty() => bytes[at] = random.draw() as u8,
            2 if !bytes.is_empty() => bytes[at] = TELLING[random.below(TELLING.len())],
            3 => bytes.insert(at, TELLING[random.below(TELLING.len())]),
            4 => drop(bytes.drain(at..bytes.len().min(at + 1 + random.below(16)))),
            5 => {
                let part: Vec<u8> = bytes[at..bytes.len().min(at + 1 + random.below(32))].to_vec();
                bytes.splice(at..at, part);
            }
            6 => {
                let other = seeds.get(random.below(seeds.len())).map(Vec::as_slice).unwrap_or_default();
                let from = random.below(other.len());
                let part = other[from..other.len().min(from + 1 + random.below(64))].to_vec();
                bytes.splice(at..at, part);
            }
            _ => bytes.truncate(at),
        }
    }
    bytes.truncate(BYTES_MAX);
    bytes
}
