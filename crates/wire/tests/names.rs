//! Names and keys against RFC 1035, RFC 4034 §6.1 and RFC 4592.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use wire::{Key, Name, NameError};

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

#[test]
fn rfc4034_6_1_gives_the_canonical_order() {
    let sorted = [
        "example",
        "a.example",
        "yljkjljk.a.example",
        "Z.a.example",
        "zABC.a.EXAMPLE",
        "z.example",
        "\\001.z.example",
        "*.z.example",
        "\\200.z.example",
    ]
    .map(name);
    let mut names = sorted.clone();
    names.reverse();
    names.sort();
    assert_eq!(names, sorted);
    let mut by_key = sorted.clone();
    by_key.reverse();
    by_key.sort_by_key(Name::key);
    assert_eq!(by_key, sorted);
}

#[test]
fn a_key_keeps_labels_apart_from_octets_that_look_like_its_marks() {
    let tricky =
        ["\\000.b", "b", "\\000b", "\\001b", "\\001.b", "a.b", "\\000\\000.b", "\\002.b", "a\\000.b"]
            .map(name);
    for a in &tricky {
        for b in &tricky {
            assert_eq!(a.key().cmp(&b.key()), a.cmp(b), "{a} and {b}");
            assert_eq!(a.key().starts_with(&b.key()), a.is_at_or_below(b), "{a} below {b}");
        }
    }
}

#[test]
fn text_takes_escapes_and_an_optional_final_dot() {
    assert_eq!(name("a\\.b.example").as_wire(), b"\x03a.b\x07example\0");
    assert_eq!(name("\\065.example.").as_wire(), b"\x01A\x07example\0");
    assert_eq!(name("example"), name("EXAMPLE."));
    assert_eq!(name("."), Name::root());
    assert_eq!(name("a\\ b\\;.x").to_string(), "a\\032b\\;.x.");
    assert_eq!(name("\\255.x").to_string(), "\\255.x.");
    assert_eq!(Name::root().to_string(), ".");
}

#[test]
fn text_that_is_no_name_says_why() {
    for (text, error) in [
        ("", NameError::Empty),
        ("a..b", NameError::EmptyLabel),
        (".a", NameError::EmptyLabel),
        ("..", NameError::EmptyLabel),
        ("a\\", NameError::BadEscape),
        ("a\\25", NameError::BadEscape),
        ("a\\256", NameError::BadEscape),
        ("a\\1x2", NameError::BadEscape),
        ("bücher.example", NameError::NotAscii),
    ] {
        assert_eq!(Name::parse(text).unwrap_err(), error, "{text:?}");
    }
}

#[test]
fn lengths_end_at_63_and_255_octets() {
    let label = "x".repeat(63);
    assert!(Name::parse(&label).is_ok());
    assert_eq!(Name::parse(&"x".repeat(64)).unwrap_err(), NameError::LabelTooLong);
    // 3 * 64 + 62 + 1 = 255 octets.
    let longest = format!("{label}.{label}.{label}.{}", "y".repeat(61));
    let longest = name(&longest);
    assert_eq!(longest.as_wire().len(), 255);
    assert_eq!(Name::from_wire(longest.as_wire()).unwrap(), longest);
    assert_eq!(Name::parse(&format!("{label}.{label}.{label}.{}", "y".repeat(62))), Err(NameError::TooLong));
    assert_eq!(longest.child(b"z"), Err(NameError::TooLong));
    // 127 labels of one octet: 2 * 127 + 1 = 255.
    let deepest = Name::from_labels(std::iter::repeat_n(b"a", 127)).unwrap();
    assert_eq!(deepest.label_count(), 127);
    assert_eq!(deepest.key().label_count(), 127);
    assert_eq!(Name::from_labels(std::iter::repeat_n(b"a", 128)), Err(NameError::TooLong));
    let mut wire = deepest.as_wire().to_vec();
    wire.splice(0..0, *b"\x01b");
    assert_eq!(Name::from_wire(&wire), Err(NameError::TooLong));
}

#[test]
fn wire_octets_hold_one_whole_name() {
    for (wire, error) in [
        (&b""[..], NameError::Empty),
        (b"\x03www", NameError::Truncated),
        (b"\x03ww", NameError::Truncated),
        (b"\x03www\xc0\x0c", NameError::BadLabelType),
        (b"\x41x\0", NameError::BadLabelType),
        (b"\x03www\0x", NameError::TrailingOctets),
        (b"\0\0", NameError::TrailingOctets),
    ] {
        assert_eq!(Name::from_wire(wire).unwrap_err(), error, "{wire:?}");
    }
}

#[test]
fn a_name_is_below_only_at_a_label() {
    let example = name("example.com");
    assert!(name("WWW.EXAMPLE.COM").is_at_or_below(&example));
    assert!(example.is_at_or_below(&example));
    assert!(example.is_at_or_below(&Name::root()));
    assert!(!name("badexample.com").is_at_or_below(&example));
    assert!(!name("com").is_at_or_below(&example));
    // The octets of "com" as the end of a label.
    assert!(!name("x\\003com").is_at_or_below(&name("com")));
}

#[test]
fn walking_up_and_down() {
    let www = name("www.example.com");
    assert_eq!(www.parent().unwrap(), name("example.com"));
    assert_eq!(www.ancestor(1).unwrap(), name("com"));
    assert_eq!(www.ancestor(0).unwrap(), Name::root());
    assert_eq!(www.ancestor(3).unwrap(), www);
    assert_eq!(www.ancestor(4), None);
    assert_eq!(Name::root().parent(), None);
    assert_eq!(name("example.com").child(b"www").unwrap(), www);
    assert_eq!(www.labels().rev().collect::<Vec<_>>(), [&b"com"[..], b"example", b"www"]);
    let prefixes: Vec<Key> = www.key().ancestors().map(Key::from_key_bytes).collect();
    assert_eq!(prefixes, ["www.example.com", "example.com", "com", "."].map(|text| name(text).key()));
    assert_eq!(www.key().wildcard_child(), name("*.www.example.com").key());
}

#[test]
fn wildcards_do_not_count_for_rrsigs() {
    let wildcard = name("*.example.com");
    assert!(wildcard.is_wildcard());
    assert_eq!((wildcard.label_count(), wildcard.rrsig_labels()), (3, 2));
    // RFC 4592 §2.1.1: an asterisk elsewhere, or with more beside it, is an ordinary label.
    assert!(!name("www.*.com").is_wildcard());
    assert!(!name("**.com").is_wildcard());
    assert_eq!(Name::root().rrsig_labels(), 0);
}

#[test]
fn the_listing_order_is_not_the_canonical_order() {
    assert_eq!(name("WWW.example.com").listing_key(), b"com.example.www.");
    assert_eq!(Name::root().listing_key(), b".");
    let (dash, deep) = (name("a-b.example.com"), name("x.a.example.com"));
    assert!(dash.listing_key() < deep.listing_key());
    assert!(dash > deep);
}

#[test]
fn equality_and_hash_ignore_case_while_the_octets_keep_it() {
    use std::collections::HashSet;
    let mixed = name("WwW.eXample.com");
    assert_eq!(HashSet::from([mixed.clone(), name("www.example.com")]).len(), 1);
    assert_eq!(mixed.to_string(), "WwW.eXample.com.");
    assert_eq!(mixed.to_lowercase().as_wire(), name("www.example.com").as_wire());
}
