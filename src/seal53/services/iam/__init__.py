"""AWS IAM: the part of it that says who may do what: users, their access keys, roles, and policies.

Limits: no groups, permissions boundaries, instance profiles, MFA devices, passwords or federation. Policies
count at once. Source: AWS IAM API reference, 2010-05-08.
"""

from seal53.services.context import Operation
from seal53.services.iam import access_keys, attachments, managed, roles, tagging, users

OPERATIONS: dict[str, Operation] = {
    **access_keys.OPERATIONS,
    **attachments.OPERATIONS,
    **managed.OPERATIONS,
    **roles.OPERATIONS,
    **tagging.OPERATIONS,
    **users.OPERATIONS,
}

__all__ = ["OPERATIONS"]
