"""PNGs in strips, and pictures that are encoded already."""

from __future__ import annotations

import copy
import io
import os
import pickle
import struct
import zlib
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, PngImagePlugin

from clip_skip_lab.sweep import encoded
from clip_skip_lab.sweep.encoded import FileImage, StripsImage, compress_strip, joined

INFOTEXT = "a cat, 猫\nSteps: 20, Seed: 1"


def picture(width=61, height=47, grain=4, seed=1):
    """Photograph-like: a gradient with grain, and a plain area."""
    random_numbers = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([x * 2, y * 3, x + y], axis=2) % 256 + random_numbers.normal(0, grain, (height, width, 3))
    pixels[: height // 4] = 255
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def strips_of(image, cuts=()):
    edges = [0, *sorted({cut for cut in cuts if 0 < cut < image.height}), image.height]
    return [image.crop((0, a, image.width, b)) for a, b in pairwise(edges)]


def encoded_picture(cuts=(10, 30)):
    image = picture()
    image.info["parameters"] = INFOTEXT
    return StripsImage([compress_strip(strip) for strip in strips_of(image, cuts)], image.info)


def written(image, format="PNG", **params):
    data = io.BytesIO()
    image.save(data, format, **params)
    return data.getvalue()


def about(text=INFOTEXT):
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", text)
    return info


def read(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def chunks_of(data):
    """The chunks of a PNG, each of which is whole."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    found, place = [], 8
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        name, content = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        assert struct.unpack(">I", data[place + 8 + length :][:4]) == (zlib.crc32(name + content),)
        found.append((name, content))
        place += 12 + length
    return found


def file_of(tmp_path, format="PNG", image=None):
    """A file as a host writes it, and the picture that is this file."""
    path = tmp_path / f"picture.{format.lower()}"
    image = image or picture()
    # Not as Pillow would write it by itself, so that it can be told from what is encoded anew.
    image.save(path, format, **({"pnginfo": about(), "compress_level": 1} if format == "PNG" else {"quality": 60}))
    return path, FileImage(path, image.size, INFOTEXT)


@pytest.fixture
def encodes_nothing(monkeypatch):
    """Makes Pillow's own encoding of PNG fail."""
    Image.init()
    monkeypatch.setitem(Image.SAVE, "PNG", lambda *_: pytest.fail("it was encoded anew"))


@st.composite
def pictures(draw):
    """Noise, plain areas, bytes that wrap around, repeated rows; of any small size."""
    width, height = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    rows = draw(st.lists(st.binary(min_size=3 * width, max_size=3 * width), min_size=1, max_size=4))
    data = b"".join(draw(st.sampled_from(rows)) for _ in range(height))
    return Image.frombytes("RGB", (width, height), data)


@settings(deadline=None)
@given(pictures(), st.sets(st.integers(1, 39)), st.sampled_from([1, 100, 1000, 1 << 18]), st.randoms())
def test_any_picture_cut_into_any_strips_is_decoded_to_the_same_pixels(image, cuts, block, order):
    parts = strips_of(image, cuts)
    numbers = list(range(len(parts)))
    order.shuffle(numbers)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoded, "BLOCK", block)
        done = {number: compress_strip(parts[number]) for number in numbers}
    strips = [done[number] for number in range(len(parts))]
    data = written(StripsImage(strips, image.info))
    assert read(data).tobytes() == image.tobytes()
    names = [name for name, _ in chunks_of(data)]
    assert names == [b"IHDR", *[b"IDAT"] * (len(strips) + 2), b"IEND"]
    stream = zlib.decompressobj()
    rows = stream.decompress(b"".join(joined(strips)))  # raises where the checksum is wrong
    assert stream.eof and not stream.unused_data
    assert len(rows) == image.height * (1 + 3 * image.width)


@given(st.lists(st.binary(max_size=300) | st.sampled_from([b"\xff" * 70_000, b"\7" * 131_042]), min_size=1, max_size=6))
def test_the_checksum_of_joined_parts_is_that_of_the_whole(parts):
    strips = [encoded.Strip(1, 1, b"", zlib.adler32(part), len(part)) for part in parts]
    assert struct.unpack(">I", joined(strips)[-1][-4:]) == (zlib.adler32(b"".join(parts)),)


@pytest.mark.parametrize("grain", [1, 4])
def test_a_png_in_strips_is_at_most_a_tenth_larger_than_pillows(grain):
    image = picture(512, 512, grain)
    strips = [compress_strip(strip) for strip in strips_of(image, (128, 256, 384))]
    assert len(written(StripsImage(strips, image.info))) <= 1.1 * len(written(image))


def test_what_is_drawn_takes_less_than_a_fiftieth_of_its_pixels():
    letters = Image.new("RGB", (512, 512), "white")
    for y in range(0, 512, 14):
        ImageDraw.Draw(letters).text((5, y), "clip skip 2, weight 1.05, step 7 " * 3, fill=0)
    for image in (letters, picture(512, 512, grain=0)):  # that one has no plain areas in its lower part
        assert len(compress_strip(image).data) < 512 * 512 * 3 / 50


@pytest.mark.parametrize("image", [Image.new("RGBA", (4, 4)), Image.new("L", (4, 4)), Image.new("RGB", (0, 4))])
def test_a_strip_that_is_not_rgb_or_empty_is_refused(image):
    with pytest.raises(ValueError, match="a strip is RGB and has pixels"):
        compress_strip(image)


def test_strips_that_do_not_make_up_a_picture_are_refused():
    image = picture()
    strips = [compress_strip(strip) for strip in strips_of(image, (10,))]
    with pytest.raises(ValueError, match="strips of one width"):
        StripsImage([], image.info)
    with pytest.raises(ValueError, match="strips of one width"):
        joined([*strips, compress_strip(picture(10, 10))])


def test_a_picture_of_strips_is_written_without_encoding_with_its_texts(encodes_nothing):
    image = encoded_picture()
    data = written(image, pnginfo=about(), quality=80)
    assert read(data).info["parameters"] == INFOTEXT
    assert read(data).tobytes() == image.tobytes()
    assert list(dict.fromkeys(name for name, _ in chunks_of(data))) == [b"IHDR", b"iTXt", b"IDAT", b"IEND"]
    assert read(written(image, "png", pnginfo=None)).info == {}


def test_a_path_a_string_and_a_named_file_are_written_alike(tmp_path, encodes_nothing):
    image, expected = encoded_picture(), written(encoded_picture())
    image.save(tmp_path / "a.tmp", format="PNG")
    image.save(str(tmp_path / "b.png"))
    image.save(os.fsencode(tmp_path / "c.PNG"))
    with open(tmp_path / "d.png", "wb") as file:
        image.save(file)
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {expected}
    assert len(list(tmp_path.iterdir())) == 4


def test_a_file_that_cannot_be_written_whole_is_removed(tmp_path, monkeypatch):
    image = encoded_picture()
    monkeypatch.setattr(image, "_tail", ("not bytes",))
    with pytest.raises(TypeError):
        image.save(tmp_path / "new.png")
    assert not (tmp_path / "new.png").exists()
    with pytest.raises(OSError):
        image.save(tmp_path / "nowhere" / "new.png")


@pytest.mark.parametrize(
    ("format", "params"),
    [
        ("PNG", {"optimize": True}),
        ("PNG", {"compress_level": 0}),
        ("PNG", {"dpi": (300, 300)}),
        ("PNG", {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"}),
        ("JPEG", {"quality": 40}),
        ("BMP", {}),
    ],
)
def test_what_asks_for_something_else_is_saved_as_pillow_does_and_keeps_what_is_encoded(format, params):
    image = encoded_picture()
    assert written(image, format, **params) == written(image.copy(), format, **params)
    core = image.im
    assert written(image) == written(encoded_picture())
    assert image.im is core


def test_chunks_that_are_no_texts_and_colours_are_written_by_pillow():
    info = about()
    info.add(b"prIv", b"after", after_idat=True)
    image = encoded_picture()
    assert written(image, pnginfo=info) == written(image.copy(), pnginfo=info)
    image.info["transparency"] = (255, 255, 255)
    assert written(image) == written(image.copy())
    assert b"tRNS" in written(image)


def test_a_format_that_pillow_does_not_know_raises_as_it_does(tmp_path):
    for image in (encoded_picture(), file_of(tmp_path)[1]):
        with pytest.raises(ValueError, match="unknown file extension"):
            image.save(tmp_path / "picture.what")
        with pytest.raises(KeyError):
            written(image, "WHAT")


def set_by_access(image):
    pixels = image.load()
    assert pixels[5, 5] != (1, 2, 3)
    pixels[5, 5] = (1, 2, 3)
    pixels[6, 6] = (1, 2, 3)
    assert pixels[5, 5] == pixels[6, 6] == (1, 2, 3)


CHANGES = {
    "paste": lambda image: image.paste((1, 2, 3), (5, 5, 9, 9)),
    "putpixel": lambda image: image.putpixel((5, 5), (1, 2, 3)),
    "putdata": lambda image: image.putdata([(1, 2, 3)] * 50),
    "putalpha": lambda image: image.putalpha(100),
    "frombytes": lambda image: image.frombytes(b"\1\2\3" * (image.width * image.height)),
    "line": lambda image: ImageDraw.Draw(image).line((0, 0, 20, 20), fill=(1, 2, 3)),
    "floodfill": lambda image: ImageDraw.floodfill(image, (5, 5), (1, 2, 3)),
    "access": set_by_access,
    "thumbnail": lambda image: image.thumbnail((20, 20)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("from_file", [False, True])
def test_a_change_in_place_is_what_is_saved(tmp_path, change, from_file):
    image = file_of(tmp_path)[1] if from_file else encoded_picture()
    before, plain = written(image), picture()
    change(image)
    change(plain)
    assert written(image) == written(plain) != before
    assert read(written(image)).tobytes() == plain.tobytes()
    assert (image.mode, image.size) == (plain.mode, plain.size)


@pytest.mark.parametrize("from_file", [False, True])
@pytest.mark.parametrize(
    "made",
    [
        lambda image: image.copy(),
        copy.copy,
        copy.deepcopy,
        lambda image: pickle.loads(pickle.dumps(image)),
        lambda image: image.convert("RGB"),
    ],
    ids=["copy", "copy.copy", "deepcopy", "pickle", "convert"],
)
def test_what_is_made_from_it_is_a_picture_like_any_other(tmp_path, made, from_file):
    image = file_of(tmp_path)[1] if from_file else encoded_picture()
    other = made(image)
    assert type(other) is Image.Image
    assert other.info["parameters"] == INFOTEXT
    assert image == other and other == image
    other.putpixel((0, 0), (1, 2, 3))
    assert image != other
    assert written(other) == written(other.copy())
    assert np.array_equal(np.asarray(image), np.asarray(picture()))
    assert image.resize((10, 10)).tobytes() == picture().resize((10, 10)).tobytes()


@pytest.mark.parametrize(
    ("format", "params"),
    [
        ("PNG", {"pnginfo": about(), "quality": 80}),
        ("JPEG", {"exif": b"", "quality": 80}),
        ("WEBP", {"exif": b"", "quality": 80, "lossless": False}),
    ],
)
def test_a_file_is_saved_in_its_format_as_its_bytes(tmp_path, format, params):
    path, image = file_of(tmp_path, format)
    assert written(image, format, **params) == path.read_bytes()
    image.save(tmp_path / "copied.tmp", format=format.lower(), **params)
    assert (tmp_path / "copied.tmp").read_bytes() == path.read_bytes()
    assert image.getpixel((3, 40)) == Image.open(path).getpixel((3, 40))
    assert written(image, format, **params) == path.read_bytes()  # also once its pixels are there


def test_a_file_is_not_read_until_it_is_asked_for(tmp_path):
    image = FileImage(tmp_path / "later.png", (61, 47), INFOTEXT)
    assert (image.size, image.width, image.height) == ((61, 47), 61, 47)
    assert image.info == {"parameters": INFOTEXT}
    picture().save(tmp_path / "later.png")
    assert image.mode == "RGB"
    written(image, "JPEG", quality=90)
    assert image._core() is None
    assert image.tobytes() == picture().tobytes()


def test_five_hundred_files_take_no_handles(tmp_path):
    path, _ = file_of(tmp_path)
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else None
    images = [FileImage(path, (61, 47), INFOTEXT) for _ in range(500)]
    assert {image.mode for image in images} == {"RGB"}
    assert len({written(image) for image in images}) == 1
    assert all(image.convert("L").mode == "L" for image in images)
    if before is not None:
        assert len(os.listdir("/proc/self/fd")) == before


def test_a_file_of_another_format_is_encoded_as_pillow_does(tmp_path):
    _, image = file_of(tmp_path)
    assert written(image, "JPEG", quality=70) == written(picture(), "JPEG", quality=70)
    _, image = file_of(tmp_path, "JPEG")
    assert read(written(image, pnginfo=about())).info["parameters"] == INFOTEXT
    assert written(image, "JPEG", quality=70, optimize=True) != (tmp_path / "picture.jpeg").read_bytes()


def test_a_file_whose_info_was_changed_is_encoded_with_what_is_given(tmp_path):
    _, image = file_of(tmp_path)
    image.info["parameters"] = "another"
    assert read(written(image, pnginfo=about("another"))).info["parameters"] == "another"


def test_a_file_with_transparency_keeps_it(tmp_path):
    see_through = picture().convert("RGBA")
    see_through.putalpha(100)
    _, image = file_of(tmp_path, image=see_through)
    assert image.mode == "RGBA"
    assert image.convert("RGB").tobytes() == picture().tobytes()
    few_colours = picture().quantize(16)
    few_colours.info["transparency"] = 3
    path, image = file_of(tmp_path, image=few_colours)
    assert image.mode == "P"
    assert image.convert("RGBA").tobytes() == few_colours.convert("RGBA").tobytes()
    assert written(image) == path.read_bytes()


def test_a_file_may_be_saved_over_itself(tmp_path):
    path, image = file_of(tmp_path)
    before = path.read_bytes()
    image.save(path)
    assert path.read_bytes() == before
    image.save(path, optimize=True)
    assert read(path.read_bytes()).tobytes() == picture().tobytes()


@pytest.mark.parametrize(
    "use",
    [
        lambda image: image.mode,
        lambda image: image.convert("L"),
        lambda image: image.getpixel((0, 0)),
        lambda image: written(image),
        lambda image: written(image, "JPEG"),
        lambda image: image.paste(0, (0, 0, 1, 1)),
    ],
)
def test_a_file_that_is_gone_damaged_or_a_link_raises_os_error(tmp_path, use):
    path, image = file_of(tmp_path)
    kept = path.rename(tmp_path / "kept.png")
    with pytest.raises(FileNotFoundError):
        use(image)
    path.symlink_to(kept)
    with pytest.raises(OSError):
        use(image)
    path.unlink()
    path.write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    with pytest.raises(OSError):
        use(image)


def test_a_closed_picture_is_not_saved(tmp_path):
    for image in (encoded_picture(), file_of(tmp_path)[1]):
        image.close()
        with pytest.raises(ValueError, match="closed image"):
            written(image)


@pytest.mark.parametrize("from_file", [False, True])
def test_what_replaces_pillows_saving_is_asked_for_every_picture(tmp_path, monkeypatch, from_file):
    """As extensions do that encrypt pictures."""
    image = file_of(tmp_path)[1] if from_file else encoded_picture()

    def encrypt(self, fp, format=None, **params):
        fp.write(b"secret")

    monkeypatch.setattr(Image.Image, "save", encrypt)
    assert written(image) == b"secret"
