"""Pictures: grids with labels, sizes, file names, saving and reading with the generation's parameters.

Mirrors `modules/images.py`. Differs: png, jpg and webp only; the names of files are made in `_filenames`; time zones
come from the standard library; no tiles, no prompt matrix, no NovelAI pictures.
"""

from __future__ import annotations

import io
import logging
import math
import os

import piexif
import piexif.helper
from modules import errors, script_callbacks, shared
from modules._filenames import (  # noqa: F401
    FilenameGenerator,
    get_next_sequence_number,
    get_sampler_scheduler,
    get_sampler_scheduler_str,
    get_scheduler_str,
    invalid_filename_chars,
    sanitize_filename_part,
)
from modules.paths_internal import roboto_ttf_file
from modules.shared import opts
from PIL import Image, ImageColor, ImageDraw, ImageFont, ImageOps, PngImagePlugin

LANCZOS = Image.Resampling.LANCZOS


def get_font(fontsize: int):
    try:
        return ImageFont.truetype(opts.font or roboto_ttf_file, fontsize)
    except Exception:
        logging.debug("Font %s can't be read", opts.font)
        return ImageFont.truetype(roboto_ttf_file, fontsize)


def _rows_of_grid(count, batch_size):
    if opts.n_rows > 0:
        return opts.n_rows
    if opts.n_rows == 0:
        return batch_size
    if opts.grid_prevent_empty_spots:
        return next(rows for rows in range(math.isqrt(count), 0, -1) if count % rows == 0)
    return round(math.sqrt(count))


def image_grid(imgs, batch_size=1, rows=None):
    rows = min(_rows_of_grid(len(imgs), batch_size) if rows is None else rows, len(imgs))
    params = script_callbacks.ImageGridLoopParams(imgs, math.ceil(len(imgs) / rows), rows)
    script_callbacks.image_grid_callback(params)

    width, height = (max(sides) for sides in zip(*(image.size for image in imgs), strict=True))
    colour = ImageColor.getcolor(opts.grid_background_color, "RGB")
    grid = Image.new("RGB", (params.cols * width, params.rows * height), colour)
    for i, image in enumerate(params.imgs):
        row, column = divmod(i, params.cols)
        # a smaller picture goes to the middle of its place
        grid.paste(image, (column * width + (width - image.width) // 2, row * height + (height - image.height) // 2))
    return grid


class GridAnnotation:
    """One label of a row or column; an inactive one is struck through."""

    def __init__(self, text="", is_active=True):
        self.text = text
        self.is_active = is_active
        self.size = None


def _wrapped(draw, annotation, font, width):
    """A label as one annotation per line, measured."""
    lines = [""]
    for word in annotation.text.split():
        longer = f"{lines[-1]} {word}".strip()
        if draw.textlength(longer, font=font) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    for line in lines:
        wrapped = GridAnnotation(line, annotation.is_active)
        left, top, right, bottom = draw.multiline_textbbox((0, 0), line, font=font)
        wrapped.size = (right - left, bottom - top)
        wrapped.allowed_width = width
        yield wrapped


def draw_grid_annotations(im, width, height, hor_texts, ver_texts, margin=0):
    """The grid `im` of width × height cells with labels above its columns and to the left of its rows."""
    columns, rows = im.width // width, im.height // height
    assert columns == len(hor_texts), f"bad number of horizontal texts: {len(hor_texts)}; must be {columns}"
    assert rows == len(ver_texts), f"bad number of vertical texts: {len(ver_texts)}; must be {rows}"

    size = (width + height) // 25
    gap = size // 2
    font = get_font(size)
    background = ImageColor.getcolor(opts.grid_background_color, "RGB")
    measure = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    left = width * 3 // 4 if any(line.text for texts in ver_texts for line in texts) else 0

    for texts, room in [*((t, width) for t in hor_texts), *((t, left) for t in ver_texts)]:
        texts[:] = [line for annotation in texts for line in _wrapped(measure, annotation, font, room)]

    def block_height(lines):
        return sum(line.size[1] + gap for line in lines)

    above = [block_height(lines) - gap for lines in hor_texts]
    top = 0 if sum(above) == 0 else max(above) + 2 * gap
    result = Image.new(
        "RGB", (im.width + left + margin * (columns - 1), im.height + top + margin * (rows - 1)), background
    )
    for row in range(rows):
        for column in range(columns):
            cell = im.crop((width * column, height * row, width * (column + 1), height * (row + 1)))
            result.paste(cell, (left + (width + margin) * column, top + (height + margin) * row))

    draw = ImageDraw.Draw(result)
    for column, lines in enumerate(hor_texts):
        _draw_lines(draw, left + (width + margin) * column + width / 2, top / 2 - above[column] / 2, lines, size, gap)
    for row, lines in enumerate(ver_texts):
        middle = top + (height + margin) * row + height / 2
        tall = sum(line.size[1] for line in lines)
        _draw_lines(draw, left / 2, middle - tall / 2, lines, size, gap)
    return result


def _draw_lines(draw, x, y, lines, size, gap):
    active, inactive = (
        ImageColor.getcolor(c, "RGB") for c in (opts.grid_text_active_color, opts.grid_text_inactive_color)
    )
    for line in lines:
        font = get_font(size)
        for smaller in range(size - 1, 0, -1):
            if draw.textlength(line.text, font=font) <= line.allowed_width:
                break
            font = get_font(smaller)
        middle = y + line.size[1] / 2
        draw.multiline_text(
            (x, middle), line.text, font=font, fill=active if line.is_active else inactive, anchor="mm", align="center"
        )
        if not line.is_active:
            half = line.size[0] // 2
            draw.line((x - half, middle, x + half, middle), fill=inactive, width=4)
        y += line.size[1] + gap


def _resized(image, width, height, upscaler_name):
    scale = max(width / image.width, height / image.height)
    if upscaler_name not in (None, "None") and image.mode != "L" and scale > 1.0:
        found = [x for x in shared.sd_upscalers if x.name == upscaler_name]
        if not found:
            logging.warning("No upscaler named %r; taking %s", upscaler_name, shared.sd_upscalers[0].name)
        upscaler = (found or shared.sd_upscalers)[0]
        image = upscaler.scaler.upscale(image, scale, upscaler.data_path)
    return image if image.size == (width, height) else image.resize((width, height), resample=LANCZOS)


def resize_image(resize_mode, im, width, height, upscaler_name=None):
    """0: to the size; 1: to cover it, cut off what is too much; 2: to fit in, edges filled from the border."""
    upscaler_name = upscaler_name or opts.upscaler_for_img2img
    if resize_mode == 0:
        return _resized(im, width, height, upscaler_name)

    wider = width / height > im.width / im.height  # the wanted size, compared with the picture
    by_width = wider if resize_mode == 1 else not wider
    inner = (width, im.height * width // im.width) if by_width else (im.width * height // im.height, height)
    scaled = _resized(im, *inner, upscaler_name)
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
    namegen = FilenameGenerator(p, seed, prompt, image, basename=basename)
    limit = {"jpg": 65535, "jpeg": 65535, "webp": 16383}.get(extension.lower(), math.inf)
    if max(image.size) > limit:
        logging.warning("A picture of %s × %s is too large for %s; saved as png", *image.size, extension)
        extension = "png"

    if save_to_dirs is None:
        save_to_dirs = opts.grid_save_to_dirs if grid else opts.save_to_dirs and not no_prompt
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

    longest = max(image.size)
    heavy = os.stat(fullfn).st_size > opts.img_downscale_threshold * 1024 * 1024
    if opts.export_for_4chan and (longest > opts.target_side_length or heavy):
        factor = min(1.0, opts.target_side_length / longest)
        small = image.resize([round(side * factor) for side in image.size], LANCZOS) if factor < 1 else image
        try:
            _save_whole(small, params, info, name, ".jpg", pnginfo_section_name)
        except Exception as e:
            errors.display(e, "saving the smaller JPG")

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


def image_data(data):
    """For a dropped file: the parameters in a picture, or the text itself."""
    import gradio as gr

    try:
        return read_info_from_image(read(io.BytesIO(data)))[0], None
    except Exception:
        logging.debug("not a picture")
    try:
        text = data.decode("utf8")
    except UnicodeDecodeError:
        return gr.update(), None
    return (text if len(text) < 10000 else gr.update()), None


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
