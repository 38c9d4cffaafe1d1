"""The WebUI around us, as panels and routes see it. What differs between the members of the family is its engine's."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any

import torch
from modules import devices, processing, script_callbacks, shared
from PIL import Image

from ..errors import InvalidInput
from ..hosts import CHECKPOINT, OPTION_KEY, PANEL_TITLE, VAE, ClipSkipSetting, Forecast, SentRequest
from ..language import Text, language_of
from ..layers.facts import Model
from ..layers.phases import choices_in_turn
from ..layers.selection import check_reachable
from ..lens.look import Look
from ..models.advice import Source
from ..models.measured import Measured
from ..models.memory import Memory
from ..models.presets import Presets
from ..models.speeds import Speeds
from ..probe.answer import Answer
from ..probe.folder import Infotext
from ..probe.question import Captioned, Question, Watch
from ..sweep.axes import Axis
from ..sweep.layer_request import LayerRequest
from ..sweep.plan import SweepPlan
from .as_request import as_request
from .cell_batch import cells_at_once
from .checkpoint_memory import CheckpointMemory
from .checks import check_clip_skips, check_lent_off, check_request
from .encoders import check_range
from .engine import Engine
from .failing import failed
from .files_used import files_used
from .grid_infotext import forget_setting
from .host_axes import host_axes, xyz_module
from .infotexts import infotext_of
from .layer_hooks import NOTES, is_watched, refuse, watch_generations
from .layer_request import asked_by_axes, meaning, notes_on, read_fraction, restore_panel
from .lens import look_through
from .model_files import ModelFiles, data_folder
from .options import borrowed, lendable
from .own_axes import register_axes
from .pasted import naming_layers
from .probing import trained_with
from .put_back import LENS, PROBING
from .request import (
    applied,
    cell_size,
    kind_of_work,
    name_checkpoint,
    passes_of_a_step,
    restore_setting,
    steps,
)
from .rows import rows_of
from .saving import font_file
from .script_arguments import register_padding
from .session import WebUISession


class WebUI:
    """See `Host`."""

    def __init__(self, engine: Engine) -> None:
        lendable(shared.opts)
        self.engine = engine
        self.header_list = engine.page.header_list
        self.header_controls = engine.page.header_controls
        self.prepare_page = engine.page.prepare
        self.files = ModelFiles(engine, Measured(data_folder()))
        self._sweeping = False
        self.presets, self.speeds = Presets(data_folder()), Speeds(data_folder())
        self.memory = CheckpointMemory(Memory(data_folder()), self.files, engine.page, self._is_overridden)
        self._browser = ""

    def language(self, is_api: bool = False) -> str:
        """See `Host.language`."""
        chosen = str(shared.opts.localization)
        return language_of(chosen if is_api or chosen != "None" else self._browser)

    def page_opened(self, browser: str) -> None:
        """See `Host.page_opened`."""
        self._browser = browser

    @property
    def about(self) -> dict[str, str]:
        """See `Host.about`; the version as the host writes it into pictures."""
        about = {"name": self.engine.name, "version": self.engine.version()}
        return {**about, "torch": str(torch.__version__), "device": str(devices.device)}

    def computes(self) -> dict[str, str]:
        """See `Host.computes`."""
        device = torch.device(devices.device)
        hijack = getattr(sys.modules.get("modules.sd_hijack"), "model_hijack", None)
        told = {
            "card": torch.cuda.get_device_name(device) if device.type == "cuda" else "",
            "precision": str(getattr(devices, "dtype_unet", "")),
            "attention": str(getattr(hijack, "optimization_method", None) or ""),
        }
        told |= {"format": shared.opts.samples_format, "quality": str(shared.opts.jpeg_quality)}
        return {name: value for name, value in told.items() if value}

    def files_used(self, request: Any, plan: SweepPlan) -> dict[str, str]:
        """See `Host.files_used`."""
        return files_used(request, plan)

    def axes(self, request: Any) -> list[Axis]:
        """See `Host.axes`."""
        return host_axes(request)

    def highest_clip_skip(self) -> int:
        """The number of layers where clip skip decides one; without a model or an effect, the end of the slider.

        13 of 12 layers would give the raw embeddings and 14 an IndexError; neither is a layer.
        """
        encoders = self.engine.loaded().encoders
        return min((encoder.described.layers for encoder in encoders), default=self.engine.slider_end())

    def model(self) -> Model | None:
        """See `Host.model`."""
        return self.engine.loaded().described

    def clip_skip(self) -> ClipSkipSetting:
        """See `Host.clip_skip`."""
        value = getattr(shared.opts, OPTION_KEY)  # in the thread of a page: not what a sweep has borrowed
        end, temporary = self.engine.slider_end(), self._is_overridden()
        return ClipSkipSetting(value, end, temporary=temporary, sweeping=self._sweeping)

    def _is_overridden(self) -> bool:
        """Whether a job is running that may have put options of its own in place for everybody; a sweep, a probing and
        a look through the lens do not."""
        return bool(shared.state.job) and not self._sweeping and shared.state.job not in (PROBING, LENS)

    def register(self) -> None:
        """See `Host.register`."""
        self.memory.register()
        register_padding()
        register_axes(xyz_module, self.engine)
        watch_generations(self.engine, self.language)
        script_callbacks.on_infotext_pasted(naming_layers(self.engine))  # before the others take its clip skip away
        script_callbacks.on_infotext_pasted(read_fraction)
        script_callbacks.on_infotext_pasted(forget_setting)

    def sources(self, prompt: str) -> list[Source]:
        """See `Host.sources`."""
        return self.files.sources(prompt)

    def loaded_source(self) -> Source | None:
        """See `Host.loaded_source`."""
        return self.files.loaded()

    def font(self) -> str | None:
        """See `Host.font`."""
        return font_file()

    def describe_layers(self, asked: LayerRequest) -> list[Text]:
        """See `Host.describe_layers`."""
        loaded, setting = self.engine.loaded(), self.engine.clip_skip()
        if loaded.described is None:
            return []
        check_reachable(asked, loaded.kinds)
        said = []
        for negative in (False, True) if asked.negative is not None else (False,):
            for encoder in loaded.encoders:
                choices = choices_in_turn(asked, encoder.kind, encoder.described, negative, setting)
                for choice in choices:
                    check_range(encoder, choice, negative)
                if choices:
                    said.append(meaning(choices, encoder, negative))
        return [*said, *notes_on(asked, loaded, setting)]

    def refuse_unwatched(self, request: Any) -> None:
        """See `Host.refuse_unwatched`."""
        if not is_watched():
            problem = Text("cannot be applied: another extension has taken over how the WebUI generates")
            error = InvalidInput(PANEL_TITLE, "on", Text("switching the panel off"), problem)
            refuse(request, error, self.language(request.is_api))

    def asked_by_axes(self, request: Any) -> dict[str, object]:
        """See `Host.asked_by_axes`."""
        return asked_by_axes(request)

    def failed(self, request: Any, error: Exception) -> Any:
        """See `Host.failed`."""
        return failed(self.engine, request, error, self.language(request.is_api))

    def notes(self, request: Any) -> list[str]:
        """See `Host.notes`."""
        return getattr(request, NOTES, [])

    def preview(self, is_img2img: bool, fields: dict[str, Any]) -> Any:
        """See `Host.preview`."""
        kind = (
            processing.StableDiffusionProcessingImg2Img if is_img2img else processing.StableDiffusionProcessingTxt2Img
        )
        return kind(sd_model=None, outpath_grids="", outpath_samples="", **fields)

    def restore(self, request: Any, setting: dict[str, Any]) -> None:
        """See `Host.restore`."""
        restore_setting(request, setting)
        restore_panel(request, setting.get("clip_skip_lab", {}))

    def load(self, request: Any) -> None:
        """See `Host.load`."""
        name_checkpoint(request)
        check_request(request)  # or a checkpoint that is not there would count as none asked for
        self.engine.load(request.override_settings)

    def as_request(self, request: Any) -> SentRequest:
        """See `Host.as_request`."""
        return as_request(request)

    def api_address(self) -> str | None:
        """See `Host.api_address` (webui.py, where the page is launched)."""
        address = getattr(shared.demo, "local_url", None)
        if not shared.cmd_opts.api or not address:
            return None
        return str(address).rstrip("/").replace("://0.0.0.0", "://127.0.0.1")

    def grid_folder(self, is_img2img: bool) -> str:
        """See `Host.grid_folder` (modules/txt2img.py, modules/img2img.py)."""
        opts = shared.opts
        return opts.outdir_grids or (opts.outdir_img2img_grids if is_img2img else opts.outdir_txt2img_grids)

    def output_folders(self) -> list[str]:
        """See `Host.output_folders` (modules/txt2img.py, modules/img2img.py)."""
        opts = shared.opts
        both = [opts.outdir_txt2img_samples, opts.outdir_img2img_samples]
        return [opts.outdir_samples] if opts.outdir_samples else both

    def forget_answer(self, question: Question) -> bool:
        """See `Host.forget_answer`."""
        return self.files.forget(question)

    def forecast(self, request: Any, plan: SweepPlan) -> Forecast:
        """See `Host.forecast`."""
        check_request(request)
        sizes, total = [], 0
        work: dict[str, float] = {}
        for _, row in groupby(plan.cells(), key=lambda cell: (cell.y, cell.z)):
            cells = list(row)
            trial, written = applied(self.engine, request, plan, cells[0])
            check_lent_off(self.engine, request, trial, written)
            check_clip_skips(self.engine, request, trial, plan, cells)
            with borrowed(shared.opts.data, {**written, **trial.override_settings}):
                of_row = steps(trial) * trial.n_iter * len(cells)
                kind = kind_of_work(self.engine, trial, plan)
                work[kind] = work.get(kind, 0) + of_row * trial.batch_size * passes_of_a_step(trial)
                total += of_row
                sizes.append(cell_size(trial))
        if any(axis.axis.cost > 0 for _, axis in plan.further_axes()):
            work = {}
        together = cells_at_once(plan, sizes, request.n_iter)
        pictures = request.n_iter * request.batch_size
        return Forecast(pictures, tuple(sizes), total, len(plan.batches(together)), work)

    def rows(self, request: Any, plan: SweepPlan) -> dict[tuple[int, int], Hashable]:
        """See `Host.rows`."""
        return rows_of(self.engine, request, plan)

    @contextmanager
    def session(self, request: Any, plan: SweepPlan) -> Iterator[WebUISession]:
        """See `Host.session`."""
        forecast = self.forecast(request, plan)
        processing.fix_seed(request)
        shared.state.processing_has_refined_job_count = True  # or the first cell with hires fix would double the count
        self._sweeping = True
        try:
            # The host applies these only while it generates; names, formats and limits of files are asked for later.
            ours = (OPTION_KEY, CHECKPOINT, VAE)
            overrides = {key: value for key, value in request.override_settings.items() if key not in ours}
            with borrowed(shared.opts.data, overrides), self.engine.loading_held():
                session = WebUISession(self.engine, request, plan, forecast, self.language(request.is_api))
                with session.live_preview.shown():
                    yield session
        finally:
            self._sweeping = False
            shared.state.textinfo = None
            if any(axis.axis.cost > 0 for _, axis in plan.further_axes()) or request.override_settings:
                # The host goes back to the user's checkpoint and VAE only when the next generation starts.
                self.engine.load({})

    def trained_with(
        self, question: Question, pictures: Sequence[Captioned], watch: Watch | None = None, draw: int = 0
    ) -> Answer:
        """See `Host.trained_with`."""
        answer = trained_with(self.engine, question, pictures, watch, draw, self.language())
        self.files.remember(question, answer)
        return answer

    def lens(self, look: Look) -> dict[str, Any]:
        """See `Host.lens`."""
        return look_through(self.engine, look, self.language())

    def infotext(self, picture: Image.Image) -> Infotext | None:
        """See `Host.infotext`."""
        return infotext_of(picture)

    def checkpoint(self) -> tuple[str, str] | None:
        """See `Host.checkpoint`."""
        checkpoint = self.files.checkpoint()
        return None if checkpoint is None else (checkpoint.name_for_extra, checkpoint.shorthash or "")
