"""Amazon Route 53: protecting record sets, by name and type, from being changed.

A batch is done whole or not at all, and its refusal names each entry that cannot be. What a protection
refuses is decided by change batches (`records`) and by DeleteHostedZone (`zones`).
Source: Route 53 API, 2013-04-01, as of 2026.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from seal53.core import Name
from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.services.route53.paging import page_size, place_of, token_of
from seal53.services.route53.zones import own_zone
from seal53.store import protections as protection_rows
from seal53.store.protections import Protection
from seal53.store.zones import HostedZone
from seal53.zones import names
from seal53.zones.listing import LARGEST_RECORD_PAGE, Position

_BAD_PLACE = "The specified value for NextToken is not one that a list has returned"

Entry = Mapping[str, Any]
Problem = tuple[Entry, str, str]
"""The entry of a batch, a code and an explanation."""


def create_resource_record_set_protections(services: Services, request: Request, caller: Caller) -> Response:
    """Nothing needs to be there yet that is protected."""
    entries = _batch(services, request)
    quotas = services.limits.quotas
    with services.store.write() as tx:
        zone = own_zone(tx, request["HostedZoneId"], caller)
        wanted = _read(zone, entries)
        there = protection_rows.at(tx, zone.id, [protection.owner for protection in wanted])
        problems = [
            (entry, "ProtectionAlreadyExists", "A protection already exists for this name and type.")
            for entry, protection in zip(entries, wanted, strict=True)
            if protection.key in there
        ]
        if len(problems) == len(entries):
            raise AwsFault(
                "ProtectionAlreadyExists",
                "A protection already exists for every name and type in the request.",
                Errors=_errors(problems),
            )
        _refuse(problems)
        if protection_rows.count(tx, zone.id) + len(wanted) > quotas.protections_of_zone:
            raise AwsFault(
                "LimitsExceeded",
                f"A hosted zone has at most {quotas.protections_of_zone} resource record set protections",
            )
        protection_rows.insert(tx, zone.id, wanted, caller.now)
    return {}


def delete_resource_record_set_protections(services: Services, request: Request, caller: Caller) -> Response:
    entries = _batch(services, request)
    with services.store.write() as tx:
        zone = own_zone(tx, request["HostedZoneId"], caller)
        unwanted = _read(zone, entries)
        there = protection_rows.at(tx, zone.id, [protection.owner for protection in unwanted])
        _refuse(
            [
                (entry, "ProtectionNotFound", "No protection exists for this name and type.")
                for entry, protection in zip(entries, unwanted, strict=True)
                if protection.key not in there
            ]
        )
        protection_rows.delete(tx, zone.id, [protection.key for protection in unwanted])
    return {}


def list_resource_record_set_protections(services: Services, request: Request, caller: Caller) -> Response:
    """In listing order from a place on, taken or not; NextToken goes before the other start."""
    limit = page_size(request, default=LARGEST_RECORD_PAGE, most=LARGEST_RECORD_PAGE, member="MaxResults")
    start = _start(request)
    with services.store.read() as tx:
        zone = own_zone(tx, request["HostedZoneId"], caller)
        found = protection_rows.page(tx, zone.id, start, limit + 1)
    response: dict[str, Any] = {
        "ResourceRecordSetProtections": [_shape(protection) for protection in found[:limit]]
    }
    if len(found) > limit:
        response["NextToken"] = token_of((names.show(found[limit].owner), found[limit].type))
    return response


OPERATIONS: dict[str, Operation] = {
    "CreateResourceRecordSetProtections": create_resource_record_set_protections,
    "DeleteResourceRecordSetProtections": delete_resource_record_set_protections,
    "ListResourceRecordSetProtections": list_resource_record_set_protections,
}


def _batch(services: Services, request: Request) -> Sequence[Entry]:
    entries: Sequence[Entry] = request["Protections"]
    most = services.limits.quotas.protections
    if not 0 < len(entries) <= most:
        raise AwsFault("InvalidInput", f"Protections has {len(entries)} entries; 1 to {most} are allowed")
    return entries


def _read(zone: HostedZone, entries: Sequence[Entry]) -> list[Protection]:
    """The batch as values. Raises InvalidResourceRecordSetProtectionBatch for all that are not valid."""
    problems: list[Problem] = []
    read: list[Protection] = []
    seen: set[tuple[Name, str]] = set()
    for entry in entries:
        rtype = entry["RecordType"]
        try:
            owner = names.parse(entry["RecordName"])
        except names.BadName as e:
            problems.append((entry, "InvalidInput", e.message))
            continue
        if not owner.is_at_or_below(zone.name):
            problems.append(
                (
                    entry,
                    "InvalidInput",
                    f"RRSet with DNS name {names.show(owner)} is not permitted in zone"
                    f" {names.show(zone.name)}",
                )
            )
        elif (owner, rtype) in seen:
            problems.append(
                (entry, "InvalidInput", "The name and type appear more than once in the request.")
            )
        seen.add((owner, rtype))
        read.append(Protection(owner=owner, type=rtype, comment=entry.get("Comment")))
    _refuse(problems)
    return read


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise AwsFault(
            "InvalidResourceRecordSetProtectionBatch",
            "One or more entries in the request couldn't be processed: "
            + "; ".join(f"{entry['RecordName']} {entry['RecordType']}: {why}" for entry, _, why in problems),
            Errors=_errors(problems),
        )


def _errors(problems: Sequence[Problem]) -> list[dict[str, str]]:
    return [
        {"RecordName": entry["RecordName"], "RecordType": entry["RecordType"], "Code": code, "Message": why}
        for entry, code, why in problems
    ]


def _start(request: Request) -> Position | None:
    """Where a list begins. Raises InvalidInput, InvalidPaginationToken."""
    token, name, rtype = (request.get(m) for m in ("NextToken", "StartRecordName", "StartRecordType"))
    if token is not None:
        name, rtype = place_of(token, 2, _BAD_PLACE)
        try:
            return Position(name=names.parse(name), type=rtype)
        except names.BadName:
            raise AwsFault("InvalidPaginationToken", _BAD_PLACE) from None
    if name is None:
        if rtype is not None:
            raise AwsFault("InvalidInput", "StartRecordType can be sent only together with StartRecordName")
        return None
    return Position(name=names.parse(name), type=rtype or "")


def _shape(protection: Protection) -> dict[str, str]:
    shape = {"RecordName": names.show(protection.owner), "RecordType": protection.type}
    if protection.comment is not None:
        shape["Comment"] = protection.comment
    return shape
