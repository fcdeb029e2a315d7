"""One module per AWS service; each operation is one function. Wire shapes end here: rooms below get values."""
