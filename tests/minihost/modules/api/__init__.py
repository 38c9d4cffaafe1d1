"""The HTTP API of the embedded host."""
