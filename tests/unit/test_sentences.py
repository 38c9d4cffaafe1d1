"""What the sentences of a sweep claim, held against what the judge sees: on pictures whose content is known."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from clip_skip_lab.measure.folder import measure_folder
from clip_skip_lab.sweep.plan import read_plan
from clip_skip_lab.sweep.run import run_sweep
from tests.helpers.memory_session import HOST, MemorySession
from training import sentences
from training.world import COLOUR_NAMES, NONE, SHAPES, draw


def scene(shape, colour, ground):
    return [SHAPES.index(shape), COLOUR_NAMES.index(colour), COLOUR_NAMES.index(ground), 1, NONE, NONE]


RED = scene("circle", "red", "black")
BLUE = scene("circle", "blue", "black")


def swept(folder, name, scenes):
    """A kept sweep over these scenes, drawn, each at the same place."""
    plan = read_plan({"clip_skip": f"1-{len(scenes)}"}, [], 12)
    outcome = run_sweep(plan, MemorySession(str(folder / "made")), HOST)
    for cell, one in zip(outcome.record.cells, scenes, strict=True):
        picture = draw(np.array([one]), np.random.default_rng(3))[0]
        Image.fromarray(picture).save(outcome.folder / cell.pictures[0].file)
    return outcome.folder.rename(folder / name)


def test_a_change_that_both_see_agrees_and_a_step_that_hardly_changes_does_too(tmp_path):
    kept = swept(tmp_path, "bounds-trained-with-1-objects-1-00", [RED, BLUE, BLUE, RED])
    content = measure_folder(kept)
    found = list(sentences.claims(content, sentences.views(content, kept, 1)))
    assert (
        sorted(found) == [(sentences.CHANGES, True)] * 2 + [(sentences.HARDLY, True)] + [(sentences.MISSED, False)] * 2
    )


def test_what_the_judge_sees_otherwise_does_not_agree(tmp_path):
    kept = swept(tmp_path, "bounds-trained-with-1-objects-1-00", [RED, BLUE, BLUE, RED])
    content = measure_folder(kept)
    seen = sentences.views(content, kept, 1)
    assert seen[1] == (("circle", "red", "black"),)
    seen[2] = seen[1]  # as if it saw no change from 1 to 2, and one from 2 to 3
    found = list(sentences.claims(content, seen))
    assert found.count((sentences.CHANGES, False)) == 1
    assert found.count((sentences.HARDLY, False)) == 1
    assert found.count((sentences.MISSED, True)) == 1


def test_only_the_sweeps_of_the_purpose_are_counted(tmp_path):
    swept(tmp_path, "bounds-trained-with-1-objects-1-00", [RED, BLUE])
    swept(tmp_path, "reported-trained-with-2-objects-1-00", [RED, RED, RED])
    bounds, reported = (sentences.agreement(tmp_path, purpose) for purpose in sentences.PURPOSES)
    assert (bounds[sentences.CHANGES]["agree"], bounds[sentences.CHANGES]["n"]) == (1, 1)
    assert bounds[sentences.HARDLY]["n"] == 0
    assert reported[sentences.CHANGES]["n"] == 0
    assert "changes at a step  " in sentences.table(bounds)


@pytest.mark.parametrize(("other", "count"), [(RED, 0), (BLUE, 1), (scene("cross", "blue", "white"), 3)])
def test_two_views_differ_in_as_many_things_as_are_different(other, count):
    views = [((SHAPES[one[0]], COLOUR_NAMES[one[1]], COLOUR_NAMES[one[2]]),) for one in (RED, other)]
    assert sentences.unlike(*views) == count
