//! Zones in tests are written as text, one record a line: `owner ttl type rdata`.
//!
//! Names without a trailing dot are below the origin, `@` is the origin. `type/id` puts a record into the variant `id`;
//! `owner - type ALIAS target` is an alias. Records of the same owner, type and variant make one record set.
#![allow(dead_code)]

use std::collections::BTreeMap;

use wire::{Content, Edit, Name, RecordSet, RrType};
use zone::ZoneVersion;

pub fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

pub fn relative(text: &str, origin: &Name) -> Name {
    match text {
        "@" => origin.clone(),
        _ if text.ends_with('.') => name(text),
        _ if origin.is_root() => name(&format!("{text}.")),
        _ => name(&format!("{text}.{origin}")),
    }
}

pub fn rdata(rtype: RrType, words: &[&str], origin: &Name) -> Box<[u8]> {
    let wire = |word: &str| relative(word, origin).as_wire().to_vec();
    let number = |word: &str| word.parse::<u16>().unwrap().to_be_bytes().to_vec();
    let long = |word: &str| word.parse::<u32>().unwrap().to_be_bytes().to_vec();
    let octets = match rtype {
        RrType::A => words[0].parse::<std::net::Ipv4Addr>().unwrap().octets().to_vec(),
        RrType::AAAA => words[0].parse::<std::net::Ipv6Addr>().unwrap().octets().to_vec(),
        RrType::NS | RrType::CNAME | RrType::PTR => wire(words[0]),
        RrType::MX => [number(words[0]), wire(words[1])].concat(),
        RrType::SRV => [number(words[0]), number(words[1]), number(words[2]), wire(words[3])].concat(),
        RrType::TXT => words
            .iter()
            .flat_map(|word| [&[u8::try_from(word.len()).unwrap()], word.as_bytes()].concat())
            .collect(),
        RrType::SOA => {
            let numbers = words[2..7].iter().flat_map(|word| long(word)).collect();
            [wire(words[0]), wire(words[1]), numbers].concat()
        }
        RrType::DS => {
            let digest: Vec<u8> = words[3]
                .as_bytes()
                .chunks(2)
                .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
                .collect();
            let small = |word: &str| vec![word.parse::<u8>().unwrap()];
            [number(words[0]), small(words[1]), small(words[2]), digest].concat()
        }
        _ => panic!("the tests cannot write {rtype}"),
    };
    octets.into_boxed_slice()
}

pub fn edit(origin: &str, text: &str) -> Edit {
    let origin = name(origin);
    let mut sets: BTreeMap<(Name, RrType, String), Content> = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(';')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (rtype, set_id) = words[2].split_once('/').unwrap_or((words[2], ""));
        let rtype: RrType = rtype.parse().unwrap();
        let key = (relative(words[0], &origin), rtype, set_id.to_owned());
        if words[3] == "ALIAS" {
            sets.insert(key, Content::Alias { target: relative(words[4], &origin) });
            continue;
        }
        let data = rdata(rtype, &words[3..], &origin);
        match sets
            .entry(key)
            .or_insert_with(|| Content::Records { ttl: words[1].parse().unwrap(), rdatas: Vec::new() })
        {
            Content::Records { rdatas, .. } => rdatas.push(data),
            Content::Alias { .. } => panic!("both alias and records: {line}"),
        }
    }
    let puts = sets.into_iter().map(|((owner, rtype, set_id), content)| RecordSet {
        owner,
        rtype,
        set_id: set_id.into(),
        content,
    });
    Edit { puts: puts.collect(), deletes: Vec::new() }
}

pub fn zone(origin: &str, text: &str) -> ZoneVersion {
    ZoneVersion::empty(&name(origin)).apply(&edit(origin, text), 1).unwrap()
}
