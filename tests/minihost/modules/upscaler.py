"""Making pictures larger without a network.

Mirrors `modules/upscaler.py`: None, Lanczos and Nearest; no models are looked for.
"""

from abc import abstractmethod

import PIL
from PIL import Image

LANCZOS = Image.Resampling.LANCZOS
NEAREST = Image.Resampling.NEAREST


class Upscaler:
    """Base class: `do_upscale` enlarges by `self.scale`, `upscale` sees that the size is right."""

    name = None
    model_path = None
    model_name = None
    model_url = None
    scalers: list

    def __init__(self, create_dirs=False):
        self.scale = 1

    @abstractmethod
    def do_upscale(self, img: PIL.Image, selected_model: str):
        return img

    def upscale(self, img: PIL.Image, scale, selected_model: str = None):
        """Enlarges, in up to three rounds, to the wanted size rounded down to a multiple of 8."""
        self.scale = scale
        wanted = tuple(int(side * scale) // 8 * 8 for side in img.size)
        for _ in range(3):
            before = img.size
            img = self.do_upscale(img, selected_model)
            if img.size == before or (img.width >= wanted[0] and img.height >= wanted[1]):
                break
        return img if img.size == wanted else img.resize(wanted, resample=LANCZOS)

    @abstractmethod
    def load_model(self, path: str):
        """Nothing to load in the upscalers here."""


class UpscalerData:
    """What a list of upscalers shows."""

    name = None
    data_path = None
    scale: int = 4
    scaler: Upscaler = None

    def __init__(self, name: str, path: str, upscaler: Upscaler = None, scale: int = 4, model=None):
        self.name = name
        self.data_path = path
        self.local_data_path = path
        self.scaler = upscaler
        self.scale = scale
        self.model = model

    def __repr__(self):
        return f"<UpscalerData name={self.name} path={self.data_path} scale={self.scale}>"


class UpscalerNone(Upscaler):
    name = "None"
    scalers = []

    def __init__(self, dirname=None):
        super().__init__(False)
        self.scalers = [UpscalerData("None", None, self)]

    def load_model(self, path):
        return None

    def do_upscale(self, img, selected_model=None):
        return img


class _Resize(Upscaler):
    """One of PIL's filters."""

    _resample = None
    scalers = []

    def __init__(self, dirname=None):
        super().__init__(False)
        self.scalers = [UpscalerData(self.name, None, self)]

    def load_model(self, _):
        return None

    def do_upscale(self, img, selected_model=None):
        return img.resize((int(img.width * self.scale), int(img.height * self.scale)), resample=self._resample)


class UpscalerLanczos(_Resize):
    name = "Lanczos"
    _resample = LANCZOS


class UpscalerNearest(_Resize):
    name = "Nearest"
    _resample = NEAREST
