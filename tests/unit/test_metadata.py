"""Headers of .safetensors files: what they say, and that no header can do harm."""

import json
import logging
import os
import struct
import sys
import threading
import time
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from clip_skip_lab.models.header import HEADER_BYTES, family_of, read_metadata
from clip_skip_lab.models.metadata import LAYERS_OF_SD1, MetadataReader, Training, training_of

TENSOR = {"weight": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}


def saved(path, metadata=None):
    save_file({"weight": np.zeros(2, np.float32)}, str(path), metadata=metadata)
    return path


def written(path, header, data=b"\0" * 8, length=None):
    """A file with any header at all, by the layout of the format."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + data)
    return path


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"ss_clip_skip": "2"}, Training(2, True)),
        ({"ss_clip_skip": "1", "ss_base_model_version": "sd_v1"}, Training(1, True, "sd1")),
        ({"ss_clip_skip": "2.0"}, Training(2, True)),
        (
            {"modelspec.encoder_layer": "2", "modelspec.architecture": "stable-diffusion-v1/lora"},
            Training(2, True, "sd1"),
        ),
        ({"modelspec.encoder_layer": "-2"}, Training(2, True)),
        ({"ss_clip_skip": "2", "modelspec.encoder_layer": "1"}, Training(2, True)),
        ({"ss_clip_skip": "None", "modelspec.encoder_layer": "2"}, Training(2, True)),
        ({"ss_clip_skip": "None"}, Training(1, False)),
        ({}, Training()),
        ({"ss_output_name": "x"}, Training()),
    ],
)
def test_the_keys_of_trainers_are_understood(tmp_path, metadata, expected):
    assert MetadataReader().read(saved(tmp_path / "a.safetensors", metadata)) == expected


@pytest.mark.parametrize(
    "junk", ["", "two", "0", "-2", "13", "9" * 400, "1.5", "1e1", "nan", "２", "1_0", "[2]", "none"]
)
def test_junk_in_place_of_a_clip_skip_says_nothing(junk):
    assert training_of({"ss_clip_skip": junk}).clip_skip is None


@pytest.mark.parametrize(
    ("family", "metadata"),
    [
        ("sdxl", {"ss_base_model_version": "sdxl_base_v1-0"}),
        ("sdxl", {"modelspec.architecture": "stable-diffusion-xl-v1-base/lora"}),
        *(("sdxl", {"ss_base_model_version": name}) for name in ("SDXL 1.0", "sdxl_1.0", "sd_xl_base_1.0", "SDXL")),
        ("sdxl", {"ss_base_model_version": "stabilityai/stable-diffusion-xl-base-1.0"}),
        ("sd2", {"ss_v2": "True"}),
        *(("sd2", {"ss_base_model_version": name}) for name in ("sd_v2", "sd_v2_v", "SD 2.1", "sd21", "v2-1_768")),
        ("sd2", {"modelspec.architecture": "stable-diffusion-v2-768-v"}),
        *(("other", {"ss_base_model_version": name}) for name in ("flux1", "sd3.5", "SSD-1B", "Pony", "pixart-v1-5")),
    ],
)
def test_a_clip_skip_means_nothing_outside_sd1(family, metadata):
    assert training_of({"ss_clip_skip": "2", "modelspec.encoder_layer": "2", **metadata}) == Training(family=family)


SD1_NAMES = (
    *("sd_v1", "sd_1.5", "SD 1.5", "sd1.5", "SD15", "sd-v1-5", "SD 1.4", "v1-5-pruned", "1.5", "stable-diffusion-v1-5"),
    *("stable-diffusion-v1/lora", "Stable Diffusion 1.5", "runwayml/stable-diffusion-v1-5", "StableDiffusion1.5"),
)


@pytest.mark.parametrize("name", SD1_NAMES)
def test_files_name_their_base_in_more_ways_than_one(name):
    for key in ("ss_base_model_version", "modelspec.architecture"):
        assert training_of({"ss_clip_skip": "2", key: name}) == Training(2, True, "sd1")


DEEP = b'{"__metadata__":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}"

HOSTILE = {
    "empty file": lambda p: p.write_bytes(b""),
    "shorter than the length": lambda p: p.write_bytes(b"\x10\0\0"),
    "length larger than the file": lambda p: written(p, TENSOR, length=10**6),
    "length of 2**64 - 1": lambda p: written(p, TENSOR, length=2**64 - 1),
    "length of 0": lambda p: written(p, b"", b""),
    "length too small": lambda p: written(p, TENSOR, length=3),
    "not JSON": lambda p: written(p, b"<html>404</html>"),
    "an array": lambda p: written(p, [1, 2]),
    "a number": lambda p: written(p, 3),
    "null": lambda p: written(p, None),
    "invalid UTF-8": lambda p: written(p, b'{"__metadata__":{"ss_clip_skip":"\xff\xfe"}}', b""),
    "a lone surrogate": lambda p: written(p, b'{"__metadata__":{"ss_clip_skip":"\\ud800"}}', b""),
    "metadata of numbers": lambda p: written(p, {"__metadata__": {"ss_clip_skip": 2}, **TENSOR}),
    "metadata as a list": lambda p: written(p, {"__metadata__": ["ss_clip_skip", "2"], **TENSOR}),
    "deep nesting": lambda p: written(p, DEEP, b""),
    "negative offsets": lambda p: written(p, {"w": {"dtype": "F32", "shape": [2], "data_offsets": [-8, 0]}}),
    "offsets beyond the file": lambda p: written(p, {"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 2**63]}}),
    "a shape that overflows": lambda p: written(
        p, {"w": {"dtype": "F32", "shape": [2**63, 2**63], "data_offsets": [0, 8]}}
    ),
    "truncated data": lambda p: written(p, {"__metadata__": {"ss_clip_skip": "2"}, **TENSOR}, b"\0"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_header_is_one_sentence_in_the_log(tmp_path, caplog, kind):
    path = tmp_path / "bad.safetensors"
    HOSTILE[kind](path)
    reader = MetadataReader()
    with caplog.at_level(logging.WARNING, "clip_skip_lab"):
        first, second = reader.read(path), reader.read(path)
    assert first.clip_skip is None
    assert first.problem and first.problem.endswith(".") and "\n" not in first.problem
    assert second is first
    assert len(caplog.records) == 1 and "bad.safetensors" in caplog.text


def test_a_hostile_name_or_key_cannot_forge_a_line_of_the_log(tmp_path):
    path = tmp_path / "a\nERROR all is lost.safetensors"
    assert "\n" not in MetadataReader().read(written(path, b'{"\\n\\u001b[2J": "x"}')).problem


@pytest.mark.parametrize(
    "header",
    [
        {"__metadata__": {f"k{number}": "" for number in range(1_000_000)}, **TENSOR},
        {f"k{number}": {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]} for number in range(450_000)},
        {"__metadata__": {"k": "x" * (HEADER_BYTES - 200), "ss_clip_skip": "2"}, **TENSOR},
    ],
    ids=["a million entries", "half a million tensors", "one long text"],
)
def test_no_header_holds_up_other_threads(tmp_path, header):
    path = written(tmp_path / "many.safetensors", header)
    assert path.stat().st_size < HEADER_BYTES + 100
    with longest_pause() as pauses:
        training = MetadataReader().read(path)
    assert training == Training(2, True) or "more than 100,000 keys" in training.problem
    assert max(pauses) < 1


@contextmanager
def longest_pause():
    """Yields a list of the pauses, in seconds, of another thread that would like to run all the time."""
    pauses, done = [], threading.Event()

    def run():
        last = time.perf_counter()
        while not done.is_set():
            time.sleep(0.001)
            pauses.append(time.perf_counter() - last)
            last = time.perf_counter()

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(0.05)
    try:
        yield pauses
    finally:
        done.set()
        thread.join()


def test_the_short_entries_are_kept_and_the_long_ones_left_out(tmp_path):
    entries = {"ss_clip_skip": "2", "ss_tag_frequency": "x" * 5_000, 'quoted "\\ ü\n': "yes"}
    assert read_metadata(saved(tmp_path / "a.safetensors", entries)) == {
        "ss_clip_skip": "2",
        'quoted "\\ ü\n': "yes",
    }


def test_a_header_longer_than_the_bound_is_refused_unread(tmp_path):
    path = tmp_path / "huge.safetensors"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", HEADER_BYTES + 1))
        file.truncate(HEADER_BYTES + 9)
    training = MetadataReader().read(path)
    assert f"{HEADER_BYTES + 1:,}" in training.problem


def test_missing_files_and_folders_and_pipes_are_problems(tmp_path):
    reader = MetadataReader()
    assert reader.read(tmp_path / "gone.safetensors").problem
    assert reader.read("a\0b.safetensors").problem
    (tmp_path / "folder.safetensors").mkdir()
    assert "regular" in reader.read(tmp_path / "folder.safetensors").problem
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.safetensors")
        assert "regular" in reader.read(tmp_path / "pipe.safetensors").problem


def test_other_formats_say_nothing_and_are_no_problem(tmp_path):
    (tmp_path / "old.ckpt").write_bytes(b"PK")
    assert MetadataReader().read(tmp_path / "old.ckpt") == Training()


def test_a_file_that_changes_is_read_again(tmp_path):
    reader, path = MetadataReader(), tmp_path / "a.safetensors"
    assert reader.read(saved(path, {"ss_clip_skip": "2"})).clip_skip == 2
    saved(path, {"ss_clip_skip": "3"})
    os.utime(path, ns=(1, 1))
    assert reader.read(path).clip_skip == 3


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts the bytes read with /proc")
def test_no_tensor_is_read_from_a_file_of_sixteen_gigabytes(tmp_path):
    size = 16 * 1024**3
    header = {"__metadata__": {"ss_clip_skip": "2"}, "w": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}
    path = written(tmp_path / "big.safetensors", header, b"")
    os.truncate(path, path.stat().st_size + size)  # the data is a hole: it takes no space
    before, faults, earlier = _bytes_read(), _pages_mapped(), time.perf_counter()
    assert MetadataReader().read(path) == Training(2, True)
    assert _bytes_read() - before < 64 * 1024
    assert _pages_mapped() - faults < 16 * 1024 * 1024
    assert time.perf_counter() - earlier < 2


def _bytes_read() -> int:
    """Bytes that this process asked of the kernel by `read`."""
    with open("/proc/self/io", encoding="ascii") as file:
        return int(dict(line.split(":") for line in file)["rchar"])


def _pages_mapped() -> int:
    """Bytes in memory, those touched through a memory map included."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(["ss_clip_skip", "modelspec.encoder_layer", "ss_base_model_version", "ss_v2"]) | st.text(
    max_size=8
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    header=st.binary(max_size=64)
    | json_values.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(keys, json_values).map(lambda value: json.dumps({"__metadata__": value}).encode()),
    data=st.binary(max_size=16),
    length=st.none() | st.integers(0, 2**64 - 1),
)
def test_no_file_makes_the_reader_raise(tmp_path, header, data, length):
    path = written(tmp_path / "any.safetensors", header, data, length)
    training = MetadataReader().read(path)
    assert training.clip_skip is None or (1 <= training.clip_skip <= LAYERS_OF_SD1 and training.problem is None)


@settings(max_examples=300)
@given(st.dictionaries(keys, st.text() | st.integers(-99, 99).map(str)))
def test_no_metadata_makes_the_reader_raise(metadata):
    training = training_of(metadata)
    assert training.clip_skip is None or 1 <= training.clip_skip <= LAYERS_OF_SD1
    assert training.clip_skip is None or training.family in ("sd1", None)


@pytest.mark.parametrize(
    ("name", "tensors", "family"),
    [
        ("a.safetensors", ["cond_stage_model.transformer.text_model.embeddings.position_ids"], "SD1"),
        ("a.safetensors", ["cond_stage_model.transformer.embeddings.position_ids"], "SD1"),
        ("a.safetensors", ["cond_stage_model.model.transformer.resblocks.0.ln_1.bias"], "SD2"),
        (
            "A.SAFETENSORS",
            ["conditioner.embedders.0.transformer.text_model.x", "conditioner.embedders.1.model.ln_final.bias"],
            "SDXL",
        ),
        ("refiner.safetensors", ["conditioner.embedders.0.model.ln_final.bias"], ""),
        ("flux.safetensors", ["double_blocks.0.img_attn.norm.key_norm.scale"], ""),
        ("two.safetensors", ["cond_stage_model.transformer.x", "conditioner.embedders.1.model.x"], ""),
        ("a.ckpt", ["cond_stage_model.transformer.x"], ""),
    ],
)
def test_a_checkpoint_tells_its_family_by_its_text_encoders(tmp_path, name, tensors, family):
    save_file({tensor: np.zeros(2, np.float32) for tensor in tensors}, str(tmp_path / name))
    assert family_of(str(tmp_path / name)) == family


def test_a_checkpoint_that_cannot_be_read_is_of_no_family(tmp_path):
    assert family_of(str(tmp_path / "gone.safetensors")) == ""
    assert family_of(str(written(tmp_path / "odd.safetensors", b"{"))) == ""
