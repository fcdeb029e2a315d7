//! DNS service: from a packet to a reply, and the sockets around that.
//!
//! For: the query path without sockets (`answer`), what it answers from (`Plane`, `View`), and the workers that run it
//! (`Server`). Not for: zone contents, cryptography, or iterating from the root; misses go up to Python.
//! Limits: the only crate that reads a clock, and only at its rim: `answer` is told what time it is.

pub mod answer;
mod cache;
mod compose;
pub mod counters;
mod flights;
pub mod plane;
pub mod querylog;
pub mod recursor;
pub mod server;
mod service;
pub mod sign;
pub mod sink;
mod tcp;
pub mod udp;
pub mod view;

pub use answer::{Client, Logging, Origin, Reply, ReplySink, Transport, World, answer};
pub use cache::Entry;
pub use counters::{Counter, Counters};
pub use flights::{MAX_FLIGHTS, MAX_WAITERS, Miss, PATIENCE};
pub use plane::{Asker, Candidate, Plane, PlaneError, Root, SealedKey, SigningChange, SigningParts};
pub use querylog::QueryLog;
pub use recursor::{Recursor, ResolverSettings};
pub use server::{Server, unix_milliseconds, unix_seconds};
pub use sink::ReplyTo;
pub use view::{View, ZoneCell, ZoneState};
pub use zone::{BadBlock, Cidr, Entropy, Facts, Health};
