"""Which hidden state of a text encoder a clip skip names, what that is in words, and how states are mixed."""
