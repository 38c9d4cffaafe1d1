"""The images of the docs: each is made by `python -m screenshots`, and all are small."""

from __future__ import annotations

from screenshots.__main__ import GROUPS
from screenshots.files import IMAGES, MOST
from screenshots.studio import Studio

OTHERS = {"trained-with.png", "clip-skip-one-object.webp", "clip-skip-two-objects.webp"}
"""Of `python -m training trained-with`, and of the commands in docs/clip-skip.md."""
ALL = 6 << 20

FILES = {file.name for file in IMAGES.iterdir()}


def made(tmp_path) -> set[str]:
    return {name for group in GROUPS for name in group(Studio(tmp_path))}


def test_every_image_of_the_docs_is_made_by_one_command(tmp_path):
    assert FILES - made(tmp_path) == OTHERS


def test_the_images_are_no_burden_on_a_clone():
    sizes = {file.name: file.stat().st_size for file in IMAGES.iterdir()}
    assert {name: size for name, size in sizes.items() if size > MOST} == {}
    assert sum(sizes.values()) < ALL
