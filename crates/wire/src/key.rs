//! A memcmp-able encoding of a name's canonical order.
//!
//! For: indexes. Octet order of keys is RFC 4034 §6.1 order of names, and `a` is at or below `b` exactly when
//! `a`'s key starts with `b`'s key.
//! Not for: the wire or storage; a key is derived from a name whenever it is needed.
//! Limits: at most 508 octets; names of usual length stay on the stack.

use std::borrow::Borrow;
use std::fmt;

use smallvec::SmallVec;

use crate::name::{MAX_LABEL, split};

/// Per label from the right: its lower-case octets, 0x00 written as 01 01 and 0x01 as 01 02; then 0x00.
///
/// The end mark 0x00 sorts before every octet of a label, so a shorter label sorts first, as §6.1 wants;
/// the escapes keep 0x00 < 0x01 < 0x02.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(SmallVec<[u8; 64]>);

impl Key {
    /// The key of an uncompressed wire name. Upper-case letters give the same key, so lowering first is not needed.
    ///
    /// Octets that are not a name give the key of the labels before the fault.
    pub fn of_lowercase_wire(name: &[u8]) -> Key {
        let mut key = unescaped(name).unwrap_or_else(|| escaped(name));
        // Marks and escapes are no letters: one pass over all of it.
        key.make_ascii_lowercase();
        Key(key)
    }

    /// The octets to compare.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Is this key's name at or below `other`'s?
    pub fn starts_with(&self, other: &Key) -> bool {
        self.0.starts_with(&other.0)
    }

    /// This key, its parent's, and so on down to the root's, which is empty. Each is a prefix of the one before.
    pub fn ancestors(&self) -> impl Iterator<Item = &[u8]> {
        let mut next = Some(self.as_bytes());
        std::iter::from_fn(move || {
            let here = next?;
            next = here.split_last().map(|(_, labels)| {
                let end = labels.iter().rposition(|&octet| octet == 0).map_or(0, |mark| mark + 1);
                labels.get(..end).unwrap_or_default()
            });
            Some(here)
        })
    }

    /// How many labels the name has.
    pub fn label_count(&self) -> usize {
        self.0.iter().filter(|&&octet| octet == 0).count()
    }

    /// The key of `*.self`: where a wildcard child would be.
    pub fn wildcard_child(&self) -> Key {
        let mut key = self.0.clone();
        key.extend_from_slice(b"*\0");
        Key(key)
    }

    /// A key from octets that came out of another key: `as_bytes` or `ancestors`.
    pub fn from_key_bytes(octets: &[u8]) -> Key {
        Key(SmallVec::from_slice(octets))
    }
}

/// The key of a well-formed name without 0x00 and 0x01 in its labels: nearly every name there is.
///
/// Each label takes as many octets in the key as on the wire, so its place is known in one pass from the left.
fn unescaped(name: &[u8]) -> Option<SmallVec<[u8; 64]>> {
    let (_, labels) = name.split_last()?;
    let mut key = SmallVec::from_elem(0, labels.len());
    let mut free = key.as_mut_slice();
    let mut rest = labels;
    while let Some((&len, tail)) = rest.split_first() {
        let len = usize::from(len);
        let (label, after) = tail.split_at_checked(len)?;
        if len == 0 || len > MAX_LABEL || label.iter().any(|&octet| octet <= 1) {
            return None;
        }
        // The mark behind the label is there already.
        let (before, place) = free.split_at_mut_checked(free.len().checked_sub(len + 1)?)?;
        place.get_mut(..len)?.copy_from_slice(label);
        free = before;
        rest = after;
    }
    Some(key)
}

fn escaped(name: &[u8]) -> SmallVec<[u8; 64]> {
    let mut key = SmallVec::new();
    for label in split(name).into_iter().rev() {
        for &octet in label {
            match octet {
                0 => key.extend_from_slice(&[1, 1]),
                1 => key.extend_from_slice(&[1, 2]),
                _ => key.push(octet),
            }
        }
        key.push(0);
    }
    key
}

// Equality, order and hash of a key are those of its octets, as Borrow demands.
impl Borrow<[u8]> for Key {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.0.escape_ascii())
    }
}
