"""The root of every room's error family.

A fault is an expected refusal with a stable code; anything else that is raised is a bug and shows nothing but
a request id. Not for: AWS's error names, which are given in `services.faults`.
"""


class Fault(Exception):
    """An expected refusal.

    Shape: `code` is the class's name unless a class sets it; `fields` are facts for logs and renderers, never
    secrets; `hint` says what the reader can do. str() is one line.
    """

    code: str = ""

    def __init__(self, message: str, *, hint: str = "", **fields: object) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.fields = fields

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "code" not in cls.__dict__:
            cls.code = cls.__name__

    def __str__(self) -> str:
        return f"{self.message}; hint: {self.hint}" if self.hint else self.message


class StartFault(Fault):
    """A service that cannot start: a taken port, a directory that is not writable, a damaged database."""
