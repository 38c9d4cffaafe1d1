"""`measures.csv`: one line for each cell."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from ..page.files import write_text
from .cells import Content

TABLE = "measures.csv"


def write_table(content: Content, folder: Path) -> None:
    """Writes the measures of a sweep: place, values, state, measures; empty where there is none.

    With a byte order mark, by which spreadsheets tell UTF-8. Raises `OSError`.
    """
    names = [axis["name"] for axis in content["axes"]]
    keys = [measure["key"] for measure in content["measures"]]
    table = io.StringIO()
    rows = csv.writer(table)
    rows.writerow(["index", *names, "state", *keys])
    for cell in content["cells"]:
        values = [cell["values"].get(name) for name in names]
        rows.writerow([cell["index"], *values, cell["state"], *(cell["measures"].get(key) for key in keys)])
    write_text(folder / TABLE, table.getvalue(), encoding="utf-8-sig")
