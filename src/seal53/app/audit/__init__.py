"""The audit log: what was called, by whom, from where, and what came of it, in CloudTrail's record format.

`record` makes a line of a call, `log` keeps lines in files and reads them back, `call` answers who asks for
them; `unknown` bounds what callers without a valid signature leave there. Not for: DNS queries, or what
happens inside of the service, which the journal tells.
"""

from seal53.app.audit.call import answer
from seal53.app.audit.log import AuditLog, Query
from seal53.app.audit.record import Recorder
from seal53.app.audit.unknown import UnknownCallers

__all__ = ["AuditLog", "Query", "Recorder", "UnknownCallers", "answer"]
