//! What choosing depends on besides the zone: which health checks fail, and which addresses belong to which location.
//!
//! For: facts that change without a new zone version; they are swapped whole and read once a query (I2). Not for:
//! finding them out; the control plane does that. Limits: a health check that is not known counts as healthy.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::str::FromStr;

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Which health checks fail.
    pub health: Health,
    /// Which addresses belong to which location.
    pub cidr: Cidr,
}

/// The health checks that fail.
#[derive(Clone, Debug, Default)]
pub struct Health {
    failing: HashSet<Box<str>>,
}

impl Health {
    /// From the status of each health check: true for healthy.
    pub fn new<S: Into<Box<str>>>(statuses: impl IntoIterator<Item = (S, bool)>) -> Health {
        let failing = statuses.into_iter().filter(|(_, healthy)| !healthy);
        Health { failing: failing.map(|(id, _)| id.into()).collect() }
    }

    /// Is it healthy, as far as is known?
    pub fn is_healthy(&self, health_check: &str) -> bool {
        self.failing.is_empty() || !self.failing.contains(health_check)
    }
}

/// Addresses with the same first bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Block {
    is_ipv6: bool,
    // From the left; IPv4's 32 bits too. Zero beyond `length`.
    bits: u128,
    length: u8,
}

/// Text that is no block of addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no block of addresses; write 192.0.2.0/24 or 2001:db8::/48")]
pub struct BadBlock(pub String);

impl Block {
    /// The addresses that share their first `length` bits with this one; `length` is at most 32 or 128.
    pub fn new(address: IpAddr, length: u8) -> Block {
        let (is_ipv6, bits, most) = match address {
            IpAddr::V4(address) => (false, u128::from(u32::from(address)) << 96, 32),
            IpAddr::V6(address) => (true, u128::from(address), 128),
        };
        let length = length.min(most);
        Block { is_ipv6, bits: bits & mask(length), length }
    }

    /// One address.
    pub fn of(address: IpAddr) -> Block {
        Block::new(address, u8::MAX)
    }

    /// How many bits its addresses share.
    pub fn length(self) -> u8 {
        self.length
    }
}

impl FromStr for Block {
    type Err = BadBlock;

    fn from_str(text: &str) -> Result<Block, BadBlock> {
        let parse = || {
            let (address, length) = text.split_once('/')?;
            let address: IpAddr = address.parse().ok()?;
            let length: u8 = length.parse().ok()?;
            let most = if address.is_ipv4() { 32 } else { 128 };
            (length <= most).then(|| Block::new(address, length))
        };
        parse().ok_or_else(|| BadBlock(text.to_owned()))
    }
}

fn mask(length: u8) -> u128 {
    // A shift by all 128 bits is none at all.
    u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0)
}

/// The collections of blocks, by id.
#[derive(Clone, Debug, Default)]
pub struct Cidr {
    collections: HashMap<Box<str>, Collection>,
}

/// Which addresses belong to which location. Locations have numbers here.
#[derive(Clone, Debug, Default)]
pub struct Collection {
    locations: HashMap<Box<str>, u32>,
    ipv4: Table,
    ipv6: Table,
}

/// The blocks of one address family.
#[derive(Clone, Debug, Default)]
struct Table {
    // The lengths that occur, the longest first.
    lengths: Vec<u8>,
    locations: HashMap<(u8, u128), u32>,
    // Where each block begins, ascending, with its length and location.
    starts: Vec<(u128, u8, u32)>,
}

/// How many blocks of locations that do not count are passed over in search of one that does.
const MAX_PASSED: usize = 64;

impl Cidr {
    /// Reads blocks by location by collection. Of a block that is listed twice, the location first by name keeps it.
    pub fn parse<S, L, B>(collections: impl IntoIterator<Item = (S, L)>) -> Result<Cidr, BadBlock>
    where
        S: Into<Box<str>>,
        L: IntoIterator<Item = (S, B)>,
        B: IntoIterator<Item: AsRef<str>>,
    {
        let mut cidr = Cidr::default();
        for (id, locations) in collections {
            let mut collection = Collection::default();
            let mut locations: Vec<(Box<str>, B)> =
                locations.into_iter().map(|(location, blocks)| (location.into(), blocks)).collect();
            locations.sort_by(|(one, _), (other, _)| one.cmp(other));
            for ((location, blocks), number) in locations.into_iter().zip(0..) {
                for block in blocks {
                    let block: Block = block.as_ref().parse()?;
                    let table = if block.is_ipv6 { &mut collection.ipv6 } else { &mut collection.ipv4 };
                    table.locations.entry((block.length, block.bits)).or_insert(number);
                }
                collection.locations.insert(location, number);
            }
            collection.ipv4.settle();
            collection.ipv6.settle();
            cidr.collections.insert(id.into(), collection);
        }
        Ok(cidr)
    }

    /// A collection by its id.
    pub fn collection(&self, id: &str) -> Option<&Collection> {
        self.collections.get(id)
    }
}

impl Collection {
    /// The number of a location.
    pub fn location(&self, name: &str) -> Option<u32> {
        self.locations.get(name).copied()
    }

    /// The blocks that a client is in, the longest first: their lengths and locations.
    pub fn blocks_around(&self, client: Block) -> impl Iterator<Item = (u8, u32)> {
        let table = self.table(client);
        // A block that is longer than what is known of the client may hold some of its addresses, not all.
        let lengths = table.lengths.iter().filter(move |length| **length <= client.length);
        lengths.filter_map(move |length| {
            let location = table.locations.get(&(*length, client.bits & mask(*length)))?;
            Some((*length, *location))
        })
    }

    /// How many bits of the client's address tell it from those who are in blocks of these locations that it is not in.
    pub fn distinct_length(&self, client: Block, locations: &[u32]) -> u8 {
        let starts = &self.table(client).starts;
        let (before, after) = starts.split_at(starts.partition_point(|(start, ..)| *start < client.bits));
        let shared = |start: u128| (start ^ client.bits).leading_zeros();
        let is_around = |start, length| length <= client.length && shared(start) >= u32::from(length);
        // The nearest on each side share the most bits. Of too many that do not count the next one does: what it tells
        // apart need not be told apart, which costs a resolver's cache some room.
        let counts = |(at, (start, length, location)): &(usize, &(u128, u8, u32))| {
            !is_around(*start, *length) && (*at >= MAX_PASSED || locations.contains(location))
        };
        let below = before.iter().rev().enumerate().find(counts);
        let above = after.iter().enumerate().find(counts);
        let nearest = [below, above].into_iter().flatten().map(|(_, (start, ..))| shared(*start) + 1).max();
        let length = nearest.unwrap_or(0).min(client.length.into());
        u8::try_from(length).unwrap_or(client.length)
    }

    fn table(&self, client: Block) -> &Table {
        if client.is_ipv6 { &self.ipv6 } else { &self.ipv4 }
    }
}

impl Table {
    fn settle(&mut self) {
        self.starts = self.locations.iter().map(|((length, bits), at)| (*bits, *length, *at)).collect();
        self.starts.sort_unstable();
        self.lengths = self.locations.keys().map(|(length, _)| *length).collect();
        self.lengths.sort_unstable_by(|one, other| other.cmp(one));
        self.lengths.dedup();
    }
}
