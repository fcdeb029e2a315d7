//! Domain names: parse, print, compare, walk up and down.
//!
//! For: the one definition of name equality, canonical order (RFC 4034 §6.1) and "is at or below" (I8).
//! Not for: internationalized text; callers convert to A-labels first. Compressed names are read by `message`.
//! Limits: RFC 1035 §2.3.4: a label has 1 to 63 octets, a name at most 255 with its length octets and the root.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use smallvec::SmallVec;

use crate::key::Key;

/// The longest label, in octets (RFC 1035 §2.3.4).
pub const MAX_LABEL: usize = 63;
/// The longest name on the wire, in octets, length octets and root included (RFC 1035 §2.3.4).
pub const MAX_NAME: usize = 255;

/// A domain name: uncompressed wire octets with the root label, the case as given.
///
/// Equality, hash and order ignore ASCII case (RFC 4343); the order is RFC 4034 §6.1.
#[derive(Clone)]
pub struct Name(Box<[u8]>);

/// Why some text or octets are not a domain name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// No text or no octets at all.
    #[error("the name is empty; write \".\" for the root")]
    Empty,
    /// Two dots in a row, or a dot at the start.
    #[error("the name has an empty label")]
    EmptyLabel,
    /// A label with more than 63 octets.
    #[error("a label of the name is longer than 63 octets")]
    LabelTooLong,
    /// More than 255 octets on the wire.
    #[error("the name is longer than 255 octets")]
    TooLong,
    /// A backslash without a character or three decimal digits up to 255 after it.
    #[error("the name has a bad escape; write \\DDD (decimal, 000 to 255) or \\ and one character")]
    BadEscape,
    /// A character outside ASCII.
    #[error("the name has a character outside ASCII; write it as an A-label (xn--...) or escaped")]
    NotAscii,
    /// The octets end inside the name.
    #[error("the octets end inside the name")]
    Truncated,
    /// A compression pointer or a reserved label type where a whole name has to stand.
    #[error("the name is compressed or has a reserved label type")]
    BadLabelType,
    /// Octets after the root label.
    #[error("there are octets after the name")]
    TrailingOctets,
}

impl Name {
    /// The root, ".".
    pub fn root() -> Name {
        Name(Box::new([0]))
    }

    /// Reads master-file text (RFC 1035 §5.1), with or without the trailing dot, `\DDD` being decimal.
    pub fn parse(text: &str) -> Result<Name, NameError> {
        match text {
            "" => return Err(NameError::Empty),
            "." => return Ok(Name::root()),
            _ => {}
        }
        let mut wire = WireBuf::new();
        let mut label = LabelBuf::new();
        let mut octets = text.bytes();
        let mut ended = false;
        while let Some(octet) = octets.next() {
            ended = false;
            match octet {
                b'.' => {
                    push_label(&mut wire, &label)?;
                    label.clear();
                    ended = true;
                    continue;
                }
                b'\\' => label.push(parse_escape(&mut octets)?),
                _ if !octet.is_ascii() => return Err(NameError::NotAscii),
                _ => label.push(octet),
            }
            if label.len() > MAX_LABEL {
                return Err(NameError::LabelTooLong);
            }
        }
        if !ended {
            push_label(&mut wire, &label)?;
        }
        wire.push(0);
        Ok(Name(wire.into_boxed_slice()))
    }

    /// Reads exactly one uncompressed name, with nothing after it.
    pub fn from_wire(octets: &[u8]) -> Result<Name, NameError> {
        let len = wire_len(octets)?;
        if len != octets.len() {
            return Err(NameError::TrailingOctets);
        }
        Ok(Name(octets.into()))
    }

    /// Joins labels, leftmost first, without the root label.
    pub fn from_labels<L: AsRef<[u8]>>(labels: impl IntoIterator<Item = L>) -> Result<Name, NameError> {
        let mut wire = WireBuf::new();
        for label in labels {
            push_label(&mut wire, label.as_ref())?;
        }
        wire.push(0);
        Ok(Name(wire.into_boxed_slice()))
    }

    /// The uncompressed wire octets, root label included.
    pub fn as_wire(&self) -> &[u8] {
        &self.0
    }

    /// The labels, leftmost first, without the root label.
    pub fn labels(&self) -> impl DoubleEndedIterator<Item = &[u8]> + ExactSizeIterator {
        split(&self.0).into_iter()
    }

    /// How many labels there are without the root; a leading `*` counts. At most 127.
    pub fn label_count(&self) -> u8 {
        // A valid name has at most 127 labels.
        u8::try_from(Suffixes(&self.0).count().saturating_sub(1)).unwrap_or(u8::MAX)
    }

    /// The Labels field of an RRSIG over this owner: without the root and without a leading `*`.
    pub fn rrsig_labels(&self) -> u8 {
        // RFC 4034 §3.1.3.
        self.label_count() - u8::from(self.is_wildcard())
    }

    /// Is this "."?
    pub fn is_root(&self) -> bool {
        self.0.len() == 1
    }

    /// Is the leftmost label exactly `*` (RFC 4592 §2.1.1)?
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with(&[1, b'*'])
    }

    /// The name without its leftmost label; the root has no parent.
    pub fn parent(&self) -> Option<Name> {
        Suffixes(&self.0).nth(1).map(|suffix| Name(suffix.into()))
    }

    /// `label` in front of this name.
    pub fn child(&self, label: &[u8]) -> Result<Name, NameError> {
        let mut wire = WireBuf::new();
        push_label(&mut wire, label)?;
        if wire.len() + self.0.len() > MAX_NAME {
            return Err(NameError::TooLong);
        }
        wire.extend_from_slice(&self.0);
        Ok(Name(wire.into_boxed_slice()))
    }

    /// Is this name `other`, or a descendant of it? Everything is at or below the root.
    pub fn is_at_or_below(&self, other: &Name) -> bool {
        // The suffix has to start at a label: octets that merely look alike do not count.
        Suffixes(&self.0)
            .find(|suffix| suffix.len() <= other.0.len())
            .is_some_and(|suffix| suffix.eq_ignore_ascii_case(&other.0))
    }

    /// The last `labels` labels; `None` if the name has fewer.
    pub fn ancestor(&self, labels: u8) -> Option<Name> {
        let skip = self.label_count().checked_sub(labels)?;
        Suffixes(&self.0).nth(usize::from(skip)).map(|suffix| Name(suffix.into()))
    }

    /// The same name in lower case, as RFC 4034 §6.2 wants it.
    pub fn to_lowercase(&self) -> Name {
        // Length octets are at most 63 and so never letters.
        Name(self.0.to_ascii_lowercase().into_boxed_slice())
    }

    /// Route 53's listing order: lower-case labels, reversed, each followed by a dot: `com.example.www.`.
    ///
    /// A plain octet order for listings alone; it is not canonical order. The root gives `.`.
    /// Source: "Ordering of records", API reference, ListResourceRecordSets.
    pub fn listing_key(&self) -> Vec<u8> {
        if self.is_root() {
            return vec![b'.'];
        }
        let mut key = Vec::with_capacity(self.0.len());
        for label in self.labels().rev() {
            key.extend(label.iter().map(u8::to_ascii_lowercase));
            key.push(b'.');
        }
        key
    }

    /// The octets whose plain order is this name's canonical order.
    pub fn key(&self) -> Key {
        Key::of_lowercase_wire(&self.0)
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        equal_wire(&self.0, &other.0)
    }
}

impl Eq for Name {}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Name) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Name) -> Ordering {
        // RFC 4034 §6.1: by label from the right, as lower-case octet strings; the absent label sorts first.
        let mut left = split(&self.0).into_iter().rev();
        let mut right = split(&other.0).into_iter().rev();
        loop {
            match (left.next(), right.next()) {
                (None, None) => return Ordering::Equal,
                (None, Some(_)) => return Ordering::Less,
                (Some(_), None) => return Ordering::Greater,
                (Some(a), Some(b)) => {
                    let a = a.iter().map(u8::to_ascii_lowercase);
                    let order = a.cmp(b.iter().map(u8::to_ascii_lowercase));
                    if order != Ordering::Equal {
                        return order;
                    }
                }
            }
        }
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&lowercase_wire(&self.0));
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        if self.is_root() {
            return f.write_char('.');
        }
        for label in self.labels() {
            for &octet in label {
                match octet {
                    b'.' | b'\\' | b'"' | b'(' | b')' | b';' | b'@' | b'$' => {
                        f.write_char('\\')?;
                        f.write_char(char::from(octet))?;
                    }
                    0x21..=0x7e => f.write_char(char::from(octet))?,
                    _ => write!(f, "\\{octet:03}")?,
                }
            }
            f.write_char('.')?;
        }
        Ok(())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Name, NameError> {
        Name::parse(text)
    }
}

/// The length in octets of the uncompressed name at the start of `octets`, root label included.
///
/// Octets after the name are allowed. No allocation.
pub fn wire_len(octets: &[u8]) -> Result<usize, NameError> {
    let mut at = 0usize;
    loop {
        match octets.get(at) {
            None if at == 0 => return Err(NameError::Empty),
            None => return Err(NameError::Truncated),
            Some(0) => return Ok(at + 1),
            Some(&len @ 1..=0x3f) => at += 1 + usize::from(len),
            Some(_) => return Err(NameError::BadLabelType),
        }
        // The root label still has to fit.
        if at >= MAX_NAME {
            return Err(NameError::TooLong);
        }
    }
}

/// Are two uncompressed wire names equal, ASCII case aside (RFC 4343 §3)?
pub fn equal_wire(left: &[u8], right: &[u8]) -> bool {
    // Length octets are never letters, so one comparison covers them and the labels.
    std::ptr::eq(left, right) || left.eq_ignore_ascii_case(right)
}

/// An uncompressed wire name in lower case; names up to 64 octets stay on the stack.
pub fn lowercase_wire(name: &[u8]) -> SmallVec<[u8; 64]> {
    let mut lower = SmallVec::from_slice(name);
    lower.make_ascii_lowercase();
    lower
}

/// The name, its parent, and so on to the root, as slices of valid wire octets. Stops at anything malformed.
pub(crate) struct Suffixes<'a>(pub &'a [u8]);

impl<'a> Iterator for Suffixes<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let here = self.0;
        let (&len, rest) = here.split_first()?;
        self.0 = match len {
            1..=0x3f => rest.get(usize::from(len)..).unwrap_or_default(),
            _ => &[],
        };
        Some(here)
    }
}

/// The labels of valid wire octets, leftmost first, without the root.
pub(crate) fn split(wire: &[u8]) -> SmallVec<[&[u8]; 8]> {
    let mut labels = SmallVec::new();
    let mut rest = wire;
    while let Some((&len @ 1..=0x3f, tail)) = rest.split_first() {
        let Some((label, after)) = tail.split_at_checked(usize::from(len)) else { break };
        labels.push(label);
        rest = after;
    }
    labels
}

type WireBuf = SmallVec<[u8; 256]>;
type LabelBuf = SmallVec<[u8; 64]>;

fn push_label(wire: &mut WireBuf, label: &[u8]) -> Result<(), NameError> {
    match label.len() {
        0 => return Err(NameError::EmptyLabel),
        1..=MAX_LABEL => {}
        _ => return Err(NameError::LabelTooLong),
    }
    // Length octet, label, and later the root label.
    if wire.len() + 1 + label.len() + 1 > MAX_NAME {
        return Err(NameError::TooLong);
    }
    wire.push(u8::try_from(label.len()).map_err(|_| NameError::LabelTooLong)?);
    wire.extend_from_slice(label);
    Ok(())
}

fn parse_escape(octets: &mut std::str::Bytes<'_>) -> Result<u8, NameError> {
    let first = octets.next().ok_or(NameError::BadEscape)?;
    if !first.is_ascii_digit() {
        return if first.is_ascii() { Ok(first) } else { Err(NameError::NotAscii) };
    }
    let mut value = u16::from(first - b'0');
    for _ in 0..2 {
        match octets.next() {
            Some(digit @ b'0'..=b'9') => value = value * 10 + u16::from(digit - b'0'),
            _ => return Err(NameError::BadEscape),
        }
    }
    u8::try_from(value).map_err(|_| NameError::BadEscape)
}
