//! Which of several record sets is served: the policies of Route 53 as functions of facts.
//!
//! For: the order in which candidates are tried, and what one query chooses by. Not for: following aliases (`resolve`),
//! or finding facts out. Limits: where a client is and how far it has to anything is not known, so latency, geolocation
//! and geoproximity are answered by their default, else by the first set identifier.
//! Source: Route 53 developer guide, "Choosing a routing policy" and "How Route 53 chooses records when health checking
//! is configured".

use smallvec::SmallVec;
use wire::Routing;

use crate::facts::{Block, Collection, Facts};
use crate::node::Variant;

/// The most record sets that a multivalue answer is merged of (Route 53 developer guide, "Multivalue answer routing").
pub(crate) const MAX_MERGED: usize = 8;
/// The most aliases that are followed for one query. No standard says; Route 53 documents no limit.
const MAX_FOLLOWED: u16 = 512;
/// The most record sets whose health is looked at for one query; more count as healthy.
const MAX_PROBED: u16 = 2048;

/// A small generator that spreads load; not for anything secret.
#[derive(Clone, Debug)]
pub struct Entropy(u64);

impl Entropy {
    /// Starts from a seed; the same seed gives the same numbers.
    #[must_use]
    pub const fn new(seed: u64) -> Entropy {
        Entropy(seed)
    }

    /// The next number (SplitMix64).
    pub const fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 if there is none.
    fn below(&mut self, bound: u64) -> u64 {
        // The bounds are below 2^16, so that the bias is below 2^-48.
        self.draw().checked_rem(bound).unwrap_or(0)
    }
}

/// By what one query chooses, and what its choices came to depend on.
#[derive(Clone, Debug)]
pub struct Chooser<'f> {
    pub(crate) facts: &'f Facts,
    client: Option<Block>,
    entropy: Entropy,
    scope: u8,
    followed: u16,
    probed: u16,
}

impl<'f> Chooser<'f> {
    /// `client` is all that is known of the client's address; `None` where nobody chooses by it: in private zones.
    pub fn new(facts: &'f Facts, client: Option<Block>, seed: u64) -> Chooser<'f> {
        Chooser { facts, client, entropy: Entropy::new(seed), scope: 0, followed: 0, probed: 0 }
    }

    /// How many bits of the client's address decided so far.
    pub fn scope(&self) -> u8 {
        self.scope
    }

    /// May one more alias be followed? A hostile tangle of aliases would cost variants to the power of its depth.
    pub(crate) fn may_follow(&mut self) -> bool {
        self.followed = self.followed.saturating_add(1);
        self.followed <= MAX_FOLLOWED
    }

    /// May the health of one more record set be looked at?
    pub(crate) fn may_probe(&mut self) -> bool {
        self.probed = self.probed.saturating_add(1);
        self.probed <= MAX_PROBED
    }

    /// Where in a list of `count` to begin.
    pub(crate) fn begin(&mut self, count: usize) -> usize {
        usize::try_from(self.entropy.below(u64::try_from(count).unwrap_or(0))).unwrap_or(0)
    }

    /// Those of a group that may be served to this client, the preferred first; sets by how many bits that is decided.
    pub(crate) fn candidates(&mut self, policy: Policy, group: &[Variant]) -> Candidates {
        let all = || group.iter().enumerate();
        let of = |at, variant: &Variant| Candidate { at, weight: weight_of(variant), is_healthy: true };
        let is_first = |variant: &Variant| match variant.routing() {
            Some(Routing::Failover { primary }) => *primary,
            Some(Routing::Located { default }) => *default,
            _ => false,
        };
        match policy {
            Policy::Weighted | Policy::Multivalue => all().map(|(at, variant)| of(at, variant)).collect(),
            Policy::Ordered => {
                let (first, rest): (SmallVec<[_; 1]>, Candidates) =
                    all().fold(Default::default(), |(mut first, mut rest), (at, variant)| {
                        if is_first(variant) {
                            first.push(of(at, variant))
                        } else {
                            rest.push(of(at, variant))
                        }
                        (first, rest)
                    });
                first.into_iter().chain(rest).collect()
            }
            Policy::Cidr => {
                let mut found: SmallVec<[(Option<u8>, Candidate); 4]> = SmallVec::new();
                let mut around = Around::default();
                for (at, variant) in all() {
                    let Some(Routing::Cidr { collection, location }) = variant.routing() else { continue };
                    if **location == *Routing::ANYWHERE {
                        found.push((None, of(at, variant)));
                    } else if let Some(client) = self.client {
                        around.enter(self.facts, collection, client);
                        let length = around.length_of(location);
                        found.extend(length.map(|length| (Some(length), of(at, variant))));
                    }
                }
                // Stable: the first set identifier wins where a block is named twice.
                found.sort_by_key(|(length, _)| std::cmp::Reverse(*length));
                let longest = found.first().and_then(|(length, _)| *length).unwrap_or(0);
                self.scope = self.scope.max(longest).max(around.leave());
                found.into_iter().map(|(_, candidate)| candidate).collect()
            }
        }
    }

    /// Which candidate is next, by its place in the list.
    pub(crate) fn pick(&mut self, policy: Policy, candidates: &[Candidate]) -> Option<usize> {
        match policy {
            Policy::Weighted => pick_weighted(candidates, &mut self.entropy),
            Policy::Ordered | Policy::Cidr | Policy::Multivalue => {
                let healthy = candidates.iter().position(|candidate| candidate.is_healthy);
                healthy.or_else(|| (!candidates.is_empty()).then_some(0))
            }
        }
    }
}

/// The blocks of one collection around a client. All sets of a group use one collection nearly always.
#[derive(Default)]
struct Around<'f> {
    id: &'f str,
    client: Option<(Block, &'f Collection)>,
    blocks: SmallVec<[(u8, u32); 2]>,
    // The locations that were asked for.
    used: SmallVec<[u32; 8]>,
    distinct: u8,
}

impl<'f> Around<'f> {
    fn enter<'g: 'f>(&mut self, facts: &'g Facts, id: &'g str, client: Block) {
        if self.client.is_some() && self.id == id {
            return;
        }
        self.distinct = self.leave();
        self.used.clear();
        self.id = id;
        self.client = facts.cidr.collection(id).map(|collection| (client, collection));
        self.blocks = self
            .client
            .into_iter()
            .flat_map(|(client, collection)| collection.blocks_around(client))
            .collect();
    }

    fn length_of(&mut self, location: &str) -> Option<u8> {
        let location = self.client?.1.location(location)?;
        self.used.push(location);
        self.blocks.iter().find(|(_, found)| *found == location).map(|(length, _)| *length)
    }

    /// How many bits of the client's address counted so far.
    fn leave(&self) -> u8 {
        let of_this = self.client.map(|(client, collection)| collection.distinct_length(client, &self.used));
        self.distinct.max(of_this.unwrap_or(0))
    }
}

/// How a group is chosen from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// The first healthy one in the order of preference: simple, failover, located.
    Ordered,
    /// By chance, in proportion to the weights.
    Weighted,
    /// Several at once.
    Multivalue,
    /// Ordered, by the client's address.
    Cidr,
}

impl Policy {
    /// The policy of a group. Mixed ones, which the API refuses, are taken in order.
    pub(crate) fn of(group: &[Variant]) -> Policy {
        let of_one = |variant: &Variant| match variant.routing() {
            None | Some(Routing::Failover { .. } | Routing::Located { .. }) => Policy::Ordered,
            Some(Routing::Weighted(_)) => Policy::Weighted,
            Some(Routing::Multivalue) => Policy::Multivalue,
            Some(Routing::Cidr { .. }) => Policy::Cidr,
        };
        let mut policies = group.iter().map(of_one);
        let first = policies.next().unwrap_or(Policy::Ordered);
        if policies.all(|policy| policy == first) { first } else { Policy::Ordered }
    }
}

/// One that may be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// Its place in the group.
    pub(crate) at: usize,
    pub(crate) weight: u8,
    pub(crate) is_healthy: bool,
}

/// A list of those.
pub(crate) type Candidates = SmallVec<[Candidate; 4]>;

fn weight_of(variant: &Variant) -> u8 {
    match variant.routing() {
        Some(Routing::Weighted(weight)) => *weight,
        _ => 0,
    }
}

/// The healthy ones with a weight in proportion to it; else the healthy ones without one, all alike; else as if all were
/// healthy.
fn pick_weighted(candidates: &[Candidate], entropy: &mut Entropy) -> Option<usize> {
    let among =
        |wanted: &dyn Fn(&Candidate) -> bool, weight: &dyn Fn(&Candidate) -> u64, draw: &mut Entropy| {
            let shares =
                || candidates.iter().map(|candidate| if wanted(candidate) { weight(candidate) } else { 0 });
            let total: u64 = shares().sum();
            if total == 0 {
                return None;
            }
            let mut left = draw.below(total);
            shares().position(|share| {
                let is_it = left < share;
                left = left.saturating_sub(share);
                is_it
            })
        };
    let by_weight = |candidate: &Candidate| u64::from(candidate.weight);
    let alike = |_: &Candidate| 1;
    let healthy = |candidate: &Candidate| candidate.is_healthy;
    let any = |_: &Candidate| true;
    among(&healthy, &by_weight, entropy)
        .or_else(|| among(&healthy, &alike, entropy))
        .or_else(|| among(&any, &by_weight, entropy))
        .or_else(|| among(&any, &alike, entropy))
}
