"""Pictures with captions from folders."""

import os
from pathlib import Path

import pytest
from PIL import Image

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.probe.folder import Infotext, pictures_in
from clip_skip_lab.probe.question import read_clip_skips, read_loras, read_seconds, read_seed


def picture(folder, name, caption=None, infotext=None, age=0):
    folder.mkdir(exist_ok=True, parents=True)
    path = folder / name
    made = Image.new("RGB", (8, 8), "red")
    made.info["parameters"] = infotext
    made.save(path)
    path.with_suffix(".infotext").write_text(infotext or "", encoding="utf-8")
    if caption is not None:
        path.with_suffix(".txt").write_text(caption, encoding="utf-8")
    os.utime(path, (1_000_000 - age, 1_000_000 - age))
    return path


def read(made):
    """What a host reads: here the prompt and the hash, with a bar between them, from a file beside the picture."""
    text = Path(made.filename).with_suffix(".infotext").read_text(encoding="utf-8")
    prompt, _, model_hash = text.partition("|")
    return Infotext(prompt, model_hash) if text else None


def test_a_caption_stands_beside_the_picture_or_in_its_infotext(tmp_path):
    picture(tmp_path, "old.png", caption=" a cat,\n on a mat ", infotext="a dog|1", age=5)
    picture(tmp_path / "below", "new.webp", infotext="a (house:1.1)|2")
    found = pictures_in([tmp_path], read, own_hash="")
    assert [(p.name, p.caption, p.literal) for p in found.pictures] == [
        ("new.webp", "a (house:1.1)", False),
        ("old.png", "a cat, on a mat", True),
    ]
    assert found.left_out == []
    assert found.pictures[0].load(1).size == (8, 8)


def test_what_the_checkpoint_itself_made_is_left_out_with_a_sentence_also_with_a_caption_beside_it(tmp_path):
    picture(tmp_path, "own.png", caption="a cat", infotext="a cat|abc")
    picture(tmp_path, "other.png", caption="a dog", infotext="a dog|def")
    found = pictures_in([tmp_path], read, own_hash="abc")
    assert [p.name for p in found.pictures] == ["other.png"]
    assert found.left_out == ["Left out: 1 image made by this checkpoint itself, according to the infotext."]


def test_what_has_no_caption_or_is_no_picture_is_counted(tmp_path):
    picture(tmp_path, "silent.png")
    picture(tmp_path, "empty.png", caption="  ")
    (tmp_path / "broken.png").write_bytes(b"no image")
    picture(tmp_path, "good.png", caption="a cat")
    found = pictures_in([tmp_path], read, own_hash="")
    assert found.left_out == [
        "Left out: 2 images without a caption or infotext.",
        "Left out: 1 file without a readable image.",
    ]


def test_only_the_newest_are_taken_where_there_are_many(tmp_path):
    for age in range(5):
        picture(tmp_path, f"{age}.png", caption="a cat", age=age)
    assert [p.name for p in pictures_in([tmp_path], read, "", most=2).pictures] == ["0.png", "1.png"]


def test_a_folder_of_tens_of_thousands_is_not_opened_to_the_end(tmp_path):
    opened = []
    for age in range(30):
        picture(tmp_path, f"{age}.png", infotext="a cat|own", age=age)
    with pytest.raises(InvalidInput):
        pictures_in([tmp_path], lambda made: opened.append(made) or read(made), "own", most=2)
    assert len(opened) == 20


def test_a_folder_that_is_none_or_has_nothing_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match=r"Folder: .*nowhere.*allowed: a folder on the machine"):
        pictures_in([tmp_path / "nowhere"], read, "")
    picture(tmp_path, "silent.png")
    with pytest.raises(InvalidInput, match=r"has no image that can be used .*without a caption"):
        pictures_in([tmp_path], read, "")


def test_a_picture_that_is_gone_when_its_turn_comes_is_named(tmp_path):
    path = picture(tmp_path, "a.png", caption="a cat")
    found = pictures_in([tmp_path], read, "")
    path.unlink()
    with pytest.raises(InvalidInput, match=r"a\.png.*can no longer be read"):
        found.pictures[0].load(1)


@pytest.mark.parametrize(
    ("source", "values"),
    [
        ("", None),
        (None, None),
        ("1-4", (1, 2, 3, 4)),
        ("3, 1", (3, 1)),
        ([1, 2, 12], (1, 2, 12)),
        ("１～３", (1, 2, 3)),
    ],
)
def test_clip_skips_are_written_as_in_a_sweep(source, values):
    assert read_clip_skips(source) == values


@pytest.mark.parametrize("source", ["2", "1.5, 2", "avg 2-4, 1", "[2:1:0.5], 1", "0-3", "x", [2], {}, True])
def test_other_clip_skips_are_refused(source):
    with pytest.raises(InvalidInput):
        read_clip_skips(source)


@pytest.mark.parametrize("source", [0, -1, "5", True, None, float("nan"), float("inf"), 10**9])
def test_seconds_are_a_number_of_sense(source):
    with pytest.raises(InvalidInput, match=r"Time limit \(seconds\)"):
        read_seconds(source)


@pytest.mark.parametrize("source", [-1, 2**32, 1.5, "1", True, None])
def test_a_seed_is_a_whole_number(source):
    with pytest.raises(InvalidInput, match="Seed"):
        read_seed(source)


def test_loras_are_tags_and_nothing_else():
    assert read_loras(" <lora:a:1>, <lyco:b:0.5>\n") == "<lora:a:1> <lyco:b:0.5>"
    assert read_loras("") == ""
    for source in ("a cat <lora:a:1>", "<hypernet:a:1>", None, 3):
        with pytest.raises(InvalidInput, match="LoRAs"):
            read_loras(source)
