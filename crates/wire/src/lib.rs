//! DNS on the wire: names, types, record sets, messages.
//!
//! For: everything that reads or writes DNS octets, and the project's only definition of when two names
//! are equal, how they are ordered and which is below which (I8).
//! Not for: zone contents, signing, sockets, or the API's text forms of record values.
//! Limits: class IN; no TSIG; no zone-file reader. Every parser is total: any octets give a value or an error,
//! never a panic, and its work is linear in the input but for a small bound.

mod builder;
mod edit;
mod key;
mod message;
mod name;
mod octets;
mod query;
mod recordset;
mod rrset;
mod rrtype;
mod subnet;

pub use builder::{Builder, Checkpoint, Flags, Full, Opt, Section, build_query};
pub use edit::EditError;
pub use key::Key;
pub use message::{Message, ParseError};
pub use name::{MAX_LABEL, MAX_NAME, Name, NameError, equal_wire, lowercase_wire, wire_len};
pub use octets::Reader;
pub use query::{Edns, Head, KeptQuery, Query, QueryError};
pub use recordset::{Choice, Content, Edit, MAX_DEPTH, RecordSet, RecordSetKey, Routing};
pub use rrset::RRset;
pub use rrtype::{CLASS_IN, Rcode, RrType, UnknownRrType};
pub use subnet::{ClientSubnet, Subnet};
