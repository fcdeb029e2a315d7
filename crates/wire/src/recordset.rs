//! What the control plane sends: the API's record sets.
//!
//! For: the contents of zones as they cross from Python to Rust, over the feed and into `zone`; `edit` has their octets.
//! Not for: what is answered; `zone` chooses among record sets.
//! Limits: class IN; what is written out for an alias nests at most [`MAX_DEPTH`] deep.

use crate::name::Name;
use crate::rrtype::RrType;

/// How deep groups may lie in one another. No standard says; a traffic policy is a tree of a few levels.
pub const MAX_DEPTH: usize = 32;

/// How one record set is chosen among those of its owner and type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Routing {
    /// In proportion to the weight, 0 to 255.
    Weighted(u8),
    /// The primary while it is healthy, else the secondary.
    Failover {
        /// The primary?
        primary: bool,
    },
    /// Several at once, merged into one RRset.
    Multivalue,
    /// By the client's address.
    Cidr {
        /// The collection of blocks.
        collection: Box<str>,
        /// The location in it; [`Routing::ANYWHERE`] is for clients in none.
        location: Box<str>,
    },
    /// By where the client is, which is not known here: the default, else the first.
    Located {
        /// Where all are served for whom there is nothing nearer?
        default: bool,
    },
}

impl Routing {
    /// The location of clients that are in no block.
    pub const ANYWHERE: &'static str = "*";
}

/// What a record set holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Records with their TTL in seconds; RDATA is uncompressed wire octets.
    Records {
        /// Seconds.
        ttl: u32,
        /// One RDATA a record; at least one.
        rdatas: Vec<Box<[u8]>>,
    },
    /// What is chosen for the same type at `target`, in the same zone.
    Alias {
        /// Where the records are.
        target: Name,
        /// Unhealthy while nothing at the target is healthy?
        evaluate_health: bool,
    },
    /// An alias whose target was written out by the control plane.
    Written {
        /// One of these is chosen as if they were the target's record sets; at least one.
        group: Vec<Choice>,
        /// Unhealthy while nothing in the group is healthy?
        evaluate_health: bool,
    },
    /// An alias whose target could not be looked up yet: there is an answer, and it is not known.
    Unresolved {
        /// Carried along, for when it is resolved.
        evaluate_health: bool,
    },
}

impl Content {
    /// How many groups lie in one another here.
    pub fn depth(&self) -> usize {
        match self {
            Content::Written { group, .. } => {
                1 + group.iter().map(|choice| choice.content.depth()).max().unwrap_or(0)
            }
            _ => 0,
        }
    }
}

/// One among several from which what is served is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The set identifier; empty for simple routing.
    pub set_id: Box<str>,
    /// How it is chosen; `None` for simple routing.
    pub routing: Option<Routing>,
    /// The health check that it depends on.
    pub health_check: Option<Box<str>>,
    /// What is served.
    pub content: Content,
}

impl Choice {
    /// Simple routing: the only one of its owner and type.
    pub fn simple(content: Content) -> Choice {
        Choice { set_id: Box::default(), routing: None, health_check: None, content }
    }
}

/// A record set: the API's unit, keyed by owner, type and set identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordSet {
    /// The owner name.
    pub owner: Name,
    /// The type.
    pub rtype: RrType,
    /// What it is among those of its owner and type.
    pub choice: Choice,
}

impl RecordSet {
    /// What it is replaced and deleted by.
    pub fn key(&self) -> RecordSetKey {
        RecordSetKey { owner: self.owner.clone(), rtype: self.rtype, set_id: self.choice.set_id.clone() }
    }
}

/// What a record set is found by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordSetKey {
    /// The owner name.
    pub owner: Name,
    /// The type.
    pub rtype: RrType,
    /// The set identifier; empty for simple routing.
    pub set_id: Box<str>,
}

/// A change of a zone's contents: the deletes first, then the puts; a put replaces what has the same key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    /// Record sets that are there afterwards.
    pub puts: Vec<RecordSet>,
    /// Record sets that are gone afterwards, unless put.
    pub deletes: Vec<RecordSetKey>,
}
