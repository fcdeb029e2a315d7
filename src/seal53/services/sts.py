"""AWS STS: who is calling. Every access key is the principal of its account; there are no sessions or roles.

Source: AWS STS API, 2011-06-15.
"""

from seal53.services.context import Caller, Operation, Request, Response, Services


def get_caller_identity(services: Services, request: Request, caller: Caller) -> Response:
    return {"UserId": caller.account_id, "Account": caller.account_id, "Arn": caller.arn}


OPERATIONS: dict[str, Operation] = {"GetCallerIdentity": get_caller_identity}
