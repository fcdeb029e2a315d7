"""Amazon Route 53 Domains: registering a name, its name servers, and the DS at the parent.

The registry is our own TLD zones (`registry`); an operation is SUCCESSFUL only when every server of the TLD
has acknowledged the change. Contacts, renewal and transfer are stored or refused, never acted upon.
Source: AWS Route 53 Domains API, 2014-05-15.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import IPv6Address, ip_address
from typing import Any

from seal53 import registry
from seal53.base.ids import ChangeId
from seal53.core import Name, NameFault
from seal53.delegation import SignerFault, derive_signer, most_keys
from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.services.route53.zones import create_public_zone
from seal53.store import Tx, changes
from seal53.store import delegation_sets as set_rows
from seal53.store import domains as rows
from seal53.store.domains import Domain, DomainKey, DomainOperation, NameServer
from seal53.zones.addresses import AddressesExhausted

YEAR_S = 31_556_952  # the Gregorian mean
REGISTRAR_COMMENT = "HostedZone created by Route53 Registrar"
CONTACTS = ("AdminContact", "RegistrantContact", "TechContact", "BillingContact")
PRIVACY = ("PrivacyProtectAdminContact", "PrivacyProtectRegistrantContact", "PrivacyProtectTechContact")


def register_domain(services: Services, request: Request, caller: Caller) -> Response:
    """Registers a free name, makes its hosted zone and delegates it to that zone's four name servers."""
    name = _domain_name(request["DomainName"])
    with services.store.write() as tx:
        tld = registry.tld_of(tx, name)
        if tld is None:
            raise AwsFault("UnsupportedTLD", f"Seal53 runs no registry for the TLD of {_text(name)}.")
        taken = rows.get(tx, name)
        if taken is not None:
            if taken.account_id == caller.account_id:
                raise AwsFault(
                    "DuplicateRequest", f"The domain {_text(name)} is already registered in this account."
                )
            raise AwsFault(
                "InvalidInput", f"The domain {_text(name)} is not available: another account holds it."
            )
        operation_id = services.ids.uuid()
        try:
            zone = create_public_zone(
                tx,
                services,
                caller,
                name=name,
                caller_reference=f"RISWorkflow-RD:{operation_id}",
                comment=REGISTRAR_COMMENT,
            )
        except AddressesExhausted as e:  # Route 53's DelegationSetNotAvailable is not in this model
            raise AwsFault(
                "OperationLimitExceeded", f"No name servers are free for this domain: {e}"
            ) from None
        delegation_set = set_rows.get(tx, zone.delegation_set_id or "")
        assert delegation_set is not None
        domain = Domain(
            name=name,
            account_id=caller.account_id,
            tld_zone_id=tld.id,
            registered_at=caller.now,
            updated_at=caller.now,
            expires_at=caller.now + YEAR_S * int(request["DurationInYears"]),
            name_servers=tuple(NameServer(host=host) for host in delegation_set.hosts),
            contacts=json.dumps({k: request[k] for k in (*CONTACTS, *PRIVACY) if k in request}, default=str),
            auto_renew=bool(request.get("AutoRenew", True)),
        )
        rows.put(tx, domain)
        return _submit(tx, services, caller, domain, "REGISTER_DOMAIN", operation_id=operation_id)


def get_domain_detail(services: Services, request: Request, caller: Caller) -> Response:
    """What is registered. DNSSEC keys are shown as the registrar keeps them: as DS."""
    with services.store.read() as tx:
        domain = _owned(tx, request, caller)
        keys = rows.keys(tx, domain.name)
    contacts: Mapping[str, Any] = json.loads(domain.contacts)
    return {
        "DomainName": _text(domain.name),
        "Nameservers": [
            {"Name": _text(server.host), "GlueIps": list(server.glue)} for server in domain.name_servers
        ],
        "AutoRenew": domain.auto_renew,
        **{contact: contacts[contact] for contact in CONTACTS if contact in contacts},
        "AdminPrivacy": contacts.get("PrivacyProtectAdminContact", True),
        "RegistrantPrivacy": contacts.get("PrivacyProtectRegistrantContact", True),
        "TechPrivacy": contacts.get("PrivacyProtectTechContact", True),
        "RegistrarName": "Seal53 Registry",
        "CreationDate": _moment(domain.registered_at),
        "UpdatedDate": _moment(domain.updated_at),
        "ExpirationDate": _moment(domain.expires_at),
        "StatusList": ["clientTransferProhibited"],
        "DnssecKeys": [_dnssec_key(key) for key in keys],
    }


def list_domains(services: Services, request: Request, caller: Caller) -> Response:
    """The account's domains in canonical order; a marker is the next name."""
    for member in ("FilterConditions", "SortCondition"):
        if request.get(member):
            raise AwsFault("InvalidInput", f"Seal53 does not implement {member} yet; leave it out.")
    with services.store.read() as tx:
        domains = rows.of_account(tx, caller.account_id)
    if request.get("Marker"):
        start = _domain_name(request["Marker"])
        domains = [domain for domain in domains if domain.name >= start]
    limit = int(request.get("MaxItems", 20))
    if not 1 <= limit <= 100:  # the model has no least value
        raise AwsFault("InvalidInput", f"MaxItems must be 1 to 100, not {limit}.")
    response: dict[str, Any] = {
        "Domains": [
            {
                "DomainName": _text(domain.name),
                "AutoRenew": domain.auto_renew,
                "TransferLock": True,
                "Expiry": _moment(domain.expires_at),
            }
            for domain in domains[:limit]
        ]
    }
    if len(domains) > limit:
        response["NextPageMarker"] = _text(domains[limit].name)
    return response


def update_domain_nameservers(services: Services, request: Request, caller: Caller) -> Response:
    """Changes the delegation in the TLD; the DS stays."""
    with services.store.write() as tx:
        domain = _owned(tx, request, caller)
        servers = tuple(_name_server(domain.name, server) for server in request["Nameservers"])
        if not 1 <= len(servers) <= 13 or len({server.host for server in servers}) != len(servers):
            raise AwsFault("InvalidInput", "Nameservers must be 1 to 13 different name servers.")
        changed = replace(domain, name_servers=servers, updated_at=caller.now)
        rows.put(tx, changed)
        return _submit(tx, services, caller, changed, "UPDATE_NAMESERVER")


def associate_delegation_signer(services: Services, request: Request, caller: Caller) -> Response:
    """Publishes the DS of the given key; a key that is there already fails the operation, not the call."""
    attributes = request["SigningAttributes"]
    missing = [k for k in ("Algorithm", "Flags", "PublicKey") if attributes.get(k) is None]
    if missing:
        raise AwsFault("InvalidInput", f"SigningAttributes lacks {', '.join(missing)}.")
    with services.store.write() as tx:
        domain = _owned(tx, request, caller)
        try:
            signer = derive_signer(
                domain.name,
                flags=int(attributes["Flags"]),
                algorithm=int(attributes["Algorithm"]),
                public_key=attributes["PublicKey"],
            )
        except SignerFault as e:
            raise AwsFault("InvalidInput", e.message) from None
        _refuse_while_busy(tx, domain)
        keys = rows.keys(tx, domain.name)
        if any(key.id == signer.id for key in keys):
            # seen at AWS: accepted synchronously, the operation ends FAILED
            return _submit(
                tx, services, caller, domain, "ADD_DNSSEC", failed="Parameters in request are not valid"
            )
        parent = domain.name.parent() or Name.root()
        if len(keys) >= most_keys(parent):
            raise AwsFault(
                "DnssecLimitExceeded", f"A domain of this TLD has at most {most_keys(parent)} keys."
            )
        rows.add_key(
            tx,
            domain.name,
            DomainKey(
                id=signer.id,
                flags=signer.flags,
                algorithm=signer.algorithm,
                public_key=signer.public_key,
                ds=signer.ds,
                added_at=caller.now,
            ),
        )
        return _submit(tx, services, caller, domain, "ADD_DNSSEC")


def disassociate_delegation_signer(services: Services, request: Request, caller: Caller) -> Response:
    """Takes a DS out of the TLD, by the id that GetDomainDetail shows, or its digest alone."""
    with services.store.write() as tx:
        domain = _owned(tx, request, caller)
        wanted = str(request["Id"]).upper()
        key = next(
            (k for k in rows.keys(tx, domain.name) if wanted in (k.id.upper(), k.ds[4:].hex().upper())), None
        )
        if key is None:
            raise AwsFault(
                "InvalidInput",
                f"The domain {_text(domain.name)} has no key with the id {request['Id']}; "
                "GetDomainDetail lists them.",
            )
        _refuse_while_busy(tx, domain)
        rows.remove_key(tx, domain.name, key.id)
        return _submit(tx, services, caller, domain, "REMOVE_DNSSEC")


def get_operation_detail(services: Services, request: Request, caller: Caller) -> Response:
    """Where an operation stands: SUCCESSFUL when every server of the TLD has the change."""
    with services.store.read() as tx:
        operation = rows.operation(tx, request["OperationId"])
        if operation is None or operation.account_id != caller.account_id:
            raise AwsFault("InvalidInput", f"No operation found with ID: {request['OperationId']}")
        status, updated_at = _status(tx, operation)
    response: dict[str, Any] = {
        "OperationId": operation.id,
        "Status": status,
        "DomainName": _text(operation.domain),
        "Type": operation.type,
        "SubmittedDate": _moment(operation.submitted_at),
        "LastUpdatedDate": _moment(updated_at),
    }
    if operation.failed is not None:
        response["Message"] = operation.failed
    return response


OPERATIONS: dict[str, Operation] = {
    "RegisterDomain": register_domain,
    "GetDomainDetail": get_domain_detail,
    "ListDomains": list_domains,
    "UpdateDomainNameservers": update_domain_nameservers,
    "AssociateDelegationSignerToDomain": associate_delegation_signer,
    "DisassociateDelegationSignerFromDomain": disassociate_delegation_signer,
    "GetOperationDetail": get_operation_detail,
}


def _submit(
    tx: Tx,
    services: Services,
    caller: Caller,
    domain: Domain,
    kind: str,
    *,
    operation_id: str | None = None,
    failed: str | None = None,
) -> Response:
    """Records the operation and, unless it failed at once, makes the TLD agree with the domain's facts."""
    change_id: ChangeId | None = None
    if failed is None:
        change_id = registry.delegate(
            tx,
            domain.name,
            servers=domain.name_servers,
            ds=[key.ds for key in rows.keys(tx, domain.name)],
            change_id=services.ids.change(),
            now=caller.now,
        )
    operation = DomainOperation(
        id=operation_id or services.ids.uuid(),
        account_id=caller.account_id,
        domain=domain.name,
        type=kind,
        submitted_at=caller.now,
        change_id=change_id,
        failed=failed,
    )
    rows.add_operation(tx, operation)
    return {"OperationId": operation.id}


def _status(tx: Tx, operation: DomainOperation) -> tuple[str, int]:
    if operation.failed is not None:
        return "FAILED", operation.submitted_at
    change = None if operation.change_id is None else changes.get(tx, operation.change_id)
    if change is None or change.insync_at is None:
        return "IN_PROGRESS", operation.submitted_at
    return "SUCCESSFUL", change.insync_at


def _refuse_while_busy(tx: Tx, domain: Domain) -> None:
    # AWS guide, "Configuring DNSSEC for a domain": one key is added or deleted at a time
    for operation in rows.operations_on(tx, domain.name):
        if operation.type in ("ADD_DNSSEC", "REMOVE_DNSSEC") and _status(tx, operation)[0] == "IN_PROGRESS":
            raise AwsFault(
                "OperationLimitExceeded",
                f"Another change of the DNSSEC keys of {_text(domain.name)} is in progress "
                f"(operation {operation.id}); try again when it has ended.",
            )


def _owned(tx: Tx, request: Request, caller: Caller) -> Domain:
    name = _domain_name(request["DomainName"])
    domain = rows.get(tx, name)
    if domain is None or domain.account_id != caller.account_id:
        raise AwsFault("InvalidInput", f"The domain {_text(name)} is not registered in this account.")
    return domain


def _name_server(domain: Name, server: Mapping[str, Any]) -> NameServer:
    try:
        host = Name.parse(str(server["Name"])).lower()
    except NameFault:
        raise AwsFault("InvalidInput", f"{server['Name']} is not a valid name server name.") from None
    if len(host) < 2:
        raise AwsFault("InvalidInput", f"{server['Name']} is not the name of a host.")
    glue = tuple(dict.fromkeys(_glue(text) for text in server.get("GlueIps") or ()))
    # AWS API, Nameserver: glue is required inside the domain and forbidden outside it
    if host.is_at_or_below(domain) and not glue:
        raise AwsFault(
            "InvalidInput", f"The name server {_text(host)} lies inside the domain and needs GlueIps."
        )
    if glue and not host.is_at_or_below(domain):
        raise AwsFault(
            "InvalidInput", f"The name server {_text(host)} lies outside the domain and takes no GlueIps."
        )
    return NameServer(host=host, glue=glue)


def _glue(text: str) -> str:
    try:
        address = ip_address(text)
    except ValueError:
        raise AwsFault("InvalidInput", f"{text} is not an IP address.") from None
    if isinstance(address, IPv6Address) and address.scope_id:  # a DNS record has no room for a zone of a link
        raise AwsFault("InvalidInput", f"{text} is not an IP address.")
    return str(address)


def _domain_name(text: str) -> Name:
    # AWS API, DomainName: letters, digits and hyphens; here also with a trailing dot
    try:
        name = Name.parse(text).lower()
    except NameFault:
        raise AwsFault("InvalidInput", f"{text} is not a valid domain name.") from None
    allowed = b"abcdefghijklmnopqrstuvwxyz0123456789-"
    if len(name) < 2 or any(
        set(label) - set(allowed) or label[:1] == b"-" or label[-1:] == b"-" for label in name.labels
    ):
        raise AwsFault("InvalidInput", f"{text} is not a valid domain name.")
    return name


def _text(name: Name) -> str:
    """Without the trailing dot, as Route 53 Domains writes names."""
    return str(name).rstrip(".")


def _dnssec_key(key: DomainKey) -> dict[str, Any]:
    return {
        "Algorithm": key.algorithm,
        "Flags": key.flags,
        "PublicKey": key.public_key,
        "DigestType": key.ds[3],
        "Digest": key.ds[4:].hex().upper(),
        "KeyTag": int.from_bytes(key.ds[:2]),
        "Id": key.id,
    }


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
