"""Where a mask lies in a picture, and a first filling for what it hides.

Mirrors `modules/masking.py`.
"""

from PIL import Image, ImageFilter, ImageOps


def _as_image(mask):
    return mask if isinstance(mask, Image.Image) else Image.fromarray(mask)


def get_crop_region_v2(mask, pad=0):
    """The box around everything masked, widened by `pad` within the picture; None for an empty mask."""
    mask = _as_image(mask)
    box = mask.getbbox()
    if box is None or not pad:
        return box
    x1, y1, x2, y2 = box
    return max(x1 - pad, 0), max(y1 - pad, 0), min(x2 + pad, mask.width), min(y2 + pad, mask.height)


def _widen(start, end, wanted, limit):
    """An interval widened to a length around its middle, moved to lie within 0 … limit, cut if it can't."""
    missing = int(wanted - (end - start))
    start, end = start - missing // 2, end + missing - missing // 2
    if end >= limit:
        start, end = start - (end - limit), limit
    if start < 0:
        start, end = 0, end - start
    return start, min(end, limit)


def expand_crop_region(crop_region, processing_width, processing_height, image_width, image_height):
    """The box, made higher or wider until it has the proportions of the size it is worked on in."""
    x1, y1, x2, y2 = crop_region
    wanted = processing_width / processing_height
    if (x2 - x1) / (y2 - y1) > wanted:
        y1, y2 = _widen(y1, y2, (x2 - x1) / wanted, image_height)
    else:
        x1, x2 = _widen(x1, x2, (y2 - y1) * wanted, image_width)
    return x1, y1, x2, y2


def fill(image, mask):
    """The masked part filled with the colours around it, by blurring what is left less and less."""
    rest = Image.new("RGBa", image.size)
    rest.paste(image.convert("RGBA").convert("RGBa"), mask=ImageOps.invert(mask.convert("L")))
    filled = Image.new("RGBA", image.size)
    for radius, times in ((256, 1), (64, 1), (16, 2), (4, 4), (2, 2), (0, 1)):
        layer = rest.filter(ImageFilter.GaussianBlur(radius)).convert("RGBA")
        for _ in range(times):
            filled.alpha_composite(layer)
    return filled.convert("RGB")
