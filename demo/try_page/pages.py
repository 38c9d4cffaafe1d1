"""The files of docs/try/ from what was recorded: sweeps in the state in which a run left them, and pages for them."""

from __future__ import annotations

import html
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

from clip_skip_lab.language import entries, texts_in
from clip_skip_lab.page.assemble import as_literal
from clip_skip_lab.page.files import write_page, write_text
from clip_skip_lab.sweep.folder import RECORD, read_record, write_record

from .recorded import SHOWN, Shown

REPO = Path(__file__).parents[2]
HERE = Path(__file__).parent
SCRIPTS = REPO / "javascript"
TARGET = REPO / "docs" / "try"
IMAGES = REPO / "docs" / "images"
ADDRESS = "https://github.com/OWNER/clip-skip-lab"

NEEDS_WEBUI = ("clip_skip_lab_lens_run.js",)
"""Of the lens's scripts, what does nothing without a WebUI: the page's own script stands in its place."""

HOST = {"name": "the embedded test host (tests/minihost), after AUTOMATIC1111"}
"""What a sweep of the embedded host is said to be of: it calls itself by the name of the WebUI that it mirrors."""


def write_sweep(run: Path, folder: Path) -> None:
    """Takes over what the page of a sweep needs from the folder of its run, and its record.

    What was sampled anew and is the same as before keeps its times and its name, so that making the page twice changes
    nothing where nothing has changed.
    """
    content = read_record(run)
    content["host"] = {**content["host"], **HOST}
    if (folder / RECORD).is_file():
        _keep_times(content, read_record(folder))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_record(folder, content)
    write_page(folder)
    for name in files_of(content):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(run / name, folder / name)


def write_image(name: str, folder: Path = IMAGES) -> None:
    """The grid of a sweep in docs/try/ as a small image for the docs."""
    grid = read_record(TARGET / name)["grids"][0]["file"]
    with Image.open(TARGET / name / grid) as image:
        image.convert("RGB").save(folder / f"clip-skip-{name}.webp", quality=88, method=6)


def files_of(content: dict[str, Any]) -> list[str]:
    """The files that a sweep's page shows, or exports from."""
    pictures = [picture for cell in content["cells"] for picture in cell["pictures"]]
    small = [picture["small"] for picture in pictures]
    return [
        *(picture["file"] for picture in pictures),
        *small,
        *(f"{name}.js" for name in small),
        *(chart["file"] for chart in content["charts"]),
        *(grid["file"] for grid in content["grids"]),
    ]


def _keep_times(content: dict[str, Any], before: dict[str, Any]) -> None:
    content.update({key: before[key] for key in ("id", "created")})
    for cell, earlier in zip(content["cells"], before["cells"], strict=False):
        if cell["seal"] == earlier["seal"]:
            cell["seconds"] = earlier["seconds"]


def write_lens(answers: dict[str, dict[str, Any]], target: Path = TARGET) -> None:
    """Writes the lens's page; `answers` are those of the lens's route, by the names of `SHOWN`."""
    folder = target / "lens"
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "answers.js").is_file():
        answers = {**answers, **_same_but_for_seconds(answers, recorded_answers(target))}
    shown = [
        {"title": one.title, "prompt": one.prompt, "answer": answers[one.name], "record": over_layers(one, target)}
        for one in SHOWN
    ]
    words = {"ja": entries(texts_in(lens_scripts(), r"clipSkipLab\.say"), "ja")}
    write_text(folder / "answers.js", f"const clipSkipLabRecorded = {as_literal({'shown': shown, 'words': words})};\n")
    write_text(folder / "lens.js", lens_scripts())
    write_text(folder / "lens.css", (REPO / "style.css").read_text(encoding="utf-8"))
    write_text(folder / "index.html", _part("lens.html"))


def _same_but_for_seconds(answers: dict[str, dict[str, Any]], before: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Those of the earlier answers that say the same."""
    return {
        name: earlier
        for name, earlier in before.items()
        if {**earlier, "seconds": answers[name]["seconds"]} == answers[name]
    }


def lens_scripts() -> str:
    """The WebUI's own scripts that the lens consists of, after what stands in for the WebUI."""
    files = [SCRIPTS / "clip_skip_lab_bring.js", SCRIPTS / "clip_skip_lab_common.js"]
    files += sorted(file for file in SCRIPTS.glob("clip_skip_lab_lens*.js") if file.name not in NEEDS_WEBUI)
    return "\n".join([_part("stand_in.js"), *(file.read_text(encoding="utf-8") for file in files)])


def over_layers(shown: Shown, target: Path = TARGET) -> dict[str, Any] | None:
    """Of a sweep's record what the lens draws over its layers: one row of it. None where there is no sweep."""
    if shown.axis is None:
        return None
    content = read_record(target / shown.name)
    cells = [cell for cell in content["cells"] if cell["values"][shown.axis["axis"]] == shown.over_layers]
    kept = ("index", "values", "state", "reason")
    return {
        "id": content["id"],
        "page": f"../{shown.name}/index.html",
        "state": content["state"],
        "problems": content["problems"],
        "cells": [
            {**{key: cell[key] for key in kept}, "pictures": [{"small": cell["pictures"][0]["small"]}]}
            for cell in cells
        ],
    }


def write_landing(target: Path = TARGET) -> None:
    """Writes the page from which the others are reached, with the look that all but the sweeps' pages share."""
    page = _part("landing.html").replace("<!-- address -->", ADDRESS)
    for one in SHOWN:
        page = page.replace(f"<!-- prompt {one.name} -->", html.escape(one.prompt))
        row = over_layers(one, target)
        if row:
            page = page.replace(f"<!-- strip {one.name} -->", _strip(one.name, row["cells"]))
    write_text(target / "index.html", page)
    for name in ("try.js", "try.css"):
        write_text(target / name, _part(name))


def _strip(name: str, cells: list[dict[str, Any]]) -> str:
    images = [
        f'<img src="{name}/{cell["pictures"][0]["small"]}" alt="Clip skip {cell["values"]["Clip skip"]}" width="64" '
        f'height="64" loading="lazy">'
        for cell in cells
    ]
    return f'<div class="strip">{"".join(images)}</div>'


def rewrite(target: Path = TARGET) -> None:
    """Makes all pages anew from what is recorded in the target, without a host: after a change of scripts or words."""
    answers = recorded_answers(target)
    for one in SHOWN:
        if one.axis:
            write_page(target / one.name)
    write_lens(answers, target)
    write_landing(target)


def stale(target: Path = TARGET) -> list[str]:
    """The files of the target that `rewrite` would change."""
    with tempfile.TemporaryDirectory() as folder:
        anew = Path(folder)
        for one in SHOWN:
            if one.axis:
                (anew / one.name).mkdir()
                shutil.copyfile(target / one.name / RECORD, anew / one.name / RECORD)
        (anew / "lens").mkdir()
        shutil.copyfile(target / "lens" / "answers.js", anew / "lens" / "answers.js")
        rewrite(anew)
        names = sorted(file.relative_to(anew) for file in anew.rglob("*") if file.is_file())
        return [
            str(name)
            for name in names
            if not (target / name).is_file() or (target / name).read_bytes() != (anew / name).read_bytes()
        ]


def recorded_answers(target: Path = TARGET) -> dict[str, dict[str, Any]]:
    """The lens's answers that a page in the target has, by the names of `SHOWN`."""
    text = (target / "lens" / "answers.js").read_text(encoding="utf-8")
    shown = json.loads(text.partition(" = ")[2].rstrip().removesuffix(";"))["shown"]
    by_prompt = {entry["prompt"]: entry["answer"] for entry in shown}
    return {one.name: by_prompt[one.prompt] for one in SHOWN if one.prompt in by_prompt}


def _part(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
