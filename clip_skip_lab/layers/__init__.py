"""Which hidden state of a text encoder a clip skip names, and what that is in words. Knows no host."""
