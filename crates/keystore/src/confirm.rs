//! Whether the words were written down.

use subtle::{Choice, ConstantTimeEq as _};
use zeroize::Zeroizing;

use crate::seed::{EntropyError, Seed, WORDS};

/// How many words are asked for.
const ASKED: usize = 3;

/// Letters of the longest word on the list.
const LETTERS_MAX: usize = 8;

/// Three of the 24 words that a person is asked for, to see that they have them on paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirmation {
    positions: [usize; ASKED],
}

impl Confirmation {
    /// Chooses three words by chance.
    ///
    /// # Errors
    /// [`EntropyError`] if the system gives none.
    pub fn choose() -> Result<Self, EntropyError> {
        /// Bytes from here on would make the first words likelier.
        const BYTE_END: u8 = (u8::MAX as usize / WORDS * WORDS) as u8;
        let mut chosen = Vec::with_capacity(ASKED);
        while chosen.len() < ASKED {
            let mut byte = [0];
            getrandom::fill(&mut byte).map_err(|_| EntropyError)?;
            let position = usize::from(byte[0]) % WORDS + 1;
            if byte[0] < BYTE_END && !chosen.contains(&position) {
                chosen.push(position);
            }
        }
        chosen.sort_unstable();
        Ok(Self { positions: [chosen[0], chosen[1], chosen[2]] })
    }

    /// Which words, counted from 1, in their order.
    #[must_use]
    pub fn positions(&self) -> [usize; ASKED] {
        self.positions
    }

    /// Whether these are the words. The case of letters and space around them do not matter. It takes the same time whichever of
    /// them is wrong, and does not tell which.
    #[must_use]
    pub fn is_answered(&self, seed: &Seed, answers: [&str; ASKED]) -> bool {
        let words = seed.words();
        let words: Vec<&str> = words.split(' ').collect();
        let mut all = Choice::from(1);
        for (position, answer) in self.positions.into_iter().zip(answers) {
            let (answer, word) = (answer.trim(), words[position - 1]);
            all &= answer.len().ct_eq(&word.len()) & letters(answer).ct_eq(&*letters(word));
        }
        all.into()
    }
}

/// A word in lower case, as long as the longest.
fn letters(word: &str) -> Zeroizing<[u8; LETTERS_MAX]> {
    let mut letters = Zeroizing::new([0; LETTERS_MAX]);
    for (letter, byte) in letters.iter_mut().zip(word.bytes()) {
        *letter = byte.to_ascii_lowercase();
    }
    letters
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn three_different_words_are_asked_for_and_each_of_them_sometimes() {
        let mut seen = BTreeSet::new();
        for _ in 0..1_000 {
            let [a, b, c] = Confirmation::choose().expect("entropy").positions();
            assert!(1 <= a && a < b && b < c && c <= WORDS);
            seen.extend([a, b, c]);
        }
        assert_eq!(seen.len(), WORDS);
    }

    #[test]
    fn only_the_three_words_are_the_answer() {
        let seed = Seed::from_bytes(&[7; 32]).expect("32 bytes");
        let words = seed.words();
        let words: Vec<&str> = words.split(' ').collect();
        let confirmation = Confirmation { positions: [1, 12, 24] };
        let right = [words[0], words[11], words[23]];
        assert!(confirmation.is_answered(&seed, right));
        let typed = [format!(" {} ", words[0].to_uppercase()), words[11].to_owned(), words[23].to_owned()];
        assert!(confirmation.is_answered(&seed, typed.each_ref().map(String::as_str)));
        for wrong in 0..ASKED {
            for text in ["", "abandon", "abandonabandon"] {
                let mut answers = right;
                answers[wrong] = text;
                assert!(!confirmation.is_answered(&seed, answers), "{wrong}: {text}");
            }
            let longer = format!("{}\0", right[wrong]);
            let mut answers = right;
            answers[wrong] = &longer;
            assert!(!confirmation.is_answered(&seed, answers));
        }
        assert!(!confirmation.is_answered(&seed, [right[1], right[0], right[2]]), "their order counts");
    }
}
