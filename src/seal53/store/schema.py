"""The one schema, with a version number. Facts have times; states are derived from them, not stored.

Units: `*_at` are UTC seconds. Owner names are lower-case wire octets. `sort_key` is Route 53's listing order
(`Name.listing_key()`), which is not DNS's canonical order (I8).
"""

from sqlalchemy import (
    BLOB,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

SCHEMA_VERSION = 2

metadata = MetaData()

meta = Table("meta", metadata, Column("key", String, primary_key=True), Column("value", Text, nullable=False))

accounts = Table(
    "accounts",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("name", String, nullable=False),
    Column("position", Integer, nullable=False, unique=True),  # the first one manages: it may create accounts
    Column("created_at", Integer, nullable=False),
)

access_keys = Table(
    "access_keys",
    metadata,
    Column("access_key_id", String, primary_key=True),
    Column("account_id", String(12), ForeignKey("accounts.id"), nullable=False, index=True),
    Column("user_name", String),  # null: the account's root
    Column("sealed_secret", BLOB, nullable=False),
    Column("inactive", Integer, nullable=False, server_default="0"),  # 1: refused
    Column("created_at", Integer, nullable=False),
)

vpcs = Table(
    "vpcs",
    metadata,
    Column("id", String, primary_key=True),
    Column("account_id", String(12), ForeignKey("accounts.id"), nullable=False, index=True),
    Column("region", String, nullable=False),
    Column("address", String, nullable=False, unique=True),  # of its resolver
    Column("created_at", Integer, nullable=False),
    Column("cidr_block", String, nullable=False, server_default="10.0.0.0/16"),
    Column("tenancy", String, nullable=False, server_default="default"),
    # private zones are answered only where both are on
    Column("dns_support", Integer, nullable=False, server_default="1"),
    Column("dns_hostnames", Integer, nullable=False, server_default="1"),
    # DNSSEC validation: facts of the last change; the status is derived (ENABLING until change_id is in sync)
    Column("dnssec_config_id", String),
    # ENABLE | DISABLE | USE_LOCAL_RESOURCE_SETTING
    Column("validation", String, nullable=False, server_default="DISABLE"),
    Column("validation_change_id", String),
    Column("version", Integer, nullable=False, server_default="1"),
)

delegation_sets = Table(
    "delegation_sets",
    metadata,
    Column("id", String, primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("hosts", Text, nullable=False),  # JSON: four names, absolute, lower case
    Column("addresses", Text, nullable=False),  # JSON: four addresses, in the order of hosts
    Column("created_at", Integer, nullable=False),
)

# An account's hold on a set: what the API knows as a reusable delegation set. Sets are shared, so several
# accounts may hold one, and none knows of the others.
reusable_delegation_sets = Table(
    "reusable_delegation_sets",
    metadata,
    Column("id", String, primary_key=True),
    Column("account_id", String(12), ForeignKey("accounts.id"), nullable=False),
    Column("caller_reference", String, nullable=False),
    Column("set_id", String, ForeignKey("delegation_sets.id"), nullable=False, index=True),
    Column("created_at", Integer, nullable=False),
    UniqueConstraint("account_id", "caller_reference"),
    UniqueConstraint("account_id", "set_id"),
)

hosted_zones = Table(
    "hosted_zones",
    metadata,
    Column("id", String, primary_key=True),
    # null: the registry's own (root, TLDs)
    Column("account_id", String(12), ForeignKey("accounts.id")),
    Column("kind", String, nullable=False),  # public | private | root | tld
    Column("name", BLOB, nullable=False),
    Column("sort_key", BLOB, nullable=False),
    Column("caller_reference", String, nullable=False),
    Column("comment", String),
    Column("delegation_set_id", String, ForeignKey("delegation_sets.id"), index=True),  # public alone
    # grows by one with every change of contents, keys or signatures
    Column("version", Integer, nullable=False),
    Column("record_count", Integer, nullable=False, server_default="0"),  # rows of record_sets
    Column("accelerated_recovery", Integer, nullable=False, server_default="0"),  # 1: asked for
    Column("accelerated_recovery_at", Integer),  # when that was last changed
    Column("created_at", Integer, nullable=False),
    # DNSSEC: facts; ServeSignature is derived. signing_at set and unsigning_at null: SIGNING.
    Column("signing_at", Integer),
    Column("unsigning_at", Integer),
    Column("unsigning_change_id", String),
    UniqueConstraint("account_id", "caller_reference"),
    CheckConstraint("kind IN ('public', 'private', 'root', 'tld')"),
    Index("hosted_zones_by_name", "account_id", "sort_key", "id"),
    Index("hosted_zones_by_id", "account_id", "id"),
    Index("hosted_zones_by_sort_key", "sort_key"),
)

zone_vpcs = Table(
    "zone_vpcs",
    metadata,
    Column("zone_id", String, ForeignKey("hosted_zones.id", ondelete="CASCADE"), primary_key=True),
    Column("vpc_id", String, ForeignKey("vpcs.id"), primary_key=True),
    Index("zone_vpcs_by_vpc", "vpc_id", "zone_id"),
)

vpc_authorizations = Table(
    "vpc_authorizations",
    metadata,
    Column("zone_id", String, ForeignKey("hosted_zones.id", ondelete="CASCADE"), primary_key=True),
    Column("vpc_id", String, primary_key=True),  # of any account; it need not exist
    Column("region", String, primary_key=True),
    Column("created_at", Integer, nullable=False),
)

record_sets = Table(
    "record_sets",
    metadata,
    Column("zone_id", String, ForeignKey("hosted_zones.id", ondelete="CASCADE"), primary_key=True),
    Column("sort_key", BLOB, primary_key=True),
    Column("type", String, primary_key=True),
    Column("set_id", String, primary_key=True),
    Column("owner", BLOB, nullable=False),
    Column("rtype", Integer, nullable=False),
    # the put of an edit (`core.encode_put`): what name servers get, ready to be joined to others
    Column("item", BLOB, nullable=False),
    Column("shape", Text, nullable=False),  # JSON: the ResourceRecordSet as the API returns it
    sqlite_with_rowid=False,  # rows lie in listing order: a page is read in one go
)

record_references = Table(
    "record_references",
    metadata,
    Column("zone_id", String, ForeignKey("hosted_zones.id", ondelete="CASCADE"), primary_key=True),
    Column("sort_key", BLOB, primary_key=True),
    Column("type", String, primary_key=True),
    Column("set_id", String, primary_key=True),
    Column("kind", String, primary_key=True),  # health | cidr | instance
    Column("target", String, nullable=False),  # health check, "collection/location", traffic policy instance
    Index("record_references_by_target", "kind", "target"),
)

alias_targets = Table(
    "alias_targets",
    metadata,
    # an alias whose target lies outside of its zone; targets within are found by name servers themselves
    Column("zone_id", String, ForeignKey("hosted_zones.id", ondelete="CASCADE"), primary_key=True),
    Column("sort_key", BLOB, primary_key=True),
    Column("type", String, primary_key=True),
    Column("set_id", String, primary_key=True),
    Column("owner", BLOB, nullable=False),
    Column("target_zone_id", String),  # a hosted zone of ours; null: a name of an AWS service
    Column("target_name", BLOB, nullable=False),  # lower-case wire
    # of an AWS service's name: the RDATAs found last (msgpack), when, and when to look again
    Column("rdatas", BLOB),
    Column("found_at", Integer),
    Column("failed_at", Integer),
    Column("failure", String),
    Column("look_at", Integer),
    Index("alias_targets_by_zone", "target_zone_id", "target_name"),
    Index("alias_targets_by_time", "look_at"),
)

alias_paths = Table(
    "alias_paths",
    metadata,
    # every name whose record sets went into the content of an alias that leads out of its zone, however far:
    # who is touched there finds the aliases that are to be written anew. Of the alias's own type.
    Column("zone_id", String, ForeignKey("hosted_zones.id", ondelete="CASCADE"), primary_key=True),
    Column("sort_key", BLOB, primary_key=True),
    Column("type", String, primary_key=True),
    Column("set_id", String, primary_key=True),
    Column("via_zone_id", String, primary_key=True),
    Column("via_name", BLOB, primary_key=True),  # lower-case wire
    Index("alias_paths_by_name", "via_zone_id", "via_name"),
)

record_protections = Table(
    "record_protections",
    metadata,
    Column("zone_id", String, ForeignKey("hosted_zones.id", ondelete="CASCADE"), primary_key=True),
    Column("sort_key", BLOB, primary_key=True),
    Column("type", String, primary_key=True),
    Column("owner", BLOB, nullable=False),
    Column("comment", String),
    Column("created_at", Integer, nullable=False),
)

query_logging_configs = Table(
    "query_logging_configs",
    metadata,
    Column("id", String, primary_key=True),
    Column("account_id", String(12), ForeignKey("accounts.id"), nullable=False, index=True),
    Column("zone_id", String, ForeignKey("hosted_zones.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("log_group_arn", String, nullable=False),
    Column("created_at", Integer, nullable=False),
)

resource_tags = Table(
    "resource_tags",
    metadata,
    Column("resource", String, primary_key=True),  # "hostedzone/Z…", "healthcheck/…", an ARN, "vpc/vpc-…"
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
)

health_checks = Table(
    "health_checks",
    metadata,
    Column("id", String, primary_key=True),
    Column("account_id", String(12), ForeignKey("accounts.id"), nullable=False, index=True),
    Column("caller_reference", String, nullable=False),
    Column("config", Text, nullable=False),  # JSON: HealthCheckConfig
    Column("version", Integer, nullable=False),
    Column("created_at", Integer, nullable=False),
    # the stored status; null: nobody has said
    Column("healthy", Integer),
    Column("status_at", Integer),
    Column("failed_at", Integer),  # when it was last said to be unhealthy, and why
    Column("reason", String),
    Column("deleted_at", Integer),  # the row stays: its caller reference is burnt
    UniqueConstraint("account_id", "caller_reference"),
)

cidr_collections = Table(
    "cidr_collections",
    metadata,
    Column("id", String, primary_key=True),
    Column("account_id", String(12), ForeignKey("accounts.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("caller_reference", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Integer, nullable=False),
    UniqueConstraint("account_id", "name"),
    UniqueConstraint("account_id", "caller_reference"),
)

cidr_blocks = Table(
    "cidr_blocks",
    metadata,
    Column("collection_id", String, ForeignKey("cidr_collections.id", ondelete="CASCADE"), primary_key=True),
    Column("block", String, primary_key=True),  # normal form: network address, no host bits
    Column("location", String, nullable=False),
    Index("cidr_blocks_by_location", "collection_id", "location"),
)

traffic_policies = Table(
    "traffic_policies",
    metadata,
    Column("id", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("account_id", String(12), ForeignKey("accounts.id"), nullable=False, index=True),
    Column("name", String, nullable=False),
    Column("type", String, nullable=False),
    Column("document", Text, nullable=False),
    Column("comment", String),
    Column("created_at", Integer, nullable=False),
    Column("deleted_at", Integer),  # the row stays: it can still be read, and its number is used up
)

traffic_policy_instances = Table(
    "traffic_policy_instances",
    metadata,
    Column("id", String, primary_key=True),
    Column("account_id", String(12), ForeignKey("accounts.id"), nullable=False, index=True),
    Column("zone_id", String, ForeignKey("hosted_zones.id"), nullable=False),
    Column("sort_key", BLOB, nullable=False),
    Column("owner", BLOB, nullable=False),
    Column("type", String, nullable=False),
    Column("ttl", Integer, nullable=False),
    Column("policy_id", String, nullable=False),
    Column("policy_version", Integer, nullable=False),
    Column("change_id", String, nullable=False),  # Creating until it is in sync
    Column("failure", String),
    Column("created_at", Integer, nullable=False),
    UniqueConstraint("zone_id", "owner", "type"),
    Index("traffic_policy_instances_by_policy", "policy_id", "policy_version"),
)

changes = Table(
    "changes",
    metadata,
    Column("id", String, primary_key=True),
    Column("account_id", String(12)),
    Column("subject", String, nullable=False),  # "zone:Z…" | "vpc:vpc-…" | "routing" | "none"
    Column("version", Integer, nullable=False),  # of the subject, that must be served
    Column("submitted_at", Integer, nullable=False),
    Column("insync_at", Integer),  # null: PENDING
    Column("comment", String),
    Index("changes_pending", "insync_at", "subject"),
    sqlite_with_rowid=False,
)

outbox = Table(
    "outbox",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("subject", String, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("kind", String, nullable=False),  # records | signing | zone | gone | vpc | set | routing | logging
    # msgpack; for "records": list of (owner wire, rtype, set_id) touched
    Column("detail", BLOB, nullable=False),
    sqlite_autoincrement=True,
)

edges = Table(
    "edges",
    metadata,
    Column("id", String, primary_key=True),
    Column("role", String, nullable=False),  # edge | resolver
    Column("registered_at", Integer, nullable=False),
)

ksks = Table(
    "ksks",
    metadata,
    Column("zone_id", String, ForeignKey("hosted_zones.id"), primary_key=True),
    Column("name", String, primary_key=True),
    Column("caller_reference", String, nullable=False),
    Column("kms_arn", String, nullable=False),  # "" for the registry's own keys, which lie in sealed_key
    Column("sealed_key", BLOB),
    Column("dnskey", BLOB, nullable=False),  # RDATA
    Column("created_at", Integer, nullable=False),
    Column("modified_at", Integer, nullable=False),
    Column("active", Integer, nullable=False),  # 1: signs and is published
    Column("failing_at", Integer),  # since when KMS cannot be used (ACTION_NEEDED)
    Column("failure", String),
    UniqueConstraint("zone_id", "kms_arn"),
)

zsks = Table(
    "zsks",
    metadata,
    Column("zone_id", String, ForeignKey("hosted_zones.id"), primary_key=True),
    Column("id", String, primary_key=True),
    Column("sealed_key", BLOB, nullable=False),
    Column("dnskey", BLOB, nullable=False),
    Column("created_at", Integer, nullable=False),
    Column("published_at", Integer),
    Column("active_at", Integer),
    Column("retired_at", Integer),
    Column("removed_at", Integer),
)

dnskey_signatures = Table(
    "dnskey_signatures",
    metadata,
    Column("zone_id", String, ForeignKey("hosted_zones.id"), primary_key=True),
    Column("made_at", Integer, nullable=False),
    Column("dnskeys", BLOB, nullable=False),  # msgpack list of RDATAs: the RRset that was signed
    Column("windows", BLOB, nullable=False),  # msgpack list of (from, inception, expiration, [RRSIG RDATA])
)

kms_keys = Table(
    "kms_keys",
    metadata,
    Column("id", String, primary_key=True),
    Column("account_id", String(12), ForeignKey("accounts.id"), nullable=False, index=True),
    Column("region", String, nullable=False),
    Column("arn", String, nullable=False, unique=True),
    Column("spec", String, nullable=False),
    Column("usage", String, nullable=False),
    Column("description", String, nullable=False),
    Column("policy", Text, nullable=False),
    Column("sealed_key", BLOB, nullable=False),
    Column("public_key", BLOB, nullable=False),  # DER SubjectPublicKeyInfo
    Column("created_at", Integer, nullable=False),
    Column("disabled_at", Integer),
    Column("deletion_at", Integer),  # null unless pending deletion
)

kms_aliases = Table(
    "kms_aliases",
    metadata,
    Column("account_id", String(12), ForeignKey("accounts.id"), primary_key=True),
    Column("region", String, primary_key=True),
    Column("name", String, primary_key=True),  # with "alias/"
    Column("key_id", String, ForeignKey("kms_keys.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Integer, nullable=False),
    Column("updated_at", Integer, nullable=False),
)

kms_grants = Table(
    "kms_grants",
    metadata,
    Column("id", String, primary_key=True),
    Column("key_id", String, ForeignKey("kms_keys.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("token", String, nullable=False),
    Column("grantee", String, nullable=False),  # principal's ARN or service
    Column("retiring", String),
    Column("operations", Text, nullable=False),  # JSON list
    Column("constraints", Text),  # JSON
    Column("name", String),
    Column("issuer", String, nullable=False),
    Column("created_at", Integer, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("account_id", String(12), ForeignKey("accounts.id"), primary_key=True),
    Column("name", String, primary_key=True),
    Column("id", String, nullable=False, unique=True),  # AIDA…
    Column("path", String, nullable=False),
    Column("created_at", Integer, nullable=False),
)

roles = Table(
    "roles",
    metadata,
    Column("account_id", String(12), ForeignKey("accounts.id"), primary_key=True),
    Column("name", String, primary_key=True),
    Column("id", String, nullable=False, unique=True),  # AROA…
    Column("path", String, nullable=False),
    Column("trust_policy", Text, nullable=False),
    Column("description", String),
    Column("longest_session_s", Integer, nullable=False),
    Column("created_at", Integer, nullable=False),
)

managed_policies = Table(
    "managed_policies",
    metadata,
    Column("arn", String, primary_key=True),
    Column("account_id", String(12), ForeignKey("accounts.id"), nullable=False, index=True),
    Column("id", String, nullable=False, unique=True),  # ANPA…
    Column("name", String, nullable=False),
    Column("path", String, nullable=False),
    Column("description", String),
    Column("default_version", Integer, nullable=False),
    Column("created_at", Integer, nullable=False),
    Column("updated_at", Integer, nullable=False),
)

policy_versions = Table(
    "policy_versions",
    metadata,
    Column("arn", String, ForeignKey("managed_policies.arn", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("document", Text, nullable=False),
    Column("created_at", Integer, nullable=False),
)

policy_attachments = Table(
    "policy_attachments",
    metadata,
    Column("account_id", String(12), primary_key=True),
    Column("kind", String, primary_key=True),  # user | role
    Column("name", String, primary_key=True),
    # of a managed policy; those of AWS have no row
    Column("arn", String, primary_key=True, index=True),
)

inline_policies = Table(
    "inline_policies",
    metadata,
    Column("account_id", String(12), primary_key=True),
    Column("kind", String, primary_key=True),  # user | role
    Column("name", String, primary_key=True),
    Column("policy_name", String, primary_key=True),
    Column("document", Text, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("access_key_id", String, primary_key=True),  # ASIA…
    Column("account_id", String(12), ForeignKey("accounts.id"), nullable=False, index=True),
    Column("kind", String, nullable=False),  # role | user | root
    Column("name", String, nullable=False),  # of the role or user; "" for root
    Column("session_name", String, nullable=False),  # "" unless a role's
    Column("sealed_secret", BLOB, nullable=False),
    Column("token_digest", BLOB, nullable=False),  # SHA-256 of the session token
    Column("policy", Text),  # session policy, JSON
    Column("created_at", Integer, nullable=False),
    Column("expires_at", Integer, nullable=False, index=True),
)

domains = Table(
    "domains",
    metadata,
    Column("name", BLOB, primary_key=True),
    Column("account_id", String(12), ForeignKey("accounts.id"), nullable=False, index=True),
    Column("tld_zone_id", String, ForeignKey("hosted_zones.id"), nullable=False),
    Column("registered_at", Integer, nullable=False),
    Column("updated_at", Integer, nullable=False),
    Column("expires_at", Integer, nullable=False),
    Column("name_servers", Text, nullable=False),  # JSON: [{"Name": str, "GlueIps": [str]}]
    Column("contacts", Text, nullable=False),  # JSON as given
    Column("auto_renew", Integer, nullable=False),
)

domain_keys = Table(
    "domain_keys",
    metadata,
    Column("domain", BLOB, ForeignKey("domains.name"), primary_key=True),
    Column("id", String, primary_key=True),
    Column("flags", Integer, nullable=False),
    Column("algorithm", Integer, nullable=False),
    Column("public_key", String, nullable=False),  # base64 as given
    Column("ds", BLOB, nullable=False),  # RDATA
    Column("added_at", Integer, nullable=False),
)

domain_operations = Table(
    "domain_operations",
    metadata,
    Column("id", String, primary_key=True),
    Column("account_id", String(12), nullable=False, index=True),
    Column("domain", BLOB, nullable=False),
    Column("type", String, nullable=False),
    Column("submitted_at", Integer, nullable=False),
    Column("change_id", String),  # the TLD's change; SUCCESSFUL when it is in sync
    Column("failed", String),  # message, when the operation failed at once
)

observations = Table(
    "observations",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("subject", String, nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("seen_at", Integer, nullable=False),
    Column("facts", Text, nullable=False),  # JSON
)
