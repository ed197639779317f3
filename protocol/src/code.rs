//! What one peer may tell another about a failure: a number with a fixed meaning and nothing else.
//!
//! Spec: `specs/numbers.md`, "Codes". A code never tells a value, a path the asker did not name, or another party.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $slug:literal;)*) => {
        /// A problem code of the registry.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "u16", from = "u16")]
        pub enum Code {
            $($(#[$doc])* $name,)*
            /// A number this build does not know; kept as it came.
            Unknown(u16),
        }

        impl Code {
            /// Every code this build knows, in order.
            pub const ALL: &'static [Code] = &[$(Code::$name),*];

            /// The registered number.
            #[must_use]
            pub const fn number(self) -> u16 {
                match self {
                    $(Code::$name => $number,)*
                    Code::Unknown(number) => number,
                }
            }

            /// The registered name.
            #[must_use]
            pub const fn slug(self) -> &'static str {
                match self {
                    $(Code::$name => $slug,)*
                    Code::Unknown(_) => "unknown",
                }
            }
        }

        impl From<u16> for Code {
            fn from(number: u16) -> Self {
                match number {
                    $($number => Code::$name,)*
                    other => Code::Unknown(other),
                }
            }
        }
    };
}

codes! {
    /// Bytes that do not decode.
    Malformed = 100, "malformed";
    /// Bytes that decode but are not in the one canonical form.
    NotCanonical = 101, "not-canonical";
    /// Larger than the limits table allows.
    TooLarge = 102, "too-large";
    /// No protocol version in common.
    UnsupportedVersion = 103, "unsupported-version";
    /// A field marked critical that this build does not know.
    UnknownCritical = 104, "unknown-critical";
    /// A signature that does not verify.
    BadSignature = 200, "bad-signature";
    /// Signed by somebody other than the peer or the named issuer.
    WrongSigner = 201, "wrong-signer";
    /// Addressed to somebody else.
    WrongAudience = 202, "wrong-audience";
    /// The peer's key belongs to no relationship and brought no invitation.
    UnknownPeer = 203, "unknown-peer";
    /// No such invitation.
    InvitationUnknown = 204, "invitation-unknown";
    /// The invitation's time is over.
    InvitationExpired = 205, "invitation-expired";
    /// The invitation was used by another peer.
    InvitationUsed = 206, "invitation-used";
    /// This key was replaced by a newer one.
    Rotated = 207, "rotated";
    /// A new key that was not committed to.
    NotCommitted = 208, "not-committed";
    /// A frame that does not belong here.
    UnexpectedFrame = 300, "unexpected-frame";
    /// A sequence number that leaves a gap.
    SequenceGap = 301, "sequence-gap";
    /// More messages than the window allows.
    Flood = 302, "flood";
    /// The peer took too long.
    Timeout = 303, "timeout";
    /// This side is stopping; dial again later.
    ShuttingDown = 304, "shutting-down";
    /// The peer says it holds messages that were never sent.
    AheadOfSender = 305, "ahead-of-sender";
    /// The peer lost messages it had acknowledged.
    BehindAcknowledged = 306, "behind-acknowledged";
    /// A message family or type this build does not know; the message is kept.
    UnknownType = 307, "unknown-type";
    /// The same peer opened a newer session.
    Replaced = 308, "replaced";
    /// The peer holds another message in this place: one of the two sides has gone on from an older copy.
    Forked = 309, "forked";
    /// No such grant, or none that stands.
    NoGrant = 400, "no-grant";
    /// A path outside the grant.
    NotInScope = 401, "not-in-scope";
    /// A purpose the grant does not name for that path.
    WrongPurpose = 402, "wrong-purpose";
    /// The grant's time is over.
    Expired = 403, "expired";
    /// The grant, or that path of it, was revoked.
    Revoked = 404, "revoked";
    /// A data request that was never made, or was withdrawn.
    RequestUnknown = 405, "request-unknown";
    /// The grant does not match the request it answers.
    GrantMismatch = 406, "grant-mismatch";
    /// The receipt does not match the grant it countersigns.
    ReceiptMismatch = 407, "receipt-mismatch";
    /// The grant was for once, and has been used.
    Used = 408, "used";
    /// The person's node is not connected now.
    NotConnected = 409, "not-connected";
    /// The disk refused; nothing was stored.
    StorageFailed = 500, "storage-failed";
    /// Too much at once; try again later.
    Busy = 501, "busy";
}

impl From<Code> for u16 {
    fn from(code: Code) -> Self {
        code.number()
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number(), self.slug())
    }
}

impl std::error::Error for Code {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique_and_read_back() {
        for code in Code::ALL {
            assert_eq!(Code::from(code.number()), *code);
        }
        let numbers: std::collections::BTreeSet<_> = Code::ALL.iter().map(|c| c.number()).collect();
        assert_eq!(numbers.len(), Code::ALL.len());
        assert_eq!(Code::from(9999), Code::Unknown(9999));
    }
}
