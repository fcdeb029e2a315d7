//! The RRset: what is answered and signed as one (RFC 2181 §5).
//!
//! For: passing sets between crates and to Python.
//! Not for: the API's record sets, which carry routing; those are in `recordset`.
//! Limits: class IN.

use crate::name::Name;
use crate::rrtype::RrType;

/// Owner, type, TTL in seconds and RDATA as uncompressed wire octets; class IN.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RRset {
    /// The owner name; compared without case.
    pub owner: Name,
    /// The type of all records.
    pub rtype: RrType,
    /// Seconds.
    pub ttl: u32,
    /// One RDATA a record, in the order given.
    pub rdatas: Vec<Box<[u8]>>,
}
