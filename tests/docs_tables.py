"""The tables of the docs that are made from the code: `python -m tests.docs_tables` writes them."""

import re
from pathlib import Path

from clip_skip_lab.sweep.plan_keys import REQUEST_KEYS

API = Path(__file__).parents[1] / "docs" / "api.md"


def plan_keys() -> str:
    """The keys of a request, for docs/api.md."""
    rows = [("key", "what it takes", "without it"), ("---", "---", "---")]
    rows += [(f"`{key.name}`", key.takes, key.without) for key in REQUEST_KEYS]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


if __name__ == "__main__":
    found = re.sub(r"\| key \|.*?\n(?!\|)", lambda _: plan_keys(), API.read_text(encoding="utf-8"), flags=re.DOTALL)
    API.write_text(found, encoding="utf-8")
