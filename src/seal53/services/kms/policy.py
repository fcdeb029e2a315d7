"""Key policies: the documents. What they say of an act is judged in the room `policy`.

Source: AWS KMS developer guide, "Key policies in AWS KMS", "Default key policy".
"""

import json

from seal53.policy import Kind, Policy, PolicyFault, parse

__all__ = ["POLICY_OCTETS_MOST", "PolicyFault", "default_policy", "parse_policy"]

POLICY_OCTETS_MOST = 32768  # AWS KMS quota "Key policy document size"


def default_policy(account_id: str) -> str:
    """What AWS gives a key made without a policy: the account may do everything. The DNSSEC service is not
    in it."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Id": "key-default-1",
            "Statement": [
                {
                    "Sid": "Enable IAM User Permissions",
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
                    "Action": "kms:*",
                    "Resource": "*",
                }
            ],
        },
        indent=2,
    )


def parse_policy(text: str) -> Policy:
    """Raises PolicyFault."""
    return parse(text, Kind.KEY)
