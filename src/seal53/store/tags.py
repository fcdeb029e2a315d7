"""Tags of resources, whatever they are: a key and a value each.

A resource is named as its service names it, with the kind before it: "hostedzone/Z…", "healthcheck/…",
"vpc/vpc-…", or an ARN. Whoever deletes a resource drops its tags in the same transaction.
"""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import delete, func, select

from seal53.store.engine import Tx
from seal53.store.portions import portions
from seal53.store.schema import resource_tags


def of(tx: Tx, resource: str) -> dict[str, str]:
    """A resource's tags, by key in order; empty for one that has none or is not there."""
    return of_each(tx, [resource])[resource]


def of_each(tx: Tx, resources: Sequence[str]) -> dict[str, dict[str, str]]:
    """The tags of each resource, by key in order; a resource without tags has an empty mapping."""
    found: dict[str, dict[str, str]] = {resource: {} for resource in resources}
    for some in portions(found):
        rows = tx.execute(
            select(resource_tags)
            .where(resource_tags.c.resource.in_(some))
            .order_by(resource_tags.c.resource, resource_tags.c.key)
        )
        for row in rows:
            found[row.resource][row.key] = row.value
    return found


def count(tx: Tx, resource: str) -> int:
    return tx.execute(
        select(func.count()).select_from(resource_tags).where(resource_tags.c.resource == resource)
    ).scalar_one()


def put(tx: Tx, resource: str, tags: Mapping[str, str]) -> None:
    """Adds tags; one whose key is there already gets the new value."""
    if not tags:
        return
    remove(tx, resource, tags)
    rows = [{"resource": resource, "key": key, "value": value} for key, value in tags.items()]
    tx.execute(resource_tags.insert(), rows)


def remove(tx: Tx, resource: str, keys: Iterable[str]) -> None:
    """Takes tags away; a key that is not there is passed over."""
    for some in portions(keys):
        tx.execute(
            delete(resource_tags).where(resource_tags.c.resource == resource, resource_tags.c.key.in_(some))
        )


def drop(tx: Tx, resource: str) -> None:
    """The resource is gone."""
    tx.execute(delete(resource_tags).where(resource_tags.c.resource == resource))
