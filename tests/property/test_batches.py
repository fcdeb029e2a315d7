"""Change batches against a naive model: applied whole or not at all, in order; and the listing order."""

import string

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from seal53.core import Name
from seal53.zones import change, defaults, names, rdata
from seal53.zones.change import BatchRefused, Zone
from seal53.zones.listing import Position, sort_key
from seal53.zones.recordset import Action, Change, Given, Key, ZoneSet

APEX = Name.parse("example.com.")
ZONE = Zone(id="Z0EXAMPLE", apex=APEX)
FRESH = {held.key: held for held in defaults.public_zone(APEX, [Name.parse("ns-0.set-01.seal53.")])}

# Few owners, types and values, so that changes meet each other often.
OWNERS = ("example.com", "a.example.com", "b.example.com", "*.example.com")
VALUES = {
    "A": (("192.0.2.1",), ("192.0.2.1", "192.0.2.2"), ("192.0.2.300",)),
    "TXT": (('"x"',), ('"x"', '"y"')),
    "CNAME": (("x.example.org",), ("y.example.org",)),
    "NS": (("ns-0.set-01.seal53.",), ("ns.example.org",)),
}


@st.composite
def _changes(draw: st.DrawFn) -> Change:
    rtype = draw(st.sampled_from(sorted(VALUES)))
    return Change(
        action=draw(st.sampled_from(Action)),
        given=Given(
            name=draw(st.sampled_from(OWNERS)),
            type=rtype,
            ttl=draw(st.sampled_from((60, 172800))),
            values=draw(st.sampled_from(VALUES[rtype])),
        ),
    )


Model = dict[Key, tuple[int, frozenset[bytes]]]


def _model(state: dict[Key, ZoneSet]) -> Model:
    return {key: (held.record.ttl, frozenset(held.record.rdatas)) for key, held in state.items()}


def _naive(before: Model, batch: list[Change]) -> Model | None:
    """One change after the other, None as soon as one is not allowed."""
    state = dict(before)
    earlier: dict[Key, list[Action]] = {}
    for wanted in batch:
        owner = names.parse(wanted.given.name)
        rtype = wanted.given.type
        key = (owner, rtype, "")
        actions = earlier.setdefault(key, [])
        actions.append(wanted.action)
        if (len(actions) == 2 and actions not in (["DELETE", "CREATE"], ["DELETE", "UPSERT"])) or len(
            actions
        ) > 2:
            return None
        try:
            wires = frozenset(rdata.parse(rtype, value).wire for value in wanted.given.values or ())
        except rdata.BadValue:
            return None
        content = (wanted.given.ttl or 0, wires)
        if (rtype == "CNAME" and owner == APEX) or (rtype == "NS" and owner.is_wildcard):
            return None
        if wanted.action is Action.DELETE:
            if state.get(key) != content:
                return None
            del state[key]
            continue
        if wanted.action is Action.CREATE and key in state:
            return None
        if any(o == owner and t != rtype and "CNAME" in (t, rtype) for o, t, _ in state):
            return None
        state[key] = content
    return state if (APEX, "NS", "") in state else None


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(_changes(), min_size=1, max_size=5), min_size=1, max_size=5))
def test_batches_do_what_the_naive_model_does_or_nothing(batches: list[list[Change]]) -> None:
    state = dict(FRESH)
    for batch in batches:
        before = dict(state)
        expected = _naive(_model(before), batch)
        try:
            change.check(batch)
            read = change.read(ZONE, batch)
            edit = change.decide(read, [held for held in state.values() if held.owner in read.owners])
        except BatchRefused as refused:
            assert expected is None
            assert refused.messages
            assert state == before
            continue
        for key in edit.deletes:
            del state[key]
        state.update({held.key: held for held in edit.puts})
        assert _model(state) == expected
        touched = {*edit.deletes, *(held.key for held in edit.puts)}
        assert touched <= {(names.parse(c.given.name), c.given.type, "") for c in batch}


_labels = st.binary(min_size=1, max_size=6)
_names = st.lists(_labels, max_size=4).map(Name.from_labels)


@given(_names)
def test_a_shown_name_reads_back(name: Name) -> None:
    shown = names.show(name)
    assert names.parse(shown) == name
    assert set(shown) <= set(string.ascii_lowercase + string.digits + "-_\\.")


@given(st.lists(_names, unique=True, max_size=8))
def test_different_names_have_different_places(found: list[Name]) -> None:
    assert len({sort_key(name) for name in found}) == len(found)


@given(st.lists(st.text("ab-*.", min_size=1, max_size=8), max_size=8))
def test_the_listing_order_is_the_order_of_reversed_text(typed: list[str]) -> None:
    found = []
    for text in typed:
        try:
            found.append(names.parse(text))
        except names.BadName:
            continue
    ordered = sorted(found, key=lambda name: Position(name=name).key)
    texts = ["".join(f"{label.decode()}." for label in reversed(name.labels)) or "." for name in ordered]
    assert texts == sorted(texts)


@given(st.lists(st.binary(max_size=255), min_size=1, max_size=3))
def test_any_octets_of_a_text_record_are_shown_and_read_back(strings: list[bytes]) -> None:
    wire = b"".join(bytes([len(string)]) + string for string in strings)
    assert rdata.parse("TXT", rdata.show("TXT", wire)).wire == wire


_fragments = st.sampled_from(
    [
        *"0159aZ.:-_*@;()\\\"'=,# ",
        *("\\052", "\\400", "16 ", ". ", "h2", "example.com. ", "255", "65536", "ff"),
        *("alpn=", "port=", "mandatory=", "ech=", "key9=", "ipv4hint=", "ipv6hint=", "no-default-alpn"),
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(rdata.TYPES)), st.lists(_fragments, max_size=12).map("".join))
def test_any_text_is_a_value_or_a_bad_value(rtype: str, text: str) -> None:
    try:
        wire = rdata.parse(rtype, text).wire
    except rdata.BadValue:
        return
    assert rdata.parse(rtype, rdata.show(rtype, wire)).wire == wire


@settings(deadline=None)
@given(
    st.sampled_from(["SVCB", "HTTPS"]),
    st.lists(_fragments, max_size=6).map("".join),
    st.lists(_fragments, max_size=6).map("".join),
)
def test_any_service_parameters_are_read_or_refused(rtype: str, first: str, second: str) -> None:
    try:
        rdata.parse(rtype, f"1 . {first} {second}")
    except rdata.BadValue:
        return
