//! What holds a key wipes it when it is dropped. That is a matter of types: a field that does not wipe what it holds would keep
//! the derive of `ZeroizeOnDrop` from compiling, and a type without it this test.

use freehold_keystore::{Passphrase, Seed};
use freehold_protocol::identity::SigningKey;
use zeroize::{ZeroizeOnDrop, Zeroizing};

fn is_wiped<T: ZeroizeOnDrop>() {}

/// The same for a value whose type is not named.
fn is_wiped_value<T: ZeroizeOnDrop>(_: &T) {}

#[test]
fn whatever_holds_a_seed_a_passphrase_or_a_derived_key_wipes_it_when_it_is_dropped() {
    is_wiped::<Seed>();
    is_wiped::<Passphrase>();
    is_wiped::<SigningKey>();
    is_wiped::<Zeroizing<String>>();
    let seed = Seed::generate().expect("entropy");
    is_wiped_value(&seed.words());
    is_wiped_value(&seed.vault_key());
    is_wiped_value(&seed.vault_signing_key().danger_seed());
}
