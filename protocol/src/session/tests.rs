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
    assert_eq!(
        closed_by(&[Frame::Bye { code: Code::ShuttingDown }]),
        Some(Closed::ByPeer(Code::ShuttingDown))
    );
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
            Output::Realigned(Realigned { delivered, stored, told_at }),
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
