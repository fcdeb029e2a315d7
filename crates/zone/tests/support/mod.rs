//! Zones in tests are written as text, one record a line: `owner ttl type rdata`.
//!
//! Names without a trailing dot are below the origin, `@` is the origin. Records of the same owner, type and variant make
//! one record set. `type/id` puts a record into the variant `id`, `type/id:routing+check` says how it is chosen: `w10`,
//! `primary`, `secondary`, `multi`, `cidr=collection,location`, `default`, `located`. In place of RDATA stand
//! `ALIAS target`, `GROUP g` (the record sets with the owner `%g`, written out) and `UNRESOLVED`, the first two with
//! `health` behind them if it is evaluated.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use wire::{Choice, Content, Edit, Name, RecordSet, Routing, RrType};
use zone::{Chooser, Facts, ZoneVersion};

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

/// Owner (with `%` a group), type, variant.
type Place<'t> = (&'t str, RrType, &'t str);

fn routing(word: &str) -> Routing {
    match word {
        "primary" => Routing::Failover { primary: true },
        "secondary" => Routing::Failover { primary: false },
        "multi" => Routing::Multivalue,
        "default" => Routing::Located { default: true },
        "located" => Routing::Located { default: false },
        _ => match (word.strip_prefix('w'), word.strip_prefix("cidr=").and_then(|rest| rest.split_once(',')))
        {
            (Some(weight), _) => Routing::Weighted(weight.parse().unwrap()),
            (_, Some((collection, location))) => {
                Routing::Cidr { collection: collection.into(), location: location.into() }
            }
            _ => panic!("no routing: {word}"),
        },
    }
}

fn content(words: &[&str], rtype: RrType, origin: &Name, choices: &BTreeMap<Place<'_>, Choice>) -> Content {
    let evaluate_health = words.last() == Some(&"health");
    match words[3] {
        "ALIAS" => Content::Alias { target: relative(words[4], origin), evaluate_health },
        "UNRESOLVED" => Content::Unresolved { evaluate_health },
        "GROUP" => {
            let label = format!("%{}", words[4]);
            let members = choices.iter().filter(|((owner, ..), _)| *owner == label);
            Content::Written { group: members.map(|(_, choice)| choice.clone()).collect(), evaluate_health }
        }
        _ => {
            let rdatas = vec![rdata(rtype, &words[3..], origin)];
            Content::Records { ttl: words[1].parse().unwrap(), rdatas }
        }
    }
}

pub fn edit(origin: &str, text: &str) -> Edit {
    let origin = name(origin);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(';'));
    // Groups first, the innermost, which is written last, before the others.
    let (mut groups, others): (Vec<&str>, Vec<&str>) = lines.partition(|line| line.starts_with('%'));
    groups.reverse();
    let mut choices: BTreeMap<Place<'_>, Choice> = BTreeMap::new();
    for line in groups.into_iter().chain(others) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (kind, health_check) =
            words[2].split_once('+').map_or((words[2], None), |(kind, check)| (kind, Some(check)));
        let (kind, route) = kind.split_once(':').map_or((kind, None), |(kind, route)| (kind, Some(route)));
        let (rtype, set_id) = kind.split_once('/').unwrap_or((kind, ""));
        let rtype: RrType = rtype.parse().unwrap();
        let content = content(&words, rtype, &origin, &choices);
        let place = (words[0], rtype, set_id);
        match (choices.get_mut(&place).map(|choice| &mut choice.content), content) {
            (Some(Content::Records { rdatas, .. }), Content::Records { rdatas: more, .. }) => {
                rdatas.extend(more)
            }
            (Some(_), _) => panic!("both alias and records: {line}"),
            (None, content) => {
                let choice = Choice {
                    set_id: set_id.into(),
                    routing: route.map(routing),
                    health_check: health_check.map(Box::from),
                    content,
                };
                choices.insert(place, choice);
            }
        }
    }
    let puts = choices.into_iter().filter(|((owner, ..), _)| !owner.starts_with('%'));
    let puts =
        puts.map(|((owner, rtype, _), choice)| RecordSet { owner: relative(owner, &origin), rtype, choice });
    Edit { puts: puts.collect(), deletes: Vec::new() }
}

/// Where nothing is unhealthy and nobody has an address.
pub fn chooser() -> Chooser<'static> {
    static FACTS: LazyLock<Facts> = LazyLock::new(Facts::default);
    Chooser::new(&FACTS, None, 0)
}

pub fn zone(origin: &str, text: &str) -> ZoneVersion {
    ZoneVersion::empty(&name(origin)).apply(&edit(origin, text), 1).unwrap()
}
