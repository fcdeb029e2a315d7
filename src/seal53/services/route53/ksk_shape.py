"""The KeySigningKey shape of a stored KSK: DS and DNSKEY in the forms that registrars ask for."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from seal53 import keys
from seal53.core import ds_rdata, key_tag
from seal53.keys import KskStatus
from seal53.keys import policy as key_policy
from seal53.store.ksks import Ksk
from seal53.store.zones import HostedZone

_MNEMONIC = "ECDSAP256SHA256"


def ksk_shape(zone: HostedZone, ksk: Ksk) -> Mapping[str, Any]:
    public = base64.b64encode(keys.public_key(ksk.dnskey)).decode()
    digest = ds_rdata(zone.name, ksk.dnskey, key_policy.DIGEST_TYPE)[4:].hex().upper()
    tag, status = key_tag(ksk.dnskey), keys.ksk_status(ksk)
    shape: dict[str, Any] = {
        "Name": ksk.name,
        "KmsArn": ksk.kms_arn,
        "Flag": key_policy.KSK_FLAGS,
        "SigningAlgorithmMnemonic": _MNEMONIC,
        "SigningAlgorithmType": key_policy.ALGORITHM,
        "DigestAlgorithmMnemonic": "SHA-256",
        "DigestAlgorithmType": key_policy.DIGEST_TYPE,
        "KeyTag": tag,
        "DigestValue": digest,
        "PublicKey": public,
        "DSRecord": f"{tag} {key_policy.ALGORITHM} {key_policy.DIGEST_TYPE} {digest}",
        "DNSKEYRecord": f"{key_policy.KSK_FLAGS} {key_policy.PROTOCOL} {key_policy.ALGORITHM} {public}",
        "Status": status.value,
        "CreatedDate": datetime.fromtimestamp(ksk.created_at, UTC),
        "LastModifiedDate": datetime.fromtimestamp(ksk.modified_at, UTC),
    }
    if status is KskStatus.ACTION_NEEDED and ksk.failure:
        shape["StatusMessage"] = ksk.failure[: key_policy.STATUS_MESSAGE_MOST]
    return shape
