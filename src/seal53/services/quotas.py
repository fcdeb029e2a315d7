"""How much an account may have, and how large a request may be: AWS's numbers, and generous ones.

Source: Route 53 developer guide, "Quotas". Not for: what the address block or a disk can hold.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """One profile. Numbers are the most that is allowed."""

    calls_per_second: float | None  # of an account to route53, and to route53resolver; None: no throttling
    waits_for_prior_change: bool  # True: changes of a zone queue up; False: PriorRequestNotComplete
    hosted_zones: int
    record_sets: int  # in a hosted zone
    batch_records: int  # ResourceRecord elements of a batch; an UPSERT counts twice, an alias once
    batch_characters: int  # in Value elements; an UPSERT counts twice
    values: int  # in a record set
    sets_of_one_name: int  # record sets of one name and type
    vpcs: int  # associated with a private zone
    vpc_authorizations: int
    delegation_sets: int  # reusable ones
    zones_of_delegation_set: int
    health_checks: int
    health_check_children: int
    traffic_policies: int
    traffic_policy_versions: int
    traffic_policy_instances: int
    cidr_collections: int
    cidr_blocks: int  # in a collection
    protections: int  # in a request
    protections_of_zone: int
    tags: int  # on a resource


AWS = Quotas(
    calls_per_second=5.0,
    waits_for_prior_change=False,
    hosted_zones=500,
    record_sets=10_000,
    batch_records=1000,
    batch_characters=32_000,
    values=400,
    sets_of_one_name=100,
    vpcs=300,
    vpc_authorizations=1000,
    delegation_sets=100,
    zones_of_delegation_set=100,
    health_checks=200,
    health_check_children=255,
    traffic_policies=50,
    traffic_policy_versions=1000,
    traffic_policy_instances=5,
    cidr_collections=5,
    cidr_blocks=1000,
    protections=100,
    protections_of_zone=1000,  # AWS does not publish its own
    tags=50,
)

OPEN = Quotas(
    calls_per_second=None,
    waits_for_prior_change=True,
    hosted_zones=1_000_000,
    record_sets=100_000_000,
    batch_records=4000,
    batch_characters=400_000,
    values=400,
    sets_of_one_name=100,
    vpcs=100_000,
    vpc_authorizations=100_000,
    delegation_sets=10_000,
    zones_of_delegation_set=1_000_000,
    health_checks=100_000,
    health_check_children=255,
    traffic_policies=10_000,
    traffic_policy_versions=1000,
    traffic_policy_instances=10_000,
    cidr_collections=10_000,
    cidr_blocks=100_000,
    protections=100,
    protections_of_zone=100_000,
    tags=50,
)
