"""The tables of the docs that are made from the code: `python -m tests.docs_tables` writes them."""

import re
from pathlib import Path

from clip_skip_lab.sweep.plan_keys import REQUEST_KEYS, keys_beside

API = Path(__file__).parents[1] / "docs" / "api.md"


def plan_keys() -> str:
    """The keys of a request, for docs/api.md."""
    rows = [("key", "what it takes", "without it"), ("---", "---", "---")]
    for key in REQUEST_KEYS:
        *names, last = [f"`{name}`" for name in keys_beside(key.name)] or [""]
        beside = f"{', '.join(names)} and {last}" if names else last
        rows.append(
            (f"`{key.name}`", key.takes + (f"; only {beside} may stand beside it" if beside else ""), key.without)
        )
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


if __name__ == "__main__":
    text = API.read_text(encoding="utf-8")
    found = re.sub(r"\| key \|.*?\n(?!\|)", lambda _: plan_keys(), text, count=1, flags=re.DOTALL)
    API.write_text(found, encoding="utf-8")
