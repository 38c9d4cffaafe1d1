"""What is added to the header, and where."""

import logging

import pytest

from clip_skip_lab.ui.header_list import ADDITIONS, CLIP_SKIP, VAE, header_list

CHECKPOINT = "sd_model_checkpoint"
OWN = ["samples_save", CHECKPOINT, "emphasis"]


@pytest.mark.parametrize(
    ("addition", "added"),
    [("Clip skip", [CLIP_SKIP]), ("Clip skip and VAE", [VAE, CLIP_SKIP]), ("VAE", [VAE]), ("Nothing", [])],
)
def test_the_setting_chooses_what_is_added(addition, added):
    assert header_list(OWN, addition, "At the end", ()) == [*OWN, *added]


@pytest.mark.parametrize(
    ("own", "place", "expected"),
    [
        (OWN, "At the start", [CLIP_SKIP, *OWN]),
        (OWN, "After the checkpoint", ["samples_save", CHECKPOINT, CLIP_SKIP, "emphasis"]),
        (OWN, "At the end", [*OWN, CLIP_SKIP]),
        (["emphasis"], "After the checkpoint", ["emphasis", CLIP_SKIP]),
        ([], "After the checkpoint", [CLIP_SKIP]),
    ],
)
def test_the_other_setting_chooses_where(own, place, expected):
    assert header_list(own, "Clip skip", place, ()) == expected


def test_what_is_there_already_is_not_doubled_and_keeps_its_place():
    own = [CLIP_SKIP, CHECKPOINT]
    assert header_list(own, "Clip skip and VAE", "At the end", ()) == [CLIP_SKIP, CHECKPOINT, VAE]


def test_what_the_user_has_elsewhere_is_not_added():
    assert header_list(OWN, "Clip skip and VAE", "At the end", {CLIP_SKIP}) == [*OWN, VAE]


def test_the_users_own_list_is_not_changed():
    own = list(OWN)
    for addition in ADDITIONS:
        header_list(own, addition, "At the start", ())
    assert own == OWN


def test_a_choice_that_is_none_counts_as_the_default_and_is_logged(caplog):
    with caplog.at_level(logging.WARNING):
        assert header_list(OWN, "clip-skip!", "At the end", ()) == [*OWN, CLIP_SKIP]
    assert "'clip-skip!'" in caplog.text
