//! Two shells with disks of their own on virtual time; the wire between them loses, repeats and reorders.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;
use crate::identity::SigningKey;
use crate::message::tests::message;

/// One end: a machine, the disk that outlives it, and what a crash takes with it.
struct End {
    key: SigningKey,
    peer: SigningKey,
    disk: Disk,
    session: Option<Session>,
    /// Whether its disk comes from a backup, and the peer has not answered since.
    restored: bool,
    closed: Option<Closed>,
    delivered_seen: u64,
}

#[derive(Default, Clone)]
struct Disk {
    cursors: Cursors,
    inbox: Vec<u64>,
    written_down: u64,
}

impl End {
    fn new(own: u8, peer: u8) -> Self {
        let key = |n| SigningKey::from_seed(&[n; 32]);
        Self {
            key: key(own),
            peer: key(peer),
            disk: Disk::default(),
            session: None,
            restored: false,
            closed: None,
            delivered_seen: 0,
        }
    }

    fn parties(&self) -> Parties {
        Parties { own: self.key.public().did(), peer: self.peer.public() }
    }

    fn enqueue(&mut self) {
        self.disk.cursors.queued += 1;
        if let Some(session) = &mut self.session {
            session.queued(self.disk.cursors.queued);
        }
    }

    fn drive(&mut self, now: Moment, wire: &mut VecDeque<Vec<u8>>) {
        let Some(mut session) = self.session.take() else { return };
        while let Some(output) = session.poll_output() {
            match output {
                Output::Transmit(frame) => wire.push_back(frame),
                Output::Compose(seq) => {
                    self.disk.written_down = self.disk.written_down.max(seq);
                    let composed = message(seq, &self.peer.public().did());
                    session.send(SignedMessage::sign(&composed, &self.key), now);
                }
                Output::Received(message) => {
                    self.disk.inbox.push(message.seq);
                    self.disk.cursors.stored = message.seq;
                    session.committed(message.seq);
                }
                Output::Delivered(seq) => {
                    self.disk.cursors.delivered = seq;
                    self.delivered_seen = seq;
                }
                Output::Closed(why) => {
                    self.closed = Some(why);
                    return;
                }
                Output::Realigned(to) => {
                    let cursors = &mut self.disk.cursors;
                    cursors.queued = cursors.queued.max(to.delivered);
                    (cursors.delivered, cursors.stored) = (to.delivered, to.stored);
                }
                Output::Open(_) => {}
            }
        }
        self.session = Some(session);
    }
}

fn hello() -> Hello {
    Hello {
        versions: vec![1],
        families: vec!["data/1".into()],
        stored: 0,
        invitation: None,
        check_in_secs: None,
        last: None,
        restored: false,
        mailbox: None,
    }
}

struct Pair {
    now: Moment,
    a: End,
    b: End,
    to_b: VecDeque<Vec<u8>>,
    to_a: VecDeque<Vec<u8>>,
}

impl Pair {
    fn new() -> Self {
        Self {
            now: Moment(0),
            a: End::new(1, 2),
            b: End::new(2, 1),
            to_b: VecDeque::new(),
            to_a: VecDeque::new(),
        }
    }

    /// A new connection: what was on the wire is gone, both machines are new, the disks stay.
    fn connect(&mut self) {
        self.to_a.clear();
        self.to_b.clear();
        self.a.closed = None;
        self.b.closed = None;
        self.b.session = None;
        let hello = Hello { restored: self.a.restored, ..hello() };
        self.a.session = Some(Session::dial(self.a.parties(), self.a.disk.cursors, hello, self.now));
        self.a.drive(self.now, &mut self.to_b);
    }

    fn deliver_to_b(&mut self) {
        let Some(frame) = self.to_b.pop_front() else { return };
        match &mut self.b.session {
            Some(session) => session.handle_frame(&frame, self.now),
            None => {
                let Ok(Frame::Hello(theirs)) = Frame::decode(&frame) else { return };
                let session =
                    Session::accept(self.b.parties(), self.b.disk.cursors, hello(), theirs, self.now);
                self.b.session = Some(session);
            }
        }
        self.b.drive(self.now, &mut self.to_a);
    }

    fn deliver_to_a(&mut self) {
        let Some(frame) = self.to_a.pop_front() else { return };
        if let Some(session) = &mut self.a.session {
            session.handle_frame(&frame, self.now);
        }
        self.a.drive(self.now, &mut self.to_b);
    }

    fn settle(&mut self) {
        self.a.drive(self.now, &mut self.to_b);
        self.b.drive(self.now, &mut self.to_a);
        while !(self.to_a.is_empty() && self.to_b.is_empty()) {
            self.deliver_to_b();
            self.deliver_to_a();
        }
    }

    fn invariant_each_message_once_in_order(&self) {
        for (end, other) in [(&self.a, &self.b), (&self.b, &self.a)] {
            let expected: Vec<u64> = (1..=end.disk.cursors.stored).collect();
            assert_eq!(end.disk.inbox, expected);
            assert!(end.disk.cursors.delivered <= other.disk.cursors.stored, "acknowledged but not on disk");
            assert!(other.disk.cursors.stored <= end.disk.written_down, "received but not written down");
        }
    }
}

#[test]
fn messages_of_both_sides_arrive_once_in_order_and_are_acknowledged() {
    let mut pair = Pair::new();
    (0..50).for_each(|_| pair.a.enqueue());
    (0..3).for_each(|_| pair.b.enqueue());
    pair.connect();
    pair.settle();
    assert_eq!(pair.b.disk.cursors.stored, 50);
    assert_eq!(pair.a.disk.cursors.delivered, 50);
    assert_eq!(pair.b.disk.cursors.delivered, 3);
    assert!(pair.a.session.as_ref().unwrap().is_idle());
    pair.invariant_each_message_once_in_order();
}

/// 1. The connection is cut after every possible number of delivered frames. 2. Both dial again.
#[test]
fn a_connection_lost_at_any_step_loses_and_repeats_nothing() {
    for cut in 0..40 {
        let mut pair = Pair::new();
        (0..5).for_each(|_| pair.a.enqueue());
        (0..5).for_each(|_| pair.b.enqueue());
        pair.connect();
        for step in 0..cut {
            if step % 2 == 0 { pair.deliver_to_b() } else { pair.deliver_to_a() }
        }
        pair.connect();
        pair.settle();
        assert_eq!((pair.a.disk.cursors.stored, pair.b.disk.cursors.stored), (5, 5), "cut after {cut}");
        assert_eq!((pair.a.disk.cursors.delivered, pair.b.disk.cursors.delivered), (5, 5), "cut after {cut}");
        pair.invariant_each_message_once_in_order();
    }
}

#[test]
fn a_repeated_frame_is_acknowledged_again_and_not_delivered_again() {
    let mut pair = Pair::new();
    pair.a.enqueue();
    pair.connect();
    pair.settle();
    let again = Frame::Message(
        SignedMessage::sign(&message(1, &pair.b.key.public().did()), &pair.a.key).into_bytes(),
    );
    pair.to_b.push_back(again.encode());
    pair.deliver_to_b();
    assert_eq!(pair.b.disk.inbox, [1]);
    assert_eq!(Frame::decode(&pair.to_a[0]), Ok(Frame::Ack { stored: 1 }));
}

fn closed_by(frames: &[Frame]) -> Option<Closed> {
    let mut pair = Pair::new();
    pair.connect();
    pair.settle();
    pair.to_b.extend(frames.iter().map(Frame::encode));
    pair.settle();
    pair.b.closed
}

fn signed(seq: u64, to: u8, by: u8) -> Frame {
    let key = |n| SigningKey::from_seed(&[n; 32]);
    Frame::Message(SignedMessage::sign(&message(seq, &key(to).public().did()), &key(by)).into_bytes())
}

#[test]
fn what_a_peer_must_not_send_ends_the_session_with_its_code() {
    let ours = |code| Some(Closed::ByUs(code));
    assert_eq!(closed_by(&[signed(2, 2, 1)]), ours(Code::SequenceGap));
    assert_eq!(closed_by(&[signed(1, 2, 3)]), ours(Code::WrongSigner));
    assert_eq!(closed_by(&[signed(1, 3, 1)]), ours(Code::WrongAudience));
    assert_eq!(closed_by(&[Frame::Ack { stored: 1 }]), ours(Code::AheadOfSender));
    assert_eq!(closed_by(&[Frame::Hello(hello())]), ours(Code::UnexpectedFrame));
    assert_eq!(closed_by(&[Frame::bye(Code::ShuttingDown)]), Some(Closed::ByPeer(Code::ShuttingDown)));
}

#[test]
fn a_peer_that_claims_or_lost_what_cannot_be_is_refused() {
    let greeted = |stored, cursors: Cursors| {
        let (key, peer) = (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]));
        let parties = Parties { own: key.public().did(), peer: peer.public() };
        let theirs = Hello { stored, ..hello() };
        let mut session = Session::accept(parties, cursors, hello(), theirs, Moment(0));
        std::iter::from_fn(|| session.poll_output())
            .find_map(|o| if let Output::Closed(c) = o { Some(c) } else { None })
    };
    let cursors = Cursors { queued: 5, delivered: 3, stored: 0 };
    assert_eq!(greeted(6, cursors), Some(Closed::ByUs(Code::AheadOfSender)));
    assert_eq!(greeted(2, cursors), Some(Closed::ByUs(Code::BehindAcknowledged)));
    assert_eq!(greeted(4, cursors), None);
}

#[test]
fn silence_ends_a_session_in_bounded_time() {
    let mut pair = Pair::new();
    pair.connect();
    let mut session = pair.a.session.take().unwrap();
    session.handle_timeout(Moment(9_999));
    assert_eq!(session.poll_output(), None);
    session.handle_timeout(Moment(10_000));
    let outputs: Vec<_> = std::iter::from_fn(|| session.poll_output()).collect();
    assert_eq!(outputs.last(), Some(&Output::Closed(Closed::ByUs(Code::Timeout))));

    let mut pair = Pair::new();
    pair.connect();
    pair.settle();
    pair.a.enqueue();
    pair.a.drive(pair.now, &mut pair.to_b);
    let session = pair.a.session.as_ref().unwrap();
    assert_eq!(session.poll_timeout(), Some(Moment(0).after(ACK_TIMEOUT)));
}

#[test]
fn no_more_than_a_window_is_under_way() {
    let mut pair = Pair::new();
    (0..WINDOW * 2).for_each(|_| pair.a.enqueue());
    pair.connect();
    pair.deliver_to_b();
    pair.deliver_to_a();
    assert_eq!(pair.to_b.len() as u64, WINDOW);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Any mix of edits, deliveries, cuts and crashes ends, once the line holds, with every message on the
    /// other side's disk once and in order.
    #[test]
    fn any_schedule_converges(steps in proptest::collection::vec(0u8..7, 0..200)) {
        let mut pair = Pair::new();
        pair.connect();
        for step in steps {
            match step {
                0 => pair.a.enqueue(),
                1 => pair.b.enqueue(),
                2 | 3 => pair.deliver_to_b(),
                4 | 5 => pair.deliver_to_a(),
                _ => pair.connect(),
            }
            let (now, Pair { a, b, to_a, to_b, .. }) = (pair.now, &mut pair);
            a.drive(now, to_b);
            b.drive(now, to_a);
            pair.invariant_each_message_once_in_order();
        }
        pair.connect();
        pair.settle();
        prop_assert_eq!(pair.b.disk.cursors.stored, pair.a.disk.cursors.queued);
        prop_assert_eq!(pair.a.disk.cursors.stored, pair.b.disk.cursors.queued);
        prop_assert_eq!(pair.a.disk.cursors.delivered, pair.a.disk.cursors.queued);
    }
}

/// 1. A backup after any part of the conversation, then more of it. 2. The restored end learns how far both have come. 3. In
///    the next session both go on, and nothing is taken twice.
#[test]
fn a_restored_end_goes_on_where_its_peer_is() {
    for before in 0..14 {
        let mut pair = Pair::new();
        (0..3).for_each(|_| pair.a.enqueue());
        (0..3).for_each(|_| pair.b.enqueue());
        pair.connect();
        for step in 0..before {
            if step % 2 == 0 { pair.deliver_to_b() } else { pair.deliver_to_a() }
        }
        let backup = pair.a.disk.clone();
        pair.settle();
        pair.a.enqueue();
        pair.b.enqueue();
        pair.settle();
        let inbox = pair.a.disk.inbox.clone();

        pair.a.disk = backup;
        pair.a.restored = true;
        pair.connect();
        pair.settle();
        assert_eq!(pair.a.closed, Some(Closed::ByUs(Code::ShuttingDown)), "after {before}");
        assert_eq!(pair.a.disk.cursors, Cursors { queued: 4, delivered: 4, stored: 4 }, "after {before}");

        pair.a.restored = false;
        pair.a.disk.inbox = inbox;
        pair.a.enqueue();
        pair.b.enqueue();
        pair.connect();
        pair.settle();
        assert_eq!((pair.a.disk.inbox.len(), pair.b.disk.inbox.len()), (5, 5), "after {before}");
        pair.invariant_each_message_once_in_order();
    }
}

/// An answer that nothing honest gives: the peer lost messages, or has come too far to go on from.
#[test]
fn a_restored_end_believes_no_impossible_answer() {
    let cursors = Cursors { queued: 5, delivered: 2, stored: 3 };
    let answered = |theirs: Hello| {
        let end = End::new(1, 2);
        let dialling = Hello { restored: true, ..hello() };
        let mut session = Session::dial(end.parties(), cursors, dialling, Moment(0));
        session.handle_frame(&Frame::Hello(theirs).encode(), Moment(1));
        let outputs = std::iter::from_fn(|| session.poll_output());
        outputs
            .filter(|output| matches!(output, Output::Realigned(_) | Output::Closed(_)))
            .collect::<Vec<_>>()
    };
    let said = |stored: u64, acknowledged: u64, queued: u64| Hello {
        stored,
        mailbox: Some(Outgoing { acknowledged, queued }),
        ..hello()
    };
    let refused = |code: Code| vec![Output::Closed(Closed::ByUs(code))];
    let learnt = |delivered: u64, stored: u64, told_at: Option<u64>| {
        vec![
            Output::Realigned(Realigned { delivered, last: None, stored, told_at }),
            Output::Closed(Closed::ByUs(Code::ShuttingDown)),
        ]
    };
    assert_eq!(answered(said(1, 3, 3)), refused(Code::BehindAcknowledged));
    assert_eq!(answered(said(2, 1, 3)), learnt(2, 3, Some(3)), "what is stored is not forgotten");
    assert_eq!(
        answered(said(5 + REALIGN_MAX, 3, 3 + REALIGN_MAX)),
        learnt(5 + REALIGN_MAX, 3, Some(3 + REALIGN_MAX))
    );
    for (stored, acknowledged, queued) in [
        (6 + REALIGN_MAX, 3, 3),
        (2, 4 + REALIGN_MAX, 3),
        (2, 3, 4 + REALIGN_MAX),
        (u64::MAX, u64::MAX, u64::MAX),
    ] {
        assert_eq!(answered(said(stored, acknowledged, queued)), refused(Code::AheadOfSender));
    }
    assert_eq!(
        answered(Hello { stored: 4, ..hello() }),
        learnt(4, 3, None),
        "a peer that does not know of restores"
    );
    assert_eq!(answered(Hello { versions: vec![9], ..said(4, 3, 3) }), refused(Code::UnsupportedVersion));
}

/// One machine by itself, whose peer is the test.
struct Lone {
    session: Session,
    outputs: Vec<Output>,
}

impl Lone {
    /// After the hellos, over mailboxes that stand so.
    fn open(cursors: Cursors) -> Self {
        let key = |n| SigningKey::from_seed(&[n; 32]);
        let parties = Parties { own: key(1).public().did(), peer: key(2).public() };
        let theirs = Hello { stored: cursors.delivered, ..hello() };
        let mut lone = Self {
            session: Session::accept(parties, cursors, hello(), theirs, Moment(0)),
            outputs: Vec::new(),
        };
        lone.drain();
        lone
    }

    fn drain(&mut self) -> Vec<Output> {
        self.outputs = std::iter::from_fn(|| self.session.poll_output()).collect();
        self.outputs.clone()
    }

    /// The peer's message of a sequence arrives.
    fn arrives(&mut self, seq: u64) {
        self.session.handle_frame(&signed(seq, 1, 2).encode(), Moment(0));
    }

    fn acknowledged(&mut self, stored: u64, now: u64) {
        self.session.handle_frame(&Frame::Ack { stored }.encode(), Moment(now));
    }

    /// The shell sends what it was asked to compose, or something new.
    fn send(&mut self, seq: u64, now: u64) {
        let key = |n| SigningKey::from_seed(&[n; 32]);
        let composed = message(seq, &key(2).public().did());
        self.session.send(SignedMessage::sign(&composed, &key(1)), Moment(now));
    }
}

/// How many messages and acknowledgements there are among outputs.
fn counted(outputs: &[Output]) -> (usize, usize) {
    let frames: Vec<Frame> = outputs
        .iter()
        .filter_map(|output| match output {
            Output::Transmit(frame) => Frame::decode(frame).ok(),
            _ => None,
        })
        .collect();
    let of = |wanted: fn(&Frame) -> bool| frames.iter().filter(|frame| wanted(frame)).count();
    (of(|frame| matches!(frame, Frame::Message(_))), of(|frame| matches!(frame, Frame::Ack { .. })))
}

#[test]
fn a_session_is_open_between_the_hellos_and_its_end() {
    let mut lone = Lone::open(Cursors::default());
    assert!(lone.session.is_open() && !lone.session.is_over());
    assert!(lone.session.peer_knows("data/1") && !lone.session.peer_knows("data/2"));
    lone.session.close(Code::ShuttingDown);
    lone.session.close(Code::Timeout);
    assert!(!lone.session.is_open() && lone.session.is_over());
    let bye = Frame::bye(Code::ShuttingDown).encode();
    let over = Output::Closed(Closed::ByUs(Code::ShuttingDown));
    assert_eq!(lone.drain(), [Output::Transmit(bye), over], "one goodbye");
    lone.arrives(1);
    assert_eq!((lone.drain(), lone.session.poll_timeout()), (vec![], None), "nothing is heard after it");
}

#[test]
fn a_hello_says_what_is_on_disk_whatever_the_shell_has_put_there() {
    let key = |n| SigningKey::from_seed(&[n; 32]);
    let parties = Parties { own: key(1).public().did(), peer: key(2).public() };
    let cursors = Cursors { queued: 0, delivered: 0, stored: 7 };
    let mut dialling = Session::dial(parties.clone(), cursors, hello(), Moment(0));
    let mut accepting = Session::accept(parties, cursors, hello(), hello(), Moment(0));
    for session in [&mut dialling, &mut accepting] {
        let said = Frame::Hello(Hello { stored: 7, ..hello() });
        assert_eq!(session.poll_output(), Some(Output::Transmit(said.encode())));
    }
    assert!(!dialling.is_open() && !dialling.has_room() && !dialling.is_idle());
    assert_eq!(dialling.cursors(), cursors);
}

#[test]
fn nothing_but_a_hello_or_a_goodbye_comes_first() {
    let first = |frame: &Frame| {
        let mut pair = Pair::new();
        pair.connect();
        let mut session = pair.a.session.take().unwrap();
        session.handle_frame(&frame.encode(), Moment(0));
        std::iter::from_fn(|| session.poll_output()).last()
    };
    let unexpected = Some(Output::Closed(Closed::ByUs(Code::UnexpectedFrame)));
    assert_eq!(first(&Frame::Ack { stored: 0 }), unexpected);
    assert_eq!(first(&signed(1, 1, 2)), unexpected);
    let bye = Code::UnknownPeer;
    assert_eq!(first(&Frame::bye(bye)), Some(Output::Closed(Closed::ByPeer(bye))));
}

#[test]
fn a_session_is_idle_when_nothing_is_under_way_in_either_direction() {
    let mut lone = Lone::open(Cursors { queued: 2, delivered: 2, stored: 3 });
    assert!(lone.session.is_idle());
    lone.arrives(4);
    assert!(!lone.session.is_idle(), "an output waits");
    lone.drain();
    assert!(!lone.session.is_idle(), "a message is not on disk");
    lone.session.committed(4);
    assert_eq!(counted(&lone.drain()), (0, 1));
    assert!(lone.session.is_idle());
    lone.send(3, 0);
    lone.drain();
    assert!(!lone.session.is_idle(), "a message is not on the peer's disk");
    lone.acknowledged(3, 0);
    lone.drain();
    assert!(lone.session.is_idle());
}

#[test]
fn one_acknowledgement_answers_all_that_was_committed_since_the_last() {
    let mut lone = Lone::open(Cursors::default());
    (1..=3).for_each(|seq| lone.arrives(seq));
    assert_eq!(counted(&lone.drain()), (0, 0), "nothing is acknowledged before it is on disk");
    (1..=3).for_each(|seq| lone.session.committed(seq));
    let said = Output::Transmit(Frame::Ack { stored: 3 }.encode());
    assert_eq!(lone.drain(), std::slice::from_ref(&said));
    lone.session.committed(2);
    assert_eq!(lone.drain(), []);
    lone.arrives(2);
    assert_eq!(lone.drain(), [said], "a repetition asks for the acknowledgement again");
}

#[test]
fn a_repetition_of_what_is_being_committed_is_not_acknowledged_yet() {
    let mut lone = Lone::open(Cursors::default());
    lone.arrives(1);
    lone.drain();
    lone.arrives(1);
    assert_eq!(lone.drain(), []);
}

#[test]
fn a_peer_may_have_a_window_of_messages_under_way_and_no_more() {
    let mut lone = Lone::open(Cursors { queued: 0, delivered: 0, stored: 5 });
    (6..=5 + WINDOW).for_each(|seq| lone.arrives(seq));
    assert_eq!(lone.drain().len() as u64, WINDOW);
    lone.arrives(6 + WINDOW);
    assert_eq!(lone.drain().last(), Some(&Output::Closed(Closed::ByUs(Code::Flood))));
    let mut lone = Lone::open(Cursors::default());
    lone.arrives(1);
    lone.arrives(3);
    assert_eq!(lone.drain().last(), Some(&Output::Closed(Closed::ByUs(Code::SequenceGap))));
}

#[test]
fn there_is_room_for_a_new_message_within_the_window_and_behind_what_is_queued() {
    let mut lone = Lone::open(Cursors::default());
    for seq in 1..=WINDOW {
        assert!(lone.session.has_room(), "{seq}");
        lone.send(seq, 0);
    }
    assert!(!lone.session.has_room());
    assert_eq!(counted(&lone.drain()).0 as u64, WINDOW);
    lone.send(WINDOW + 1, 0);
    assert_eq!(lone.drain(), [], "what has no room is dropped");
    lone.acknowledged(1, 0);
    assert!(lone.session.has_room());
    assert_eq!(lone.drain(), [Output::Delivered(1)]);
    lone.session.queued(WINDOW + 2);
    assert!(!lone.session.has_room(), "an entry waits for its turn");
}

#[test]
fn entries_are_composed_one_after_the_other_in_the_order_of_the_queue() {
    let mut lone = Lone::open(Cursors { queued: 4, delivered: 2, stored: 0 });
    assert!(lone.outputs.contains(&Output::Compose(3)) && !lone.outputs.contains(&Output::Compose(4)));
    lone.send(4, 0);
    assert_eq!(lone.drain(), [], "another one was asked for");
    lone.send(3, 0);
    let outputs = lone.drain();
    assert_eq!((counted(&outputs).0, outputs.last()), (1, Some(&Output::Compose(4))));
    lone.send(3, 0);
    assert_eq!(lone.drain(), [], "it was sent already");
    lone.session.queued(3);
    assert_eq!(lone.session.cursors().queued, 4, "a queue does not shrink");
    lone.send(4, 0);
    assert_eq!(counted(&lone.drain()), (1, 0));
    lone.session.queued(5);
    assert_eq!(lone.drain(), [Output::Compose(5)]);
}

#[test]
fn composing_stops_at_the_window_and_goes_on_with_the_acknowledgement() {
    let mut lone = Lone::open(Cursors { queued: WINDOW + 1, delivered: 0, stored: 0 });
    for seq in 1..=WINDOW {
        assert!(lone.outputs.contains(&Output::Compose(seq)), "{seq}");
        lone.send(seq, 0);
        lone.drain();
    }
    assert!(!lone.outputs.contains(&Output::Compose(WINDOW + 1)));
    lone.acknowledged(2, 0);
    assert_eq!(lone.drain(), [Output::Delivered(2), Output::Compose(WINDOW + 1)]);
}

#[test]
fn an_acknowledgement_says_something_once_and_never_of_what_was_not_sent() {
    let mut lone = Lone::open(Cursors::default());
    (1..=2).for_each(|seq| lone.send(seq, 0));
    lone.drain();
    lone.acknowledged(2, 0);
    assert_eq!(lone.drain(), [Output::Delivered(2)]);
    assert_eq!(lone.session.cursors().delivered, 2);
    for old in [1, 2] {
        lone.acknowledged(old, 0);
        assert_eq!(lone.drain(), []);
    }
    lone.acknowledged(3, 0);
    assert_eq!(lone.drain().last(), Some(&Output::Closed(Closed::ByUs(Code::AheadOfSender))));
}

#[test]
fn a_peer_has_its_time_from_the_first_message_under_way_and_from_each_acknowledgement() {
    let mut lone = Lone::open(Cursors::default());
    assert_eq!(lone.session.poll_timeout(), None);
    lone.send(1, 1_000);
    lone.send(2, 5_000);
    assert_eq!(lone.session.poll_timeout(), Some(Moment(1_000).after(ACK_TIMEOUT)));
    lone.acknowledged(1, 7_000);
    assert_eq!(lone.session.poll_timeout(), Some(Moment(7_000).after(ACK_TIMEOUT)));
    lone.acknowledged(1, 9_000);
    assert_eq!(lone.session.poll_timeout(), Some(Moment(7_000).after(ACK_TIMEOUT)), "nothing new");
    lone.acknowledged(2, 9_000);
    assert_eq!(lone.session.poll_timeout(), None);
    lone.send(3, 20_000);
    lone.drain();
    let end = Moment(20_000).after(ACK_TIMEOUT);
    lone.session.handle_timeout(Moment(end.0 - 1));
    assert_eq!(lone.drain(), []);
    lone.session.handle_timeout(end);
    assert_eq!(lone.drain().last(), Some(&Output::Closed(Closed::ByUs(Code::Timeout))));
}

#[test]
fn a_peer_that_says_nothing_at_all_is_given_the_time_of_a_hello() {
    let mut pair = Pair::new();
    pair.now = Moment(500);
    pair.connect();
    let session = pair.a.session.as_ref().unwrap();
    assert_eq!(session.poll_timeout(), Some(Moment(500).after(HELLO_TIMEOUT)));
}
