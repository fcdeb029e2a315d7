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

SCHEMA_VERSION = 1

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
    Column("sealed_secret", BLOB, nullable=False),
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

hosted_zones = Table(
    "hosted_zones",
    metadata,
    Column("id", String, primary_key=True),
    # null: the registry's own (root, TLDs)
    Column("account_id", String(12), ForeignKey("accounts.id"), index=True),
    Column("kind", String, nullable=False),  # public | private | root | tld
    Column("name", BLOB, nullable=False),
    Column("sort_key", BLOB, nullable=False),
    Column("caller_reference", String, nullable=False),
    Column("comment", String),
    Column("delegation_set_id", String, ForeignKey("delegation_sets.id"), index=True),  # public alone
    # grows by one with every change of contents, keys or signatures
    Column("version", Integer, nullable=False),
    Column("created_at", Integer, nullable=False),
    # DNSSEC: facts; ServeSignature is derived. signing_at set and unsigning_at null: SIGNING.
    Column("signing_at", Integer),
    Column("unsigning_at", Integer),
    Column("unsigning_change_id", String),
    UniqueConstraint("account_id", "caller_reference"),
    CheckConstraint("kind IN ('public', 'private', 'root', 'tld')"),
    Index("hosted_zones_by_name", "account_id", "sort_key", "id"),
)

zone_vpcs = Table(
    "zone_vpcs",
    metadata,
    Column("zone_id", String, ForeignKey("hosted_zones.id", ondelete="CASCADE"), primary_key=True),
    Column("vpc_id", String, ForeignKey("vpcs.id"), primary_key=True, index=True),
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
    Column("ttl", Integer),  # null for an alias
    # msgpack list of wire RDATAs, in the order given; empty for an alias
    Column("rdatas", BLOB, nullable=False),
    Column("alias", BLOB),  # the target's name, lower-case wire
    Column("shape", Text, nullable=False),  # JSON: the ResourceRecordSet as the API returns it
    Index("record_sets_by_owner", "zone_id", "owner"),
)

changes = Table(
    "changes",
    metadata,
    Column("id", String, primary_key=True),
    Column("account_id", String(12), index=True),
    Column("subject", String, nullable=False),  # "zone:Z…" | "vpc:vpc-…" | "none"
    Column("version", Integer, nullable=False),  # of the subject, that must be served
    Column("submitted_at", Integer, nullable=False),
    Column("insync_at", Integer),  # null: PENDING
    Column("comment", String),
    Index("changes_pending", "insync_at", "subject"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("subject", String, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("kind", String, nullable=False),  # records | signing | zone | gone | vpc
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
