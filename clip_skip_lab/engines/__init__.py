"""Which WebUI this is, and one file for each: what differs between the members of the family."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
from collections.abc import Iterable
from typing import Any

from ..hosts import OPTION_KEY, Host
from ..language import Text

log = logging.getLogger("clip_skip_lab")

FAMILY = Text("AUTOMATIC1111 (v1.6 or newer), Forge, reForge or Forge Classic")

SHARED = (
    "modules.processing:process_images_inner",
    "modules.processing:decode_latent_batch",
    "modules.processing:create_infotext",
    "modules.processing:images_tensor_to_samples",
    "modules.processing:StableDiffusionProcessing.get_conds_with_caching",
    "modules.processing:StableDiffusionProcessing.cached_params",
    "modules.prompt_parser:SdConditioning",
    "modules.prompt_parser:MulticondLearnedConditioning",
    "modules.sd_models:checkpoint_aliases",
    "modules.sd_models:model_data",
    "modules.patches:patch",
    "modules.ui_components:InputAccordion",
    "modules.scripts:scripts_data",
    "modules.images:save_image",
)
"""What all of the package needs of a WebUI: module and name in it."""

OF_A1111: tuple[str, ...] = ("modules.sd_hijack_clip:FrozenCLIPEmbedderWithCustomWords.encode_with_transformers",)
OF_FORGE = (
    "backend.text_processing.classic_engine:ClassicTextProcessingEngine.encode_with_transformers",
    "modules.sd_models:forge_model_reload",
    "modules.sd_models:select_checkpoint",
    "modules_forge.main_entry:refresh_model_loading_parameters",
    "modules_forge.main_entry:checkpoint_change",
)
OF_FORGE_CLIP = ("modules_forge.forge_clip:CLIP_SD_15_L.encode_with_transformers", *OF_A1111)


class NoHost(RuntimeError):
    """There is no WebUI on which Clip Skip Lab works; the one argument is a sentence for the log."""


def host_or_none() -> Host | None:
    """The WebUI that this process is; None, with a line in the log, where Clip Skip Lab cannot work."""
    try:
        return detect()
    except NoHost as error:
        log.error("Clip Skip Lab: %s", error)
        return None


def detect() -> Host:
    """The WebUI that this process is.

    It is told by what it has, and not by a name or a version: forks have forks. Nothing of it is imported before it
    is known to be there. Raises `NoHost`.
    """
    if not _is_there("modules.processing"):
        raise NoHost(Text("it runs inside a WebUI, {family}; there is none around it.", family=FAMILY))
    if _is_there("modules.shared_legacy"):
        raise NoHost(
            Text(
                "it was not loaded, because SD.Next chooses the layer in a way of its own. SD.Next itself can sweep "
                "clip skip: with the axis “[Param] CLiP-skip” of its X/Y/Z grid, which also takes values such as 1.5."
            )
        )
    title, needed = "AUTOMATIC1111", OF_A1111
    if _is_there("backend.text_processing.classic_engine"):
        title, needed = "Forge", OF_FORGE
    elif _is_there("modules_forge.forge_clip"):
        title, needed = "Forge", OF_FORGE_CLIP
    missing = _missing([*needed, *SHARED])
    if missing:
        raise NoHost(_unknown(title, missing))
    from modules import shared

    if OPTION_KEY not in shared.opts.data_labels:
        raise NoHost(_unknown(title, [f"the setting {OPTION_KEY}"]))
    from ..webui.host import WebUI

    return WebUI(_engine(title))


def _engine(title: str) -> Any:
    if title == "AUTOMATIC1111":
        from .a1111 import A1111

        return A1111()
    if _is_there("backend.text_processing.classic_engine"):
        from .forge import Forge

        return Forge()
    from .forge_clip import is_reforge

    if is_reforge():
        from .reforge import ReForge

        return ReForge()
    from .classic import Classic

    return Classic()


def _is_there(name: str) -> bool:
    """Whether a module can be imported; imports the packages that it lies in at most."""
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):  # the package that it would lie in isn't there
        return False


def _missing(needed: Iterable[str]) -> list[str]:
    """Which of these names the WebUI lacks."""
    missing = []
    for name in needed:
        module, _, path = name.partition(":")
        try:
            found: Any = importlib.import_module(module)
            for part in path.split("."):
                found = getattr(found, part)
        except (ImportError, AttributeError):
            missing.append(name.replace(":", "."))
    return missing


def _unknown(title: str, missing: list[str]) -> Text:
    return Text(
        "it was not loaded, because this WebUI ({name}, of the kind of {title}) lacks {missing}. It works on {family}: "
        "update the WebUI or Clip Skip Lab.",
        name=_calls_itself(),
        title=title,
        missing=", ".join(missing),
        family=FAMILY,
    )


def _calls_itself() -> str:
    """The name of the folder that a WebUI lies in, with its version: all that an unknown one tells of itself."""
    try:
        from modules import processing
        from modules.paths_internal import script_path

        return f"{os.path.basename(script_path)} {processing.program_version() or ''}".strip()
    except Exception:  # whatever one that is not known does there
        log.debug("Clip Skip Lab: the WebUI does not tell its name", exc_info=True)
        return "unknown"
