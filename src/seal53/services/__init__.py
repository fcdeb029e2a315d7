"""One module per AWS service; an operation is one function. Wire shapes end here; rooms below get values."""
