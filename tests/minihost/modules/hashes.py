"""SHA-256 of model files, remembered while the process runs.

Mirrors `modules/hashes.py`. Differs: the memory isn't written to disk, there is no addnet hash.
"""

import hashlib
import os

_known: dict[str, tuple[float, str]] = {}


def calculate_sha256(filename):
    with open(filename, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_from_cache(filename, title, use_addnet_hash=False):
    """The hash if it was calculated before and the file hasn't changed since, otherwise None."""
    modified, digest = _known.get(title, (None, None))
    return digest if os.path.isfile(filename) and modified == os.path.getmtime(filename) else None


def sha256(filename, title, use_addnet_hash=False):
    digest = sha256_from_cache(filename, title)
    if digest is None:
        digest = calculate_sha256(filename)
        _known[title] = (os.path.getmtime(filename), digest)
    return digest
