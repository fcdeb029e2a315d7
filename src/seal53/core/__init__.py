"""The door to Rust: names, RRsets, messages, signatures and the data plane.

Everything above imports these words from here and never from `_native`. Nothing in this room decides
anything, reads a clock or opens a file; `DataPlane` alone has threads, once it is started.
"""

from seal53.core._native import (
    DNSSEC_CODES,
    Candidate,
    DataPlane,
    DnssecFault,
    Message,
    Name,
    NameFault,
    PlaneFault,
    RecordSet,
    RRset,
    Signing,
    WireFault,
    build_info,
    build_query,
    decode_edit,
    ds_rdata,
    encode_edit,
    generate_zsk,
    key_tag,
    nsec_types,
    rtype_number,
    rtype_text,
    signed_data,
    verify_rrset,
)
from seal53.core.values import Rcode, RrType

__all__ = [
    "DNSSEC_CODES",
    "Candidate",
    "DataPlane",
    "DnssecFault",
    "Message",
    "Name",
    "NameFault",
    "PlaneFault",
    "RRset",
    "Rcode",
    "RecordSet",
    "RrType",
    "Signing",
    "WireFault",
    "build_info",
    "build_query",
    "decode_edit",
    "ds_rdata",
    "encode_edit",
    "generate_zsk",
    "key_tag",
    "nsec_types",
    "rtype_number",
    "rtype_text",
    "signed_data",
    "verify_rrset",
]
