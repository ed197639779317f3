# What the person's page says. One message a line where it can be; texts in braces are put in by the program.

## The frame

skip = Skip to the content
pages = Pages
home = Home
data = My data
companies = Companies
requests = Requests
activity = Activity
settings = Settings
signed-in = You are signed in
sign-out = Sign out
sign-out-everywhere = Sign out everywhere
further-pages = Further pages
first-page = Back to the beginning
next-page = Further
to-the-beginning = To the beginning
not-done = That was not done
save = Save
cancel = Cancel
continue = Continue
edit = Edit
edit-what = Edit: { $what }
look = Have a look
all = All
answer = Answer
since = Since
until = until
value = Value
field = Field
company = Company
purpose = Purpose
source = Where from
where = Where
stands = How it stands
nobody = nobody

## Spans of time

span-seconds = { $count ->
    [one] one second
   *[other] { $count } seconds
}
span-minutes = { $count ->
    [one] one minute
   *[other] { $count } minutes
}
span-hours = { $count ->
    [one] one hour
   *[other] { $count } hours
}
span-days = { $count ->
    [one] one day
   *[other] { $count } days
}
span-weeks = { $count ->
    [one] one week
   *[other] { $count } weeks
}
span-months = { $count ->
    [one] one month
   *[other] { $count } months
}
span-years = { $count ->
    [one] one year
   *[other] { $count } years
}
ago = { $span } ago

## Signing in

sign-in = Sign in
sign-in-lead = This is where your data lives. Only you can open it.
sign-in-new = There is nothing here yet. Open the link that the program printed when it was started: it lets you set everything up.
sign-in-other = On the machine itself you can also get a link with
unlock = Unlock
unlock-lead = Your data is locked. It opens with your passphrase, and nothing goes to anybody until then.
passphrase = Passphrase
wrong-passphrase = The passphrase is wrong. Try again.
too-many-attempts = There were too many attempts. Try again in { $count } seconds.
welcome = Welcome
link-lead = You have opened the link that the program printed, so you are the one who started it.
link-home = The data is kept in
link-go = Go on
link-used = The link was used already, or is older than an hour.

## Setting up

set-up-step = Step { $step } of { $of }
set-up-title = Choose a passphrase
set-up-lead = It locks everything that you will keep here. Nobody can reset it for you, so choose one that you will remember and nobody will guess: four or five words that have nothing to do with each other are good.
set-up-make = Make my home
set-up-have-words = I had one before, and have its 24 words
passphrase-new = Passphrase
passphrase-again = The same again
passphrase-note = Eight characters at least. Longer is better than stranger.
passphrases-differ = The two passphrases are not the same.
words-title = Write down these 24 words
words-lead = They are the key to everything you keep here. With them and a backup, your home comes back on any machine.
words-paper = Write them on paper, in this order, and keep the paper where you keep what matters.
words-nobody = Show them to nobody. Whoever has them has everything; nobody who helps you needs them.
words-lost = Without them and without the passphrase, nobody can open your data again, not even we.
words-written = I have written them down
words-show = Show the words
confirm-title = Three of the words
confirm-lead = So that you know your paper is right.
confirm-word = Word number { $number }
confirm-wrong = That does not match. Look at your paper again.
confirm-again = Show me the words again
name-title = Give it a name
name-lead = You will see it at the top of these pages. Nobody else does.
name-label = Name of your home
name-example = Ada’s data
language = Language
language-browser = As the browser asks
restore-title = Bring back a home
restore-lead = With the 24 words and the folder of a backup everything comes back as it was at that moment. Nothing is sent to anybody until you say so.
restore-words = The 24 words, in order
restore-folder = Folder with the backup
restore-folder-note = On the machine on which Freehold runs. Leave it empty if you have the words alone: then the keys come back, and your data does not.
restore-go = Bring it back
restore-back = I have no words yet

## Home

needs-you = What needs you now
needs-nothing = Nothing needs you now.
lately = What happened lately
lately-nothing = Nothing has happened yet.
all-activity = Everything that happened
need-data = There is none of your data here yet.
need-data-why = Bring in your contact card, or write down what you would tell a company.
write-yourself = Write it myself
need-words = You have not confirmed your 24 words.
need-words-why = Without them a broken disk is the end of your data.
need-request = { $company } asks you for something.
need-silent = { $company } has been silent for { $span } since you said stop.
need-silent-why = They were told to erase what they had, and have not answered. You can complain to them, or to a data protection authority; the evidence is on their page.
need-failed = Something did not arrive at { $company }.
need-unreached = They could not be reached.
need-held = Nothing is sent to { $company }.
need-held-why = Your home was brought back from a backup, so it asks first what this company has got meanwhile. Nothing is sent before you go on.
need-kept = { $count ->
    [one] A message of { $company } could not be used.
   *[other] { $count } messages of { $company } could not be used.
}
need-backup-none = There is no backup yet.
need-backup-old = The last backup is { $age } old.
need-backup-failed = The last backup failed.
need-backup-why = A backup goes into a folder of yours, such as on another disk, and opens with your 24 words alone.

## My data

data-lead = What you write here is yours. A company sees a field only if you agreed to that.
data-none = Nothing is written down here.
data-add = Add something
facets = Kinds of data
seen-by-nobody = Nobody else sees this
seen-by = { $companies } can see this
seen-by-many = { $count } companies can see this
sensitive = sensitive
save-note = Companies that may see a field get the new value. Before anything is sent you see who they are.
hint-phone = +44 20 7946 0000
hint-date = 1990-01-31 or --01-31
hint-language = en or de-CH
hint-timezone = Europe/London
hint-uri = https://…
kept-as = Is kept as { $value }
value-not-taken = This value is not taken.
form-wrong = Something is not right yet: see below.
removed = removed
field-now = Now
field-empty = Nothing is written down here.
field-who = Who can see it, and for what
field-history = What it was before
field-no-history = It never held anything.
field-erase = Erase it with all that it ever held
undo = Back to it
undo-this = Take this one again
undo-to = Take version { $number } again
current = now
erase-title = Erase: { $field }
erase-lead = The value and everything that it was before are destroyed here and cannot be brought back. Companies that may see the field are told that it is empty now.
erase-go = Erase for good
preview-title = Who gets it
preview-lead = { $count ->
    [one] One company may see what you change, and gets the new value.
   *[other] { $count } companies may see what you change, and get the new values.
}
preview-new = What is new
preview-who = Who gets what
preview-go = { $count ->
    [one] Save, and tell this company
   *[other] Save, and tell all { $count }
}
change-title = Your change on its way
change-done = { $done } of { $all } applied
change-progress = How much of it is applied
change-nobody = No company sees what you changed.
change-note = “Applied” means that the company’s own system has confirmed it, after reading it back. You may close this page: it goes on by itself.

## Import and export

import = Import a card
import-title = Import a card
import-lead = Your telephone or mail program can export your contact as a file. You see what is in it before anything is written.
import-file = File with the card (vCard or JSContact)
import-file-note = You can also drop the file here.
import-no-file = Choose a file first; it may have 8 MB at most.
import-country = Country of telephone numbers without one
import-country-note = So that 020 7946 0000 becomes a number that works everywhere.
import-look = See what is in it
import-skip = Not now
import-preview = What is in the card
import-count = { $count ->
    [0] Everything in it is written down here already.
    [one] One field is new or different.
   *[other] { $count } fields are new or different.
}
import-fields = Fields
import-kept = Other things in it
import-kept-note = They have no field of their own; they are kept, and no company asks for them.
import-skipped = Not taken
import-new = In the card
import-now = Here now
import-same = the same
import-go = Write it down
carddav-instead = Or take it from an address book on a server (CardDAV)
carddav-title = Address book on a server
carddav-lead = Nextcloud, iCloud, Fastmail, Radicale and many others keep address books that speak CardDAV. Your card is read from there once; nothing is written there.
carddav-url = Address of the server
carddav-user = Your name there
carddav-password = Your password there
carddav-password-note = It goes to that server alone and is not kept. Many servers want a password made for one program.
carddav-go = Look for the cards
carddav-empty = The address books there hold no card.
carddav-choose = Which card is yours?
carddav-count = { $count ->
    [one] There is one card.
   *[other] There are { $count } cards.
}
carddav-yours = Your card
export-vcard = Export as vCard
export-jscontact = Export as JSContact

## Companies

companies-lead = Everybody you have agreed something with.
companies-none = There is no company yet. One gives you a link or a code; with it you begin.
connected = connected
away = not connected
sees-count = { $count ->
    [0] sees nothing of you
    [one] sees one field of you
   *[other] sees { $count } fields of you
}
company-connected = Connected now.
company-away = Not connected just now: it is sent as soon as they are.
company-who = Who they are
checked-domain = Whoever controls the domain { $domain } vouches for their key.
checked-link = Their key came with the link that you followed. Nobody else vouches for it: what matters is who gave you the link.
last-connected = last seen
known-since = known since
company-waiting = { $count ->
    [one] One message waits for them.
   *[other] { $count } messages wait for them.
}
company-sees = What they may see
company-sees-nothing = Nothing.
company-has = What they have of it
company-asked = What they asked for
company-ended = What you have stopped
company-story = The whole story
company-keys = Keys
company-keys-why = You have a key of your own with each company, so that two of them cannot tell by it that you are the same person. If you think that somebody has got it, change it: the agreements stay.
company-did = Their identifier
your-did = Yours with them
rotate = Change my key
for-what = For what
stop = Stop
stop-this = Stop this
stop-field = Stop: { $field }
stop-all = Stop all of it
agreed-on = agreed on
countersigned = signed by both
agreement-download = Agreement with both signatures
request = Request
answer-was = Your answer
not-given = Asked for and not given
stopped-on = Stopped on
receipt-there = They have signed a receipt.
receipt-missing = There is no receipt yet.
receipt-delivered = They have got your word.
receipt-undelivered = They have not got your word yet; it is sent as soon as they are reached.
receipt-silent = They have been silent for { $span }.
held-title = Held back
held-suspected = It is not asked yet what they have.
held-asked = They were asked what they have, and have not answered yet.
held-ready = They have answered: you can go on.
held-missed = { $count ->
    [0] Nothing happened after the backup.
    [one] One message of yours is newer than the backup.
   *[other] { $count } messages of yours are newer than the backup.
}
held-unknown = they have not said that they hold this
held-ask = Ask what they have
held-go = Go on with them
revoke-title = Stop { $company }
revoke-what = This ends:
revoke-now = From this moment on, { $company } gets nothing of it any more. That does not depend on them.
revoke-asked = { $company } is told to erase it, and to sign what it has erased and what a law makes it keep.
revoke-truth = Stopping works for the future. What somebody has seen cannot be made unseen, and whether they erase it is their deed; you have their signature on it, or their silence.
revoke-go = Stop now
picture-holds = Who sees what kind of data

## Requests

requests-lead = What companies would like to know, and what you answered.
requests-none = Nobody is waiting for an answer.
requests-answered = Answered
request-from = From { $company }
request-required = What they require
request-required-none = Nothing.
request-optional = What you may give besides
request-optional-note = Tick what you want to give. The agreement does not depend on it.
request-terms = On what terms
request-answer = Your answer
request-until = The agreement ends by itself on
request-until-note = Leave it empty if it is to hold until you say stop.
term-basis = Legal basis
term-mode = How often
term-kept = How long they keep it
kept-for = { $span }, counted from: { $after }
term-others = Who else gets it
term-policy = Their privacy notice
would-go = They would get:
you-have-none = You have written down nothing here, so nothing would go.
missing = They require this, and you have not written it down yet:
they-say = Their reason:
warn-sensitive = This is sensitive. Give it only if you know why they must have it.
warn-sale = They want to sell it or pass it on for money. It is not ticked for that reason.
sale-required = This company makes it a condition that your data is sold or passed on for money. Nothing obliges you to agree.
sale-agreed = I know that my data is sold, and agree to that
sale-refused = The request includes the sale of your data, and that is refused unless you agree to it expressly.
approve = Agree
decline = Decline
decline-reason = Why not (if you want to say it)
decline-note = { $company } gets to read this.
connect = Connect with a company
connect-lead = A company invites you with a link or with a code to photograph. Following it gives them nothing yet: you see what they ask for first.
connect-link = The link
connect-picture = Or a picture of the code
connect-picture-note = A photograph or a screenshot. It is read on this machine and not kept.
connect-go = Follow the invitation
connect-note = The company learns that somebody has followed its link, and the network address of this machine.
connect-empty = Paste a link, or choose a picture.
picture-no-code = There is a code in the picture, and it is no invitation of a company.
picture-unreadable = No code can be read in the picture. Go closer, keep still, and let light fall on it.
camera-start = Use the camera
camera-view = What the camera sees
camera-found = The code is read: follow the invitation below.
camera-failed = The camera cannot be used. Paste the link, or choose a picture.

## Activity

activity-lead = Everything that left this home, who asked for it, and what you agreed and ended. Nothing is left out, and no value is in it.
activity-log = What happened
activity-none = Nothing like this has happened.
activity-check = Is it whole?
activity-check-why = Each line carries the sum of the one before it, so that none can be changed or cut out later without being noticed.
activity-verify = Check every line
activity-whole = All { $count } lines are as they were written.
activity-broken = A line does not fit:
filter = Filter
what-happened = What happened
from-day = From
to-day = To
picture-time = Who reads how much
picture-time-label = Bars for the last { $days } days; the table below says the same
picture-caption = In the last { $days } days
picture-most = at most { $count } a day
picture-times = Times
picture-none = Nobody has received or read anything in the last 30 days.

## Settings

settings-look = These pages
appearance = Appearance
appearance-auto = As the device has it
appearance-light = Light
appearance-dark = Dark
settings-backup = Backup
settings-backup-why = A copy of everything here, encrypted, in a folder of yours. Your 24 words open it.
backup-last = The last one
backup-current = nothing has changed since
backup-none = There is none yet.
backup-now = Make one now
backup-folder = Folder
backup-folder-note = On the machine on which Freehold runs; best on another disk.
backup-go = Back up now
backup-schedule = By itself
backup-every = How often
backup-never = Never
every-1 = Every hour
every-6 = Every six hours
every-24 = Every day
every-168 = Every week
settings-words = Your 24 words
settings-words-why = With them everything can be brought back, and whoever has them has everything. You need your passphrase to see them.
settings-keys = Keys
settings-keys-why = You have a key of your own with each company. If this machine was lost or seen by others, change them all; the agreements stay.
rotate-all = Change all my keys
settings-sessions = Where you are signed in
settings-sessions-why = A session ends after 45 minutes without use, and after 12 hours in any case.
session-begun = Signed in
session-seen = Last used
session-this = this one
session-end = Sign it out
about = About
about-text = Your data at home, signed; each company gets exactly the fields you agreed to, until you say stop.
about-version = Program
about-home = Kept in
about-holds = Holds
about-count = { $fields } fields, { $companies } companies
about-address = What no program can hide: a company sees the network address that you connect from. Two companies that compare notes could tell by it that you are the same household.

## What the last form has done

told-saved = Saved.
told-unchanged = Nothing was different, so nothing was sent.
told-erased = Erased.
told-imported = The card is written down.
told-restored = Your home is back. Nothing is sent to anybody until you go on with them.
told-approved = Agreed. They get what you gave as soon as they are connected.
told-declined = Declined.
told-connected = Connected. This is what they ask for.
told-revoked = Stopped. Nothing more goes to them.
told-resumed = It goes on.
told-rotated = New keys are on their way to the companies.
told-backed-up = The backup is made.
told-session-ended = Signed out there.

## How things stand

state-open = open
state-granted = agreed
state-declined = not given
state-offered = waits for their signature
state-standing = stands
state-used = used once
state-revoked = stopped
state-refused = refused by them
state-expired = ended
state-pending = waits
state-sent = sent
state-stored = on their disk
state-applied = applied
state-conflict = in conflict with what they have
state-duplicate = they have two of you
state-connected = connected
state-erased = erased
state-restricted = locked away
state-kept = kept
mode-once = once
mode-continuous = as long as the agreement stands
boolean-true = yes
boolean-false = no
source-cli = command line
source-page = this page
source-undo = taken back
source-import = card
source-script = script

did-requested = Asked
did-declined = Declined
did-granted = Agreed
did-released = Sent
did-read = Read live
did-denied = Refused
did-revoked = Stopped
did-erased = Erasure receipt
did-rotated = Key changed
did-message-sent = Message sent
did-message-received = Message received

event-requested = { $company } asked for: { $fields }
event-declined = You declined what { $company } asked for: { $fields }
event-granted = You agreed with { $company } on: { $fields }
event-released = { $company } was sent: { $fields }
event-read = { $company } read live: { $fields } ({ $purpose })
event-denied = { $company } was refused: { $fields } ({ $code })
event-revoked = You stopped { $company }: { $fields }
event-erased = { $company } signed what it has erased: { $fields }
event-rotated = Your key with { $company } was changed
event-message-sent = You sent { $company } a message ({ $message })
event-message-received = { $company } sent a message ({ $message })

## Groups of fields, and their parts

group-address-home = Home address
group-address-delivery = Delivery address
group-address-billing = Billing address
group-address-work = Address at work
part-street = Street and number
part-extra = Floor, flat, care of
part-locality = Town
part-region = State or region
part-postalCode = Postal code
part-country = Country
part-poBox = Post box


## Why something was not done, by the program's codes

error-not-found = There is nothing at this address.
error-form-token = The form is of another session. Go back, reload the page, and try again.
error-bad-request = The form cannot be read: it is too long, or was cut off.
error-wrong-words = The words do not open this: look at each of them on your paper, and at their order.
error-wrong-passphrase = The passphrase is wrong. Try again.
error-disk-full = The disk is full. Make some room, and try again.
