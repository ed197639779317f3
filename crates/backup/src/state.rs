//! A sum over all records, which says whether a chain, put together, gives what the store held.

use freehold_store::Stamp;
use sha2::{Digest as _, Sha256};

/// Bytes of the sum.
pub(crate) const STATE_BYTES: usize = 32;

/// The sum, modulo 2^256, of a hash of each record's key and stamp. It finds errors of this program, such as a change that no
/// file holds; the seal of a file keeps others from choosing records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct State([u64; 4]);

impl State {
    pub(crate) fn add(&mut self, key: &[u8], stamp: &Stamp) {
        let mut carry = false;
        for (own, other) in self.0.iter_mut().zip(limbs(key, stamp)) {
            let (sum, first) = own.overflowing_add(other);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            (*own, carry) = (sum, first | second);
        }
    }

    pub(crate) fn remove(&mut self, key: &[u8], stamp: &Stamp) {
        let mut borrow = false;
        for (own, other) in self.0.iter_mut().zip(limbs(key, stamp)) {
            let (rest, first) = own.overflowing_sub(other);
            let (rest, second) = rest.overflowing_sub(u64::from(borrow));
            (*own, borrow) = (rest, first | second);
        }
    }

    /// The sum, least byte first.
    pub(crate) fn to_bytes(self) -> [u8; STATE_BYTES] {
        let mut bytes = [0; STATE_BYTES];
        for (chunk, limb) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&limb.to_le_bytes());
        }
        bytes
    }
}

/// The hash of a record as four numbers, least first.
fn limbs(key: &[u8], stamp: &Stamp) -> [u64; 4] {
    let hash: [u8; 32] = Sha256::new().chain_update(stamp.as_bytes()).chain_update(key).finalize().into();
    let (chunks, _) = hash.as_chunks::<8>();
    std::array::from_fn(|at| u64::from_le_bytes(chunks[at]))
}

#[cfg(test)]
mod tests {
    use freehold_store::STAMP_BYTES;

    use super::*;

    #[test]
    fn the_order_does_not_matter_and_each_record_does() {
        let stamp = |byte| Stamp::new([byte; STAMP_BYTES]);
        let records: Vec<(Vec<u8>, Stamp)> = (0..200).map(|n| (vec![n], stamp(n))).collect();
        let sum = |order: &mut dyn Iterator<Item = &(Vec<u8>, Stamp)>| {
            let mut state = State::default();
            order.for_each(|(key, stamp)| state.add(key, stamp));
            state
        };
        let all = sum(&mut records.iter());
        assert_eq!(sum(&mut records.iter().rev()), all);
        let mut without = all;
        without.remove(&records[7].0, &records[7].1);
        assert_ne!(without, all);
        assert_eq!(sum(&mut records.iter().filter(|(key, _)| key != &[7])), without);
        without.add(&[7], &stamp(8));
        assert_ne!(without, all);
        for (key, stamp) in &records {
            let mut rest = all;
            rest.remove(key, stamp);
            rest.add(key, stamp);
            assert_eq!(rest, all);
        }
    }
}
