"""Which hidden state of a text encoder a clip skip names, and how states are mixed. Knows no host."""
