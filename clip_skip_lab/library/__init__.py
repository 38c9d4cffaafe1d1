"""All sweeps that lie on disk, and what a person said of them. Knows no host."""
