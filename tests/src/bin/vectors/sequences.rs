//! Whole conversations, recorded from the machines of both ends.
//!
//! A sequence is one function that takes a [`Recorder`] and says who does what; frames are carried, stored and
//! acknowledged by [`Recorder::settle`]. To add one, write the function and give it a row in [`vectors`].

mod agreed;
mod ends;
mod meeting;
mod recorder;
mod rotation;
mod trouble;

use freehold_protocol::document::Mode;

use crate::vector::Vector;
use recorder::Recorder;

pub(super) fn vectors() -> Vec<Vector> {
    let record = |name: &str, rule: &str, what: &str, story: fn(&mut Recorder)| {
        let mut recorder = Recorder::new();
        story(&mut recorder);
        Vector::sequence(name, rule, what, recorder.finish())
    };
    vec![
        record(
            "connect",
            "connect, rule 1",
            "A person follows an invitation: introductions both ways, and the vendor's request.",
            meeting::connect,
        ),
        record(
            "decline",
            "data, rule 24",
            "The person declines the request; nothing is released.",
            meeting::decline,
        ),
        record(
            "grant-receipt-snapshot",
            "data, rules 3 to 7",
            "The person gives a grant, the vendor countersigns it, and the first values leave.",
            meeting::grant,
        ),
        record(
            "update-and-outcome",
            "data, rules 7 and 14",
            "A field changes three times while one update is under way; it leaves once more, and the vendor says what became of it.",
            agreed::update,
        ),
        record(
            "once",
            "data, rule 12",
            "Under a grant for once each field leaves once, and a change never.",
            |r| agreed::once(r, Mode::Once),
        ),
        record(
            "live-read",
            "data, rules 16 and 17",
            "A live read answered, one for a purpose that was not granted, and one after the path was revoked.",
            agreed::live_read,
        ),
        record(
            "narrow-and-erase",
            "data, rules 19 to 22",
            "One path ends while the session is open; the other goes on.",
            agreed::narrow,
        ),
        record(
            "revoke-and-erase",
            "data, rules 19 to 22",
            "Everything ends: the node breaks the connection first, and the next session carries the revocation.",
            agreed::revoke,
        ),
        record(
            "resume-lost-acknowledgement",
            "session, rules 3 and 7",
            "The hub stored an update and its acknowledgement was lost: nothing is sent twice.",
            trouble::lost_acknowledgement,
        ),
        record(
            "resume-lost-update",
            "data, rule 9",
            "An update was lost and the field changed again: the same place carries the present value.",
            trouble::lost_update,
        ),
        record(
            "resume-repeated-message",
            "session, rule 6",
            "A node that lost its memory of an acknowledgement sends a message again: it is acknowledged again and dropped.",
            trouble::repeated,
        ),
        record(
            "void-after-revocation",
            "data, rules 9 and 19",
            "An update was under way when its grant was revoked: its place is filled with nothing.",
            trouble::void,
        ),
        record(
            "update-outside-the-grant",
            "data, rule 13",
            "A node sends a field too many: the hub keeps none of it, acknowledges, and answers with a problem.",
            trouble::outside,
        ),
        record(
            "unknown-family",
            "mailbox, rule 8",
            "A message of a family that the hub does not know is kept, acknowledged and answered; the session goes on.",
            trouble::unknown_family,
        ),
        record(
            "stalled-peer",
            "session, rule 10",
            "The hub acknowledges nothing: after ten seconds the node ends the session, and resumes in the next.",
            trouble::stalled,
        ),
        record(
            "rotation",
            "identity, rules 10 to 15",
            "The person moves to the key that was committed to: the old session ends, the grant goes on under the new key.",
            rotation::taken,
        ),
        record(
            "rotation-lost-acknowledgement",
            "identity, rule 13",
            "The hub took the rotation and its acknowledgement was lost: 207 by the old key stands for it.",
            rotation::lost_acknowledgement,
        ),
        record(
            "rotation-refused",
            "identity, rule 16",
            "The hub holds another commitment: the new key is unknown to it, and the old one goes on.",
            rotation::refused,
        ),
        record(
            "forged-receipt",
            "data, rule 5",
            "The vendor's receipt is of another grant: it opens nothing.",
            meeting::forged_receipt,
        ),
    ]
}
