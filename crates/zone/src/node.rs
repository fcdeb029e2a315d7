//! What a zone holds at one name: record sets by type, each with its variants.
//!
//! For: sharing everything that an edit did not touch, cached signatures included, between zone versions.
//! Not for: finding nodes (`index`, `lookup`). Limits: an RDATA has at most 65535 octets.

use std::fmt;
use std::sync::Arc;

use smallvec::SmallVec;
use wire::{Choice, Content, Key, Name, RecordSet, Routing, RrType};

use crate::signature::{SignatureSlot, SignatureSlots};

/// How many choices of an alias's target keep a signature at its owner. No standard says; a choice among more is rare.
const CHOSEN_ELSEWHERE: usize = 16;
/// How many merged RRsets of a set keep a signature: as many as there can be with 64 healthy variants.
const MERGED: usize = 64;

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

    /// A number that equal records share and others seldom do (FNV-1a over the octets).
    pub(crate) fn fingerprint(&self) -> usize {
        let hash = self.octets.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, octet| {
            (hash ^ u64::from(*octet)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        // The low bits alone are weak.
        (hash ^ (hash >> 32)) as u32 as usize
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
    /// What is chosen for the same type at another name of the zone.
    Alias(Box<Alias>),
    /// What is chosen in a group that was written out for an alias.
    Written(Box<Written>),
    /// Records that are not known yet.
    Unresolved {
        /// Kept for `export`.
        evaluate_health: bool,
    },
}

/// An alias in the zone.
#[derive(Clone, Debug)]
pub struct Alias {
    /// The other name.
    pub target: Name,
    /// Its key.
    pub key: Key,
    /// Unhealthy while nothing there is healthy?
    pub evaluate_health: bool,
    /// Signatures over what was chosen there, at this owner.
    pub signatures: SignatureSlots,
}

/// An alias that was written out.
#[derive(Clone, Debug)]
pub struct Written {
    /// At least one, ordered by set identifier.
    pub group: Box<[Variant]>,
    /// Unhealthy while nothing in the group is healthy?
    pub evaluate_health: bool,
}

impl Data {
    fn of(content: &Content) -> Data {
        match content {
            Content::Records { ttl, rdatas } => Data::Records(Arc::new(Records::new(*ttl, rdatas))),
            Content::Alias { target, evaluate_health } => Data::Alias(Box::new(Alias {
                target: target.clone(),
                key: target.key(),
                evaluate_health: *evaluate_health,
                signatures: SignatureSlots::new(CHOSEN_ELSEWHERE),
            })),
            Content::Written { group, evaluate_health } => {
                let mut group: Vec<Variant> = group.iter().map(Variant::of).collect();
                // Stable: the order given decides between equal identifiers.
                group.sort_by(|one, other| one.set_id.cmp(&other.set_id));
                Data::Written(Box::new(Written { group: group.into(), evaluate_health: *evaluate_health }))
            }
            Content::Unresolved { evaluate_health } => Data::Unresolved { evaluate_health: *evaluate_health },
        }
    }

    fn to_content(&self) -> Content {
        match self {
            Data::Records(records) => {
                Content::Records { ttl: records.ttl, rdatas: records.iter().map(Box::from).collect() }
            }
            Data::Alias(alias) => {
                Content::Alias { target: alias.target.clone(), evaluate_health: alias.evaluate_health }
            }
            Data::Written(written) => Content::Written {
                group: written.group.iter().map(Variant::to_choice).collect(),
                evaluate_health: written.evaluate_health,
            },
            Data::Unresolved { evaluate_health } => Content::Unresolved { evaluate_health: *evaluate_health },
        }
    }
}

/// How a variant is chosen, unless its routing is simple and no health check is on it.
#[derive(Clone, Debug)]
pub struct Routed {
    /// `None` for simple routing.
    pub routing: Option<Routing>,
    /// The health check that it depends on.
    pub health_check: Option<Box<str>>,
    /// In the first variant of several that are merged: signatures over what they were merged to.
    pub merged: SignatureSlots,
}

/// One record set of the API: a choice among those of its owner and type.
#[derive(Clone, Debug)]
pub struct Variant {
    /// The set identifier; empty for simple routing.
    pub set_id: Box<str>,
    /// What it holds.
    pub data: Data,
    /// The signature over its own records at this owner.
    pub signature: SignatureSlot,
    /// How it is chosen; most are the only one, and have nothing here.
    pub routed: Option<Box<Routed>>,
}

impl Variant {
    fn of(choice: &Choice) -> Variant {
        let Choice { set_id, routing, health_check, content } = choice;
        let routed = (routing.is_some() || health_check.is_some()).then(|| {
            let (routing, health_check) = (routing.clone(), health_check.clone());
            Box::new(Routed { routing, health_check, merged: SignatureSlots::new(MERGED) })
        });
        Variant {
            set_id: set_id.clone(),
            data: Data::of(content),
            signature: SignatureSlot::default(),
            routed,
        }
    }

    /// How it is chosen; `None` for simple routing.
    pub fn routing(&self) -> Option<&Routing> {
        self.routed.as_ref()?.routing.as_ref()
    }

    /// The health check that it depends on.
    pub fn health_check(&self) -> Option<&str> {
        self.routed.as_ref()?.health_check.as_deref()
    }

    fn to_choice(&self) -> Choice {
        Choice {
            set_id: self.set_id.clone(),
            routing: self.routing().cloned(),
            health_check: self.health_check().map(Box::from),
            content: self.data.to_content(),
        }
    }

    /// Does it hold just this, in the same case?
    fn holds(&self, content: &Content) -> bool {
        match (&self.data, content) {
            (Data::Records(records), Content::Records { ttl, rdatas }) => {
                records.ttl == *ttl
                    && records.len() == rdatas.len()
                    && records.iter().zip(rdatas).all(|(ours, theirs)| ours == &**theirs)
            }
            (Data::Alias(alias), Content::Alias { target, evaluate_health }) => {
                alias.target.as_wire() == target.as_wire() && alias.evaluate_health == *evaluate_health
            }
            (Data::Records(_) | Data::Alias(_), _) => false,
            (Data::Written(_) | Data::Unresolved { .. }, _) => self.data.to_content() == *content,
        }
    }
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

    /// Replaces or adds a variant; records that do not change keep their signature.
    pub(crate) fn put(&mut self, record_set: &RecordSet) {
        let RecordSet { rtype, choice, .. } = record_set;
        let at = match self.sets.binary_search_by_key(rtype, |set| set.rtype) {
            Ok(at) => at,
            Err(at) => {
                self.sets.insert(at, Arc::new(Set { rtype: *rtype, variants: SmallVec::new() }));
                at
            }
        };
        let Some(set) = self.sets.get_mut(at) else { return };
        let found = set.variants.binary_search_by(|variant| variant.set_id.cmp(&choice.set_id));
        let place = found.unwrap_or_else(|place| place);
        let old = found.ok().and_then(|at| set.variants.get(at));
        let mut variant = Variant::of(choice);
        if let Some(old) = old.filter(|old| old.holds(&choice.content)) {
            if old.routing() == choice.routing.as_ref()
                && old.health_check() == choice.health_check.as_deref()
            {
                return;
            }
            variant.data = old.data.clone();
            variant.signature = old.signature.clone();
        }
        let variants = &mut Arc::make_mut(set).variants;
        match variants.get_mut(place).filter(|_| found.is_ok()) {
            Some(old) => *old = variant,
            None => variants.insert(place, variant),
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
                choice: variant.to_choice(),
            })
        })
    }
}
