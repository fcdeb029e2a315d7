//! Zone contents: immutable versions, and what a lookup in one of them means.
//!
//! For: applying edits copy-on-write, choosing among record sets as Route 53 does, and turning a question into a typed
//! [`Outcome`] that holds everything its proof needs. Not for: messages, signing (only the slots of cached signatures
//! live here), sockets, or checking what the API allows; the control plane did that, and `apply` refuses only what could
//! not be answered consistently. Limits: class IN, no DNAME; where clients are is not known.

mod choose;
mod error;
mod facts;
mod index;
mod lookup;
mod node;
mod resolve;
mod signature;
mod version;

pub use choose::{Chooser, Entropy};
pub use error::ZoneError;
pub use facts::{BadBlock, Block, Cidr, Collection, Facts, Health};
pub use index::Index;
pub use lookup::{
    Address, Cuts, Denied, End, MAX_CHAIN, Outcome, Place, Referral, Served, Step, follows_cname,
};
pub use node::{Alias, Data, Node, Records, Routed, Set, Types, Variant, Written};
pub use resolve::{Held, Slot, Unknown};
pub use signature::{Signature, SignatureSlot, SignatureSlots};
pub use version::{Soa, ZoneVersion};
