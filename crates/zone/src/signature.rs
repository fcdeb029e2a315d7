//! Cached signatures: where one is kept and when it may be used again.
//!
//! For: signing an RRset once in half an hour instead of once a query. Not for: making signatures; `serve` does.
//! Limits: a slot holds one signature; with two signers of one zone at work (a candidate and what is served) they
//! overwrite each other's, which costs time and nothing else.

use std::fmt;
use std::sync::{Arc, OnceLock};

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

/// Room for the signatures over several RRsets at one owner, of which one is chosen at a time; takes memory only once it
/// is used.
///
/// An RRset is looked for at the place that its contents point to and the next few. Where those are taken, the first one
/// gives way: that costs time and nothing else.
#[derive(Default)]
pub struct SignatureSlots {
    size: usize,
    slots: OnceLock<Box<[SignatureSlot]>>,
}

/// How many places are looked at for one RRset.
const PROBES: usize = 16;

impl SignatureSlots {
    /// Room for `size` signatures.
    pub fn new(size: usize) -> SignatureSlots {
        SignatureSlots { size, slots: OnceLock::new() }
    }

    /// The slot for these records: the one that holds their signature, else the one to store it in.
    pub fn slot_of(&self, records: &Records) -> Option<&SignatureSlot> {
        let slots = self.slots.get_or_init(|| (0..self.size).map(|_| SignatureSlot::default()).collect());
        let home = records.fingerprint().checked_rem(slots.len())?;
        let places = || slots.iter().cycle().skip(home).take(PROBES.min(slots.len()));
        let holds = |slot: &&SignatureSlot| {
            slot.load().as_ref().is_some_and(|signature| *signature.records == *records)
        };
        let is_free = |slot: &&SignatureSlot| slot.load().is_none();
        places().find(holds).or_else(|| places().find(is_free)).or_else(|| slots.get(home))
    }
}

impl Clone for SignatureSlots {
    fn clone(&self) -> SignatureSlots {
        SignatureSlots { size: self.size, slots: self.slots.clone() }
    }
}

impl fmt::Debug for SignatureSlots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignatureSlots({})", self.size)
    }
}

impl fmt::Debug for SignatureSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.load().is_some() { "SignatureSlot(full)" } else { "SignatureSlot(empty)" })
    }
}
