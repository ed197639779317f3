//! The gate, revocation and the stop of a node.

use freehold_protocol::disclosure::GrantStatus;
use freehold_store::simulation::disk::Crash;
use freehold_vault::{agreements, fields};
use shuttle::future::{block_on, spawn};

use crate::node::{Home, Node, VALUE, field, grant_id, open, somewhat_later};

/// 1. A grant is offered, and the vendor's receipt for it arrives. 2. Meanwhile the field changes. 3. The vendor gets the
///    value that was written last: a change that is heard by nobody would leave it waiting for ever.
pub(crate) fn hear() {
    block_on(async {
        let node = Node::start(Home::Offered).await;
        let (mut greeted, mut received) = (node.greeted.clone(), node.received.clone());
        greeted.wait_for(|greeted| *greeted).await.expect("the vendor listens");
        let set = node.set(1);
        let last = format!("{VALUE} 1");
        received.wait_for(|value| value.as_ref() == Some(&last)).await.expect("the vendor listens");
        assert!(set.await.expect("the writer ends"), "the change was refused");
        node.end().await;
    });
}

/// 1. A grant stands, and its field is released and changes. 2. Meanwhile it is revoked. 3. From the moment in which that
///    returns no value of the field leaves, and later changes stay here.
pub(crate) fn revoke() {
    block_on(async {
        let node = Node::start(Home::Standing).await;
        let set = node.set(1);
        let revoking = {
            let (person, wire) = (node.person.clone(), node.wire.clone());
            spawn(async move {
                somewhat_later().await;
                person.revoke(&grant_id().to_string(), None).await.expect("revoked");
                wire.values()
            })
        };
        let at_the_end = revoking.await.expect("it is revoked");
        assert!(set.await.expect("the writer ends"), "the change was refused");
        assert!(node.set(2).await.expect("the writer ends"), "the change was refused");
        let wire = node.wire.clone();
        node.end().await;
        assert_eq!(wire.values(), at_the_end, "a value left after the revocation had returned");
    });
}

/// 1. A grant stands. 2. Its field changes and it is revoked, while the node is stopped. 3. From the moment in which the
///    stop returns not one byte leaves. 4. The power is cut. 5. What was acknowledged is on the disk.
pub(crate) fn stop() {
    block_on(async {
        let node = Node::start(Home::Standing).await;
        let set = node.set(1);
        let revoking = {
            let person = node.person.clone();
            spawn(async move {
                somewhat_later().await;
                person.revoke(&grant_id().to_string(), None).await.is_ok()
            })
        };
        let stopping = {
            let (person, wire) = (node.person.clone(), node.wire.clone());
            spawn(async move {
                somewhat_later().await;
                person.stop().await;
                wire.bytes()
            })
        };
        let at_the_end = stopping.await.expect("the node stops");
        let (set, revoked) = (set.await.expect("the writer ends"), revoking.await.expect("it ends"));
        let (wire, disk) = (node.wire.clone(), node.disk.clone());
        node.end().await;
        assert_eq!(wire.bytes(), at_the_end, "bytes left after the node had stopped");
        disk.restart(Crash::PowerCut);
        let store = open();
        let grant = agreements::grant(&store, &grant_id()).expect("readable").expect("the grant is there");
        if revoked {
            assert_eq!(grant.state.status, GrantStatus::Revoked, "an acknowledged revocation is gone");
        }
        let current = fields::current(&store, &field()).expect("readable").and_then(|version| version.value);
        if set {
            assert_eq!(current, Some(format!("{VALUE} 1")), "an acknowledged change is gone");
        }
    });
}
