"""CIDR collections through their operations."""

import re
from dataclasses import replace
from typing import Any

import pytest

from seal53.services.quotas import AWS
from seal53.store import changes, cidr, outbox, routing
from seal53.store.schema import record_references

NEVER = "00000000-0000-4000-8000-000000000000"
A, B, C = "192.0.2.0/24", "198.51.100.0/24", "2001:db8::/48"


def _create(api: Any, name: str = "isps", reference: str | None = None) -> dict[str, Any]:
    return dict(api("CreateCidrCollection", Name=name, CallerReference=reference or name))


def _change(location: str, action: str, *blocks: str) -> dict[str, Any]:
    return {"LocationName": location, "Action": action, "CidrList": list(blocks)}


def _put(api: Any, collection_id: str, location: str, *blocks: str) -> str:
    done = api("ChangeCidrCollection", Id=collection_id, Changes=[_change(location, "PUT", *blocks)])
    return str(done["Id"])


def _blocks(api: Any, collection_id: str, **request: Any) -> list[tuple[str, str]]:
    listed = api("ListCidrBlocks", CollectionId=collection_id, **request)["CidrBlocks"]
    return [(one["LocationName"], one["CidrBlock"]) for one in listed]


# --- collections


def test_a_collection(a: Any) -> None:
    made = _create(a)
    collection = made["Collection"]
    assert re.fullmatch(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", collection["Id"])
    assert collection == {
        "Arn": f"arn:aws:route53:::cidrcollection/{collection['Id']}",
        "Id": collection["Id"],
        "Name": "isps",
        "Version": 1,
    }
    assert made["Location"] == f"https://route53.amazonaws.com/2013-04-01/cidrcollection/{collection['Id']}"
    assert a("ListCidrCollections") == {"CidrCollections": [collection]}


def test_a_reference_is_for_one_collection(a: Any, b: Any) -> None:
    made = _create(a)
    assert _create(a) == made
    code = "CidrCollectionAlreadyExistsException"
    refused = a.refused("CreateCidrCollection", Name="other", CallerReference="isps")
    assert refused == (code, "A CIDR collection with another name was created with this caller reference.")
    refused = a.refused("CreateCidrCollection", Name="isps", CallerReference="other")
    assert refused == (code, "This account has a CIDR collection 'isps' with another caller reference.")
    assert _create(b)["Collection"]["Id"] != made["Collection"]["Id"]
    a("DeleteCidrCollection", Id=made["Collection"]["Id"])
    assert _create(a)["Collection"]["Id"] != made["Collection"]["Id"]


def test_a_reference_is_ascii(a: Any) -> None:
    refused = a.refused("CreateCidrCollection", Name="x", CallerReference="é")
    assert refused == ("InvalidInput", "CallerReference may contain ASCII characters only")


def test_quotas(a: Any) -> None:
    small = replace(AWS, cidr_collections=1, cidr_blocks=2)
    api = replace(a, services=replace(a.services, limits=replace(a.services.limits, quotas=small)))
    collection_id = _create(api)["Collection"]["Id"]
    _create(api)
    refused = api.refused("CreateCidrCollection", Name="more", CallerReference="more")
    assert refused == ("LimitsExceeded", "The limit of 1 CIDR collections of an account is reached.")
    _put(api, collection_id, "x", A, B)
    _put(api, collection_id, "x", A)
    refused = api.refused("ChangeCidrCollection", Id=collection_id, Changes=[_change("x", "PUT", C)])
    assert refused == ("LimitsExceeded", "The limit of 2 CIDR blocks in a collection is reached.")
    assert _blocks(api, collection_id) == [("x", A), ("x", B)]


def test_another_accounts_collection_is_not_there(a: Any, b: Any) -> None:
    theirs = _create(b)["Collection"]["Id"]
    for collection_id in (theirs, NEVER):
        for operation, request in (
            ("ChangeCidrCollection", {"Id": collection_id, "Changes": [_change("x", "PUT", A)]}),
            ("DeleteCidrCollection", {"Id": collection_id}),
            ("ListCidrLocations", {"CollectionId": collection_id}),
            ("ListCidrBlocks", {"CollectionId": collection_id}),
        ):
            refused = a.refused(operation, **request)
            message = f"No CIDR collection found with ID: {collection_id}"
            assert refused == ("NoSuchCidrCollectionException", message)
    assert a("ListCidrCollections") == {"CidrCollections": []}


# --- changes


def test_changes_count_versions_and_are_followed(a: Any) -> None:
    collection_id = _create(a)["Collection"]["Id"]
    change_id = _put(a, collection_id, "berlin", "192.0.2.77/24", "2001:DB8::/48")
    assert a("GetChange", Id=change_id)["ChangeInfo"]["Status"] == "PENDING"
    with a.services.store.read() as tx:
        version, _, facts = routing.facts(tx)
        change = changes.get(tx, change_id)
        told = [row for row in outbox.pending(tx) if row.kind == "routing"][-1]
    assert change is not None
    assert (change.subject, change.version) == (told.subject, told.version) == ("routing", version)
    assert facts == {collection_id: {"berlin": [A, C]}}
    assert a("ListCidrCollections")["CidrCollections"][0]["Version"] == 2
    done = a(
        "ChangeCidrCollection",
        Id=collection_id,
        CollectionVersion=2,
        Changes=[
            _change("berlin", "DELETE_IF_EXISTS", A, B),
            _change("paris", "PUT", A),
        ],
    )
    assert done["Id"] != change_id
    assert _blocks(a, collection_id) == [("berlin", C), ("paris", A)]
    assert a("ListCidrCollections")["CidrCollections"][0]["Version"] == 3


def test_a_stale_version_is_refused(a: Any) -> None:
    collection_id = _create(a)["Collection"]["Id"]
    _put(a, collection_id, "x", A)
    for given in (1, 3):
        refused = a.refused(
            "ChangeCidrCollection",
            Id=collection_id,
            CollectionVersion=given,
            Changes=[_change("x", "PUT", B)],
        )
        assert refused == (
            "CidrCollectionVersionMismatchException",
            f"The CIDR collection is at version 2, and the request is for version {given}.",
        )
    assert _blocks(a, collection_id) == [("x", A)]


def test_a_block_in_use_refuses_the_whole_request(a: Any) -> None:
    collection_id = _create(a)["Collection"]["Id"]
    _put(a, collection_id, "x", A)
    before = _version(a)
    changes_ = [_change("y", "PUT", B), _change("y", "PUT", "192.0.2.1/24")]
    refused = a.refused("ChangeCidrCollection", Id=collection_id, Changes=changes_)
    assert refused == ("CidrBlockInUseException", f"The CIDR block {A} is already in use at the location x")
    assert _blocks(a, collection_id) == [("x", A)]
    assert _version(a) == before
    other = _create(a, "other")["Collection"]["Id"]
    _put(a, other, "y", A)  # another collection's blocks are its own


def _version(api: Any) -> int:
    with api.services.store.read() as tx:
        return routing.version(tx)


def test_what_is_no_block(a: Any) -> None:
    collection_id = _create(a)["Collection"]["Id"]
    for text, message in (
        ("192.0.2.1", "'192.0.2.1' is not a CIDR block, such as 192.0.2.0/24 or 2001:db8::/48"),
        ("192.0.2.0/25", "The prefix length of the CIDR block '192.0.2.0/25' is not between 1 and 24"),
        ("::/0", "The prefix length of the CIDR block '::/0' is not between 1 and 48"),
    ):
        refused = a.refused("ChangeCidrCollection", Id=collection_id, Changes=[_change("x", "PUT", text)])
        assert refused == ("InvalidInput", message)


def test_a_request_has_at_most_a_thousand_blocks(a: Any) -> None:
    collection_id = _create(a)["Collection"]["Id"]
    many = [f"10.{n // 250}.{n % 250}.0/24" for n in range(1001)]
    changes_ = [_change("x", "PUT", *many[:600]), _change("y", "PUT", *many[600:])]
    refused = a.refused("ChangeCidrCollection", Id=collection_id, Changes=changes_)
    assert refused == ("LimitsExceeded", "A request has at most 1000 CIDR blocks; this has 1001.")
    a("ChangeCidrCollection", Id=collection_id, Changes=[_change("x", "PUT", *many[:1000])])
    with a.services.store.read() as tx:
        assert cidr.count_blocks(tx, collection_id) == 1000


# ConcurrentModification is for requests that meet: here each waits for the other's transaction.


# --- deleting


def test_only_an_empty_collection_can_be_deleted(a: Any) -> None:
    collection_id = _create(a)["Collection"]["Id"]
    _put(a, collection_id, "x", A)
    refused = a.refused("DeleteCidrCollection", Id=collection_id)
    assert refused == (
        "CidrCollectionInUseException",
        "The CIDR collection is not empty: it has CIDR blocks.",
    )
    a("ChangeCidrCollection", Id=collection_id, Changes=[_change("x", "DELETE_IF_EXISTS", A)])
    assert a("DeleteCidrCollection", Id=collection_id) == {}
    assert a.refused("DeleteCidrCollection", Id=collection_id)[0] == "NoSuchCidrCollectionException"
    with a.services.store.read() as tx:
        assert routing.facts(tx)[2] == {}


def test_a_collection_that_record_sets_use_stays(a: Any) -> None:
    collection_id, other = (_create(a, name)["Collection"]["Id"] for name in ("used", "free"))
    zone_id = a.zone()
    with a.services.store.write() as tx:
        tx.execute(
            record_references.insert().values(
                zone_id=zone_id,
                sort_key=b"com.example.www.",
                type="A",
                set_id="default",
                kind="cidr",
                target=f"{collection_id}/*",
            )
        )
    refused = a.refused("DeleteCidrCollection", Id=collection_id)
    assert refused == ("CidrCollectionInUseException", "The CIDR collection is used by resource record sets.")
    assert a("DeleteCidrCollection", Id=other) == {}


# --- lists


def test_lists_go_on_by_token(a: Any) -> None:
    made = [_create(a, f"c{n}")["Collection"] for n in range(3)]
    collection_id = made[0]["Id"]
    for location, blocks in (("berlin", (C, A)), ("paris", (B,)), ("rome", ("10.0.0.0/8",))):
        _put(a, collection_id, location, *blocks)
    made[0] = {**made[0], "Version": 4}
    expected = {
        "ListCidrCollections": ("CidrCollections", {}, sorted(made, key=lambda one: one["Id"])),
        "ListCidrLocations": (
            "CidrLocations",
            {"CollectionId": collection_id},
            [{"LocationName": name} for name in ("berlin", "paris", "rome")],
        ),
        "ListCidrBlocks": (
            "CidrBlocks",
            {"CollectionId": collection_id},
            [
                {"CidrBlock": block, "LocationName": name}
                for name, block in (("berlin", A), ("berlin", C), ("paris", B), ("rome", "10.0.0.0/8"))
            ],
        ),
    }
    for operation, (member, request, everything) in expected.items():
        assert a(operation, **request) == {member: everything}
        found: list[dict[str, Any]] = []
        page = a(operation, MaxResults="1", **request)
        found += page[member]
        while "NextToken" in page:
            page = a(operation, MaxResults="1", NextToken=page["NextToken"], **request)
            assert len(page[member]) == 1
            found += page[member]
        assert found == everything


def test_blocks_of_one_location(a: Any) -> None:
    collection_id = _create(a)["Collection"]["Id"]
    _put(a, collection_id, "berlin", A, C)
    _put(a, collection_id, "paris", B)
    assert _blocks(a, collection_id, LocationName="berlin") == [("berlin", A), ("berlin", C)]
    refused = a.refused("ListCidrBlocks", CollectionId=collection_id, LocationName="rome")
    assert refused == ("NoSuchCidrLocationException", "The CIDR collection has no location 'rome'")


@pytest.mark.parametrize("token", ["x", "", "bnVsbA==", "WyJhIiwiYiIsImMiXQ==", "é"])
def test_a_token_that_no_list_gave(a: Any, token: str) -> None:
    collection_id = _create(a)["Collection"]["Id"]
    message = "The value for NextToken is not one that this list has returned"
    for operation in ("ListCidrCollections", "ListCidrLocations", "ListCidrBlocks"):
        request = {} if operation == "ListCidrCollections" else {"CollectionId": collection_id}
        assert a.refused(operation, NextToken=token, **request) == ("InvalidInput", message)


def test_page_sizes(a: Any) -> None:
    for size in ("0", "-1", "x", ""):
        refused = a.refused("ListCidrCollections", MaxResults=size)
        assert refused == ("InvalidInput", f"The value '{size}' for MaxResults is not a number above 0")
    assert a("ListCidrCollections", MaxResults="1000") == {"CidrCollections": []}
