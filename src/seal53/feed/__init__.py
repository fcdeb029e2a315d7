"""The stream from the control plane to the name servers: snapshot, ordered deltas, acknowledgements.

`messages` says what travels, `frames` how, `server` is control's end, `client` a name server's; `link` is
the line between a role's process and its supervisor. No database here: an edge imports this room.
"""
