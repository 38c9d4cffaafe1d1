"""A chunk as the host made it, read as tokens and words."""

from __future__ import annotations

from types import SimpleNamespace

from clip_skip_lab.lens.tokens import read_chunk
from clip_skip_lab.lens.vocabulary import Vocabulary

START, END = 0, 1
SYMBOLS = {
    0: "<|startoftext|>",
    1: "<|endoftext|>",
    2: "red</w>",
    3: "ca",
    4: "t</w>",
    5: ",</w>",
    6: "ç",
    7: "Į",
    8: "«</w>",
}
BYTES = {**{chr(byte): byte for byte in range(33, 127)}, "ç": 0xE7, "Į": 0x8C, "«": 0xAB}
VOCABULARY = Vocabulary(SYMBOLS.get, BYTES)


def read(*ids, weights=(), fixes=(), size=10):
    filled = [START, *ids, *[END] * (size - 1 - len(ids))]
    weights = [1.0, *weights, *[1.0] * (size - 1 - len(weights))]
    return read_chunk(filled, weights, fixes, END, VOCABULARY)


def test_tokens_go_from_the_start_to_the_first_end():
    chunk = read(2, 3, 4, weights=(1.5, 1, 1))
    assert [(token.text, token.kind) for token in chunk.tokens] == [
        ("<|startoftext|>", "start"),
        ("red", "word"),
        ("ca", "word"),
        ("t", "word"),
        ("<|endoftext|>", "end"),
    ]
    assert [token.weight for token in chunk.tokens] == [1, 1.5, 1, 1, 1]
    assert [(word.text, word.places) for word in chunk.words] == [("red", (1,)), ("cat", (2, 3))]
    assert [token.word for token in chunk.tokens] == [None, 0, 1, 1, None]


def test_an_empty_chunk_is_a_start_and_an_end():
    assert [token.kind for token in read().tokens] == ["start", "end"]
    assert read().words == ()


def test_a_full_chunk_still_has_its_end():
    assert [token.kind for token in read(*[2] * 8).tokens] == ["start", *["word"] * 8, "end"]


def test_a_letter_of_several_tokens_is_whole_as_a_word_and_unreadable_as_a_token():
    chunk = read(6, 7, 8)
    assert [word.text for word in chunk.words] == ["猫"]
    assert chunk.tokens[1].text == "�"


def test_an_embedding_is_one_word_by_its_name():
    embedding = SimpleNamespace(name="style", vectors=2)
    chunk = read(2, 0, 0, 3, 4, fixes=[(1, embedding)])
    assert [(word.text, word.places) for word in chunk.words] == [("red", (1,)), ("style", (2, 3)), ("cat", (4, 5))]
    assert [token.text for token in chunk.tokens[2:4]] == ["style", "style"]


def test_two_embeddings_side_by_side_are_two_words_and_one_ends_a_word_before_it():
    one, other = SimpleNamespace(name="one", vectors=1), SimpleNamespace(name="other", vectors=2)
    chunk = read(3, 0, 0, 0, fixes=[(1, one), (2, other)])
    assert [word.text for word in chunk.words] == ["ca", "one", "other"]


def test_signs_are_words_without_letters():
    assert [word.is_sign for word in read(2, 5).words] == [False, True]


def test_a_token_that_the_vocabulary_lacks_is_no_text():
    assert [word.text for word in read(99).words] == [""]
