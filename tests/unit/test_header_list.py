"""What is added to the header, and where."""

import logging

import pytest

from clip_skip_lab.hosts import OPTION_KEY
from clip_skip_lab.ui.header_list import ADDITIONS, VAE, header_list

CHECKPOINT = "sd_model_checkpoint"
OWN = ["samples_save", CHECKPOINT, "emphasis"]


@pytest.mark.parametrize(
    ("addition", "added"),
    [("Clip skip", [OPTION_KEY]), ("Clip skip and VAE", [VAE, OPTION_KEY]), ("VAE", [VAE]), ("Nothing", [])],
)
def test_the_setting_chooses_what_is_added(addition, added):
    assert header_list(OWN, addition, "At the end", ()) == [*OWN, *added]


@pytest.mark.parametrize(
    ("own", "place", "expected"),
    [
        (OWN, "At the start", [OPTION_KEY, *OWN]),
        (OWN, "After the checkpoint", ["samples_save", CHECKPOINT, OPTION_KEY, "emphasis"]),
        (OWN, "At the end", [*OWN, OPTION_KEY]),
        (["emphasis"], "After the checkpoint", ["emphasis", OPTION_KEY]),
        ([], "After the checkpoint", [OPTION_KEY]),
    ],
)
def test_the_other_setting_chooses_where(own, place, expected):
    assert header_list(own, "Clip skip", place, ()) == expected


def test_what_is_there_already_is_not_doubled_and_keeps_its_place():
    own = [OPTION_KEY, CHECKPOINT]
    assert header_list(own, "Clip skip and VAE", "At the end", ()) == [OPTION_KEY, CHECKPOINT, VAE]


def test_what_the_user_has_elsewhere_is_not_added():
    assert header_list(OWN, "Clip skip and VAE", "At the end", {OPTION_KEY}) == [*OWN, VAE]


def test_the_users_own_list_is_not_changed():
    own = list(OWN)
    for addition in ADDITIONS:
        header_list(own, addition, "At the start", ())
    assert own == OWN


def test_a_choice_that_is_none_counts_as_the_default_and_is_logged(caplog):
    with caplog.at_level(logging.WARNING):
        assert header_list(OWN, "clip-skip!", "At the end", ()) == [*OWN, OPTION_KEY]
    assert "'clip-skip!'" in caplog.text
