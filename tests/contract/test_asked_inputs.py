"""What is typed in the tab to ask weights, and what is remembered of the answer, with the embedded host's modules."""

from __future__ import annotations

import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from PIL import Image

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.hosts import Infotext
from clip_skip_lab.models.measured import Measured
from clip_skip_lab.probe.answer import Answer, Row
from clip_skip_lab.probe.question import Question
from tests.helpers.small_world import captioned, written

OWN = "0123456789"
ANSWER = Answer(2, (2,), (Row(1, 1.0, 3.0, 2.0, 4.0, 9), Row(2, 1.0, 0.0, 0.0, 0.0, 9)), 9, 9, 1.0, {"name": "m"}, ())
NOTHING = (None, "", 64, 64)
"""What the page has where nobody has put a picture."""


@pytest.fixture
def inputs(host):
    from clip_skip_lab.ui import question_inputs

    return question_inputs


def given(inputs, **changes):
    usual = inputs.Given(inputs.FOLDER, "", "a\n\n b ", 4, "", "", "clip_skip", 1, 300)
    return replace(usual, **changes)


def asked_of(made_by="", folders=()):
    """A host whose pictures say that a checkpoint with this hash made them."""
    return SimpleNamespace(
        infotext=lambda picture: Infotext("a cat", made_by) if made_by else None,
        checkpoint=lambda: ("m", OWN),
        output_folders=lambda: [str(folder) for folder in folders],
    )


def test_each_prompt_that_is_not_empty_is_drawn_in_the_size_of_the_page(inputs):
    asked = inputs.asked_from(asked_of(), given(inputs, way=inputs.DRAWN, values="1-3", loras="<lora:x:1>"), NOTHING)
    assert asked.question == Question((1, 2, 3), 1, 300.0, "clip_skip", "<lora:x:1>", (64, 64))
    assert ([picture.caption for picture in asked.pictures().pictures], asked.draw) == (["a", "b"], 4)


@pytest.mark.parametrize(
    "changes",
    [
        {"way": 2, "prompts": " \n"},
        {"way": 2, "count": 0},
        {"way": 2, "count": None},
        {"way": 2, "count": 65},
        {"seed": None},
        {"seed": -1},
        {"seconds": None},
        {"seconds": 0},
        {"values": "avg 1-2"},
        {"loras": "<lora:x:1> and more"},
    ],
)
def test_what_cannot_be_used_is_refused_before_anybody_looks_for_pictures(inputs, changes):
    with pytest.raises(InvalidInput):
        inputs.asked_from(asked_of(), given(inputs, folder="/", **changes), NOTHING)


def test_folders_are_refused_where_the_host_refuses_them(inputs, tmp_path, monkeypatch):
    from modules import shared

    folder = str(written(tmp_path / "pictures", captioned(2)))
    asked = inputs.asked_from(asked_of(), given(inputs, folder=f'"{folder}"'), NOTHING)
    assert len(asked.pictures().pictures) == 2
    monkeypatch.setattr(shared.cmd_opts, "hide_ui_dir_config", True, raising=False)
    with pytest.raises(InvalidInput, match="--hide-ui-dir-config"):
        inputs.asked_from(asked_of(), given(inputs, folder=folder), NOTHING)


def test_the_picture_in_img2img_comes_first_and_folders_that_are_not_there_do_not_matter(inputs, tmp_path):
    made = written(tmp_path / "made", captioned(2))
    page = (Image.new("RGBA", (64, 64)), "a cat", None, None)
    asked = inputs.asked_from(asked_of(folders=[tmp_path / "no", made]), given(inputs, way=inputs.IMG2IMG), page)
    found = asked.pictures().pictures
    assert (found[0].name, len(found)) == ("img2img", 3)
    assert (found[0].caption, found[0].literal, found[0].load(1)) == ("a cat", False, page[0])
    alone = inputs.asked_from(asked_of(), given(inputs, way=inputs.IMG2IMG), page)
    assert len(alone.pictures().pictures) == 1


def test_what_the_checkpoint_itself_made_is_left_out(inputs, tmp_path):
    page = (Image.new("RGB", (64, 64)), "a cat", None, None)
    asked = inputs.asked_from(asked_of(OWN), given(inputs, way=inputs.IMG2IMG), page)
    with pytest.raises(InvalidInput):
        asked.pictures()
    asked = inputs.asked_from(asked_of("another"), given(inputs, way=inputs.IMG2IMG), page)
    assert len(asked.pictures().pictures) == 1


@pytest.fixture
def files(host, tmp_path, monkeypatch):
    """The host's files, a LoRA "x" with the alias "y" among them, and the checkpoint that is chosen."""

    from modules import sd_models

    from clip_skip_lab.webui.model_files import ModelFiles

    record = SimpleNamespace(name="x", filename=str(tmp_path / "x.safetensors"))
    known = SimpleNamespace(
        available_networks={"x": record},
        available_network_aliases={"x": record, "y": record},
        forbidden_network_aliases={},
    )
    monkeypatch.setitem(sys.modules, "networks", known)
    files = ModelFiles(SimpleNamespace(model=lambda: None), Measured(tmp_path / "data"))
    checkpoint = next(iter(sd_models.checkpoints_list.values()))
    files.choose(checkpoint)
    monkeypatch.setattr(files, "checkpoint", lambda: checkpoint)
    return SimpleNamespace(files=files, answer=replace(ANSWER, model={"name": checkpoint.name_for_extra}))


def measured(files, prompt):
    return files.files.sources(prompt)[0].measured


def test_an_answer_with_loras_is_found_again_by_whatever_prompt_has_exactly_these(files):
    files.files.remember(Question(loras="<lora:y:0.50>"), files.answer)
    assert measured(files, "a cat <lora:x:.5:0.5>").clip_skip == 2
    for prompt in ("a cat", "<lora:x:1>", "<lora:x:0.5> <lora:x:0.5>"):
        assert measured(files, prompt) is None
    assert measured(files, "<lora:x:0.5> <lora:not there:1>").loras == "x:0.5"


def test_the_answer_without_loras_counts_where_there_is_none_with_them(files):
    files.files.remember(Question(), files.answer)
    assert measured(files, "<lora:x:1>").loras == ""
    files.files.remember(Question(loras="<lora:x:1>"), replace(files.answer, clip_skip=None, candidates=(1, 2)))
    assert measured(files, "<lora:x:1>").loras == "", "an undecided one tells nothing"


def test_the_lora_that_the_host_adds_to_every_prompt_is_in_use_but_was_not_asked_with(files, monkeypatch):
    from modules import shared

    files.files.remember(Question(loras="<lora:x:1>"), files.answer)
    monkeypatch.setitem(shared.opts.data, "sd_lora", "x")
    assert measured(files, "a cat").loras == "x:1"
    files.files.remember(Question(), replace(files.answer, clip_skip=1, candidates=(1,)))
    assert files.files.measured.recall("", None, "x:1") is None
    assert {answer.loras for answer in files.files.measured.all()} == {"", "x:1"}


def test_nothing_measured_and_a_checkpoint_that_is_gone_are_not_remembered_and_an_answer_can_be_forgotten(files):
    files.files.remember(Question(), replace(files.answer, rows=()))
    files.files.remember(Question(), replace(files.answer, model={"name": "gone"}))
    assert files.files.measured.all() == []
    assert not files.files.forget(Question())
    files.files.remember(Question(), files.answer)
    assert not files.files.forget(Question(vary="sdxl_clip_l_skip"))
    assert files.files.forget(Question())
    assert files.files.measured.all() == []


def test_a_file_that_cannot_be_written_costs_the_memory_and_not_the_answer(files, monkeypatch, caplog):
    def full(answer):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.files.measured, "remember", full)
    files.files.remember(Question(), files.answer)
    assert "No space left" in caplog.text
