"""The AWS wire: HTTP, SigV4, routing, parsing and serializing from the installed service models.

Knows no operation by name: `app.build` is handed a table (service, operation) -> function. Not for: what an
operation does.
"""
