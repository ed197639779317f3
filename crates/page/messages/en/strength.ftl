# How strong a passphrase is, while it is being chosen. The names are those that freehold_keystore::Strength gives.

## The score in a word

strength-score-0 = Guessed at once
strength-score-1 = Very weak
strength-score-2 = Weak
strength-score-3 = Good
strength-score-4 = Very good

## How long guessing takes for somebody who has stolen the key file

strength-time-instant = Guessed in less than a second
strength-time-seconds = Guessed in { $count ->
    [one] a second
   *[other] { $count } seconds
}
strength-time-minutes = Guessed in about { $count ->
    [one] a minute
   *[other] { $count } minutes
}
strength-time-hours = Guessed in about { $count ->
    [one] an hour
   *[other] { $count } hours
}
strength-time-days = Guessed in about { $count ->
    [one] a day
   *[other] { $count } days
}
strength-time-years = Guessed in about { $count ->
    [one] a year
   *[other] { $count } years
}
strength-time-centuries = Guessed in centuries

## What makes it easy to guess

strength-warning-row-of-keys = A row of keys is easy to guess.
strength-warning-keyboard-pattern = A short pattern on the keyboard is easy to guess.
strength-warning-repeated-letter = Repeats such as “aaa” are easy to guess.
strength-warning-repeated-group = Repeats such as “abcabc” are hardly better than “abc”.
strength-warning-top-10 = This is one of the ten most used passwords.
strength-warning-top-100 = This is one of the hundred most used passwords.
strength-warning-common = Many people use this password.
strength-warning-like-common = This is much like a password that many people use.
strength-warning-sequence = Sequences such as “abc” or “6543” are easy to guess.
strength-warning-recent-year = Recent years are easy to guess.
strength-warning-single-word = A single word is easy to guess.
strength-warning-date = Dates are easy to guess.
strength-warning-single-name = A name alone is easy to guess.
strength-warning-name = Common names are easy to guess.

## What would make it better

strength-advice-a-few-words = Take four words or more that have nothing to do with each other.
strength-advice-no-symbols-needed = Digits, symbols and capital letters are not needed.
strength-advice-another-word = Add a word or two. Rare words are better.
strength-advice-capital-letter = A capital letter at the start hardly helps.
strength-advice-all-capitals = All capitals are as easy to guess as small letters.
strength-advice-reversed = A word spelt backwards is hardly harder to guess.
strength-advice-substitutions = Replacing letters, such as “@” for “a”, hardly helps.
strength-advice-longer-pattern = Take words, or a longer pattern on the keyboard with more turns.
strength-advice-repeats = Avoid repeated words and letters.
strength-advice-sequences = Avoid sequences.
strength-advice-recent-years = Avoid recent years.
strength-advice-own-years = Avoid years that have to do with you.
strength-advice-own-dates = Avoid dates and years that have to do with you.
