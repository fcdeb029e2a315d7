//! A resolver's cache: finished answers by question, for as long as their TTL.
//!
//! For: answering again without asking again. Not for: deciding what may be cached; whoever fills it says for how long.
//! Limits: bounded in octets; when it is full, what has not been used lately goes first (the CLOCK approximation of
//! least recently used). Time is the caller's `now` in UNIX seconds.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use parking_lot::Mutex;
use smallvec::SmallVec;
use wire::{RRset, RrType, lowercase_wire};

/// What a resolver found out about a question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The response code, extended ones included.
    pub rcode: u16,
    /// The proof says NXNAME: NXDOMAIN for clients that want no proof (RFC 9824 §5).
    pub nxname: bool,
    /// The answer section, with its RRSIGs.
    pub answer: Vec<RRset>,
    /// The authority section, with its proofs.
    pub authority: Vec<RRset>,
    /// The additional section, without OPT.
    pub additional: Vec<RRset>,
    /// Everything in answer and authority was validated as secure.
    pub secure: bool,
    /// How long it may be kept, in seconds; 0 means not at all.
    pub ttl: u32,
    /// It answers those who wait and is not kept, whatever its TTL: its maker keeps it by a clock of its own.
    pub transient: bool,
    /// An extended DNS error (RFC 8914).
    pub ede: Option<(u16, String)>,
}

/// An entry with the moment it counts from.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) entry: Entry,
    pub(crate) kept_at: u64,
}

impl Kept {
    /// Seconds since it was kept; `None` once it is too old, and before that moment: by a clock that was set back nobody
    /// can tell how old it is.
    pub(crate) fn age(&self, now: u64) -> Option<u32> {
        let age = u32::try_from(now.checked_sub(self.kept_at)?).ok()?;
        (age < self.entry.ttl).then_some(age)
    }
}

/// A question as the cache knows it: lower-case name, type, and whether checking was disabled.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Question(SmallVec<[u8; 64]>);

impl Question {
    pub(crate) fn new(qname: &[u8], qtype: RrType, cd: bool) -> Question {
        let mut octets = lowercase_wire(qname);
        octets.extend_from_slice(&qtype.0.to_be_bytes());
        octets.push(u8::from(cd));
        Question(octets)
    }
}

const SHARDS: usize = 8;
/// What a slot costs beside its records, in octets; measured roughly, only its order of magnitude counts.
const SLOT_OCTETS: usize = 400;
const RRSET_OCTETS: usize = 80;
const RDATA_OCTETS: usize = 32;

pub(crate) struct Cache {
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
    limit: usize,
}

#[derive(Default)]
struct Shard {
    places: HashMap<Question, usize>,
    slots: Vec<Slot>,
    hand: usize,
    octets: usize,
}

struct Slot {
    question: Question,
    kept: Arc<Kept>,
    octets: usize,
    used: bool,
}

impl Cache {
    /// An empty cache of at most `octets`, roughly.
    pub(crate) fn new(octets: usize) -> Cache {
        Cache { hasher: RandomState::new(), shards: Default::default(), limit: octets / SHARDS }
    }

    /// What is known about a question at `now`, and how old it is in seconds.
    pub(crate) fn get(&self, question: &Question, now: u64) -> Option<(Arc<Kept>, u32)> {
        let mut shard = self.shard(question)?.lock();
        let place = *shard.places.get(question)?;
        let slot = shard.slots.get_mut(place)?;
        let age = slot.kept.age(now)?;
        slot.used = true;
        Some((Arc::clone(&slot.kept), age))
    }

    /// Keeps an entry, unless it is too large to be worth it.
    pub(crate) fn put(&self, question: Question, kept: Arc<Kept>, now: u64) {
        let octets = octets_of(&kept.entry) + question.0.len();
        if octets > self.limit / 8 {
            return;
        }
        let Some(mut shard) = self.shard(&question).map(Mutex::lock) else { return };
        if let Some(&place) = shard.places.get(&question) {
            shard.remove(place);
        }
        while shard.octets + octets > self.limit && shard.evict(now) {}
        let place = shard.slots.len();
        shard.octets += octets;
        shard.places.insert(question.clone(), place);
        shard.slots.push(Slot { question, kept, octets, used: false });
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        for shard in &self.shards {
            *shard.lock() = Shard::default();
        }
    }

    /// How many entries there are, old ones included.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().slots.len()).sum()
    }

    fn shard(&self, question: &Question) -> Option<&Mutex<Shard>> {
        self.shards.get(self.hasher.hash_one(question) as usize % SHARDS)
    }
}

impl Shard {
    /// Frees one slot: the next one that is too old, or was not used since the hand last came by.
    fn evict(&mut self, now: u64) -> bool {
        // Two rounds suffice: the first takes every mark of use away.
        for _ in 0..=2 * self.slots.len() {
            if self.hand >= self.slots.len() {
                self.hand = 0;
            }
            let Some(slot) = self.slots.get_mut(self.hand) else { return false };
            if slot.used && slot.kept.age(now).is_some() {
                slot.used = false;
                self.hand += 1;
            } else {
                self.remove(self.hand);
                return true;
            }
        }
        false
    }

    fn remove(&mut self, place: usize) {
        if place >= self.slots.len() {
            return;
        }
        let slot = self.slots.swap_remove(place);
        self.octets = self.octets.saturating_sub(slot.octets);
        self.places.remove(&slot.question);
        // The last slot now stands where the removed one was.
        if let Some(moved) = self.slots.get(place) {
            self.places.insert(moved.question.clone(), place);
        }
    }
}

fn octets_of(entry: &Entry) -> usize {
    let rrsets = [&entry.answer, &entry.authority, &entry.additional].into_iter().flatten();
    let rrsets: usize = rrsets
        .map(|rrset| {
            let rdatas: usize = rrset.rdatas.iter().map(|rdata| rdata.len() + RDATA_OCTETS).sum();
            RRSET_OCTETS + rrset.owner.as_wire().len() + rdatas
        })
        .sum();
    SLOT_OCTETS + rrsets + entry.ede.as_ref().map_or(0, |(_, text)| text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(number: u32) -> Question {
        let name = wire::Name::parse(&format!("n{number}.test")).unwrap();
        Question::new(name.as_wire(), RrType::A, false)
    }

    fn kept(ttl: u32, kept_at: u64) -> Arc<Kept> {
        Arc::new(Kept { entry: Entry { ttl, ..Entry::default() }, kept_at })
    }

    #[test]
    fn an_entry_lives_for_its_ttl() {
        let cache = Cache::new(1 << 20);
        cache.put(question(1), kept(10, 100), 100);
        assert_eq!(cache.get(&question(1), 100).map(|(_, age)| age), Some(0));
        assert_eq!(cache.get(&question(1), 109).map(|(_, age)| age), Some(9));
        assert!(cache.get(&question(1), 110).is_none());
        assert!(cache.get(&question(1), 99).is_none(), "a clock that was set back");
        assert!(cache.get(&question(2), 100).is_none());
    }

    #[test]
    fn case_does_not_matter_but_type_and_cd_do() {
        let cache = Cache::new(1 << 20);
        let upper = wire::Name::parse("N1.TEST").unwrap();
        cache.put(question(1), kept(10, 100), 100);
        assert!(cache.get(&Question::new(upper.as_wire(), RrType::A, false), 100).is_some());
        assert!(cache.get(&Question::new(upper.as_wire(), RrType::A, true), 100).is_none());
        assert!(cache.get(&Question::new(upper.as_wire(), RrType::AAAA, false), 100).is_none());
    }

    #[test]
    fn it_stays_within_its_bound_and_keeps_what_is_used() {
        let cache = Cache::new(SHARDS * 64 * 1024);
        cache.put(question(0), kept(1000, 0), 0);
        for number in 1..20_000 {
            cache.put(question(number), kept(1000, 0), 0);
            assert!(cache.get(&question(0), 0).is_some(), "lost after {number}");
        }
        for shard in &cache.shards {
            let shard = shard.lock();
            assert!(shard.octets <= 64 * 1024);
            assert_eq!(shard.places.len(), shard.slots.len());
            assert_eq!(shard.octets, shard.slots.iter().map(|slot| slot.octets).sum::<usize>());
        }
        assert!(cache.len() > 500);
        cache.clear();
        assert_eq!(cache.len(), 0);
    }

    #[test]
    fn a_put_replaces_the_entry_before() {
        let cache = Cache::new(1 << 20);
        cache.put(question(1), kept(10, 100), 100);
        cache.put(question(1), kept(20, 105), 105);
        assert_eq!(cache.len(), 1);
        assert_eq!(cache.get(&question(1), 120).map(|(_, age)| age), Some(15));
    }
}
