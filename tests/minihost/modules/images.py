"""Pictures: grids, sizes, file names, saving and reading with the generation's parameters.

Mirrors `modules/images.py`. Differs: png, jpg and webp only; the names of files are made in `_filenames`; no legends of
grids, no smaller copies, no tiles, no prompt matrix, no NovelAI pictures.
"""

from __future__ import annotations

import logging
import math
import os

import piexif
import piexif.helper
from modules import script_callbacks
from modules._filenames import (  # noqa: F401
    FilenameGenerator,
    get_next_sequence_number,
    invalid_filename_chars,
    sanitize_filename_part,
)
from modules.shared import opts
from PIL import Image, ImageColor, ImageOps, PngImagePlugin

LANCZOS = Image.Resampling.LANCZOS


def image_grid(imgs, batch_size=1, rows=None):
    rows = min(round(math.sqrt(len(imgs))) if rows is None else rows, len(imgs))
    columns = math.ceil(len(imgs) / rows)
    width, height = (max(sides) for sides in zip(*(image.size for image in imgs), strict=True))
    colour = ImageColor.getcolor(opts.grid_background_color, "RGB")
    grid = Image.new("RGB", (columns * width, rows * height), colour)
    for i, image in enumerate(imgs):
        row, column = divmod(i, columns)
        # a smaller picture goes to the middle of its place
        grid.paste(image, (column * width + (width - image.width) // 2, row * height + (height - image.height) // 2))
    return grid


def _resized(image, width, height):
    return image if image.size == (width, height) else image.resize((width, height), resample=LANCZOS)


def resize_image(resize_mode, im, width, height, upscaler_name=None):
    """0: to the size; 1: to cover it, cut off what is too much; 2: to fit in, edges filled from the border."""
    if resize_mode == 0:
        return _resized(im, width, height)

    wider = width / height > im.width / im.height  # the wanted size, compared with the picture
    by_width = wider if resize_mode == 1 else not wider
    inner = (width, im.height * width // im.width) if by_width else (im.width * height // im.height, height)
    scaled = _resized(im, *inner)
    x, y = width // 2 - inner[0] // 2, height // 2 - inner[1] // 2
    result = Image.new("RGB", (width, height))
    result.paste(scaled, (x, y))
    if resize_mode == 1:
        return result

    if y > 0:
        result.paste(scaled.crop((0, 0, width, 1)).resize((width, y)), (0, 0))
        result.paste(scaled.crop((0, inner[1] - 1, width, inner[1])).resize((width, y)), (0, y + inner[1]))
    if x > 0:
        result.paste(scaled.crop((0, 0, 1, height)).resize((x, height)), (0, 0))
        result.paste(scaled.crop((inner[0] - 1, 0, inner[0], height)).resize((x, height)), (x + inner[0], 0))
    return result


def save_image_with_geninfo(
    image, geninfo, filename, extension=None, existing_pnginfo=None, pnginfo_section_name="parameters"
):
    """Writes one file; the parameters go into PNG text or into the EXIF comment."""
    extension = (os.path.splitext(filename)[1] if extension is None else extension).lower()
    form = Image.registered_extensions()[extension]
    if extension == ".png":
        text = None
        if opts.enable_pnginfo:
            text = PngImagePlugin.PngInfo()
            for key, value in {**(existing_pnginfo or {}), pnginfo_section_name: geninfo}.items():
                text.add_text(key, str(value))
        image.save(filename, format=form, quality=opts.jpeg_quality, pnginfo=text)
    elif extension in (".jpg", ".jpeg", ".webp"):
        image = image.convert("RGB") if image.mode == "RGBA" else image
        image.save(filename, format=form, quality=opts.jpeg_quality, lossless=opts.webp_lossless)
        if opts.enable_pnginfo and geninfo is not None:
            comment = piexif.helper.UserComment.dump(geninfo, encoding="unicode")
            piexif.insert(piexif.dump({"Exif": {piexif.ExifIFD.UserComment: comment}}), filename)
    else:
        image.save(filename, format=form, quality=opts.jpeg_quality)


def _save_whole(image, params, info, name, extension, section):
    """Writes beside and renames, so that nobody sees half a picture; an existing file may have to stay."""
    unfinished = f"{name}.tmp"
    save_image_with_geninfo(image, info, unfinished, extension, params.pnginfo, section)
    filename, n = name + extension, 0
    while opts.save_images_replace_action != "Replace" and os.path.exists(filename):
        n += 1
        filename = f"{name}-{n}{extension}"
    os.replace(unfinished, filename)


def save_image(
    image,
    path,
    basename,
    seed=None,
    prompt=None,
    extension="png",
    info=None,
    short_filename=False,
    no_prompt=False,
    grid=False,
    pnginfo_section_name="parameters",
    p=None,
    existing_info=None,
    forced_filename=None,
    suffix="",
    save_to_dirs=None,
):
    """Saves a picture under a name by the options' patterns; returns its path, and that of its text file or None."""
    namegen = FilenameGenerator(p, seed, prompt, image)
    limit = {"jpg": 65535, "jpeg": 65535, "webp": 16383}.get(extension.lower(), math.inf)
    if max(image.size) > limit:
        logging.warning("A picture of %s × %s is too large for %s; saved as png", *image.size, extension)
        extension = "png"

    if save_to_dirs is None:
        save_to_dirs = opts.save_to_dirs and (grid or not no_prompt)
    if save_to_dirs:
        folder = namegen.apply(opts.directories_filename_pattern or "[prompt_words]")
        path = os.path.join(path, folder.lstrip(" ").rstrip("\\ /"))
    os.makedirs(path, exist_ok=True)

    if forced_filename is not None:
        fullfn = os.path.join(path, f"{forced_filename}.{extension}")
    else:
        decoration = ""
        if not short_filename and seed is not None:
            default = "[seed]" if opts.save_to_dirs else "[seed]-[prompt_spaces]"
            decoration = opts.samples_filename_pattern or default
        fullfn = _numbered(path, basename, namegen.apply(decoration) + suffix, extension)

    pnginfo = existing_info or {}
    if info is not None:
        pnginfo[pnginfo_section_name] = info
    params = script_callbacks.ImageSaveParams(image, p, fullfn, pnginfo)
    script_callbacks.before_image_saved_callback(params)
    image, info = params.image, params.pnginfo.get(pnginfo_section_name, None)

    name, ending = os.path.splitext(params.filename)
    name = name[: os.statvfs(path).f_namemax - max(4, len(ending))] if hasattr(os, "statvfs") else name
    fullfn = params.filename = name + ending
    _save_whole(image, params, info, name, ending, pnginfo_section_name)
    image.already_saved_as = fullfn

    text_file = None
    if opts.save_txt and info is not None:
        text_file = f"{name}.txt"
        with open(text_file, "w", encoding="utf8") as file:
            file.write(f"{info}\n")

    script_callbacks.image_saved_callback(params)
    return fullfn, text_file


def _numbered(path, basename, decoration, extension):
    """The next free file name; without a number when the options say so."""
    if decoration and not opts.save_images_add_number:
        return os.path.join(path, f"{decoration}.{extension}")

    ending = f"-{decoration}" if decoration else ""
    first = get_next_sequence_number(path, basename)
    for number in range(first, first + 500):
        count = f"{number:05}" if basename == "" else f"{basename}-{number:04}"
        filename = os.path.join(path, f"{count}{ending}.{extension}")
        if not os.path.exists(filename):
            break
    return filename


IGNORED_INFO_KEYS = {
    "jfif",
    "jfif_version",
    "jfif_unit",
    "jfif_density",
    "dpi",
    "exif",
    "loop",
    "background",
    "timestamp",
    "duration",
    "progressive",
    "progression",
    "icc_profile",
    "chromaticity",
    "photoshop",
}


def read_info_from_image(image: Image.Image) -> tuple[str | None, dict]:
    """The parameters written into a picture, and what else its header tells."""
    items = dict(image.info or {})
    geninfo = items.pop("parameters", None)
    if "exif" in items:
        try:
            comment = piexif.load(items["exif"]).get("Exif", {}).get(piexif.ExifIFD.UserComment, b"")
            geninfo = piexif.helper.UserComment.load(comment) or geninfo
        except (OSError, ValueError):
            logging.debug("EXIF data without a readable comment")
    return geninfo, {key: value for key, value in items.items() if key not in IGNORED_INFO_KEYS}


def flatten(img, bgcolor):
    """RGB, with a colour behind what is transparent."""
    if img.mode == "RGBA":
        behind = Image.new("RGBA", img.size, bgcolor)
        behind.paste(img, mask=img)
        img = behind
    return img.convert("RGB")


def read(fp, **kwargs):
    return fix_image(Image.open(fp, **kwargs))


def fix_image(image: Image.Image):
    """Turned the way its EXIF data says; a palette's transparency becomes a channel."""
    if image is None:
        return None
    return fix_png_transparency(ImageOps.exif_transpose(image))


def fix_png_transparency(image: Image.Image):
    by_bytes = image.mode in ("RGB", "P") and isinstance(image.info.get("transparency"), bytes)
    return image.convert("RGBA") if by_bytes else image
