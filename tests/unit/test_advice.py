"""What is said about files that were trained at another clip skip."""

import pytest

from clip_skip_lab.language import translated
from clip_skip_lab.models.advice import Chosen, Source, advise, of_choice
from clip_skip_lab.models.measured import Measurement
from clip_skip_lab.models.metadata import Training

TWO = Source("lora", "x", Training(2, True))
ONE = Source("lora", "y", Training(1, False))
SILENT = Source("lora", "z", Training())
MODEL = Source("checkpoint", "m", Training(2, True))


def asked(value, training=SILENT.training, loras="", drawn=False):
    """The checkpoint m, whose weights say this value."""
    candidates = (value or 1,)
    answer = Measurement("m", None, loras, "clip_skip", value, candidates, 3.0, 32, drawn, "")
    return Source("checkpoint", "m", training, answer)


def english(*sources, clip_skip, **more):
    return list(advise(list(sources), clip_skip, **more).sentences)


def test_files_that_say_nothing_or_agree_give_no_advice():
    for sources in ([], [SILENT], [TWO, MODEL], [TWO, SILENT]):
        assert advise(sources, 2).sentences == ()
        assert advise(sources, 2).values == ()


def test_each_file_that_differs_is_named():
    assert english(MODEL, TWO, SILENT, clip_skip=1) == [
        "The checkpoint m was trained at clip skip 2; the header says 1.",
        "LoRA x was trained at clip skip 2; the header says 1.",
    ]


@pytest.mark.parametrize(("clip_skip", "values"), [(1, (2,)), (2, (1,)), (3, (2, 1))])
def test_the_value_that_suits_most_files_is_offered_first_and_never_the_one_in_use(clip_skip, values):
    advice = advise([MODEL, TWO, ONE], clip_skip)
    assert advice.values == values
    assert advice.sentences[-1] == "No single value suits them all."


def test_a_file_that_agrees_is_named_only_where_another_disagrees_with_it():
    assert english(TWO, ONE, clip_skip=1) == [
        "LoRA x was trained at clip skip 2; the header says 1.",
        "LoRA y was trained at clip skip 1, the value in use.",
        "No single value suits them all.",
    ]


def test_an_override_is_called_that():
    assert english(TWO, clip_skip=1, place="override") == [
        "LoRA x was trained at clip skip 2; the override settings say 1."
    ]


def test_values_that_are_the_same_to_the_host_are_no_disagreement():
    assert advise([TWO, MODEL], 1, lowest=2).sentences == ()
    assert advise([TWO, ONE], 2, lowest=2).sentences == ()
    assert advise([TWO, ONE], 3, lowest=2).values == (2,)
    assert "No single value suits them all." not in advise([TWO, ONE], 3, lowest=2).sentences
    assert advise([TWO], 1, lowest=1).values == (2,)


def test_what_the_weights_say_is_told_and_offered_without_any_metadata():
    assert english(asked(2), clip_skip=1) == [
        "The checkpoint m was trained at clip skip 2 (measured); the header says 1."
    ]
    assert advise([asked(2)], 1).values == (2,)
    assert english(asked(2), clip_skip=2) == english(asked(None), clip_skip=2) == []


def test_metadata_that_the_weights_contradict_are_told_and_do_not_count():
    contradicted = asked(2, Training(1, True))
    assert english(contradicted, clip_skip=1) == [
        "The checkpoint m was trained at clip skip 2 (measured); the header says 1.",
        "Its metadata says 1, but its weights say 2 (measured with 32 images).",
    ]
    assert advise([contradicted], 3).values == (2,)
    assert advise([contradicted], 2).sentences == ()
    assert len(english(asked(2, Training(2, True)), clip_skip=1)) == 1
    assert english(asked(2, Training(1, True), drawn=True), clip_skip=1)[-1].endswith("32 images it generated).")


def test_undecided_weights_leave_the_word_to_the_metadata():
    assert english(asked(None, Training(2, True)), clip_skip=1) == [
        "The checkpoint m was trained at clip skip 2; the header says 1."
    ]


def test_weights_that_were_asked_together_with_the_loras_speak_for_them():
    together = asked(2, Training(1, True), loras="y:1")
    assert english(together, ONE, clip_skip=1) == [
        "The checkpoint m with these LoRAs was trained at clip skip 2 (measured); the header says 1."
    ]
    assert advise([together, ONE], 2).sentences == ()
    assert english(asked(2), ONE, clip_skip=1)[-1] == "No single value suits them all."


def test_an_endless_name_is_cut():
    (sentence,) = english(Source("lora", "n" * 500, Training(2, True)), clip_skip=1)
    assert "n" * 80 + "…" in sentence and "n" * 81 not in sentence


def test_every_sentence_is_there_in_japanese():
    for sentence in advise([MODEL, TWO, ONE], 1).sentences + advise([MODEL, TWO, ONE], 2).sentences:
        assert any("\u3040" <= letter <= "\u30ff" for letter in translated(sentence, "ja"))
    for sentence in advise([asked(2, Training(1, True), drawn=True), asked(2, loras="y:1")], 1).sentences:
        assert any("\u3040" <= letter <= "\u30ff" for letter in translated(sentence, "ja"))


# --- The user's own choice ------------------------------------------------------------------------------------------

CHOSEN_TWO, CHOSEN_THREE = Chosen(2, 14, 18), Chosen(3, 10, 18)


def test_a_choice_is_spoken_of_where_another_value_is_in_use():
    assert of_choice([], 1) is None
    assert of_choice([CHOSEN_TWO], 2) is None
    best, sentence = of_choice([CHOSEN_TWO, CHOSEN_THREE], 1)
    assert best == CHOSEN_TWO
    assert sentence == "You chose clip skip 2 in 14 of 18 sweeps with this checkpoint; the header says 1."
    assert translated(sentence, "ja") == (
        "このチェックポイントのスイープ 18 件のうち 14 件で Clip skip 2 を選んでいますが、ヘッダーの値は 1 です。"
    )
    assert of_choice([CHOSEN_TWO], 1, "panel")[1].endswith("; the panel says 1.")


def test_a_value_in_use_that_was_chosen_too_is_left_alone():
    assert of_choice([CHOSEN_TWO, CHOSEN_THREE], 3) is None
    assert of_choice([CHOSEN_TWO, CHOSEN_THREE], 3, remembered=3) is None


def test_a_remembered_value_that_was_not_chosen_is_named():
    best, sentence = of_choice([CHOSEN_TWO], 2, remembered=1)
    assert best == CHOSEN_TWO
    assert sentence == "You chose clip skip 2 in 14 of 18 sweeps with this checkpoint; the remembered value is 1."
    assert of_choice([CHOSEN_TWO], 2, remembered=2) is None


def test_a_choice_that_is_all_the_same_to_the_host_is_none():
    assert of_choice([Chosen(1, 9, 9)], 2, lowest=2) is None
