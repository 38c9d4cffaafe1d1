"""Which WebUI this is, and one file for each: what differs between the members of the family."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..hosts import OPTION_KEY, Host
from ..language import Text

if TYPE_CHECKING:
    from ..webui.engine import Engine

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
    "modules.images:save_image_with_geninfo",
    "modules.script_callbacks:image_saved_callback",
    "modules.sd_samplers:sample_to_image",
    "modules.sd_samplers:samples_to_image_grid",
)
"""What all of the package needs of a WebUI: module and name in it."""

OF_A1111 = ("modules.sd_hijack_clip:FrozenCLIPEmbedderWithCustomWords.encode_with_transformers",)
OF_FORGE = (
    "backend.text_processing.classic_engine:ClassicTextProcessingEngine.encode_with_transformers",
    "modules.sd_models:forge_model_reload",
    "modules.sd_models:select_checkpoint",
    "modules_forge.main_entry:refresh_model_loading_parameters",
    "modules_forge.main_entry:checkpoint_change",
)
OF_FORGE_CLIP = ("modules_forge.forge_clip:CLIP_SD_15_L.encode_with_transformers", *OF_A1111)


def _a1111() -> Engine:
    from .a1111 import A1111

    return A1111()


def _forge() -> Engine:
    from .forge import Forge

    return Forge()


def _reforge_or_classic() -> Engine:
    from .forge_clip import is_reforge

    if is_reforge():
        from .reforge import ReForge

        return ReForge()
    from .classic import Classic

    return Classic()


@dataclass(frozen=True)
class _Kind:
    """A kind of WebUI.

    Attributes:
        title: what to call it.
        told_by: the module that it has and the kinds after it have not.
        needs: what the package needs of it, as in `SHARED`.
        engine: makes its engine, once all of that is there.
    """

    title: str
    told_by: str
    needs: tuple[str, ...]
    engine: Callable[[], Engine]


KINDS = (
    _Kind("Forge", "backend.text_processing.classic_engine", OF_FORGE, _forge),
    _Kind("Forge", "modules_forge.forge_clip", OF_FORGE_CLIP, _reforge_or_classic),
    _Kind("AUTOMATIC1111", "modules.processing", OF_A1111, _a1111),
)
"""In the order in which they are tried."""


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
        raise NoHost(Text("it runs inside a WebUI ({family}), and none was found.", family=FAMILY))
    if _is_there("modules.shared_legacy"):
        raise NoHost(
            Text(
                "it was not loaded, because SD.Next chooses the layer in its own way. SD.Next itself can sweep "
                "clip skip with the axis “[Param] CLiP-skip” of its X/Y/Z grid, which also takes values such as "
                "1.5."
            )
        )
    kind = next(kind for kind in KINDS if _is_there(kind.told_by))
    missing = _missing([*kind.needs, *SHARED])
    if missing:
        raise NoHost(_unknown(kind, missing))
    from modules import shared

    if OPTION_KEY not in shared.opts.data_labels:
        raise NoHost(_unknown(kind, [f"the setting {OPTION_KEY}"]))
    from ..webui.host import WebUI

    return WebUI(kind.engine())


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


def _unknown(kind: _Kind, missing: list[str]) -> Text:
    return Text(
        "it was not loaded, because this WebUI ({name}, similar to {title}) lacks {missing}. It works on "
        "{family}: update the WebUI or Clip Skip Lab.",
        name=_calls_itself(),
        title=kind.title,
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
