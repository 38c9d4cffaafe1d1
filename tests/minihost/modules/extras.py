"""What a picture's metadata says, for the PNG Info tab; mirrors modules/extras.py in that part."""

from modules import images
from modules.ui_common import plaintext_to_html


def run_pnginfo(image):
    if image is None:
        return "", "", ""
    geninfo, items = images.read_info_from_image(image)
    items = {"parameters": geninfo, **items}
    info = "".join(
        f"<div><p><b>{plaintext_to_html(str(key))}</b></p><p>{plaintext_to_html(str(text))}</p></div>\n"
        for key, text in items.items()
    )
    return "", geninfo, info
