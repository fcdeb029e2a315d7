"""Route 53 Domains against a real store: registration, name servers, DS, and what is refused."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from seal53 import registry
from seal53.base.clock import ManualClock, UnixTime
from seal53.base.ids import AccountId, Ids
from seal53.base.journal import Secret
from seal53.core import Name
from seal53.registry import RegistrySettings
from seal53.services.context import Caller, DelegationSeen, Limits, Services
from seal53.services.faults import AwsFault
from seal53.services.route53domains import OPERATIONS
from seal53.store import Store, accounts, changes, records
from seal53.store import zones as zone_rows

A, B = AccountId("111111111111"), AccountId("222222222222")
CONTACT = {"FirstName": "Alex", "Email": "hostmaster@example.com"}
CONTACTS = {"AdminContact": CONTACT, "RegistrantContact": CONTACT, "TechContact": CONTACT}
KEY = base64.b64encode(bytes(range(64))).decode()


class NoProbe:
    """Registering asks no parent."""

    def delegation(self, name: Name) -> DelegationSeen:
        raise AssertionError(f"{name} was probed")


class Registrar:
    """Calls operations as one of two accounts."""

    def __init__(self, services: Services, clock: ManualClock) -> None:
        self.services, self.clock = services, clock

    def __call__(self, operation: str, account: AccountId = A, /, **request: Any) -> Any:
        caller = Caller(
            account_id=account,
            access_key_id="AKIA" + account,
            region="us-east-1",
            request_id="r",
            now=UnixTime(self.clock.now()),
        )
        return OPERATIONS[operation](self.services, request, caller)

    def register(self, name: str = "companya.com", account: AccountId = A) -> str:
        operation: str = self("RegisterDomain", account, DomainName=name, DurationInYears=1, **CONTACTS)[
            "OperationId"
        ]
        return operation

    def status(self, operation: str) -> str:
        status: str = self("GetOperationDetail", OperationId=operation)["Status"]
        return status

    def settle(self) -> None:
        """Every name server acknowledges everything."""
        with self.services.store.write() as tx:
            for change in changes.pending(tx):
                changes.close_up_to(tx, change.subject, change.version, self.clock.now())

    def in_tld(self, name: str = "companya.com.", tld: str = "com.") -> dict[str, frozenset[bytes]]:
        with self.services.store.read() as tx:
            zone = zone_rows.named(tx, Name.parse(tld), kind="tld")[0]
            return {s.type: frozenset(s.record.rdatas) for s in records.at(tx, zone.id, Name.parse(name))}


@pytest.fixture
def registrar(store: Store, ids: Ids, kek: Secret, clock: ManualClock) -> Iterator[Registrar]:
    with store.write() as tx:
        for account in (A, B):
            accounts.create(tx, id=account, name=account, now=clock.now())
        registry.bootstrap(
            tx,
            kek=kek,
            ids=ids,
            now=clock.now(),
            settings=RegistrySettings(root_address="127.53.9.1", tld_addresses=("127.53.9.2", "127.53.9.3")),
        )
    limits = Limits(name_server_pattern="ns-{n}.set-{set}.seal53.", address_block="127.53.9.0/24")
    services = Services(store=store, kek=kek, ids=ids, probe=NoProbe(), limits=limits)
    yield Registrar(services, clock)


def test_registering_makes_the_zone_and_the_delegation(registrar: Registrar) -> None:
    operation = registrar.register()
    detail = registrar("GetDomainDetail", DomainName="companya.com")
    with registrar.services.store.read() as tx:
        (zone,) = zone_rows.named(tx, Name.parse("companya.com."))
        apex = {s.type: s.record for s in records.at(tx, zone.id, zone.name)}
    assert zone.account_id == A
    assert zone.comment == "HostedZone created by Route53 Registrar"
    assert registrar.in_tld() == {"NS": frozenset(apex["NS"].rdatas)}
    assert [server["Name"] for server in detail["Nameservers"]] == [
        str(Name.from_wire(rdata)).rstrip(".") for rdata in apex["NS"].rdatas
    ]
    assert detail["AdminContact"] == CONTACT
    assert registrar.status(operation) == "IN_PROGRESS"
    registrar.settle()
    assert registrar.status(operation) == "SUCCESSFUL"


def test_name_servers_of_the_set_get_addresses_in_our_own_tld(registrar: Registrar) -> None:
    registrar.register()
    for server in registrar("GetDomainDetail", DomainName="companya.com")["Nameservers"]:
        assert set(registrar.in_tld(f"{server['Name']}.", "seal53.")) == {"A"}


@pytest.mark.parametrize(
    ("name", "account", "error"),
    [
        ("companya.com", B, "InvalidInput"),
        ("companya.com", A, "DuplicateRequest"),
        ("companya.dev", A, "UnsupportedTLD"),
        ("a.companya.com", A, "UnsupportedTLD"),
        ("com", A, "InvalidInput"),
        ("-a.com", A, "InvalidInput"),
        ("a_b.com", A, "InvalidInput"),
    ],
)
def test_names_that_cannot_be_registered(
    registrar: Registrar, name: str, account: AccountId, error: str
) -> None:
    registrar.register()
    with pytest.raises(AwsFault) as fault:
        registrar.register(name, account)
    assert fault.value.error == error


def test_ds_is_published_and_taken_out(registrar: Registrar) -> None:
    registrar.register()
    registrar.settle()
    attributes = {"Algorithm": 13, "Flags": 257, "PublicKey": KEY}
    operation = registrar(
        "AssociateDelegationSignerToDomain", DomainName="companya.com", SigningAttributes=attributes
    )["OperationId"]
    (key,) = registrar("GetDomainDetail", DomainName="companya.com")["DnssecKeys"]
    (ds,) = registrar.in_tld()["DS"]
    assert (int.from_bytes(ds[:2]), ds[2], ds[3], ds[4:].hex().upper()) == (
        key["KeyTag"],
        13,
        2,
        key["Digest"],
    )
    with pytest.raises(AwsFault) as busy:
        registrar("DisassociateDelegationSignerFromDomain", DomainName="companya.com", Id=key["Id"])
    assert busy.value.error == "OperationLimitExceeded"
    registrar.settle()
    assert registrar.status(operation) == "SUCCESSFUL"
    registrar("DisassociateDelegationSignerFromDomain", DomainName="companya.com", Id=key["Id"])
    assert "DS" not in registrar.in_tld()


def test_a_key_twice_fails_as_an_operation(registrar: Registrar) -> None:
    registrar.register()
    registrar.settle()
    request = {
        "DomainName": "companya.com",
        "SigningAttributes": {"Algorithm": 13, "Flags": 257, "PublicKey": KEY},
    }
    registrar("AssociateDelegationSignerToDomain", **request)
    registrar.settle()
    again = registrar("AssociateDelegationSignerToDomain", **request)["OperationId"]
    detail = registrar("GetOperationDetail", OperationId=again)
    assert (detail["Status"], detail["Message"]) == ("FAILED", "Parameters in request are not valid")


def test_at_most_thirteen_keys_in_com(registrar: Registrar) -> None:
    registrar.register()
    for n in range(14):
        registrar.settle()
        key = base64.b64encode(bytes([n]) * 64).decode()
        request = {
            "DomainName": "companya.com",
            "SigningAttributes": {"Algorithm": 13, "Flags": 257, "PublicKey": key},
        }
        if n < 13:
            registrar("AssociateDelegationSignerToDomain", **request)
        else:
            with pytest.raises(AwsFault) as fault:
                registrar("AssociateDelegationSignerToDomain", **request)
            assert fault.value.error == "DnssecLimitExceeded"


def test_new_name_servers_keep_the_ds(registrar: Registrar) -> None:
    registrar.register()
    registrar.settle()
    registrar(
        "AssociateDelegationSignerToDomain",
        DomainName="companya.com",
        SigningAttributes={"Algorithm": 13, "Flags": 257, "PublicKey": KEY},
    )
    before = registrar.in_tld()["DS"]
    servers = [{"Name": "ns1.companya.com", "GlueIps": ["127.0.0.9"]}, {"Name": "ns.example.net"}]
    registrar("UpdateDomainNameservers", DomainName="companya.com", Nameservers=servers)
    now = registrar.in_tld()
    assert now["DS"] == before
    assert now["NS"] == {Name.parse(s["Name"] + ".").to_wire() for s in servers}
    assert set(registrar.in_tld("ns1.companya.com.")) == {"A"}


@pytest.mark.parametrize(
    "servers",
    [
        [],
        [{"Name": "ns.companya.com"}],
        [{"Name": "ns.example.net", "GlueIps": ["127.0.0.9"]}],
        [{"Name": "ns.example.net"}, {"Name": "NS.example.net."}],
        [{"Name": "bad..name"}],
        [{"Name": "."}],
        [{"Name": "host"}],
        [{"Name": "ns.companya.com", "GlueIps": ["nonsense"]}],
        [{"Name": "ns.companya.com", "GlueIps": ["127.0.0.256"]}],
        [{"Name": "ns.companya.com", "GlueIps": ["fe80::1%lo"]}],
    ],
)
def test_bad_name_servers(registrar: Registrar, servers: list[dict[str, Any]]) -> None:
    registrar.register()
    with pytest.raises(AwsFault) as fault:
        registrar("UpdateDomainNameservers", DomainName="companya.com", Nameservers=servers)
    assert fault.value.error == "InvalidInput"


def test_another_account_sees_nothing(registrar: Registrar) -> None:
    operation = registrar.register()
    assert registrar("ListDomains", B)["Domains"] == []
    for call, request in (
        ("GetDomainDetail", {"DomainName": "companya.com"}),
        ("GetOperationDetail", {"OperationId": operation}),
        (
            "UpdateDomainNameservers",
            {"DomainName": "companya.com", "Nameservers": [{"Name": "ns.example.net"}]},
        ),
    ):
        with pytest.raises(AwsFault) as fault:
            registrar(call, B, **request)
        assert fault.value.error == "InvalidInput"


def test_listing_in_pages(registrar: Registrar) -> None:
    for name in ("b.com", "a.com", "c.net"):
        registrar.register(name)
    first = registrar("ListDomains", MaxItems=2)
    rest = registrar("ListDomains", MaxItems=2, Marker=first["NextPageMarker"])
    names = [d["DomainName"] for d in (*first["Domains"], *rest["Domains"])]
    assert names == ["a.com", "b.com", "c.net"]
    assert "NextPageMarker" not in rest


@pytest.mark.parametrize("number", [-1, 0, 101])
def test_a_page_has_one_to_a_hundred_domains(registrar: Registrar, number: int) -> None:
    registrar.register()
    with pytest.raises(AwsFault) as fault:
        registrar("ListDomains", MaxItems=number)
    assert fault.value.error == "InvalidInput"


@pytest.mark.parametrize("member", ["FilterConditions", "SortCondition"])
def test_what_is_not_implemented_is_not_ignored(registrar: Registrar, member: str) -> None:
    with pytest.raises(AwsFault, match=member):
        registrar("ListDomains", **{member: [{"Name": "DomainName"}]})


def test_no_name_servers_left(registrar: Registrar) -> None:
    limits = replace(registrar.services.limits, address_block="127.53.9.0/29")
    registrar.services = replace(registrar.services, limits=limits)
    with pytest.raises(AwsFault) as fault:
        registrar.register()
    assert fault.value.error == "OperationLimitExceeded"
    assert "no free addresses" in fault.value.message
    assert registrar("ListDomains")["Domains"] == []
