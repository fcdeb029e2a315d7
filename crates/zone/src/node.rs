//! What a zone holds at one name: record sets by type, each with its variants.
//!
//! For: sharing everything that an edit did not touch, cached signatures included, between zone versions.
//! Not for: finding nodes (`index`, `lookup`). Limits: an RDATA has at most 65535 octets.

use std::fmt;
use std::sync::Arc;

use smallvec::SmallVec;
use wire::{Content, Key, Name, RecordSet, RrType};

use crate::signature::SignatureSlot;

/// The types found at a name, in ascending order.
pub type Types = SmallVec<[RrType; 8]>;

/// TTL and RDATA of an RRset, in one piece of memory.
#[derive(PartialEq, Eq)]
pub struct Records {
    ttl: u32,
    count: u32,
    // Each RDATA with its length before it, as RFC 1035 §3.2.1 has RDLENGTH; an address stands right here.
    octets: SmallVec<[u8; 32]>,
}

impl Records {
    /// Packs the RDATA in the order given; what is longer than 65535 octets is cut, which no caller gets to.
    pub fn new<R: AsRef<[u8]>>(ttl: u32, rdatas: impl IntoIterator<Item = R>) -> Records {
        let mut octets = SmallVec::new();
        let mut count = 0u32;
        for rdata in rdatas {
            let rdata = rdata.as_ref();
            let length = u16::try_from(rdata.len()).unwrap_or(u16::MAX);
            octets.extend_from_slice(&length.to_be_bytes());
            octets.extend_from_slice(rdata.get(..usize::from(length)).unwrap_or_default());
            count = count.saturating_add(1);
        }
        octets.shrink_to_fit();
        Records { ttl, count, octets }
    }

    /// Seconds, as stored.
    pub fn ttl(&self) -> u32 {
        self.ttl
    }

    /// How many records.
    pub fn len(&self) -> usize {
        usize::try_from(self.count).unwrap_or(usize::MAX)
    }

    /// No record at all?
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Each RDATA.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> + Clone {
        let mut rest: &[u8] = &self.octets;
        std::iter::from_fn(move || {
            let (length, tail) = rest.split_first_chunk::<2>()?;
            let (rdata, after) = tail.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            rest = after;
            Some(rdata)
        })
    }
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Records(ttl {}, {} records)", self.ttl, self.count)
    }
}

/// What a variant holds.
#[derive(Clone, Debug)]
pub enum Data {
    /// Records of its own.
    Records(Arc<Records>),
    /// The records of the same type at another name of the zone.
    Alias {
        /// The other name.
        target: Name,
        /// Its key.
        key: Key,
    },
}

impl Data {
    fn holds(&self, content: &Content) -> bool {
        match (self, content) {
            (Data::Records(records), Content::Records { ttl, rdatas }) => {
                records.ttl == *ttl
                    && records.len() == rdatas.len()
                    && records.iter().zip(rdatas).all(|(ours, theirs)| ours == &**theirs)
            }
            (Data::Alias { target, .. }, Content::Alias { target: other }) => {
                target.as_wire() == other.as_wire()
            }
            _ => false,
        }
    }

    fn of(content: &Content) -> Data {
        match content {
            Content::Records { ttl, rdatas } => Data::Records(Arc::new(Records::new(*ttl, rdatas))),
            Content::Alias { target } => Data::Alias { target: target.clone(), key: target.key() },
        }
    }

    fn to_content(&self) -> Content {
        match self {
            Data::Records(records) => {
                Content::Records { ttl: records.ttl, rdatas: records.iter().map(Box::from).collect() }
            }
            Data::Alias { target, .. } => Content::Alias { target: target.clone() },
        }
    }
}

/// One record set of the API: a choice among those of its owner and type.
#[derive(Clone, Debug)]
pub struct Variant {
    /// The set identifier; empty for simple routing.
    pub set_id: Box<str>,
    /// Records or an alias.
    pub data: Data,
    /// The signature over these records at this owner.
    pub signature: SignatureSlot,
}

/// All variants of one owner and type, ordered by set identifier.
#[derive(Clone, Debug)]
pub struct Set {
    /// The type.
    pub rtype: RrType,
    /// At least one.
    pub variants: SmallVec<[Variant; 1]>,
}

/// Everything at one name.
#[derive(Clone, Debug)]
pub struct Node {
    /// The name, its case as stored.
    pub owner: Name,
    /// The signature over the denial of types at this name.
    pub denial: SignatureSlot,
    sets: SmallVec<[Arc<Set>; 2]>,
}

impl Node {
    /// A name without data.
    pub fn empty(owner: Name) -> Node {
        Node { owner, denial: SignatureSlot::default(), sets: SmallVec::new() }
    }

    /// The sets by ascending type.
    pub fn sets(&self) -> &[Arc<Set>] {
        &self.sets
    }

    /// The set of a type.
    pub fn set(&self, rtype: RrType) -> Option<&Arc<Set>> {
        self.sets.iter().find(|set| set.rtype == rtype)
    }

    /// Is there a set of this type?
    pub fn has(&self, rtype: RrType) -> bool {
        self.set(rtype).is_some()
    }

    /// Nothing left?
    pub fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }

    /// Replaces or adds a variant; one that does not change keeps its signature.
    pub(crate) fn put(&mut self, record_set: &RecordSet) {
        let at = match self.sets.binary_search_by_key(&record_set.rtype, |set| set.rtype) {
            Ok(at) => at,
            Err(at) => {
                self.sets.insert(at, Arc::new(Set { rtype: record_set.rtype, variants: SmallVec::new() }));
                at
            }
        };
        let Some(set) = self.sets.get_mut(at) else { return };
        let found = set.variants.binary_search_by(|variant| variant.set_id.cmp(&record_set.set_id));
        let same = |variant: &Variant| variant.data.holds(&record_set.content);
        if found.is_ok_and(|at| set.variants.get(at).is_some_and(same)) {
            return;
        }
        let variant = Variant {
            set_id: record_set.set_id.clone(),
            data: Data::of(&record_set.content),
            signature: SignatureSlot::default(),
        };
        let variants = &mut Arc::make_mut(set).variants;
        match found {
            Ok(at) => {
                if let Some(place) = variants.get_mut(at) {
                    *place = variant;
                }
            }
            Err(at) => variants.insert(at, variant),
        }
    }

    /// Takes a variant away; taking away what is not there changes nothing.
    pub(crate) fn remove(&mut self, rtype: RrType, set_id: &str) {
        let Ok(at) = self.sets.binary_search_by_key(&rtype, |set| set.rtype) else { return };
        let Some(set) = self.sets.get_mut(at) else { return };
        if !set.variants.iter().any(|variant| &*variant.set_id == set_id) {
            return;
        }
        if set.variants.len() == 1 {
            self.sets.remove(at);
        } else {
            Arc::make_mut(set).variants.retain(|variant| &*variant.set_id != set_id);
        }
    }

    /// All variants as the API's record sets.
    pub(crate) fn record_sets(&self) -> impl Iterator<Item = RecordSet> {
        self.sets.iter().flat_map(|set| {
            set.variants.iter().map(|variant| RecordSet {
                owner: self.owner.clone(),
                rtype: set.rtype,
                set_id: variant.set_id.clone(),
                content: variant.data.to_content(),
            })
        })
    }
}
