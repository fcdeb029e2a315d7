//! From a set of variants to the records that are served: choosing, and following aliases while choosing.
//!
//! For: what a type at a name comes to for one client, and whether it comes to anything for any. Not for: the rules of
//! choosing (`choose`), or names (`lookup`). Limits: an alias that comes back to a set that led to it holds nothing; a
//! tangle of more aliases than a query may follow, or deeper than `MAX_DEPTH`, has no answer.

use std::collections::HashSet;
use std::ops::Deref;
use std::sync::Arc;

use smallvec::SmallVec;
use wire::{Key, RrType};

use crate::choose::{Candidates, Chooser, MAX_MERGED, Policy};
use crate::index::Index;
use crate::node::{Data, Records, Set, Variant};
use crate::signature::{SignatureSlot, SignatureSlots};
use crate::version::ZoneVersion;

/// How many aliases and groups may lie in one another. No standard says.
const MAX_DEPTH: usize = 64;
/// The most variants that are looked at to see whether a type is answered at all.
const MAX_SEEN: usize = 512;

/// Records that the zone holds, or that were merged for one answer.
#[derive(Clone, Debug)]
pub enum Held<'a> {
    /// The zone's.
    Stored(&'a Arc<Records>),
    /// Merged of several record sets.
    Merged(Arc<Records>),
}

impl<'a> Held<'a> {
    /// The zone's own, which live as long as it does.
    pub fn stored(&self) -> Option<&'a Arc<Records>> {
        match self {
            Held::Stored(records) => Some(records),
            Held::Merged(_) => None,
        }
    }
}

impl Deref for Held<'_> {
    type Target = Arc<Records>;

    fn deref(&self) -> &Arc<Records> {
        match self {
            Held::Stored(records) => records,
            Held::Merged(records) => records,
        }
    }
}

/// Where the signature over an RRset is kept.
#[derive(Clone, Copy, Debug)]
pub enum Slot<'a> {
    /// Nowhere: the owner was made up by a wildcard, or the records by this answer.
    None,
    /// Here.
    One(&'a SignatureSlot),
    /// Among those of other RRsets of the same owner and type.
    Among(&'a SignatureSlots),
}

impl<'a> Slot<'a> {
    /// The slot for these records.
    pub fn of(self, records: &Records) -> Option<&'a SignatureSlot> {
        match self {
            Slot::None => None,
            Slot::One(slot) => Some(slot),
            Slot::Among(slots) => slots.slot_of(records),
        }
    }
}

/// Why it is not known what is served, although something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// The target of an alias could not be looked up.
    Unresolved,
    /// There are more aliases to follow than a query may.
    Tangled,
}

/// What a set comes to.
#[derive(Clone, Debug)]
pub(crate) enum Found<'a> {
    Records(Held<'a>, Slot<'a>),
    /// Nothing for this client.
    Nothing,
    Unknown(Unknown),
}

/// The groups that led here, innermost first.
#[derive(Clone, Copy)]
struct Path<'p> {
    group: *const Variant,
    depth: usize,
    above: Option<&'p Path<'p>>,
}

impl<'p> Path<'p> {
    /// One step further; `Err` says whether that is a circle.
    fn to(group: &[Variant], above: Option<&'p Path<'p>>) -> Result<Path<'p>, Astray> {
        let group = group.as_ptr();
        let depth = above.map_or(0, |above| above.depth + 1);
        let mut next = above;
        while let Some(path) = next {
            if path.group == group {
                return Err(Astray::Circle);
            }
            next = path.above;
        }
        if depth > MAX_DEPTH { Err(Astray::TooDeep) } else { Ok(Path { group, depth, above }) }
    }
}

/// Why a path ends.
enum Astray {
    Circle,
    TooDeep,
}

impl ZoneVersion {
    /// What is served of a set.
    pub(crate) fn choose<'a>(&'a self, set: &'a Set, chooser: &mut Chooser<'_>) -> Found<'a> {
        if let [Variant { data: Data::Records(records), routed: None, signature, .. }] = &*set.variants {
            return Found::Records(Held::Stored(records), Slot::One(signature));
        }
        match (Walk { zone: self, rtype: set.rtype, chooser }).choose(&set.variants, None, None) {
            // No way through the tangle leads anywhere.
            Found::Unknown(Unknown::Tangled) if !self.is_answered(set) => Found::Nothing,
            found => found,
        }
    }

    /// Does a set come to something for some client?
    pub(crate) fn is_answered(&self, set: &Set) -> bool {
        let mut seen = SmallVec::new();
        self.comes_to_something(&set.variants, set.rtype, &mut seen)
    }

    fn comes_to_something(
        &self,
        group: &[Variant],
        rtype: RrType,
        seen: &mut SmallVec<[*const Variant; 8]>,
    ) -> bool {
        if seen.contains(&group.as_ptr()) {
            return false;
        }
        // A type whose answer is that it cannot be known is not denied either.
        if seen.len() >= MAX_SEEN {
            return true;
        }
        seen.push(group.as_ptr());
        group.iter().any(|variant| match &variant.data {
            Data::Records(_) | Data::Unresolved { .. } => true,
            Data::Alias(alias) => self
                .group_at(&alias.key, rtype)
                .is_some_and(|group| self.comes_to_something(group, rtype, seen)),
            Data::Written(written) => self.comes_to_something(&written.group, rtype, seen),
        })
    }

    fn group_at(&self, key: &Key, rtype: RrType) -> Option<&[Variant]> {
        Some(&self.index.get(key.as_bytes())?.set(rtype)?.variants)
    }
}

/// One choice in the making.
struct Walk<'a, 'c, 'f> {
    zone: &'a ZoneVersion,
    rtype: RrType,
    chooser: &'c mut Chooser<'f>,
}

impl<'a> Walk<'a, '_, '_> {
    /// `elsewhere` has the signatures of the first alias on the way: what lies behind it has another owner's.
    fn choose(
        &mut self,
        group: &'a [Variant],
        elsewhere: Option<&'a SignatureSlots>,
        above: Option<&Path<'_>>,
    ) -> Found<'a> {
        let path = match Path::to(group, above) {
            Ok(path) => path,
            Err(Astray::Circle) => return Found::Nothing,
            Err(Astray::TooDeep) => return Found::Unknown(Unknown::Tangled),
        };
        let policy = Policy::of(group);
        let mut candidates = self.chooser.candidates(policy, group);
        if candidates.len() > 1 {
            for candidate in &mut candidates {
                candidate.is_healthy =
                    group.get(candidate.at).is_some_and(|variant| self.is_healthy(variant, &path));
            }
        }
        if policy == Policy::Multivalue {
            self.shuffle(&mut candidates);
        }
        let mut is_unresolved = false;
        let mut taken: SmallVec<[Taken<'a>; 1]> = SmallVec::new();
        while let Some(next) = self.chooser.pick(policy, &candidates) {
            let candidate = candidates.remove(next);
            // Unhealthy ones are served only where nothing else is.
            let is_enough = |first: &Taken<'a>| first.is_healthy && !candidate.is_healthy;
            if taken.len() == MAX_MERGED || taken.first().is_some_and(is_enough) {
                break;
            }
            let Some(variant) = group.get(candidate.at) else { continue };
            match self.follow(variant, elsewhere, &path) {
                // RFC 2181 §10.1: there is one CNAME at a name.
                Found::Records(held, slot) if policy == Policy::Multivalue && self.rtype != RrType::CNAME => {
                    taken.push(Taken { at: candidate.at, is_healthy: candidate.is_healthy, held, slot });
                }
                // A sibling that can be answered goes first, healthy or not.
                Found::Unknown(Unknown::Unresolved) => is_unresolved = true,
                Found::Nothing => {}
                found => return found,
            }
        }
        let merged = elsewhere.or_else(|| Some(&group.first()?.routed.as_ref()?.merged));
        merge(taken, merged).unwrap_or(if is_unresolved {
            Found::Unknown(Unknown::Unresolved)
        } else {
            Found::Nothing
        })
    }

    /// Healthy ones first, from a random one on, around; if there are none, all of them so.
    fn shuffle(&mut self, candidates: &mut Candidates) {
        candidates.sort_by_key(|candidate| !candidate.is_healthy);
        let healthy = candidates.iter().filter(|candidate| candidate.is_healthy).count();
        let count = if healthy == 0 { candidates.len() } else { healthy };
        if let Some(first) = candidates.get_mut(..count) {
            first.rotate_left(self.chooser.begin(count));
        }
    }

    fn follow(
        &mut self,
        variant: &'a Variant,
        elsewhere: Option<&'a SignatureSlots>,
        path: &Path<'_>,
    ) -> Found<'a> {
        match &variant.data {
            Data::Records(records) => {
                let slot = elsewhere.map_or(Slot::One(&variant.signature), Slot::Among);
                Found::Records(Held::Stored(records), slot)
            }
            Data::Unresolved { .. } => Found::Unknown(Unknown::Unresolved),
            Data::Alias(_) | Data::Written(_) if !self.chooser.may_follow() => {
                Found::Unknown(Unknown::Tangled)
            }
            Data::Alias(alias) => match self.zone.group_at(&alias.key, self.rtype) {
                Some(group) => self.choose(group, elsewhere.or(Some(&alias.signatures)), Some(path)),
                None => Found::Nothing,
            },
            Data::Written(written) => self.choose(&written.group, elsewhere, Some(path)),
        }
    }

    fn is_healthy(&mut self, variant: &'a Variant, path: &Path<'_>) -> bool {
        if !self.chooser.may_probe() {
            return true;
        }
        let checks = |id| self.chooser.facts.health.is_healthy(id);
        if !variant.health_check().is_none_or(checks) {
            return false;
        }
        match &variant.data {
            Data::Records(_) => true,
            Data::Unresolved { .. } => false,
            Data::Alias(alias) => {
                !alias.evaluate_health
                    || self
                        .zone
                        .group_at(&alias.key, self.rtype)
                        .is_some_and(|group| self.has_healthy(group, path))
            }
            Data::Written(written) => !written.evaluate_health || self.has_healthy(&written.group, path),
        }
    }

    fn has_healthy(&mut self, group: &'a [Variant], above: &Path<'_>) -> bool {
        match Path::to(group, Some(above)) {
            Ok(path) => group.iter().any(|variant| self.is_healthy(variant, &path)),
            Err(Astray::Circle) => false,
            Err(Astray::TooDeep) => true,
        }
    }
}

/// One record set of those that are merged.
struct Taken<'a> {
    /// Its place in the group.
    at: usize,
    is_healthy: bool,
    held: Held<'a>,
    slot: Slot<'a>,
}

/// One RRset of several record sets; `None` of none.
fn merge<'a>(mut taken: SmallVec<[Taken<'a>; 1]>, slots: Option<&'a SignatureSlots>) -> Option<Found<'a>> {
    if taken.len() == 1 {
        return taken.pop().map(|one| Found::Records(one.held, one.slot));
    }
    // In one order, so that the same choice has the same signature.
    taken.sort_by_key(|one| one.at);
    // RFC 2181 §5.2: one TTL for all.
    let ttl = taken.iter().map(|one| one.held.ttl()).min()?;
    let mut seen = HashSet::new();
    // RFC 2181 §5: an RRset has no two equal records.
    let rdatas = taken.iter().flat_map(|one| one.held.iter()).filter(|rdata| seen.insert(*rdata));
    let records = Records::new(ttl, rdatas);
    Some(Found::Records(Held::Merged(Arc::new(records)), slots.map_or(Slot::None, Slot::Among)))
}
