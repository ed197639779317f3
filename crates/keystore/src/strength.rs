//! How long a passphrase would stand against guessing.

use zxcvbn::feedback::{Suggestion, Warning};

/// Characters that are judged; more make no passphrase weaker, and the work grows with them.
const CHARS_MAX: usize = 64;

/// Guesses in a second of somebody who has the key file and many machines. Argon2id as it is set up here allows fewer.
const GUESSES_PER_SECOND: u64 = 10_000;

/// What guessing a passphrase takes, as far as patterns that people use can tell.
///
/// Texts are named, not written: each name is a message of `strength.ftl` in the languages of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strength {
    /// 0 (guessed at once) to 4 (out of reach); below 3 another passphrase should be taken.
    pub score: u8,
    /// How long guessing takes in the mean, with the key file at hand.
    pub crack_seconds: u64,
    /// What makes it easy to guess.
    pub warning: Option<&'static str>,
    /// What would make it better.
    pub advice: Vec<&'static str>,
}

impl Strength {
    /// Judges a passphrase. `own` are words that somebody who knows the person tries first, such as the node's name.
    ///
    /// Patterns are looked up in memory of the library that is not wiped: call it where the passphrase is set, not where a home
    /// is opened.
    #[must_use]
    pub fn of(passphrase: &str, own: &[&str]) -> Self {
        let end = passphrase.char_indices().nth(CHARS_MAX).map_or(passphrase.len(), |(at, _)| at);
        let judged = zxcvbn::zxcvbn(&passphrase[..end], own);
        let feedback = judged.feedback();
        let advice = feedback.map(|it| it.suggestions().iter().copied().map(advice).collect());
        Self {
            score: u8::from(judged.score()),
            crack_seconds: judged.guesses() / GUESSES_PER_SECOND,
            warning: feedback.and_then(|it| it.warning()).map(warning),
            advice: advice.unwrap_or_default(),
        }
    }

    /// The message that says the score in a word.
    #[must_use]
    pub fn score_message(&self) -> &'static str {
        ["strength-score-0", "strength-score-1", "strength-score-2", "strength-score-3", "strength-score-4"]
            [usize::from(self.score.min(4))]
    }

    /// The message that says the time, and how many of its units: `strength-time-hours` takes it as `$count`.
    #[must_use]
    pub fn time_message(&self) -> (&'static str, u64) {
        const MINUTE: u64 = 60;
        const HOUR: u64 = 60 * MINUTE;
        const DAY: u64 = 24 * HOUR;
        const YEAR: u64 = 365 * DAY;
        match self.crack_seconds {
            0 => ("strength-time-instant", 0),
            seconds if seconds < MINUTE => ("strength-time-seconds", seconds),
            seconds if seconds < HOUR => ("strength-time-minutes", seconds / MINUTE),
            seconds if seconds < DAY => ("strength-time-hours", seconds / HOUR),
            seconds if seconds < YEAR => ("strength-time-days", seconds / DAY),
            seconds if seconds < 100 * YEAR => ("strength-time-years", seconds / YEAR),
            _ => ("strength-time-centuries", 0),
        }
    }
}

fn warning(warning: Warning) -> &'static str {
    match warning {
        Warning::StraightRowsOfKeysAreEasyToGuess => "strength-warning-row-of-keys",
        Warning::ShortKeyboardPatternsAreEasyToGuess => "strength-warning-keyboard-pattern",
        Warning::RepeatsLikeAaaAreEasyToGuess => "strength-warning-repeated-letter",
        Warning::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess => "strength-warning-repeated-group",
        Warning::ThisIsATop10Password => "strength-warning-top-10",
        Warning::ThisIsATop100Password => "strength-warning-top-100",
        Warning::ThisIsACommonPassword => "strength-warning-common",
        Warning::ThisIsSimilarToACommonlyUsedPassword => "strength-warning-like-common",
        Warning::SequencesLikeAbcAreEasyToGuess => "strength-warning-sequence",
        Warning::RecentYearsAreEasyToGuess => "strength-warning-recent-year",
        Warning::AWordByItselfIsEasyToGuess => "strength-warning-single-word",
        Warning::DatesAreOftenEasyToGuess => "strength-warning-date",
        Warning::NamesAndSurnamesByThemselvesAreEasyToGuess => "strength-warning-single-name",
        Warning::CommonNamesAndSurnamesAreEasyToGuess => "strength-warning-name",
    }
}

fn advice(suggestion: Suggestion) -> &'static str {
    match suggestion {
        Suggestion::UseAFewWordsAvoidCommonPhrases => "strength-advice-a-few-words",
        Suggestion::NoNeedForSymbolsDigitsOrUppercaseLetters => "strength-advice-no-symbols-needed",
        Suggestion::AddAnotherWordOrTwo => "strength-advice-another-word",
        Suggestion::CapitalizationDoesntHelpVeryMuch => "strength-advice-capital-letter",
        Suggestion::AllUppercaseIsAlmostAsEasyToGuessAsAllLowercase => "strength-advice-all-capitals",
        Suggestion::ReversedWordsArentMuchHarderToGuess => "strength-advice-reversed",
        Suggestion::PredictableSubstitutionsDontHelpVeryMuch => "strength-advice-substitutions",
        Suggestion::UseALongerKeyboardPatternWithMoreTurns => "strength-advice-longer-pattern",
        Suggestion::AvoidRepeatedWordsAndCharacters => "strength-advice-repeats",
        Suggestion::AvoidSequences => "strength-advice-sequences",
        Suggestion::AvoidRecentYears => "strength-advice-recent-years",
        Suggestion::AvoidYearsThatAreAssociatedWithYou => "strength-advice-own-years",
        Suggestion::AvoidDatesAndYearsThatAreAssociatedWithYou => "strength-advice-own-dates",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_choose_is_weak_and_four_chance_words_are_strong() {
        let weak = Strength::of("password1", &[]);
        assert!(weak.score <= 1, "{weak:?}");
        assert!(weak.warning.is_some() && !weak.advice.is_empty());
        let strong = Strength::of("lantern quarry mosaic tundra", &[]);
        assert_eq!((strong.score, strong.warning, strong.advice.len()), (4, None, 0));
        assert!(strong.crack_seconds > weak.crack_seconds);
    }

    #[test]
    fn own_words_count_as_known() {
        let name = "zephyrine-kastanienhof";
        assert!(Strength::of(name, &[name]).score < Strength::of(name, &[]).score);
    }

    #[test]
    fn a_long_text_costs_no_more_than_its_beginning() {
        let long = "lantern quarry ".repeat(1_000_000);
        let start: String = long.chars().take(CHARS_MAX).collect();
        assert_eq!(Strength::of(&long, &[]), Strength::of(&start, &[]));
        assert_eq!(Strength::of("", &[]).score, 0);
    }

    #[test]
    fn a_time_is_said_in_its_largest_unit() {
        for (crack_seconds, expected) in [
            (0, ("strength-time-instant", 0)),
            (59, ("strength-time-seconds", 59)),
            (61, ("strength-time-minutes", 1)),
            (7_200, ("strength-time-hours", 2)),
            (400 * 86_400, ("strength-time-years", 1)),
            (u64::MAX, ("strength-time-centuries", 0)),
        ] {
            let strength = Strength { score: 0, crack_seconds, warning: None, advice: Vec::new() };
            assert_eq!(strength.time_message(), expected);
        }
    }

    /// Every message that can be named, in every language: a page would show its bare name else.
    #[test]
    fn every_named_message_is_written_in_every_language() {
        let source = include_str!("strength.rs");
        let named: Vec<&str> = source
            .split('"')
            .filter(|text| {
                text.starts_with("strength-")
                    && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-' || b.is_ascii_digit())
                    && !text.ends_with('-')
            })
            .collect();
        assert!(named.len() > 30, "{}", named.len());
        for messages in [
            include_str!("../../page/messages/en/strength.ftl"),
            include_str!("../../page/messages/de/strength.ftl"),
        ] {
            for name in &named {
                assert!(messages.lines().any(|line| line.starts_with(&format!("{name} ="))), "{name}");
            }
        }
    }
}
