"""Amazon Route 53: CIDR collections, which say at which location a client's address is.

A location exists as long as it has a block. Changes reach name servers as routing facts, not as versions of
zones. Source: Route 53 API, 2013-04-01. Not for: which block decides (`core`).
"""

from collections.abc import Sequence
from typing import Any

from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.services.route53.changes import open_change
from seal53.services.route53.health_checks import announce
from seal53.services.route53.paging import page_size, place_of, token_of
from seal53.store import Tx, cidr, routing
from seal53.store.cidr import Collection
from seal53.zones import cidr as blocks
from seal53.zones import listing

LOCATION = "https://route53.amazonaws.com/2013-04-01/cidrcollection/{}"
MOST_BLOCKS_AT_ONCE = 1000  # the service model, of ChangeCidrCollection
_BAD_PLACE = "The value for NextToken is not one that this list has returned"


def own_collection(tx: Tx, collection_id: str, caller: Caller) -> Collection:
    """The caller's collection. Raises NoSuchCidrCollectionException, also for another account's."""
    collection = cidr.get(tx, collection_id)
    if collection is None or collection.account_id != caller.account_id:
        raise AwsFault("NoSuchCidrCollectionException", f"No CIDR collection found with ID: {collection_id}")
    return collection


def create_cidr_collection(services: Services, request: Request, caller: Caller) -> Response:
    """The same reference and name again: the collection that is there."""
    name, reference = request["Name"], request["CallerReference"]
    if not reference.isascii():
        raise AwsFault("InvalidInput", "CallerReference may contain ASCII characters only")
    with services.store.write() as tx:
        collection = cidr.with_reference(tx, caller.account_id, reference)
        if collection is None:
            if cidr.named(tx, caller.account_id, name) is not None:
                raise AwsFault(
                    "CidrCollectionAlreadyExistsException",
                    f"This account has a CIDR collection '{name}' with another caller reference.",
                )
            _refuse_more(cidr.count_of(tx, caller.account_id), services.limits.quotas.cidr_collections)
            collection = Collection(
                id=services.ids.uuid(),
                account_id=caller.account_id,
                name=name,
                caller_reference=reference,
                created_at=caller.now,
            )
            cidr.insert(tx, collection)
        elif collection.name != name:
            raise AwsFault(
                "CidrCollectionAlreadyExistsException",
                "A CIDR collection with another name was created with this caller reference.",
            )
    return {"Collection": _collection(collection), "Location": LOCATION.format(collection.id)}


def _refuse_more(present: int, most: int) -> None:
    if present >= most:
        raise AwsFault("LimitsExceeded", f"The limit of {most} CIDR collections of an account is reached.")


def change_cidr_collection(services: Services, request: Request, caller: Caller) -> Response:
    """All changes, in their order, or none. `Id` is a Change's."""
    wanted = [
        blocks.Change(
            location=change["LocationName"],
            puts=change["Action"] == "PUT",
            blocks=tuple(map(blocks.normal, change["CidrList"])),
        )
        for change in request["Changes"]
    ]
    named = [block for change in wanted for block in change.blocks]
    if len(named) > MOST_BLOCKS_AT_ONCE:
        raise AwsFault(
            "LimitsExceeded",
            f"A request has at most {MOST_BLOCKS_AT_ONCE} CIDR blocks; this has {len(named)}.",
        )
    given = request.get("CollectionVersion")
    with services.store.write() as tx:
        collection = own_collection(tx, request["Id"], caller)
        if given is not None and given != collection.version:
            raise AwsFault(
                "CidrCollectionVersionMismatchException",
                f"The CIDR collection is at version {collection.version}, and the request is for version"
                f" {given}.",
            )
        edit = blocks.decide(wanted, cidr.located(tx, collection.id, named))
        cidr.remove_blocks(tx, collection.id, edit.removed)
        cidr.put_blocks(tx, collection.id, edit.added)
        most = services.limits.quotas.cidr_blocks
        if edit.added and cidr.count_blocks(tx, collection.id) > most:
            raise AwsFault("LimitsExceeded", f"The limit of {most} CIDR blocks in a collection is reached.")
        cidr.set_version(tx, collection.id, collection.version + 1)
        opened = open_change(tx, services, caller, routing.SUBJECT, announce(tx))
    return {"Id": opened.id}


def delete_cidr_collection(services: Services, request: Request, caller: Caller) -> Response:
    """Only an empty one that no record set names."""
    with services.store.write() as tx:
        collection = own_collection(tx, request["Id"], caller)
        if cidr.count_blocks(tx, collection.id):
            raise AwsFault(
                "CidrCollectionInUseException", "The CIDR collection is not empty: it has CIDR blocks."
            )
        if cidr.is_referenced(tx, collection.id):
            raise AwsFault(
                "CidrCollectionInUseException", "The CIDR collection is used by resource record sets."
            )
        cidr.delete(tx, collection.id)
        announce(tx)
    return {}


def list_cidr_collections(services: Services, request: Request, caller: Caller) -> Response:
    """By id."""
    limit, (start,) = _page(request, ("",))
    with services.store.read() as tx:
        found = cidr.page(tx, caller.account_id, start_id=start, limit=limit + 1)
    return {
        "CidrCollections": [_collection(collection) for collection in found[:limit]],
        **_following([(collection.id,) for collection in found], limit),
    }


def list_cidr_locations(services: Services, request: Request, caller: Caller) -> Response:
    """By name."""
    limit, (start,) = _page(request, ("",))
    with services.store.read() as tx:
        collection = own_collection(tx, request["CollectionId"], caller)
        found = cidr.locations(tx, collection.id, start=start, limit=limit + 1)
    return {
        "CidrLocations": [{"LocationName": location} for location in found[:limit]],
        **_following([(location,) for location in found], limit),
    }


def list_cidr_blocks(services: Services, request: Request, caller: Caller) -> Response:
    """By location, then by block as text."""
    limit, (location, block) = _page(request, ("", ""))
    wanted = request.get("LocationName")
    with services.store.read() as tx:
        collection = own_collection(tx, request["CollectionId"], caller)
        if wanted is not None and not cidr.has_location(tx, collection.id, wanted):
            raise AwsFault("NoSuchCidrLocationException", f"The CIDR collection has no location '{wanted}'")
        found = cidr.blocks(tx, collection.id, location=wanted, start=(location, block), limit=limit + 1)
    return {
        "CidrBlocks": [{"CidrBlock": block, "LocationName": location} for location, block in found[:limit]],
        **_following(found, limit),
    }


OPERATIONS: dict[str, Operation] = {
    "CreateCidrCollection": create_cidr_collection,
    "ChangeCidrCollection": change_cidr_collection,
    "DeleteCidrCollection": delete_cidr_collection,
    "ListCidrCollections": list_cidr_collections,
    "ListCidrLocations": list_cidr_locations,
    "ListCidrBlocks": list_cidr_blocks,
}


def _collection(collection: Collection) -> dict[str, Any]:
    return {
        "Arn": f"arn:aws:route53:::cidrcollection/{collection.id}",
        "Id": collection.id,
        "Name": collection.name,
        "Version": collection.version,
    }


def _page(request: Request, begin: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    """The page's size, and the place that it begins at: `begin`, or what its token says."""
    limit = page_size(request, default=listing.DEFAULT_PAGE, most=listing.DEFAULT_PAGE, member="MaxResults")
    token = request.get("NextToken")
    if token is None:
        return limit, begin
    # these lists declare no InvalidPaginationToken
    return limit, tuple(place_of(token, len(begin), _BAD_PLACE, error="InvalidInput"))


def _following(places: Sequence[tuple[str, ...]], limit: int) -> dict[str, str]:
    """The token of the next page, which begins behind this one's `limit`."""
    return {} if len(places) <= limit else {"NextToken": token_of(places[limit])}
