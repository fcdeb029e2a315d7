//! What the control plane sends: the API's record sets, and edits made of them.
//!
//! For: the contents of zones as they cross from Python to Rust, over the feed and into `zone`.
//! Not for: what is answered; `zone` picks RRsets out of record sets.
//! Limits: class IN; an edit's encoding is versioned and refuses every version but its own.

use crate::name::{Name, NameError};
use crate::octets::Reader;
use crate::rrtype::RrType;

/// What a record set holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Records with their TTL in seconds; RDATA is uncompressed wire octets.
    Records {
        /// Seconds.
        ttl: u32,
        /// One RDATA a record; at least one.
        rdatas: Vec<Box<[u8]>>,
    },
    /// The RRset of the same type at `target`, in the same zone.
    Alias {
        /// Where the records are.
        target: Name,
    },
}

/// A record set: the API's unit, keyed by owner, type and set identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordSet {
    /// The owner name.
    pub owner: Name,
    /// The type.
    pub rtype: RrType,
    /// The set identifier; empty for simple routing.
    pub set_id: Box<str>,
    /// Records or an alias.
    pub content: Content,
}

impl RecordSet {
    /// What it is replaced and deleted by.
    pub fn key(&self) -> RecordSetKey {
        RecordSetKey { owner: self.owner.clone(), rtype: self.rtype, set_id: self.set_id.clone() }
    }
}

/// What a record set is found by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordSetKey {
    /// The owner name.
    pub owner: Name,
    /// The type.
    pub rtype: RrType,
    /// The set identifier; empty for simple routing.
    pub set_id: Box<str>,
}

/// A change of a zone's contents: the deletes first, then the puts; a put replaces what has the same key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    /// Record sets that are there afterwards.
    pub puts: Vec<RecordSet>,
    /// Record sets that are gone afterwards, unless put.
    pub deletes: Vec<RecordSetKey>,
}

/// Why some octets are not an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// Not made by `Edit::encode`, or by another version of it.
    #[error("the octets are not an edit of version {VERSION}")]
    UnknownVersion,
    /// The octets end early.
    #[error("the edit is truncated")]
    Truncated,
    /// Octets after the end.
    #[error("there are octets after the edit")]
    TrailingOctets,
    /// An owner or target is not a name.
    #[error("the edit holds a bad name: {0}")]
    BadName(#[from] NameError),
    /// A set identifier that is not UTF-8.
    #[error("a set identifier of the edit is not UTF-8")]
    BadSetId,
    /// A content tag that is neither records nor alias.
    #[error("a record set of the edit has an unknown kind of content")]
    UnknownContent,
    /// A record set without records.
    #[error("a record set of the edit has no records")]
    NoRecords,
    /// RDATA longer than 65535 octets.
    #[error("an RDATA of the edit is longer than 65535 octets")]
    RdataTooLong,
}

// Layout: MAGIC, VERSION, deletes, puts. A list is a u32 count and its items; octets are a u32 length and themselves.
const MAGIC: [u8; 4] = *b"S53E";
const VERSION: u8 = 1;
const RECORDS: u8 = 0;
const ALIAS: u8 = 1;

impl Edit {
    /// Encodes for the feed. `decode` gives the same edit back.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(16 + 64 * (self.puts.len() + self.deletes.len()));
        out.extend_from_slice(&MAGIC);
        out.push(VERSION);
        put_len(&mut out, self.deletes.len());
        for key in &self.deletes {
            put_key(&mut out, &key.owner, key.rtype, &key.set_id);
        }
        put_len(&mut out, self.puts.len());
        for set in &self.puts {
            put_key(&mut out, &set.owner, set.rtype, &set.set_id);
            match &set.content {
                Content::Records { ttl, rdatas } => {
                    out.push(RECORDS);
                    out.extend_from_slice(&ttl.to_be_bytes());
                    put_len(&mut out, rdatas.len());
                    for rdata in rdatas {
                        put_octets(&mut out, rdata);
                    }
                }
                Content::Alias { target } => {
                    out.push(ALIAS);
                    put_octets(&mut out, target.as_wire());
                }
            }
        }
        out
    }

    /// Decodes what `encode` made; anything else is an error.
    pub fn decode(octets: &[u8]) -> Result<Edit, EditError> {
        let mut reader = Reader::new(octets);
        if reader.array() != Some(MAGIC) || reader.u8() != Some(VERSION) {
            return Err(EditError::UnknownVersion);
        }
        let mut edit = Edit::default();
        for _ in 0..take_len(&mut reader)? {
            edit.deletes.push(take_key(&mut reader)?);
        }
        for _ in 0..take_len(&mut reader)? {
            let RecordSetKey { owner, rtype, set_id } = take_key(&mut reader)?;
            let content = take_content(&mut reader)?;
            edit.puts.push(RecordSet { owner, rtype, set_id, content });
        }
        if reader.is_empty() { Ok(edit) } else { Err(EditError::TrailingOctets) }
    }
}

fn put_len(out: &mut Vec<u8>, len: usize) {
    // Lists and octets of 4 GiB do not exist here; if one did, decode would refuse what follows.
    out.extend_from_slice(&u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes());
}

fn put_octets(out: &mut Vec<u8>, octets: &[u8]) {
    put_len(out, octets.len());
    out.extend_from_slice(octets);
}

fn put_key(out: &mut Vec<u8>, owner: &Name, rtype: RrType, set_id: &str) {
    put_octets(out, owner.as_wire());
    out.extend_from_slice(&rtype.0.to_be_bytes());
    put_octets(out, set_id.as_bytes());
}

fn take_len(reader: &mut Reader<'_>) -> Result<u32, EditError> {
    reader.u32().ok_or(EditError::Truncated)
}

fn take_octets<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], EditError> {
    let len = usize::try_from(take_len(reader)?).map_err(|_| EditError::Truncated)?;
    reader.take(len).ok_or(EditError::Truncated)
}

fn take_key(reader: &mut Reader<'_>) -> Result<RecordSetKey, EditError> {
    let owner = Name::from_wire(take_octets(reader)?)?;
    let rtype = RrType(reader.u16().ok_or(EditError::Truncated)?);
    let set_id = std::str::from_utf8(take_octets(reader)?).map_err(|_| EditError::BadSetId)?.into();
    Ok(RecordSetKey { owner, rtype, set_id })
}

fn take_content(reader: &mut Reader<'_>) -> Result<Content, EditError> {
    match reader.u8().ok_or(EditError::Truncated)? {
        RECORDS => {
            let ttl = reader.u32().ok_or(EditError::Truncated)?;
            let count = take_len(reader)?;
            if count == 0 {
                return Err(EditError::NoRecords);
            }
            let mut rdatas = Vec::new();
            for _ in 0..count {
                let rdata = take_octets(reader)?;
                if rdata.len() > usize::from(u16::MAX) {
                    return Err(EditError::RdataTooLong);
                }
                rdatas.push(rdata.into());
            }
            Ok(Content::Records { ttl, rdatas })
        }
        ALIAS => Ok(Content::Alias { target: Name::from_wire(take_octets(reader)?)? }),
        _ => Err(EditError::UnknownContent),
    }
}
