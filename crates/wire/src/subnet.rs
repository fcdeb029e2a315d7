//! EDNS client subnet: which part of the network a resolver asks for.
//!
//! For: reading the option of a query, and sending it back with the part of the address that the answer depends on.
//! Not for: deciding what depends on it. Limits: IPv4 and IPv6. Source: RFC 7871 §6, §7.2.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::octets::Reader;

/// The option's code (RFC 7871 §6).
pub(crate) const OPTION: u16 = 8;

/// The first bits of a client's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientSubnet {
    family: u16,
    source: u8,
    octets: [u8; 16],
}

/// What a query has of this option.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Subnet {
    /// Nothing.
    #[default]
    Absent,
    /// One that is well formed.
    Given(ClientSubnet),
    /// Something else: answer FORMERR, if the option counts at all.
    Malformed,
}

impl Subnet {
    /// What was given.
    pub fn given(&self) -> Option<&ClientSubnet> {
        match self {
            Subnet::Given(subnet) => Some(subnet),
            Subnet::Absent | Subnet::Malformed => None,
        }
    }

    /// Reads one more option.
    pub(crate) fn read(self, data: &[u8]) -> Subnet {
        match self {
            Subnet::Absent => ClientSubnet::parse(data).map_or(Subnet::Malformed, Subnet::Given),
            // No standard says; of two addresses none can be the client's.
            Subnet::Given(_) | Subnet::Malformed => Subnet::Malformed,
        }
    }

    /// How many octets it takes in a reply.
    pub(crate) fn reply_len(&self) -> usize {
        self.given().map_or(0, |subnet| 4 + 4 + subnet.address_len())
    }
}

impl ClientSubnet {
    /// Reads the data of a query's option; `None` if it is malformed.
    pub fn parse(data: &[u8]) -> Option<ClientSubnet> {
        let mut reader = Reader::new(data);
        let family = reader.u16()?;
        let [source, scope] = reader.array()?;
        // RFC 7871 §6: the families are those of IANA's registry, of which 1 and 2 are served. With no bit of an address
        // there is none whose family could matter.
        let most = match family {
            0 => 0,
            1 => 32,
            2 => 128,
            _ => return None,
        };
        let mut subnet = ClientSubnet { family, source, octets: [0; 16] };
        let address = reader.rest();
        // RFC 7871 §6: SCOPE is 0 in queries; just as many octets as SOURCE takes, zero beyond its last bit.
        if source > most || scope != 0 || address.len() != subnet.address_len() {
            return None;
        }
        let used = 8 - (8 - source % 8) % 8;
        if address.last().is_some_and(|last| last.checked_shl(used.into()).unwrap_or(0) != 0) {
            return None;
        }
        subnet.octets.get_mut(..address.len())?.copy_from_slice(address);
        Some(subnet)
    }

    /// The address, zero beyond the bits that are given; `None` if the option names no family.
    pub fn address(&self) -> Option<IpAddr> {
        match self.family {
            1 => self.octets.first_chunk::<4>().map(|octets| Ipv4Addr::from(*octets).into()),
            2 => Some(Ipv6Addr::from(self.octets).into()),
            _ => None,
        }
    }

    /// How many bits of the address are given.
    pub fn length(&self) -> u8 {
        self.source
    }

    fn address_len(&self) -> usize {
        usize::from(self.source).div_ceil(8)
    }

    /// The data of a reply's option without the address, and the address.
    pub(crate) fn reply(&self, scope: u8) -> ([u8; 4], &[u8]) {
        // RFC 7871 §7.2.1: FAMILY, SOURCE and ADDRESS as in the query.
        let [family0, family1] = self.family.to_be_bytes();
        let address = self.octets.get(..self.address_len()).unwrap_or_default();
        ([family0, family1, self.source, scope], address)
    }
}
