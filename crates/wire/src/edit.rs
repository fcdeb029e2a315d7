//! The octets of edits and of single puts, as the feed and the store carry them.
//!
//! For: sending contents to name servers, and keeping a record set in the store as the put that an edit is joined of.
//! Not for: people, or other programs. Limits: edits and puts have a version each and every other is refused; a name
//! takes at most 255 octets, an RDATA 65535, a set identifier and the ids of routing 65535.

use crate::name::{Name, NameError};
use crate::octets::Reader;
use crate::recordset::{Choice, Content, Edit, MAX_DEPTH, RecordSet, RecordSetKey, Routing};
use crate::rrtype::RrType;

/// Why some octets are not an edit or a put.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// Not made by `Edit::encode`, or by another version of it.
    #[error("the octets are not an edit of version {VERSION}")]
    UnknownVersion,
    /// Not made by `RecordSet::encode`, or by another version of it.
    #[error("the octets are not a put of version {PUT_VERSION}")]
    UnknownPut,
    /// The octets end early.
    #[error("the edit is truncated")]
    Truncated,
    /// Octets after the end.
    #[error("there are octets after the edit")]
    TrailingOctets,
    /// An owner or target is not a name.
    #[error("the edit holds a bad name: {0}")]
    BadName(#[from] NameError),
    /// A set identifier or another id that is not UTF-8.
    #[error("a text of the edit is not UTF-8")]
    BadText,
    /// A content or routing tag that is none.
    #[error("a record set of the edit has an unknown kind of content or routing")]
    UnknownContent,
    /// A record set without records, or a group without members.
    #[error("a record set of the edit has no records")]
    NoRecords,
    /// Groups in groups without end.
    #[error("a record set of the edit has more than {MAX_DEPTH} groups in one another")]
    TooDeep,
}

// Edit:    MAGIC, VERSION, deletes, puts. A list is a u32 count and its items.
// Delete:  the owner (u8 length), the type, the set identifier (u16 length).
// Put:     PUT_VERSION, a delete's fields, the choice's rest.
// Choice:  a tag of its routing (0 for none) and what belongs to it, the health check (u16 length, 0 for none), content.
// Content: a tag with HEALTH set if it evaluates health; then
//          records: TTL, list of RDATA (u16 length); alias: the target (u8 length); group: list of (set identifier, rest).
const MAGIC: [u8; 4] = *b"S53E";
const VERSION: u8 = 2;
const PUT_VERSION: u8 = 2;

const RECORDS: u8 = 0;
const ALIAS: u8 = 1;
const WRITTEN: u8 = 2;
const UNRESOLVED: u8 = 3;
const HEALTH: u8 = 0x80;

const SIMPLE: u8 = 0;
const WEIGHTED: u8 = 1;
const PRIMARY: u8 = 2;
const SECONDARY: u8 = 3;
const MULTIVALUE: u8 = 4;
const CIDR: u8 = 5;
const DEFAULT: u8 = 6;
const LOCATED: u8 = 7;

impl Edit {
    /// Encodes for the feed. `decode` gives the same edit back.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(16 + 64 * (self.puts.len() + self.deletes.len()));
        put_head(&mut out, &self.deletes);
        put_len(&mut out, self.puts.len());
        for put in &self.puts {
            put.encode_into(&mut out);
        }
        out
    }

    /// The same as `encode`, from puts that are encoded already. They are not looked into.
    ///
    /// Errors: `UnknownPut` for one of another version.
    pub fn join<'p>(
        puts: impl ExactSizeIterator<Item = &'p [u8]>,
        deletes: &[RecordSetKey],
    ) -> Result<Vec<u8>, EditError> {
        let mut out = Vec::with_capacity(16 + 64 * (puts.len() + deletes.len()));
        put_head(&mut out, deletes);
        put_len(&mut out, puts.len());
        for put in puts {
            if put.first() != Some(&PUT_VERSION) {
                return Err(EditError::UnknownPut);
            }
            out.extend_from_slice(put);
        }
        Ok(out)
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
        let puts = take_len(&mut reader)?;
        // No put is shorter than 10 octets, so that a count alone reserves no memory.
        edit.puts.reserve(usize::try_from(puts).unwrap_or(0).min(octets.len() / 10));
        for _ in 0..puts {
            edit.puts.push(take_put(&mut reader)?);
        }
        if reader.is_empty() { Ok(edit) } else { Err(EditError::TrailingOctets) }
    }
}

impl RecordSet {
    /// Encodes one put of an edit.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        self.encode_into(&mut out);
        out
    }

    /// Decodes what `encode` made; anything else is an error.
    pub fn decode(octets: &[u8]) -> Result<RecordSet, EditError> {
        let mut reader = Reader::new(octets);
        let put = take_put(&mut reader)?;
        if reader.is_empty() { Ok(put) } else { Err(EditError::TrailingOctets) }
    }

    fn encode_into(&self, out: &mut Vec<u8>) {
        out.push(PUT_VERSION);
        put_key(out, &self.owner, self.rtype, &self.choice.set_id);
        put_choice(out, &self.choice);
    }
}

fn put_head(out: &mut Vec<u8>, deletes: &[RecordSetKey]) {
    out.extend_from_slice(&MAGIC);
    out.push(VERSION);
    put_len(out, deletes.len());
    for key in deletes {
        put_key(out, &key.owner, key.rtype, &key.set_id);
    }
}

fn put_len(out: &mut Vec<u8>, len: usize) {
    // Lists of 4 G items do not exist here; if one did, decode would refuse what follows.
    out.extend_from_slice(&u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes());
}

/// At most 65535 octets, which nobody gets to: decode would refuse what is longer.
fn put_octets(out: &mut Vec<u8>, octets: &[u8]) {
    out.extend_from_slice(&u16::try_from(octets.len()).unwrap_or(u16::MAX).to_be_bytes());
    out.extend_from_slice(octets);
}

fn put_name(out: &mut Vec<u8>, name: &Name) {
    // RFC 1035 §3.1: a name has at most 255 octets.
    out.push(u8::try_from(name.as_wire().len()).unwrap_or(u8::MAX));
    out.extend_from_slice(name.as_wire());
}

fn put_key(out: &mut Vec<u8>, owner: &Name, rtype: RrType, set_id: &str) {
    put_name(out, owner);
    out.extend_from_slice(&rtype.0.to_be_bytes());
    put_octets(out, set_id.as_bytes());
}

fn put_choice(out: &mut Vec<u8>, choice: &Choice) {
    match &choice.routing {
        None => out.push(SIMPLE),
        Some(Routing::Weighted(weight)) => out.extend_from_slice(&[WEIGHTED, *weight]),
        Some(Routing::Failover { primary }) => out.push(if *primary { PRIMARY } else { SECONDARY }),
        Some(Routing::Multivalue) => out.push(MULTIVALUE),
        Some(Routing::Cidr { collection, location }) => {
            out.push(CIDR);
            put_octets(out, collection.as_bytes());
            put_octets(out, location.as_bytes());
        }
        Some(Routing::Located { default }) => out.push(if *default { DEFAULT } else { LOCATED }),
    }
    put_octets(out, choice.health_check.as_deref().unwrap_or_default().as_bytes());
    let health = |evaluate: bool| if evaluate { HEALTH } else { 0 };
    match &choice.content {
        Content::Records { ttl, rdatas } => {
            out.push(RECORDS);
            out.extend_from_slice(&ttl.to_be_bytes());
            put_len(out, rdatas.len());
            for rdata in rdatas {
                put_octets(out, rdata);
            }
        }
        Content::Alias { target, evaluate_health } => {
            out.push(ALIAS | health(*evaluate_health));
            put_name(out, target);
        }
        Content::Written { group, evaluate_health } => {
            out.push(WRITTEN | health(*evaluate_health));
            put_len(out, group.len());
            for choice in group {
                put_octets(out, choice.set_id.as_bytes());
                put_choice(out, choice);
            }
        }
        Content::Unresolved { evaluate_health } => out.push(UNRESOLVED | health(*evaluate_health)),
    }
}

fn take_len(reader: &mut Reader<'_>) -> Result<u32, EditError> {
    reader.u32().ok_or(EditError::Truncated)
}

fn take_octets<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], EditError> {
    let len = reader.u16().ok_or(EditError::Truncated)?;
    reader.take(usize::from(len)).ok_or(EditError::Truncated)
}

fn take_text<'a>(reader: &mut Reader<'a>) -> Result<&'a str, EditError> {
    std::str::from_utf8(take_octets(reader)?).map_err(|_| EditError::BadText)
}

fn take_name(reader: &mut Reader<'_>) -> Result<Name, EditError> {
    let len = reader.u8().ok_or(EditError::Truncated)?;
    Ok(Name::from_wire(reader.take(usize::from(len)).ok_or(EditError::Truncated)?)?)
}

fn take_key(reader: &mut Reader<'_>) -> Result<RecordSetKey, EditError> {
    let owner = take_name(reader)?;
    let rtype = RrType(reader.u16().ok_or(EditError::Truncated)?);
    Ok(RecordSetKey { owner, rtype, set_id: take_text(reader)?.into() })
}

fn take_put(reader: &mut Reader<'_>) -> Result<RecordSet, EditError> {
    if reader.u8().ok_or(EditError::Truncated)? != PUT_VERSION {
        return Err(EditError::UnknownPut);
    }
    let RecordSetKey { owner, rtype, set_id } = take_key(reader)?;
    Ok(RecordSet { owner, rtype, choice: take_choice(reader, set_id, 0)? })
}

fn take_choice(reader: &mut Reader<'_>, set_id: Box<str>, depth: usize) -> Result<Choice, EditError> {
    let routing = take_routing(reader)?;
    let health_check = take_text(reader)?;
    let health_check = (!health_check.is_empty()).then(|| health_check.into());
    let content = take_content(reader, depth)?;
    Ok(Choice { set_id, routing, health_check, content })
}

fn take_routing(reader: &mut Reader<'_>) -> Result<Option<Routing>, EditError> {
    Ok(Some(match reader.u8().ok_or(EditError::Truncated)? {
        SIMPLE => return Ok(None),
        WEIGHTED => Routing::Weighted(reader.u8().ok_or(EditError::Truncated)?),
        PRIMARY => Routing::Failover { primary: true },
        SECONDARY => Routing::Failover { primary: false },
        MULTIVALUE => Routing::Multivalue,
        CIDR => Routing::Cidr { collection: take_text(reader)?.into(), location: take_text(reader)?.into() },
        DEFAULT => Routing::Located { default: true },
        LOCATED => Routing::Located { default: false },
        _ => return Err(EditError::UnknownContent),
    }))
}

fn take_content(reader: &mut Reader<'_>, depth: usize) -> Result<Content, EditError> {
    let tag = reader.u8().ok_or(EditError::Truncated)?;
    let evaluate_health = tag & HEALTH != 0;
    match tag & !HEALTH {
        RECORDS if !evaluate_health => {
            let ttl = reader.u32().ok_or(EditError::Truncated)?;
            let mut rdatas = Vec::new();
            for _ in 0..take_len(reader)? {
                rdatas.push(take_octets(reader)?.into());
            }
            if rdatas.is_empty() { Err(EditError::NoRecords) } else { Ok(Content::Records { ttl, rdatas }) }
        }
        ALIAS => Ok(Content::Alias { target: take_name(reader)?, evaluate_health }),
        WRITTEN => {
            if depth >= MAX_DEPTH {
                return Err(EditError::TooDeep);
            }
            let mut group = Vec::new();
            for _ in 0..take_len(reader)? {
                let set_id = take_text(reader)?.into();
                group.push(take_choice(reader, set_id, depth + 1)?);
            }
            if group.is_empty() {
                return Err(EditError::NoRecords);
            }
            Ok(Content::Written { group, evaluate_health })
        }
        UNRESOLVED => Ok(Content::Unresolved { evaluate_health }),
        _ => Err(EditError::UnknownContent),
    }
}
