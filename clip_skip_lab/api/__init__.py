"""The routes `/clip-skip-lab/v1/…`. They answer from what they are given and know no host."""

PREFIX = "/clip-skip-lab/v1"
