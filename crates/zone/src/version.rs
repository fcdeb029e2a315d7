//! A zone version: one immutable state of a zone, and how the next one is made of it.
//!
//! For: swapping contents whole (I2); a version costs little to clone and shares what did not change.
//! Not for: answering (`lookup`), or what the API allows. Limits: one SOA record; contents fit into memory.

use std::sync::Arc;

use wire::{Content, Edit, Key, Name, RecordSet, RrType, wire_len};

use crate::error::ZoneError;
use crate::index::{Index, Tree};
use crate::node::{Data, Node, Records, Set};
use crate::signature::SignatureSlot;

/// What negative answers need of the SOA.
#[derive(Clone, Debug)]
pub struct Soa {
    set: Arc<Set>,
    records: Arc<Records>,
    /// The MINIMUM field, in seconds (RFC 2308 §4).
    pub minimum: u32,
}

impl Soa {
    /// The SOA record.
    pub fn records(&self) -> &Arc<Records> {
        &self.records
    }

    /// Where its signature is kept; there is none only if the set has no variant, which `apply` refuses.
    pub fn slot(&self) -> Option<&SignatureSlot> {
        self.set.variants.first().map(|variant| &variant.signature)
    }

    /// The TTL of negative answers: the lesser of the SOA's TTL and MINIMUM.
    pub fn negative_ttl(&self) -> u32 {
        // RFC 2308 §5, and RFC 9077 §3 for the NSEC.
        self.records.ttl().min(self.minimum)
    }
}

/// One immutable state of a zone.
#[derive(Clone, Debug)]
pub struct ZoneVersion {
    pub(crate) apex: Name,
    pub(crate) apex_key: Key,
    version: u64,
    pub(crate) index: Tree,
    soa: Option<Soa>,
    // How many names below the apex have NS, and how many are at or below a wildcard: most zones have none and skip the
    // search.
    pub(crate) cuts: usize,
    pub(crate) wildcards: usize,
}

impl ZoneVersion {
    /// Version 0: no data at all.
    pub fn empty(apex: &Name) -> ZoneVersion {
        ZoneVersion {
            apex: apex.clone(),
            apex_key: apex.key(),
            version: 0,
            index: Tree::default(),
            soa: None,
            cuts: 0,
            wildcards: 0,
        }
    }

    /// The zone's name.
    pub fn apex(&self) -> &Name {
        &self.apex
    }

    /// The key of the zone's name.
    pub fn apex_key(&self) -> &Key {
        &self.apex_key
    }

    /// The number given to `apply`.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The SOA; `None` only for a zone that was never given one.
    pub fn soa(&self) -> Option<&Soa> {
        self.soa.as_ref()
    }

    /// How many names have data.
    pub fn name_count(&self) -> usize {
        self.index.len()
    }

    /// Every name with data, in canonical order.
    pub fn nodes(&self) -> impl Iterator<Item = &Arc<Node>> {
        self.index.nodes()
    }

    /// The node of a key, occluded or not.
    pub fn node(&self, key: &Key) -> Option<&Node> {
        self.index.get(key.as_bytes()).map(|node| &**node)
    }

    /// The next version: the deletes first, then the puts. Deleting what is not there changes nothing.
    ///
    /// Raises: a [`ZoneError`] if the result could not be answered consistently; this version is untouched.
    pub fn apply(&self, edit: &Edit, version: u64) -> Result<ZoneVersion, ZoneError> {
        let mut next = self.clone();
        next.version = version;
        let mut touched = Vec::with_capacity(edit.deletes.len() + edit.puts.len());
        for record_set_key in &edit.deletes {
            let key = record_set_key.owner.key();
            if let Some(node) = next.index.get_mut(key.as_bytes()) {
                Arc::make_mut(node).remove(record_set_key.rtype, &record_set_key.set_id);
                touched.push(key);
            }
        }
        for record_set in &edit.puts {
            let key = record_set.owner.key();
            self.check_put(record_set, &key)?;
            match next.index.get_mut(key.as_bytes()) {
                Some(node) => Arc::make_mut(node).put(record_set),
                None => {
                    let mut node = Node::empty(record_set.owner.clone());
                    node.put(record_set);
                    next.index.insert(key.clone(), Arc::new(node));
                }
            }
            touched.push(key);
        }
        touched.sort_unstable();
        touched.dedup();
        for key in &touched {
            next.settle(self, key)?;
        }
        next.soa = next.read_soa()?;
        Ok(next)
    }

    /// Everything, as puts that make this version out of an empty one.
    pub fn export(&self) -> Edit {
        Edit { puts: self.nodes().flat_map(|node| node.record_sets()).collect(), deletes: Vec::new() }
    }

    fn check_put(&self, record_set: &RecordSet, key: &Key) -> Result<(), ZoneError> {
        let RecordSet { owner, rtype, choice } = record_set;
        if !key.starts_with(&self.apex_key) {
            return Err(ZoneError::OutOfZone { owner: owner.clone(), apex: self.apex.clone() });
        }
        let made_when_asked =
            [RrType::RRSIG, RrType::NSEC, RrType::NSEC3, RrType::NSEC3PARAM, RrType::DNSKEY];
        if rtype.is_meta() || made_when_asked.contains(rtype) {
            return Err(ZoneError::ForbiddenType { owner: owner.clone(), rtype: *rtype });
        }
        let at_apex = key == &self.apex_key;
        let misplaced = match *rtype {
            RrType::SOA => !at_apex,
            // RFC 4592 §4.2: a delegation at a wildcard has no meaning.
            RrType::NS => owner.is_wildcard() && !at_apex,
            // RFC 4035 §2.4: DS belongs to the parent's side of a cut.
            RrType::DS => at_apex,
            _ => false,
        };
        if misplaced {
            return Err(ZoneError::Misplaced { owner: owner.clone(), rtype: *rtype });
        }
        if matches!(*rtype, RrType::SOA | RrType::NS | RrType::DS) {
            // What delegates and what denies is the same for everybody.
            let is_simple = choice.set_id.is_empty() && choice.routing.is_none();
            if !is_simple || !matches!(choice.content, Content::Records { .. }) {
                return Err(ZoneError::NotSimple { owner: owner.clone(), rtype: *rtype });
            }
        }
        self.check_content(owner, *rtype, &choice.content)
    }

    fn check_content(&self, owner: &Name, rtype: RrType, content: &Content) -> Result<(), ZoneError> {
        match content {
            Content::Alias { target, .. } if !target.key().starts_with(&self.apex_key) => {
                Err(ZoneError::AliasOutOfZone {
                    owner: owner.clone(),
                    target: target.clone(),
                    apex: self.apex.clone(),
                })
            }
            Content::Alias { .. } | Content::Unresolved { .. } => Ok(()),
            Content::Written { group, .. } => {
                group.iter().try_for_each(|choice| self.check_content(owner, rtype, &choice.content))
            }
            Content::Records { rdatas, .. } => {
                let single = matches!(rtype, RrType::SOA | RrType::CNAME);
                let counted = !rdatas.is_empty() && (!single || rdatas.len() == 1);
                if !counted || !rdatas.iter().all(|rdata| is_well_formed(rtype, rdata)) {
                    return Err(ZoneError::BadRdata { owner: owner.clone(), rtype });
                }
                Ok(())
            }
        }
    }

    /// Brings a touched name in order: drops it if nothing is left, checks what stands together, counts anew.
    fn settle(&mut self, before: &ZoneVersion, key: &Key) -> Result<(), ZoneError> {
        let was = before.index.get(key.as_bytes()).map(|node| &**node);
        let is = self.index.get(key.as_bytes()).map(|node| &**node);
        if let Some(node) = is.filter(|node| node.has(RrType::CNAME) && node.sets().len() > 1) {
            // RFC 1034 §3.6.2; only RRSIG and NSEC may stand beside it (RFC 4035 §2.5), and those are made.
            return Err(ZoneError::CnameConflict { owner: node.owner.clone() });
        }
        let not_apex = key != &self.apex_key;
        let is_cut = |node: Option<&Node>| usize::from(not_apex && node.is_some_and(|n| n.has(RrType::NS)));
        let is_wildcard = |node: Option<&Node>| {
            usize::from(
                node.is_some_and(|node| !node.is_empty() && node.owner.labels().any(|label| label == b"*")),
            )
        };
        let cuts = self.cuts + is_cut(is) - is_cut(was);
        let wildcards = self.wildcards + is_wildcard(is) - is_wildcard(was);
        let gone = is.is_some_and(Node::is_empty);
        self.cuts = cuts;
        self.wildcards = wildcards;
        if gone {
            self.index.remove(key.as_bytes());
        }
        Ok(())
    }

    fn read_soa(&self) -> Result<Option<Soa>, ZoneError> {
        let Some(set) = self.node(&self.apex_key).and_then(|node| node.set(RrType::SOA)) else {
            return Ok(None);
        };
        let bad = || ZoneError::BadRdata { owner: self.apex.clone(), rtype: RrType::SOA };
        let records = match set.variants.first().map(|variant| &variant.data) {
            Some(Data::Records(records)) => Arc::clone(records),
            _ => return Err(bad()),
        };
        let rdata = records.iter().next().ok_or_else(bad)?;
        let minimum = rdata.last_chunk::<4>().ok_or_else(bad)?;
        let minimum = u32::from_be_bytes(*minimum);
        Ok(Some(Soa { set: Arc::clone(set), records, minimum }))
    }
}

/// Has RDATA the form that lookups, glue and canonical form rely on? Only the types with names in them are looked at.
fn is_well_formed(rtype: RrType, rdata: &[u8]) -> bool {
    if rdata.len() > usize::from(u16::MAX) {
        return false;
    }
    match rtype {
        RrType::A => rdata.len() == 4,
        RrType::AAAA => rdata.len() == 16,
        RrType::NS | RrType::CNAME | RrType::PTR => after_names(rdata, 1) == Some(0),
        RrType::SOA => after_names(rdata, 2) == Some(20),
        RrType::MX => rdata.get(2..).is_some_and(|name| after_names(name, 1) == Some(0)),
        RrType::SRV => rdata.get(6..).is_some_and(|name| after_names(name, 1) == Some(0)),
        RrType::DS => rdata.len() > 4,
        _ => true,
    }
}

/// How many octets follow `count` uncompressed names; `None` if there are not that many names.
fn after_names(octets: &[u8], count: usize) -> Option<usize> {
    let mut rest = octets;
    for _ in 0..count {
        rest = rest.get(wire_len(rest).ok()?..)?;
    }
    Some(rest.len())
}
