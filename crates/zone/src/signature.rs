//! Cached signatures: where one is kept and when it may be used again.
//!
//! For: signing an RRset once in half an hour instead of once a query. Not for: making signatures; `serve` does.
//! Limits: a slot holds one signature; with two signers of one zone at work (a candidate and what is served) they
//! overwrite each other's, which costs time and nothing else.

use std::fmt;
use std::sync::Arc;

use arc_swap::{ArcSwapOption, Guard};
use smallvec::SmallVec;

use crate::node::Records;

/// How old a reused signature may be, in seconds (architecture, "Online signing").
pub const MAX_AGE: u64 = 1800;
/// How long beyond the TTL a reused signature has to stay valid, in seconds (architecture, "Online signing").
pub const MIN_LEFT: u64 = 1800;

/// An RRSIG with what it was made of and when.
#[derive(Debug)]
pub struct Signature {
    /// The records it covers. Held, so that the same address means the same records.
    pub records: Arc<Records>,
    /// The TTL it was made for, in seconds.
    pub ttl: u32,
    /// The whole RRSIG RDATA; one of algorithm 13 in a zone with a name of usual length stands right here.
    pub rrsig: SmallVec<[u8; 128]>,
    /// When it was made, in UNIX seconds.
    pub made_at: u64,
    /// When it ends, in UNIX seconds.
    pub expiration: u64,
    /// The key set it was made with.
    pub generation: u64,
}

impl Signature {
    /// May it be sent at `now` for these records, with this TTL, under this key set?
    pub fn is_good(&self, records: &Arc<Records>, ttl: u32, generation: u64, now: u64) -> bool {
        self.generation == generation
            && self.ttl == ttl
            && self.made_at.abs_diff(now) < MAX_AGE
            && self.expiration > now.saturating_add(u64::from(ttl)).saturating_add(MIN_LEFT)
            && (Arc::ptr_eq(&self.records, records) || *self.records == **records)
    }
}

/// Room for one signature, filled by whoever signs first.
#[derive(Default)]
pub struct SignatureSlot(ArcSwapOption<Signature>);

impl SignatureSlot {
    /// What is in the slot, good or not.
    pub fn load(&self) -> Guard<Option<Arc<Signature>>> {
        self.0.load()
    }

    /// Replaces what is in the slot.
    pub fn store(&self, signature: Arc<Signature>) {
        self.0.store(Some(signature));
    }
}

impl Clone for SignatureSlot {
    fn clone(&self) -> SignatureSlot {
        SignatureSlot(ArcSwapOption::new(self.0.load_full()))
    }
}

impl fmt::Debug for SignatureSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.load().is_some() { "SignatureSlot(full)" } else { "SignatureSlot(empty)" })
    }
}
