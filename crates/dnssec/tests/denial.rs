//! Type bitmaps and compact denial.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use dnssec::DnssecError;
use dnssec::denial::compact::nsec_rdata;
use dnssec::denial::{bitmap, nsec_types};
use proptest::collection::vec;
use proptest::prelude::*;
use wire::{Name, RrType};

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

#[test]
fn rfc4034_4_3_bitmap() {
    let types = [RrType::A, RrType::MX, RrType::RRSIG, RrType::NSEC, RrType(1234)];
    let mut expected = vec![0x00, 0x06, 0x40, 0x01, 0x00, 0x00, 0x00, 0x03, 0x04, 0x1b];
    expected.resize(expected.len() + 26, 0);
    expected.push(0x20);
    assert_eq!(bitmap::encode(&types), expected);
    assert_eq!(bitmap::decode(&expected).unwrap(), types);
}

#[test]
fn malformed_bitmaps_are_refused() {
    for bad in [&[0][..], &[0, 0], &[0, 33], &[0, 2, 1], &[1, 1, 1, 0, 1, 1], &[0, 1, 1, 0, 1, 1]] {
        assert_eq!(bitmap::decode(bad), Err(DnssecError::BadNsec), "{bad:?}");
    }
    assert_eq!(bitmap::decode(&[]), Ok(Vec::new()));
    assert_eq!(nsec_types(b"\x05a"), Err(DnssecError::BadNsec));
}

#[test]
fn an_absent_name_has_nxname_and_its_own_successor() {
    let owner = name("Gone.example.com");
    let (next, types) = nsec_types(&nsec_rdata(&owner, &Name::root(), &[RrType::NXNAME])).unwrap();
    assert_eq!(next.as_wire(), b"\x01\0\x04Gone\x07example\x03com\0");
    assert_eq!(types, [RrType::RRSIG, RrType::NSEC, RrType::NXNAME]);
    assert!(next > owner);
    // Given or not, RRSIG and NSEC are there once.
    assert_eq!(
        nsec_rdata(&owner, &Name::root(), &[RrType::NS]),
        nsec_rdata(&owner, &Name::root(), &[RrType::NSEC, RrType::NS, RrType::RRSIG])
    );
}

#[test]
fn a_name_too_long_for_a_child_has_a_successor_beside_it() {
    let label = |octet: u8, len: usize| vec![octet; len];
    let next_of = |labels: &[Vec<u8>]| {
        let owner = Name::from_labels(labels).unwrap();
        assert!(owner.as_wire().len() >= 254);
        let (next, _) = nsec_types(&nsec_rdata(&owner, &Name::root(), &[])).unwrap();
        assert!(next > owner, "{next} after {owner}");
        next
    };
    let above = [label(b'x', 63), label(b'x', 63), label(b'x', 63)];
    let with_above = |first: Vec<u8>| [&[first][..], &above].concat();
    // 254 octets: one more fits into the label.
    let next = next_of(&with_above(label(b'a', 60)));
    assert_eq!(next.labels().next().unwrap(), [label(b'a', 60), vec![0]].concat());
    // 255 octets: the last octet counts up, over the capitals, or gives way.
    let next = next_of(&with_above(label(b'a', 61)));
    assert_eq!(next.labels().next().unwrap(), [label(b'a', 60), vec![b'b']].concat());
    let next = next_of(&with_above([label(b'a', 60), vec![b'@']].concat()));
    assert_eq!(next.labels().next().unwrap().last(), Some(&b'['));
    let next = next_of(&with_above([label(b'a', 59), vec![b'Z', 0xff]].concat()));
    assert_eq!(next.labels().next().unwrap(), [label(b'a', 59), vec![b'{']].concat());
    // The last of its siblings: what follows is beside the parent.
    let next = next_of(&with_above(label(0xff, 61)));
    assert_eq!(next.labels().next().unwrap(), [label(b'x', 62), vec![b'y']].concat());
    assert_eq!(next.label_count(), 3);
}

#[test]
fn after_the_last_name_of_a_zone_comes_its_apex() {
    let last = |len| vec![0xff; len];
    let apex = Name::from_labels([last(63), b"Zone".to_vec()]).unwrap();
    let below_apex =
        |len| Name::from_labels([last(len), last(63), last(63), last(63), b"zone".to_vec()]).unwrap();
    let next = |owner: &Name| nsec_types(&nsec_rdata(owner, &apex, &[])).unwrap().0;
    assert_eq!(below_apex(56).as_wire().len(), 255);
    assert_eq!(next(&below_apex(56)), apex);
    assert_eq!(next(&below_apex(55)).labels().next().unwrap(), [last(55), vec![0]].concat());
}

proptest! {
    #[test]
    fn bitmaps_come_back_sorted(types in vec(any::<u16>().prop_map(RrType), 0..40)) {
        let mut sorted = types.clone();
        sorted.sort_unstable();
        sorted.dedup();
        prop_assert_eq!(bitmap::decode(&bitmap::encode(&types)), Ok(sorted));
    }

    #[test]
    fn the_successor_leaves_no_room(
        labels in vec(vec(any::<u8>(), 40..=63), 1..5),
        between in vec(vec(any::<u8>(), 1..=63), 1..5),
    ) {
        let (Ok(owner), Ok(other)) = (Name::from_labels(labels), Name::from_labels(between)) else { return Ok(()) };
        let (next, _) = nsec_types(&nsec_rdata(&owner, &Name::root(), &[])).unwrap();
        prop_assert!(next > owner || next.is_root());
        prop_assert!(!(owner < other && other < next));
    }

    #[test]
    fn no_octets_make_a_bitmap_panic(octets in vec(any::<u8>(), 0..80)) {
        let _ = bitmap::decode(&octets);
    }
}
