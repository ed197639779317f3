# Wie stark eine Passphrase ist, während sie gewählt wird. Die Namen sind die, die freehold_keystore::Strength nennt.

## Die Bewertung in einem Wort

strength-score-0 = Sofort erraten
strength-score-1 = Sehr schwach
strength-score-2 = Schwach
strength-score-3 = Gut
strength-score-4 = Sehr gut

## Wie lange jemand raten muss, der die Schlüsseldatei gestohlen hat

strength-time-instant = In weniger als einer Sekunde erraten
strength-time-seconds = In { $count ->
    [one] einer Sekunde
   *[other] { $count } Sekunden
} erraten
strength-time-minutes = In etwa { $count ->
    [one] einer Minute
   *[other] { $count } Minuten
} erraten
strength-time-hours = In etwa { $count ->
    [one] einer Stunde
   *[other] { $count } Stunden
} erraten
strength-time-days = In etwa { $count ->
    [one] einem Tag
   *[other] { $count } Tagen
} erraten
strength-time-years = In etwa { $count ->
    [one] einem Jahr
   *[other] { $count } Jahren
} erraten
strength-time-centuries = Erst in Jahrhunderten erraten

## Was sie leicht zu erraten macht

strength-warning-row-of-keys = Eine Reihe von Tasten ist leicht zu erraten.
strength-warning-keyboard-pattern = Ein kurzes Muster auf der Tastatur ist leicht zu erraten.
strength-warning-repeated-letter = Wiederholungen wie „aaa“ sind leicht zu erraten.
strength-warning-repeated-group = Wiederholungen wie „abcabc“ sind kaum besser als „abc“.
strength-warning-top-10 = Dies ist eines der zehn häufigsten Passwörter.
strength-warning-top-100 = Dies ist eines der hundert häufigsten Passwörter.
strength-warning-common = Viele Menschen verwenden dieses Passwort.
strength-warning-like-common = Dies ähnelt einem Passwort, das viele Menschen verwenden.
strength-warning-sequence = Folgen wie „abc“ oder „6543“ sind leicht zu erraten.
strength-warning-recent-year = Jahreszahlen aus jüngerer Zeit sind leicht zu erraten.
strength-warning-single-word = Ein einzelnes Wort ist leicht zu erraten.
strength-warning-date = Ein Datum ist leicht zu erraten.
strength-warning-single-name = Ein Name allein ist leicht zu erraten.
strength-warning-name = Häufige Namen sind leicht zu erraten.

## Was sie besser machen würde

strength-advice-a-few-words = Nehmen Sie vier oder mehr Wörter, die nichts miteinander zu tun haben.
strength-advice-no-symbols-needed = Ziffern, Sonderzeichen und Großbuchstaben sind nicht nötig.
strength-advice-another-word = Fügen Sie ein oder zwei Wörter hinzu. Seltene Wörter sind besser.
strength-advice-capital-letter = Ein Großbuchstabe am Anfang hilft kaum.
strength-advice-all-capitals = Nur Großbuchstaben sind so leicht zu erraten wie nur Kleinbuchstaben.
strength-advice-reversed = Ein rückwärts geschriebenes Wort ist kaum schwerer zu erraten.
strength-advice-substitutions = Ersetzte Buchstaben, etwa „@“ für „a“, helfen kaum.
strength-advice-longer-pattern = Nehmen Sie Wörter oder ein längeres Muster auf der Tastatur mit mehr Richtungswechseln.
strength-advice-repeats = Vermeiden Sie Wiederholungen von Wörtern und Buchstaben.
strength-advice-sequences = Vermeiden Sie Folgen.
strength-advice-recent-years = Vermeiden Sie Jahreszahlen aus jüngerer Zeit.
strength-advice-own-years = Vermeiden Sie Jahreszahlen, die mit Ihnen zu tun haben.
strength-advice-own-dates = Vermeiden Sie Daten und Jahreszahlen, die mit Ihnen zu tun haben.
