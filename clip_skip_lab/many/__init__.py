"""One sweep over many WebUIs: `clip-skip-lab` on the command line. It speaks to WebUIs over HTTP and imports none.

What it needs beyond the other rooms belongs to the extra `[many]` of the package; a WebUI with this extension needs
none of it.
"""

from importlib.util import find_spec

NEEDED = ("distributed", "httpx", "rich")


def missing() -> list[str]:
    """Which of the libraries are missing here that a run needs."""
    return [name for name in NEEDED if find_spec(name) is None]
