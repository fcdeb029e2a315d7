//! Why an edit makes no zone version.
//!
//! For: the edge, which refuses such an edit and asks for a snapshot. Not for: people; the API has its own faults.
//! Limits: the first fault found is the one reported.

use wire::{Name, RrType};

/// What is wrong with an edit. The version it was applied to is untouched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ZoneError {
    /// An owner that is neither the apex nor below it.
    #[error("{owner} is not in the zone {apex}")]
    OutOfZone {
        /// The owner.
        owner: Name,
        /// The zone's apex.
        apex: Name,
    },
    /// An alias whose target is neither the apex nor below it.
    #[error("the alias {owner} points to {target}, which is not in the zone {apex}")]
    AliasOutOfZone {
        /// The alias.
        owner: Name,
        /// Where it points.
        target: Name,
        /// The zone's apex.
        apex: Name,
    },
    /// A type that zones do not hold: signatures and denials are made, not stored; meta types have no records.
    #[error(
        "{rtype} at {owner} cannot be stored; such records are made when they are needed, or never exist"
    )]
    ForbiddenType {
        /// The owner.
        owner: Name,
        /// The type.
        rtype: RrType,
    },
    /// SOA away from the apex, NS at a wildcard, DS at the apex.
    #[error("{rtype} is not allowed at {owner}")]
    Misplaced {
        /// The owner.
        owner: Name,
        /// The type.
        rtype: RrType,
    },
    /// SOA, NS or DS as an alias, or in several variants.
    #[error("{rtype} at {owner} has to be one simple record set")]
    NotSimple {
        /// The owner.
        owner: Name,
        /// The type.
        rtype: RrType,
    },
    /// A CNAME beside other data (RFC 1034 §3.6.2).
    #[error("{owner} has a CNAME and other record sets")]
    CnameConflict {
        /// The owner.
        owner: Name,
    },
    /// RDATA that is not of its type's form, or a count of records that the type does not allow.
    #[error("{rtype} at {owner} has malformed RDATA or the wrong number of records")]
    BadRdata {
        /// The owner.
        owner: Name,
        /// The type.
        rtype: RrType,
    },
    /// No SOA record at the apex.
    #[error("the zone {apex} has no SOA record")]
    NoSoa {
        /// The zone's apex.
        apex: Name,
    },
}
