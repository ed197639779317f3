//! Hostile peers by the hundred against the real program, over real sockets, while an honest person goes on.
//!
//! A [`Crowd`] opens connections of many kinds to a hub, from many networks; [`Vendors`] are hubs that a node has followed
//! invitations of and that break every rule. An [`Honest`] pair measures meanwhile how long a change takes from the
//! person's command to the event at the vendor. The tests run some hundred of each; `cargo xtask hostile` as many as wanted.

mod crowd;
mod honest;
mod pace;
mod relay;
mod report;
mod usage;
mod vendors;

pub use crowd::{Crowd, KINDS, Kind};
pub use honest::{Honest, Latencies};
pub use report::{Figures, attack_hub, attack_node};
pub use usage::{Usage, raise_descriptors};
pub use vendors::{MANNERS, Manners, Vendors};
