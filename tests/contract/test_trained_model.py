"""The small trained model on a running host: what is asked for is drawn, at the clip skip that it was trained with.

With WEBUI_URL the host must have the checkpoints (`python -m tests.model.trained FOLDER`).
"""

from pathlib import Path

import numpy as np
import pytest
import yaml

from tests.helpers.client import Client
from tests.helpers.trained_host import trained_host
from tests.model import trained
from training import evaluate, judge

N = 24


@pytest.fixture(scope="module")
def url():
    with trained_host() as url:
        yield url


@pytest.fixture(scope="module")
def painters(url):
    """For each model the way to draw with it."""
    return {clip_skip: evaluate.Host(url, name) for clip_skip, name in trained.CHECKPOINTS.items()}


@pytest.fixture(scope="module")
def rights(painters):
    """How many of 24 unseen captions come out right, by (model, clip skip)."""
    found = {}
    for model, painter in painters.items():
        for clip_skip in (model, 12):
            found[model, clip_skip] = evaluate.accuracy(evaluate.paint(painter, clip_skip, n=N), clip_skip)
    return found


@pytest.mark.parametrize("model", trained.CHECKPOINTS)
def test_most_pictures_show_the_object_and_the_colours_asked_for(rights, model):
    assert rights[model, model]["bound"]["share"] >= 0.8
    assert rights[model, model]["shape"]["share"] >= 0.7


@pytest.mark.parametrize("model", trained.CHECKPOINTS)
def test_most_pictures_of_two_objects_show_each_on_its_side_in_its_colour(painters, model):
    found = evaluate.accuracy(evaluate.paint(painters[model], model, n=N, objects=2), model, objects=2)
    assert found["bound"]["share"] >= 0.8
    assert found["shape"]["share"] >= 0.7


@pytest.mark.parametrize("model", trained.CHECKPOINTS)
def test_at_clip_skip_12_the_prompt_is_mostly_lost(rights, model):
    assert rights[model, 12]["all"]["high"] < rights[model, model]["all"]["low"]


def test_weights_and_brackets_in_a_prompt_leave_the_picture_whole(painters):
    picture = painters[1].one("(red circle:1.1), [blue background], large", 7, 1, 5)
    seen = judge.look(picture)
    assert (seen.colour, seen.ground) == ("red", "blue")


def test_going_to_a_checkpoint_with_another_vocabulary_and_back_gives_the_same_picture(url, painters):
    before = painters[1].one("red circle, blue background", 7, 1, 5)
    others = [
        model["model_name"] for model in Client(url).get("sd-models") if not model["model_name"].startswith("shapes")
    ]
    evaluate.Host(url, others[0], steps=1).one("red circle, blue background", 7, 1, 5)
    assert np.array_equal(painters[1].one("red circle, blue background", 7, 1, 5), before)


def test_asking_a_host_for_pictures_leaves_its_settings_as_they_were(url, painters):
    def settings():
        found = Client(url).options()
        found.pop("sd_checkpoint_hash", None)  # the host's note of the checkpoint that is loaded
        return found

    before = settings()
    painters[2].one("red circle, blue background", 7, 5, 5)
    assert settings() == before


def test_placing_the_model_twice_touches_nothing_and_names_the_text_encoder_by_its_full_path(tmp_path):
    placed = trained.place(tmp_path)
    times = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")}
    assert trained.place(tmp_path) == placed
    assert {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")} == times
    for path in placed:
        config = yaml.safe_load(path.with_suffix(".yaml").read_text())
        folder = Path(config["model"]["params"]["cond_stage_config"]["params"]["version"])
        assert folder.is_absolute() and (folder / "vocab.json").exists()


def test_the_model_in_the_repository_takes_at_most_12_megabytes():
    assert sum(file.stat().st_size for file in trained.MODEL.rglob("*") if file.is_file()) <= 12e6
