"""The tables of the docs that are made from the code: `python -m tests.docs_tables` writes them."""

import re
from pathlib import Path

from clip_skip_lab.sweep.plan_keys import REQUEST_KEYS, keys_beside

API = Path(__file__).parents[1] / "docs" / "api.md"


def plan_keys() -> str:
    """The keys of a request, for docs/api.md."""
    rows = [("key", "what it takes", "without it"), ("---", "---", "---")]
    for key in REQUEST_KEYS:
        beside = " and ".join(f"`{name}`" for name in keys_beside(key.name))
        rows.append(
            (f"`{key.name}`", key.takes + (f"; only {beside} may stand beside it" if beside else ""), key.without)
        )
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


if __name__ == "__main__":
    found = re.sub(r"\| key \|.*?\n(?!\|)", lambda _: plan_keys(), API.read_text(encoding="utf-8"), 1, re.DOTALL)
    API.write_text(found, encoding="utf-8")
