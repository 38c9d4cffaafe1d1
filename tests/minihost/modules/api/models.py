"""Shapes of requests and answers; mirrors modules/api/models.py.

The two generation requests are made from the signatures of the processing classes, the options' and flags' answers
from the settings and arguments known at the first import.
"""

import inspect
from typing import Any, Optional

from modules.processing import StableDiffusionProcessingImg2Img, StableDiffusionProcessingTxt2Img
from modules.shared import opts, parser
from pydantic import BaseModel, Field, create_model

API_NOT_ALLOWED = [
    "self",
    "kwargs",
    "sd_model",
    "outpath_samples",
    "outpath_grids",
    "sampler_index",
    "extra_generation_params",
    "overlay_images",
    "do_not_reload_embeddings",
    "seed_enable_extras",
    "prompt_for_display",
    "sampler_noise_scheduler_override",
    "ddim_discretize",
]

_COMMON = {
    "sampler_index": (str, "Euler"),
    "script_name": (str, None),
    "script_args": (list, []),
    "send_images": (bool, True),
    "save_images": (bool, False),
    "alwayson_scripts": (dict, {}),
    "force_task_id": (str, None),
    "infotext": (str, None),
}


def _request(name, processing_class, extra):
    """A model with all constructor arguments as optional fields, and the API's own."""
    parameters = {}
    for cls in inspect.getmro(processing_class):
        if cls is not object:
            parameters.update(inspect.signature(cls.__init__).parameters)
    fields = {}
    for key, parameter in parameters.items():
        if key in API_NOT_ALLOWED or key.startswith("_"):
            continue
        kind = Any if parameter.annotation is inspect.Parameter.empty else parameter.annotation
        default = None if isinstance(parameter.default, property) else parameter.default
        # Not `kind | None`: an annotation may be a text.
        fields[key] = (Optional[kind], Field(default=default))  # noqa: UP045
    for key, (kind, default) in {**_COMMON, **extra}.items():
        fields[key] = (Optional[kind], Field(default=default, exclude=key == "include_init_images"))  # noqa: UP045
    return create_model(name, **fields)


StableDiffusionTxt2ImgProcessingAPI = _request("StableDiffusionProcessingTxt2Img", StableDiffusionProcessingTxt2Img, {})

StableDiffusionImg2ImgProcessingAPI = _request(
    "StableDiffusionProcessingImg2Img",
    StableDiffusionProcessingImg2Img,
    {
        "init_images": (list, None),
        "denoising_strength": (float, 0.75),
        "mask": (str, None),
        "include_init_images": (bool, False),
    },
)


class TextToImageResponse(BaseModel):
    images: list[str] = None
    parameters: dict
    info: str


class ImageToImageResponse(BaseModel):
    images: list[str] = None
    parameters: dict
    info: str


class PNGInfoRequest(BaseModel):
    image: str = Field(title="Picture in base64")


class PNGInfoResponse(BaseModel):
    info: str
    items: dict
    parameters: dict


class ProgressRequest(BaseModel):
    skip_current_image: bool = Field(default=False, title="Leave the preview out")


class ProgressResponse(BaseModel):
    progress: float
    eta_relative: float
    state: dict
    current_image: str = None
    textinfo: str = None


def _options_model():
    fields = {}
    for key, info in opts.data_labels.items():
        # Numbers are declared as float, so that GET shows 1.0 where 1 is set.
        kind = opts.typemap.get(type(info.default), type(info.default)) if info.default else Any
        fields[key] = (Optional[kind], Field(default=info.default, description=info.label))  # noqa: UP045
    return create_model("Options", **fields)


def _flags_model():
    fields = {}
    for action in parser._actions:
        if action.dest != "help":
            kind = str if action.default is None else type(action.default)
            fields[action.dest] = (kind, Field(default=action.default, description=action.help))
    return create_model("Flags", **fields)


OptionsModel = _options_model()
FlagsModel = _flags_model()


class SDModelItem(BaseModel):
    title: str
    model_name: str
    hash: str | None
    sha256: str | None
    filename: str
    config: str | None


class SamplerItem(BaseModel):
    name: str
    aliases: list[str]
    options: dict[str, str]


class SchedulerItem(BaseModel):
    name: str
    label: str
    aliases: list[str] | None
    default_rho: float | None
    need_inner_model: bool | None


class SDVaeItem(BaseModel):
    model_name: str
    filename: str


class PromptStyleItem(BaseModel):
    name: str
    prompt: str | None
    negative_prompt: str | None


class ScriptsList(BaseModel):
    txt2img: list = None
    img2img: list = None


class ScriptArg(BaseModel):
    label: str = None
    value: Any | None = None
    minimum: Any | None = None
    maximum: Any | None = None
    step: Any | None = None
    choices: list[str] | None = None


class ScriptInfo(BaseModel):
    name: str = None
    is_alwayson: bool = None
    is_img2img: bool = None
    args: list[ScriptArg]
