"""The list of upscalers: only "None", which leaves a picture to the resizing that follows.

Mirrors `modules/upscaler.py`.
"""


class Upscaler:
    """Base class of what enlarges pictures."""

    name = None
    scalers: list


class UpscalerData:
    """What a list of upscalers shows."""

    def __init__(self, name: str, path: str, upscaler: Upscaler = None, scale: int = 4, model=None):
        self.name = name
        self.data_path = path
        self.scaler = upscaler
        self.scale = scale
        self.model = model


class UpscalerNone(Upscaler):
    name = "None"

    def __init__(self, dirname=None):
        self.scalers = [UpscalerData("None", None, self)]
