# Was die Seite des Menschen sagt. Was in Klammern steht, setzt das Programm ein.

## Der Rahmen

skip = Zum Inhalt springen
pages = Seiten
home = Übersicht
data = Meine Daten
companies = Firmen
requests = Anfragen
activity = Verlauf
settings = Einstellungen
signed-in = Sie sind angemeldet
sign-out = Abmelden
sign-out-everywhere = Überall abmelden
further-pages = Weitere Seiten
first-page = Zurück an den Anfang
next-page = Weiter
to-the-beginning = Zum Anfang
not-done = Das ging nicht
save = Speichern
cancel = Abbrechen
continue = Weiter
edit = Bearbeiten
edit-what = Bearbeiten: { $what }
look = Ansehen
all = Alle
answer = Antworten
since = Seit
until = bis
value = Wert
field = Feld
company = Firma
purpose = Zweck
source = Woher
where = Wo
stands = Stand
nobody = niemand

## Zeitspannen

span-seconds = { $count ->
    [one] eine Sekunde
   *[other] { $count } Sekunden
}
span-minutes = { $count ->
    [one] eine Minute
   *[other] { $count } Minuten
}
span-hours = { $count ->
    [one] eine Stunde
   *[other] { $count } Stunden
}
span-days = { $count ->
    [one] ein Tag
   *[other] { $count } Tage
}
span-weeks = { $count ->
    [one] eine Woche
   *[other] { $count } Wochen
}
span-months = { $count ->
    [one] ein Monat
   *[other] { $count } Monate
}
span-years = { $count ->
    [one] ein Jahr
   *[other] { $count } Jahre
}
ago = vor dieser Zeit: { $span }

## Anmelden

sign-in = Anmelden
sign-in-lead = Hier liegen Ihre Daten. Öffnen können nur Sie.
sign-in-new = Hier ist noch nichts. Öffnen Sie den Link, den das Programm beim Start ausgegeben hat: Damit richten Sie alles ein.
sign-in-other = Auf dem Rechner selbst bekommen Sie auch einen Link mit
unlock = Aufschließen
unlock-lead = Ihre Daten sind verschlossen. Ihre Passphrase öffnet sie, und bis dahin geht nichts an irgendwen.
passphrase = Passphrase
wrong-passphrase = Die Passphrase ist falsch. Versuchen Sie es noch einmal.
too-many-attempts = Das waren zu viele Versuche. Versuchen Sie es in { $count } Sekunden wieder.
welcome = Willkommen
link-lead = Sie haben den Link geöffnet, den das Programm ausgegeben hat, also haben Sie es gestartet.
link-home = Die Daten liegen in
link-go = Weiter
link-used = Der Link wurde schon benutzt oder ist älter als eine Stunde.

## Einrichten

set-up-step = Schritt { $step } von { $of }
set-up-title = Wählen Sie eine Passphrase
set-up-lead = Sie verschließt alles, was Sie hier aufheben. Niemand kann sie für Sie zurücksetzen. Wählen Sie also eine, die Sie behalten und niemand errät: Vier oder fünf Wörter, die nichts miteinander zu tun haben, sind gut.
set-up-make = Mein Zuhause anlegen
set-up-have-words = Ich hatte schon eines und habe die 24 Wörter
passphrase-new = Passphrase
passphrase-again = Noch einmal dieselbe
passphrase-note = Mindestens acht Zeichen. Länger ist besser als ausgefallener.
passphrases-differ = Die beiden Passphrasen sind nicht gleich.
words-title = Schreiben Sie diese 24 Wörter auf
words-lead = Sie sind der Schlüssel zu allem, was Sie hier aufheben. Mit ihnen und einer Sicherung kommt Ihr Zuhause auf jedem Rechner zurück.
words-paper = Schreiben Sie sie in dieser Reihenfolge auf Papier, und bewahren Sie es dort auf, wo Sie Wichtiges aufbewahren.
words-nobody = Zeigen Sie sie niemandem. Wer sie hat, hat alles; wer Ihnen hilft, braucht sie nicht.
words-lost = Ohne sie und ohne die Passphrase kann niemand Ihre Daten wieder öffnen, auch wir nicht.
words-written = Ich habe sie aufgeschrieben
words-show = Wörter zeigen
confirm-title = Drei der Wörter
confirm-lead = Damit Sie wissen, dass Ihr Zettel stimmt.
confirm-word = Wort Nummer { $number }
confirm-wrong = Das passt nicht. Sehen Sie noch einmal auf Ihren Zettel.
confirm-again = Die Wörter noch einmal zeigen
name-title = Geben Sie ihm einen Namen
name-lead = Sie sehen ihn oben auf diesen Seiten, sonst sieht ihn niemand.
name-label = Name Ihres Zuhauses
name-example = Adas Daten
language = Sprache
language-browser = Wie der Browser es wünscht
restore-title = Ein Zuhause zurückholen
restore-lead = Mit den 24 Wörtern und dem Ordner einer Sicherung kommt alles zurück, wie es in jenem Augenblick war. Es geht nichts an irgendwen, bevor Sie es sagen.
restore-words = Die 24 Wörter, der Reihe nach
restore-folder = Ordner mit der Sicherung
restore-folder-note = Auf dem Rechner, auf dem Freehold läuft. Lassen Sie ihn leer, wenn Sie nur die Wörter haben: Dann kommen die Schlüssel zurück und Ihre Daten nicht.
restore-go = Zurückholen
restore-back = Ich habe noch keine Wörter

## Übersicht

needs-you = Was Sie jetzt braucht
needs-nothing = Im Augenblick braucht Sie nichts.
lately = Was zuletzt geschah
lately-nothing = Es ist noch nichts geschehen.
all-activity = Alles, was geschah
need-data = Von Ihren Daten ist noch nichts hier.
need-data-why = Holen Sie Ihre Kontaktkarte herein, oder schreiben Sie auf, was Sie einer Firma sagen würden.
write-yourself = Selbst schreiben
need-words = Sie haben Ihre 24 Wörter noch nicht bestätigt.
need-words-why = Ohne sie ist eine kaputte Platte das Ende Ihrer Daten.
need-request = { $company } bittet Sie um etwas.
need-silent = { $company } schweigt, seit Sie „Schluss“ gesagt haben ({ $span }).
need-silent-why = Die Firma sollte löschen, was sie hatte, und hat nicht geantwortet. Sie können sich bei ihr oder bei einer Datenschutzbehörde beschweren; die Belege stehen auf ihrer Seite.
need-failed = Bei { $company } ist etwas nicht angekommen.
need-unreached = Die Firma war nicht zu erreichen.
need-held = An { $company } geht nichts.
need-held-why = Ihr Zuhause wurde aus einer Sicherung zurückgeholt und fragt deshalb zuerst, was diese Firma inzwischen bekommen hat. Bevor Sie weitermachen, geht nichts an sie.
need-kept = { $count ->
    [one] Mit einer Nachricht von { $company } war nichts anzufangen.
   *[other] Mit { $count } Nachrichten von { $company } war nichts anzufangen.
}
need-backup-none = Es gibt noch keine Sicherung.
need-backup-old = Alter der letzten Sicherung: { $age }.
need-backup-failed = Die letzte Sicherung ist misslungen.
need-backup-why = Eine Sicherung kommt in einen Ordner von Ihnen, etwa auf einer anderen Platte, und öffnet sich nur mit Ihren 24 Wörtern.

## Meine Daten

data-lead = Was Sie hier schreiben, gehört Ihnen. Eine Firma sieht ein Feld nur, wenn Sie dem zugestimmt haben.
data-none = Hier steht nichts.
data-add = Etwas hinzufügen
facets = Arten von Daten
seen-by-nobody = Das sieht sonst niemand
seen-by = Das sehen: { $companies }
seen-by-many = Das sehen { $count } Firmen
sensitive = heikel
save-note = Firmen, die ein Feld sehen dürfen, bekommen den neuen Wert. Bevor etwas hinausgeht, sehen Sie, welche das sind.
hint-phone = +49 30 1234567
hint-date = 1990-01-31 oder --01-31
hint-language = de oder de-CH
hint-timezone = Europe/Berlin
hint-uri = https://…
kept-as = Wird aufgehoben als { $value }
value-not-taken = Dieser Wert wird nicht angenommen.
form-wrong = Etwas stimmt noch nicht: siehe unten.
removed = entfernt
field-now = Jetzt
field-empty = Hier steht nichts.
field-who = Wer es sehen kann, und wofür
field-history = Was es vorher war
field-no-history = Hier stand noch nie etwas.
field-erase = Mit allem löschen, was hier je stand
undo = Zurück dazu
undo-this = Wieder diesen nehmen
undo-to = Wieder Fassung { $number } nehmen
current = jetzt
erase-title = Löschen: { $field }
erase-lead = Der Wert und alles, was er vorher war, werden hier vernichtet und sind nicht zurückzuholen. Firmen, die das Feld sehen dürfen, erfahren, dass es jetzt leer ist.
erase-go = Endgültig löschen
preview-title = Wer es bekommt
preview-lead = { $count ->
    [one] Eine Firma darf sehen, was Sie ändern, und bekommt den neuen Wert.
   *[other] { $count } Firmen dürfen sehen, was Sie ändern, und bekommen die neuen Werte.
}
preview-new = Was neu ist
preview-who = Wer was bekommt
preview-go = { $count ->
    [one] Speichern und dieser Firma sagen
   *[other] Speichern und allen { $count } sagen
}
change-title = Ihre Änderung unterwegs
change-done = { $done } von { $all } übernommen
change-progress = Wie viel davon übernommen ist
change-nobody = Keine Firma sieht, was Sie geändert haben.
change-note = „Übernommen“ heißt, dass das eigene System der Firma es bestätigt hat, nachdem es wieder ausgelesen wurde. Sie können diese Seite schließen: Es geht von selbst weiter.

## Hinein und hinaus

import = Karte einlesen
import-title = Eine Karte einlesen
import-lead = Ihr Telefon oder Mailprogramm kann Ihren Kontakt als Datei ausgeben. Sie sehen, was darin steht, bevor etwas geschrieben wird.
import-file = Datei mit der Karte (vCard oder JSContact)
import-file-note = Sie können die Datei auch hierher ziehen.
import-no-file = Wählen Sie zuerst eine Datei; sie darf höchstens 8 MB haben.
import-country = Land der Telefonnummern, die keines nennen
import-country-note = Damit aus 030 1234567 eine Nummer wird, die überall gilt.
import-look = Nachsehen, was darin ist
import-skip = Nicht jetzt
import-preview = Was in der Karte steht
import-count = { $count ->
    [0] Alles daraus steht schon hier.
    [one] Ein Feld ist neu oder anders.
   *[other] { $count } Felder sind neu oder anders.
}
import-fields = Felder
import-kept = Anderes darin
import-kept-note = Dafür gibt es kein eigenes Feld; es wird aufgehoben, und keine Firma fragt danach.
import-skipped = Nicht übernommen
import-new = In der Karte
import-now = Jetzt hier
import-same = dasselbe
import-go = Aufschreiben
carddav-instead = Oder aus einem Adressbuch auf einem Server nehmen (CardDAV)
carddav-title = Adressbuch auf einem Server
carddav-lead = Nextcloud, iCloud, Fastmail, Radicale und viele andere führen Adressbücher, die CardDAV sprechen. Ihre Karte wird dort einmal gelesen; geschrieben wird dort nichts.
carddav-url = Adresse des Servers
carddav-user = Ihr Name dort
carddav-password = Ihr Passwort dort
carddav-password-note = Es geht nur an diesen Server und wird nicht aufgehoben. Viele Server wollen ein Passwort, das für ein Programm gemacht ist.
carddav-go = Nach den Karten sehen
carddav-empty = In den Adressbüchern dort ist keine Karte.
carddav-choose = Welche Karte ist Ihre?
carddav-count = { $count ->
    [one] Es ist eine Karte da.
   *[other] Es sind { $count } Karten da.
}
carddav-yours = Ihre Karte
export-vcard = Als vCard ausgeben
export-jscontact = Als JSContact ausgeben

## Firmen

companies-lead = Alle, mit denen Sie etwas vereinbart haben.
companies-none = Es gibt noch keine Firma. Eine Firma gibt Ihnen einen Link oder einen Code; damit fangen Sie an.
connected = verbunden
away = nicht verbunden
sees-count = { $count ->
    [0] sieht nichts von Ihnen
    [one] sieht ein Feld von Ihnen
   *[other] sieht { $count } Felder von Ihnen
}
company-connected = Gerade verbunden.
company-away = Gerade nicht verbunden: Es geht hinaus, sobald die Firma da ist.
company-who = Wer das ist
checked-domain = Wer über die Domain { $domain } bestimmt, bürgt für den Schlüssel.
checked-link = Der Schlüssel kam mit dem Link, dem Sie gefolgt sind. Sonst bürgt niemand dafür: Es kommt darauf an, wer Ihnen den Link gegeben hat.
last-connected = zuletzt da:
known-since = bekannt seit
company-waiting = { $count ->
    [one] Eine Nachricht wartet auf die Firma.
   *[other] { $count } Nachrichten warten auf die Firma.
}
company-sees = Was sie sehen darf
company-sees-nothing = Nichts.
company-has = Was sie davon hat
company-asked = Worum sie gebeten hat
company-ended = Was Sie beendet haben
company-story = Die ganze Geschichte
company-keys = Schlüssel
company-keys-why = Sie haben für jede Firma einen eigenen Schlüssel. Daran können zwei Firmen nicht erkennen, dass Sie dieselbe Person sind. Wenn Sie meinen, dass jemand ihn hat, wechseln Sie ihn: Die Vereinbarungen bleiben.
company-did = Kennung der Firma
your-did = Ihre bei ihr
rotate = Meinen Schlüssel wechseln
for-what = Wofür
stop = Schluss
stop-this = Damit Schluss
stop-field = Schluss mit: { $field }
stop-all = Mit allem Schluss
agreed-on = vereinbart am
countersigned = von beiden unterschrieben
agreement-download = Vereinbarung mit beiden Unterschriften
request = Anfrage
answer-was = Ihre Antwort
not-given = Erbeten und nicht gegeben
stopped-on = Beendet am
receipt-there = Die Firma hat eine Quittung unterschrieben.
receipt-missing = Es gibt noch keine Quittung.
receipt-delivered = Ihr Wort ist angekommen.
receipt-undelivered = Ihr Wort ist noch nicht angekommen; es geht hinaus, sobald die Firma zu erreichen ist.
receipt-silent = Die Firma schweigt seither ({ $span }).
held-title = Zurückgehalten
held-suspected = Die Firma ist noch nicht gefragt, was sie hat.
held-asked = Die Firma wurde gefragt, was sie hat, und hat noch nicht geantwortet.
held-ready = Die Firma hat geantwortet: Sie können weitermachen.
held-missed = { $count ->
    [0] Nach der Sicherung ist nichts geschehen.
    [one] Eine Nachricht von Ihnen ist neuer als die Sicherung.
   *[other] { $count } Nachrichten von Ihnen sind neuer als die Sicherung.
}
held-unknown = die Firma hat nicht gesagt, dass sie das hat
held-ask = Fragen, was sie hat
held-go = Mit ihr weitermachen
revoke-title = Schluss mit { $company }
revoke-what = Das endet:
revoke-now = Von diesem Augenblick an bekommt { $company } nichts mehr davon. Das hängt nicht von ihr ab.
revoke-asked = { $company } wird aufgefordert, es zu löschen und zu unterschreiben, was sie gelöscht hat und was ein Gesetz sie aufheben lässt.
revoke-truth = Ein Ende wirkt für die Zukunft. Was jemand gesehen hat, lässt sich nicht ungesehen machen, und ob er es löscht, ist seine Sache; Sie haben seine Unterschrift darauf oder sein Schweigen.
revoke-go = Jetzt Schluss
picture-holds = Wer welche Art von Daten sieht

## Anfragen

requests-lead = Was Firmen gern wüssten, und was Sie geantwortet haben.
requests-none = Niemand wartet auf eine Antwort.
requests-answered = Beantwortet
request-from = Von { $company }
request-required = Was sie verlangen
request-required-none = Nichts.
request-optional = Was Sie außerdem geben können
request-optional-note = Kreuzen Sie an, was Sie geben wollen. Die Vereinbarung hängt nicht davon ab.
request-terms = Unter welchen Bedingungen
request-answer = Ihre Antwort
request-until = Die Vereinbarung endet von selbst am
request-until-note = Lassen Sie es leer, wenn sie gelten soll, bis Sie Schluss sagen.
term-basis = Rechtsgrundlage
term-mode = Wie oft
term-kept = Wie lange sie es aufheben
kept-for = { $span }, gerechnet ab: { $after }
term-others = Wer es noch bekommt
term-policy = Ihre Datenschutzerklärung
would-go = Sie bekämen:
you-have-none = Hier steht nichts, also ginge nichts hinaus.
missing = Sie verlangen das, und es steht noch nicht hier:
they-say = Ihr Grund:
warn-sensitive = Das ist heikel. Geben Sie es nur, wenn Sie wissen, warum die Firma es haben muss.
warn-sale = Das soll verkauft oder gegen Geld weitergegeben werden. Deshalb ist es nicht angekreuzt.
sale-required = Diese Firma macht zur Bedingung, dass Ihre Daten verkauft oder gegen Geld weitergegeben werden. Nichts verpflichtet Sie dazu.
sale-agreed = Ich weiß, dass meine Daten verkauft werden, und stimme dem zu
sale-refused = Zu der Anfrage gehört der Verkauf Ihrer Daten, und der wird abgelehnt, wenn Sie ihm nicht ausdrücklich zustimmen.
approve = Zustimmen
decline = Ablehnen
decline-reason = Warum nicht (wenn Sie es sagen wollen)
decline-note = { $company } bekommt das zu lesen.
connect = Mit einer Firma verbinden
connect-lead = Eine Firma lädt Sie mit einem Link ein oder mit einem Code zum Fotografieren. Ihm zu folgen gibt ihr noch nichts: Sie sehen zuerst, worum sie bittet.
connect-link = Der Link
connect-picture = Oder ein Bild des Codes
connect-picture-note = Ein Foto oder Bildschirmfoto. Es wird auf diesem Rechner gelesen und nicht aufgehoben.
connect-go = Der Einladung folgen
connect-note = Die Firma erfährt, dass jemand ihrem Link gefolgt ist, und die Netzadresse dieses Rechners.
connect-empty = Fügen Sie einen Link ein, oder wählen Sie ein Bild.
picture-no-code = In dem Bild ist ein Code, aber keine Einladung einer Firma.
picture-unreadable = In dem Bild ist kein Code zu lesen. Gehen Sie näher heran, halten Sie still, und sorgen Sie für Licht.
camera-start = Kamera benutzen
camera-view = Was die Kamera sieht
camera-found = Der Code ist gelesen: Folgen Sie unten der Einladung.
camera-failed = Die Kamera geht nicht. Fügen Sie den Link ein, oder wählen Sie ein Bild.

## Verlauf

activity-lead = Alles, was dieses Zuhause verlassen hat, wer darum bat, und was Sie vereinbart und beendet haben. Nichts fehlt, und kein Wert steht darin.
activity-log = Was geschah
activity-none = So etwas ist nicht geschehen.
activity-check = Fehlt etwas?
activity-check-why = Jede Zeile trägt die Prüfsumme der vorigen. So lässt sich keine später unbemerkt ändern oder herausschneiden.
activity-verify = Jede Zeile prüfen
activity-whole = Alle { $count } Zeilen sind, wie sie geschrieben wurden.
activity-broken = Eine Zeile passt nicht:
filter = Filtern
what-happened = Was geschah
from-day = Von
to-day = Bis
picture-time = Wer wie viel liest
picture-time-label = Balken für die letzten { $days } Tage; die Tabelle darunter sagt dasselbe
picture-caption = In den letzten { $days } Tagen
picture-most = höchstens { $count } am Tag
picture-times = Wie oft
picture-none = In den letzten 30 Tagen hat niemand etwas bekommen oder gelesen.

## Einstellungen

settings-look = Diese Seiten
appearance = Aussehen
appearance-auto = Wie das Gerät
appearance-light = Hell
appearance-dark = Dunkel
settings-backup = Sicherung
settings-backup-why = Eine Kopie von allem hier, verschlüsselt, in einem Ordner von Ihnen. Ihre 24 Wörter öffnen sie.
backup-last = Die letzte
backup-current = seither hat sich nichts geändert
backup-none = Es gibt noch keine.
backup-now = Jetzt eine anlegen
backup-folder = Ordner
backup-folder-note = Auf dem Rechner, auf dem Freehold läuft; am besten auf einer anderen Platte.
backup-go = Jetzt sichern
backup-schedule = Von selbst
backup-every = Wie oft
backup-never = Nie
every-1 = Jede Stunde
every-6 = Alle sechs Stunden
every-24 = Jeden Tag
every-168 = Jede Woche
settings-words = Ihre 24 Wörter
settings-words-why = Mit ihnen lässt sich alles zurückholen, und wer sie hat, hat alles. Um sie zu sehen, brauchen Sie Ihre Passphrase.
settings-keys = Schlüssel
settings-keys-why = Sie haben für jede Firma einen eigenen Schlüssel. Wenn dieser Rechner verloren war oder andere an ihm waren, wechseln Sie alle; die Vereinbarungen bleiben.
rotate-all = Alle meine Schlüssel wechseln
settings-sessions = Wo Sie angemeldet sind
settings-sessions-why = Eine Anmeldung endet nach 45 Minuten ohne Gebrauch und in jedem Fall nach 12 Stunden.
session-begun = Angemeldet
session-seen = Zuletzt benutzt
session-this = diese hier
session-end = Dort abmelden
about = Über
about-text = Ihre Daten zu Hause, unterschrieben; jede Firma bekommt genau die Felder, denen Sie zugestimmt haben, bis Sie Schluss sagen.
about-version = Programm
about-home = Liegt in
about-holds = Enthält
about-count = { $fields } Felder, { $companies } Firmen
about-address = Was kein Programm verbergen kann: Eine Firma sieht die Netzadresse, von der Sie sich verbinden. Zwei Firmen, die sich absprechen, könnten daran erkennen, dass Sie derselbe Haushalt sind.

## Was das letzte Formular bewirkt hat

told-saved = Gespeichert.
told-unchanged = Es war nichts anders, also ging nichts hinaus.
told-erased = Gelöscht.
told-imported = Die Karte ist aufgeschrieben.
told-restored = Ihr Zuhause ist zurück. Es geht nichts an irgendwen, bevor Sie mit ihm weitermachen.
told-approved = Vereinbart. Die Firma bekommt, was Sie gegeben haben, sobald sie verbunden ist.
told-declined = Abgelehnt.
told-connected = Verbunden. Darum bittet die Firma.
told-revoked = Beendet. Es geht nichts mehr hin.
told-resumed = Es geht weiter.
told-rotated = Neue Schlüssel sind zu den Firmen unterwegs.
told-backed-up = Die Sicherung ist angelegt.
told-session-ended = Dort abgemeldet.

## Wie etwas steht

state-open = offen
state-granted = vereinbart
state-declined = nicht gegeben
state-offered = wartet auf die andere Unterschrift
state-standing = gilt
state-used = einmal benutzt
state-revoked = beendet
state-refused = von der Firma abgelehnt
state-expired = abgelaufen
state-pending = wartet
state-sent = abgeschickt
state-stored = auf ihrer Platte
state-applied = übernommen
state-conflict = passt nicht zu dem, was sie hat
state-duplicate = sie hat Sie doppelt
state-connected = verbunden
state-erased = gelöscht
state-restricted = gesperrt
state-kept = behalten
mode-once = einmal
mode-continuous = solange die Vereinbarung gilt
boolean-true = ja
boolean-false = nein
source-cli = Befehlszeile
source-page = diese Seite
source-undo = zurückgenommen
source-import = Karte
source-script = Skript

did-requested = Gefragt
did-declined = Abgelehnt
did-granted = Vereinbart
did-released = Gesendet
did-read = Direkt gelesen
did-denied = Verweigert
did-revoked = Beendet
did-erased = Löschquittung
did-rotated = Schlüssel gewechselt
did-message-sent = Nachricht gesendet
did-message-received = Nachricht bekommen

event-requested = { $company } bat um: { $fields }
event-declined = Sie lehnten ab, worum { $company } bat: { $fields }
event-granted = Sie vereinbarten mit { $company }: { $fields }
event-released = An { $company } ging: { $fields }
event-read = { $company } las direkt: { $fields } ({ $purpose })
event-denied = { $company } wurde verweigert: { $fields } ({ $code })
event-revoked = Sie beendeten mit { $company }: { $fields }
event-erased = { $company } unterschrieb, was gelöscht ist: { $fields }
event-rotated = Ihr Schlüssel bei { $company } wurde gewechselt
event-message-sent = Sie schickten { $company } eine Nachricht ({ $message })
event-message-received = { $company } schickte eine Nachricht ({ $message })

## Gruppen von Feldern und ihre Teile

group-address-home = Adresse zu Hause
group-address-delivery = Lieferadresse
group-address-billing = Rechnungsadresse
group-address-work = Adresse bei der Arbeit
part-street = Straße und Hausnummer
part-extra = Stockwerk, Wohnung, c/o
part-locality = Ort
part-region = Land oder Region
part-postalCode = Postleitzahl
part-country = Staat
part-poBox = Postfach


## Warum etwas nicht ging, nach den Codes des Programms

error-not-found = Unter dieser Adresse gibt es nichts.
error-form-token = Das Formular gehört zu einer anderen Anmeldung. Gehen Sie zurück, laden Sie die Seite neu, und versuchen Sie es noch einmal.
error-bad-request = Das Formular ist nicht zu lesen: Es ist zu lang oder kam nicht ganz an.
error-wrong-words = Die Wörter öffnen das nicht: Vergleichen Sie jedes mit Ihrem Zettel, und die Reihenfolge.
error-wrong-passphrase = Die Passphrase ist falsch. Versuchen Sie es noch einmal.
error-disk-full = Die Platte ist voll. Schaffen Sie Platz, und versuchen Sie es noch einmal.
