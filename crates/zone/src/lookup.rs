//! From a question to an outcome: RFC 1034 §4.3.2 as a function of a zone version.
//!
//! For: naming every case that an answer and its proof can have, once. Not for: messages or signatures.
//! Limits: a chain of CNAMEs has at most [`MAX_CHAIN`] steps; what exceeds them ends there. Names below a cut are not served except as glue. qtype ANY gets one RRset (RFC 8482 §4.1); RRSIG and NSEC are
//! never stored, so they end in `NoData`, and the signer answers them from what that holds.

use smallvec::SmallVec;
use wire::{Key, RrType, equal_wire};

use crate::choose::Chooser;
use crate::index::Index;
use crate::node::{Data, Node, Set, Types};
use crate::resolve::{Found, Held, Slot, Unknown};
use crate::version::ZoneVersion;

/// The longest chain of CNAMEs that one answer holds. No standard says; BIND follows 11 queries, Knot 5 to 20 steps.
pub const MAX_CHAIN: usize = 12;

/// An RRset to be served, without its TTL's cap or its signature.
#[derive(Clone, Debug)]
pub struct Served<'a> {
    /// The owner as it goes out: uncompressed wire octets, in the case of the question or of the CNAME that led here.
    pub owner: &'a [u8],
    /// The type.
    pub rtype: RrType,
    /// TTL and RDATA.
    pub records: Held<'a>,
    /// Where a signature over this owner is kept.
    pub slot: Slot<'a>,
}

/// A cut and what the parent's side knows of it.
#[derive(Clone, Debug)]
pub struct Referral<'a> {
    /// The node of the cut.
    pub cut: &'a Node,
    /// The NS RRset, which the child is authoritative for.
    pub ns: Served<'a>,
    /// The DS RRset, which is ours.
    pub ds: Option<Served<'a>>,
}

/// Why there is no data of the type at a name that exists.
#[derive(Clone, Copy, Debug)]
pub enum Denied<'a> {
    /// The name has other types.
    Exists(&'a Node),
    /// The name, or the wildcard that stands for it, has none, but names below it do (RFC 8020 §2).
    EmptyNonTerminal,
    /// A wildcard stands for the name and has other types.
    Wildcard(&'a Node),
    /// DS was asked for at a cut that has none.
    Cut(&'a Node),
}

impl<'a> Denied<'a> {
    /// Where the types of the name come from.
    pub fn node(self) -> Option<&'a Node> {
        match self {
            Denied::Exists(node) | Denied::Wildcard(node) | Denied::Cut(node) => Some(node),
            Denied::EmptyNonTerminal => None,
        }
    }
}

/// How a lookup ends.
#[derive(Clone, Debug)]
pub enum End<'a> {
    /// The RRset asked for.
    Answer(Served<'a>),
    /// The name lies at or below a cut.
    Referral(Referral<'a>),
    /// The name exists, the type does not, or not for this client.
    NoData(Denied<'a>),
    /// There is something, and what is not known.
    Unknown(Unknown),
    /// The name does not exist.
    NoName {
        /// How many labels of the name the closest encloser has (RFC 4592 §3.3.1).
        encloser_labels: usize,
    },
    /// The name is not in this zone: a wrong zone was asked, or a CNAME leads out of it.
    OutOfZone,
    /// A chain of CNAMEs comes back to itself or does not end; it is sent as far as it goes.
    EndlessChain,
}

/// What a lookup found: the CNAMEs on the way, and how it ends at `owner`.
#[derive(Clone, Debug)]
pub struct Outcome<'a> {
    /// One CNAME RRset a step, in order.
    pub chain: SmallVec<[Served<'a>; 2]>,
    /// The name that `end` is about, as wire octets.
    pub owner: &'a [u8],
    /// The end.
    pub end: End<'a>,
}

/// One step of a lookup.
#[derive(Clone, Debug)]
pub enum Step<'a> {
    /// A CNAME, and where it points, as wire octets.
    Chain(Served<'a>, &'a [u8]),
    /// No further.
    End(End<'a>),
}

/// Where a name stands in a zone.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// It has data.
    Node(&'a Node),
    /// It lies at a cut (`at`) or below it.
    Cut {
        /// The node of the cut.
        cut: &'a Node,
        /// At it, not below?
        at: bool,
    },
    /// Names below it, or below the wildcard that stands for it, have data.
    EmptyNonTerminal,
    /// It does not exist, and this wildcard stands for it (RFC 4592 §3.3.2).
    Wildcard(&'a Node),
    /// It does not exist.
    Nowhere {
        /// How many labels the closest encloser has.
        encloser_labels: usize,
    },
    /// It is not in the zone.
    Outside,
}

/// What NS RRsets below the apex mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cuts {
    /// Delegations.
    Honored,
    /// Data like any other: Route 53 follows no delegation inside a private zone.
    Ignored,
}

/// An address of a host in the zone, for the additional section.
#[derive(Clone, Debug)]
pub struct Address<'a> {
    /// The RRset.
    pub served: Served<'a>,
    /// At or below a cut: not ours, never signed.
    pub is_glue: bool,
}

impl ZoneVersion {
    /// Answers a question. `key` is the key of `qname`, an uncompressed wire name.
    pub fn lookup<'a>(
        &'a self,
        qname: &'a [u8],
        key: &Key,
        qtype: RrType,
        chooser: &mut Chooser<'_>,
    ) -> Outcome<'a> {
        let mut outcome = Outcome { chain: SmallVec::new(), owner: qname, end: End::OutOfZone };
        let mut step = self.step(qname, key, qtype, Cuts::Honored, chooser);
        loop {
            match step {
                Step::End(end) => {
                    outcome.end = end;
                    return outcome;
                }
                Step::Chain(served, target) => {
                    outcome.chain.push(served);
                    outcome.owner = target;
                    // RFC 1034 §3.6.2: loops of CNAMEs are to be caught.
                    let seen = outcome.chain.iter().any(|earlier| equal_wire(earlier.owner, target));
                    if seen || outcome.chain.len() >= MAX_CHAIN {
                        outcome.end = End::EndlessChain;
                        return outcome;
                    }
                    step = self.step(target, &Key::of_lowercase_wire(target), qtype, Cuts::Honored, chooser);
                }
            }
        }
    }

    /// One step of `lookup`: the RRset, a CNAME to follow, or an end.
    pub fn step<'a>(
        &'a self,
        owner: &'a [u8],
        key: &Key,
        qtype: RrType,
        cuts: Cuts,
        chooser: &mut Chooser<'_>,
    ) -> Step<'a> {
        match self.locate(key, cuts) {
            Place::Node(node) => self.select(owner, node, qtype, false, chooser),
            Place::Wildcard(node) => self.select(owner, node, qtype, true, chooser),
            Place::EmptyNonTerminal => Step::End(End::NoData(Denied::EmptyNonTerminal)),
            Place::Nowhere { encloser_labels } => Step::End(End::NoName { encloser_labels }),
            Place::Outside => Step::End(End::OutOfZone),
            Place::Cut { cut, at } => Step::End(self.at_cut(cut, at, owner, qtype)),
        }
    }

    /// Where a name stands.
    pub fn locate<'a>(&'a self, key: &Key, cuts: Cuts) -> Place<'a> {
        if !key.starts_with(&self.apex_key) {
            return Place::Outside;
        }
        let cut = match cuts {
            Cuts::Honored => self.cut_above(key),
            Cuts::Ignored => None,
        };
        if let Some((cut, at)) = cut {
            return Place::Cut { cut, at };
        }
        if let Some(node) = self.index.get(key.as_bytes()) {
            return Place::Node(node);
        }
        let after = self.index.after(key.as_bytes());
        // Names below follow at once in canonical order. RFC 4592 §2.2.2: an empty non-terminal exists.
        if after.is_some_and(|after| after.starts_with(key)) {
            return Place::EmptyNonTerminal;
        }
        // The closest encloser shares the most labels with the name, and no name shares more than a neighbor does.
        let shared = [self.index.before(key.as_bytes()), after]
            .into_iter()
            .flatten()
            .map(|neighbor| shared_labels(key, neighbor))
            .fold(self.apex_key.as_bytes().len(), usize::max);
        let encloser = Key::from_key_bytes(key.as_bytes().get(..shared).unwrap_or_default());
        if self.wildcards > 0 {
            // RFC 4592 §3.3.2: the source of synthesis is the wildcard right below the closest encloser, and no other.
            let wildcard = encloser.wildcard_child();
            if let Some(node) = self.index.get(wildcard.as_bytes()) {
                return Place::Wildcard(node);
            }
            // RFC 4592 §4.9: it may be an empty non-terminal too, and so is then what it stands for.
            if self.index.after(wildcard.as_bytes()).is_some_and(|after| after.starts_with(&wildcard)) {
                return Place::EmptyNonTerminal;
            }
        }
        Place::Nowhere { encloser_labels: encloser.label_count() }
    }

    /// The types with data at a node: those that are answered for some client, now or when it is known what with.
    pub fn types_of(&self, node: &Node) -> Types {
        let cut = node.has(RrType::NS) && node.owner.key() != self.apex_key;
        node.sets()
            .iter()
            // RFC 4035 §2.3: at a cut only NS and DS are on the parent's side.
            .filter(|set| !cut || matches!(set.rtype, RrType::NS | RrType::DS))
            .filter(|set| self.is_answered(set))
            .map(|set| set.rtype)
            .collect()
    }

    /// The first RRset with records at a node, as `owner`'s; if there is none, whether one is not known.
    pub fn any_at<'a>(
        &'a self,
        owner: &'a [u8],
        node: &'a Node,
        is_wildcard: bool,
        chooser: &mut Chooser<'_>,
    ) -> Result<Option<Served<'a>>, Unknown> {
        let mut unknown = None;
        for set in node.sets() {
            match self.serve(owner, set, is_wildcard, chooser) {
                Ok(None) => {}
                Ok(found) => return Ok(found),
                Err(why) => unknown = Some(why),
            }
        }
        unknown.map_or(Ok(None), Err)
    }

    /// The address RRset of a host of this zone, glue or not; wildcards are not expanded.
    pub fn address<'a>(
        &'a self,
        host: &'a [u8],
        rtype: RrType,
        chooser: &mut Chooser<'_>,
    ) -> Option<Address<'a>> {
        let key = Key::of_lowercase_wire(host);
        if !key.starts_with(&self.apex_key) {
            return None;
        }
        let set = self.index.get(key.as_bytes())?.set(rtype)?;
        let served = self.serve(host, set, false, chooser).ok().flatten()?;
        Some(Address { served, is_glue: self.cut_above(&key).is_some() })
    }

    /// The highest cut at or above a name.
    fn cut_above(&self, key: &Key) -> Option<(&Node, bool)> {
        if self.cuts == 0 {
            return None;
        }
        let octets = key.as_bytes();
        let below_apex = octets.get(self.apex_key.as_bytes().len()..)?;
        below_apex.iter().enumerate().filter(|&(_, &octet)| octet == 0).find_map(|(at, _)| {
            let end = self.apex_key.as_bytes().len() + at + 1;
            let node = self.index.get(octets.get(..end)?)?;
            node.has(RrType::NS).then_some((&**node, end == octets.len()))
        })
    }

    fn at_cut<'a>(&'a self, cut: &'a Node, at: bool, owner: &'a [u8], qtype: RrType) -> End<'a> {
        let part = |rtype| cut.set(rtype).and_then(|set| simple(cut.owner.as_wire(), set));
        // RFC 4035 §3.1.4.1: a question for DS at a cut is the parent's to answer.
        if at && qtype == RrType::DS {
            return match part(RrType::DS) {
                Some(ds) => End::Answer(Served { owner, ..ds }),
                None => End::NoData(Denied::Cut(cut)),
            };
        }
        match part(RrType::NS) {
            Some(ns) => End::Referral(Referral { cut, ns, ds: part(RrType::DS) }),
            // An NS set has records, else it would not have been stored.
            None => End::NoData(Denied::Cut(cut)),
        }
    }

    fn select<'a>(
        &'a self,
        owner: &'a [u8],
        node: &'a Node,
        qtype: RrType,
        is_wildcard: bool,
        chooser: &mut Chooser<'_>,
    ) -> Step<'a> {
        let found = match (qtype, node.set(qtype)) {
            (RrType::ANY, _) => self.any_at(owner, node, is_wildcard, chooser),
            (_, Some(set)) => self.serve(owner, set, is_wildcard, chooser),
            (_, None) => Ok(None),
        };
        match found {
            Ok(Some(served)) => return Step::End(End::Answer(served)),
            Ok(None) => {}
            Err(unknown) => return Step::End(End::Unknown(unknown)),
        }
        let cname = if follows_cname(qtype) { node.set(RrType::CNAME) } else { None };
        match cname.map_or(Ok(None), |set| self.serve(owner, set, is_wildcard, chooser)) {
            Ok(Some(served)) => {
                // Of CNAMEs one is chosen, and none are merged.
                if let Some(target) = served.records.stored().and_then(|records| records.iter().next()) {
                    return Step::Chain(served, target);
                }
            }
            Ok(None) => {}
            Err(unknown) => return Step::End(End::Unknown(unknown)),
        }
        Step::End(End::NoData(if is_wildcard { Denied::Wildcard(node) } else { Denied::Exists(node) }))
    }

    fn serve<'a>(
        &'a self,
        owner: &'a [u8],
        set: &'a Set,
        is_wildcard: bool,
        chooser: &mut Chooser<'_>,
    ) -> Result<Option<Served<'a>>, Unknown> {
        match self.choose(set, chooser) {
            Found::Records(records, slot) => {
                let slot = if is_wildcard { Slot::None } else { slot };
                Ok(Some(Served { owner, rtype: set.rtype, records, slot }))
            }
            Found::Nothing => Ok(None),
            Found::Unknown(unknown) => Err(unknown),
        }
    }
}

/// Is a CNAME followed to answer this type?
pub fn follows_cname(qtype: RrType) -> bool {
    // RFC 4035 §2.5: RRSIG and NSEC stand beside a CNAME, so they are not looked for behind it.
    !matches!(qtype, RrType::CNAME | RrType::ANY | RrType::RRSIG | RrType::NSEC)
}

/// The records of a set that is not chosen from: NS and DS of a cut.
fn simple<'a>(owner: &'a [u8], set: &'a Set) -> Option<Served<'a>> {
    let variant = set.variants.first()?;
    let Data::Records(records) = &variant.data else { return None };
    let slot = Slot::One(&variant.signature);
    Some(Served { owner, rtype: set.rtype, records: Held::Stored(records), slot })
}

/// The length in octets of the labels, counted from the root, that two keys share.
fn shared_labels(left: &Key, right: &Key) -> usize {
    let mut shared = 0;
    for (at, (a, b)) in left.as_bytes().iter().zip(right.as_bytes()).enumerate() {
        if a != b {
            break;
        }
        if *a == 0 {
            shared = at + 1;
        }
    }
    shared
}
