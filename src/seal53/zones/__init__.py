"""What a hosted zone is and how it may change: names, record values, batches, defaults, listing order. Pure.

Not for: storing (`store`), the wire (`gateway`), answering (`core`). No clock, no input or output: facts come
in as arguments.
"""
