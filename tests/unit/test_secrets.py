"""I6: what holds a secret does not show it: no repr, no error text, no journal line.

Every dataclass and Struct of the package is walked, so that one that is added later is looked at too.
"""

import base64
import dataclasses
import importlib
import json
import logging
import pkgutil
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

import seal53
from seal53.base import journal
from seal53.base.errors import Fault
from seal53.base.journal import Secret
from seal53.feed.link import Facts
from seal53.keystore import SigningKey, UnsealFault, seal, unseal
from seal53.store import Store

PLANTED = b"planted-where-nobody-may-see-it!"
HOLDERS = {
    *(
        "kek",
        "token",
        "session_token",
        "secret",
        "secret_access_key",
        "master_key",
        "password",
        "private_key",
    ),
    "facts",
}
"""Members that hold a secret, whatever their type is."""
AS_TEXTS = {"accounts": (PLANTED.decode(),)}


def shown(text: str) -> bool:
    """Whether a text shows the planted secret, in one of the ways in which octets become text."""
    forms = (PLANTED.decode(), PLANTED.hex(), base64.b64encode(PLANTED).decode(), repr(list(PLANTED)))
    return any(form in text for form in forms)


def classes() -> Iterator[type[Any]]:
    for module in pkgutil.walk_packages(seal53.__path__, "seal53."):
        if module.name == "seal53.__main__":
            continue
        for found in vars(importlib.import_module(module.name)).values():
            if isinstance(found, type) and found.__module__ == module.name:
                yield found


def members(kind: type[Any]) -> tuple[str, ...]:
    if issubclass(kind, msgspec.Struct):
        return kind.__struct_fields__
    if dataclasses.is_dataclass(kind):
        return tuple(f.name for f in dataclasses.fields(kind))
    return ()


HOLDING = sorted(
    {k for k in classes() if HOLDERS & set(members(k))}, key=lambda k: (k.__module__, k.__name__)
)


def test_the_walk_finds_those_that_we_know() -> None:
    names = {kind.__name__ for kind in HOLDING}
    assert {"Settings", "Place", "AccountSeed", "Services", "EdgeSettings", "Hello", "Facts"} <= names


@pytest.mark.parametrize("kind", HOLDING, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("octets", [True, False])
def test_no_holder_shows_what_it_holds(kind: type[Any], octets: bool) -> None:
    planted: Any = PLANTED if octets else PLANTED.decode()
    holder = kind(**{m: planted if m in HOLDERS else AS_TEXTS.get(m, "x") for m in members(kind)})
    for text in (repr(holder), str(holder), f"{holder}", str([holder]), str(Fault("no", holder=holder))):
        assert not shown(text)


def test_the_journal_shows_no_octets_however_deep(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    journal.event("one", secret=Secret(PLANTED), octets=PLANTED, text="seen")
    journal.event("two", deep={"list": [Secret(PLANTED), PLANTED], "set": {PLANTED}}, pair=(PLANTED, 1))
    journal.event("three", held=Facts(facts={"secret_access_key": PLANTED.decode()}))
    journal.event("four", error=UnsealFault("does not open", sealed=PLANTED))
    assert not shown(caplog.text)
    assert "seen" in caplog.text
    assert all(json.loads(line)["event"] for line in caplog.messages)


def test_no_error_text_has_what_was_being_stored(store: Store) -> None:
    with pytest.raises(Exception, match="UNIQUE") as failed, store.write() as tx:
        for _ in range(2):
            tx.exec_driver_sql("INSERT INTO meta (key, value) VALUES (?, ?)", ("k", PLANTED.decode()))
    assert not shown(str(failed.value))


def test_what_seals_and_what_signs_tell_nothing() -> None:
    kek, other = Secret(PLANTED), Secret(bytes(32))
    sealed = seal(kek, b"kms:1", PLANTED)
    with pytest.raises(UnsealFault) as refused:
        unseal(other, b"kms:1", sealed)
    assert not shown(f"{refused.value} {refused.value.fields} {unseal(kek, b'kms:1', sealed)} {kek!r} {kek}")
    key = SigningKey.generate()
    secret = key._key.private_numbers().private_value
    assert f"{secret:x}" not in f"{key!r} {key}" and str(secret) not in f"{key!r} {key}"
