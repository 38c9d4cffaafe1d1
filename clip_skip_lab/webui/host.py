"""AUTOMATIC1111's WebUI (seen on v1.10.1): the adapter between a sweep and `modules`."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import torch
from modules import devices, processing, prompt_parser, script_callbacks, sd_hijack, sd_models, sd_vae, shared

from ..hosts import OPTION_KEY, ClipSkipSetting, Forecast
from ..language import language_of
from ..layers.facts import Model
from ..layers.selection import nearest_whole
from ..sweep.axes import Axis
from ..sweep.grid import GRID_PIXELS, Limits
from ..sweep.layer_request import LayerRequest, Value
from ..sweep.plan import Cell, SweepPlan
from ..sweep.saving import save_as_png
from ..sweep.session import Picture, Sampled
from .batches import conditioning_for, same_posterior, seed_global_generator, why_one_by_one, widen
from .checks import check_clip_skips, check_request
from .encoders import encoders_of
from .free_memory import cells_that_fit, is_out_of_memory
from .grid_infotext import forget_setting, grid_infotext
from .held_draws import Draws, Layout, UnevenBatch, holding, keys_of
from .host_axes import host_axes, xyz_module
from .layer_hooks import REMARKS, Chosen, EncodedAlone, choosing, watch_generations
from .layer_request import (
    effect_in_doubt,
    layer_request_of,
    loaded_model,
    no_effect,
    read_fraction,
    restore_panel,
)
from .model import loaded_model as described_model
from .one_pass import OnePass
from .options import borrowed, kept, lendable
from .own_axes import register_axes
from .pictures import finished_pictures, sort_out, tapped, watch
from .request import applied, cell_size, jobs, name_checkpoint, restore_setting, setting_of, steps
from .saving import format_of, note_other_folder, pattern_of_names, save_grid, save_picture, style_of
from .script_arguments import register_padding
from .steady import CHECKPOINT, VAE, ModelChanged, check_model, deciding_options, load_model, mend_model, moved

log = logging.getLogger("clip_skip_lab")

FORMAT_SIDES = {"jpg": 65_535, "jpeg": 65_535, "webp": 16_383, "avif": 65_535}
"""The longest side in pixels that a format can hold (the first three: modules/images.py, `save_image`)."""


class A1111:
    """The WebUI that this process is."""

    def __init__(self) -> None:
        lendable(shared.opts)
        self._sweeping = False
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
        version = str(processing.program_version() or "unknown")
        about = {"name": "AUTOMATIC1111", "version": version}
        return {**about, "torch": str(torch.__version__), "device": str(devices.device)}

    def axes(self, request: Any) -> list[Axis]:
        """See `Host.axes`."""
        return host_axes(request)

    def highest_clip_skip(self) -> int:
        """The number of layers where clip skip decides one; without a model or an effect, the end of the slider.

        13 of 12 layers would give the raw embeddings and 14 an IndexError; neither is a layer.
        """
        encoders = encoders_of(loaded_model())
        if encoders:
            return min(encoder.layers for encoder in encoders)
        return self.clip_skip().highest

    def model(self) -> Model | None:
        """See `Host.model`."""
        return described_model()

    def clip_skip(self) -> ClipSkipSetting:
        """See `Host.clip_skip`."""
        arguments = shared.opts.data_labels[OPTION_KEY].component_args
        if callable(arguments):
            arguments = arguments()
        value = getattr(shared.opts, OPTION_KEY)  # in the thread of a page: not what a sweep has borrowed
        highest, other_job = int(arguments["maximum"]), bool(shared.state.job) and not self._sweeping
        return ClipSkipSetting(value, highest, temporary=other_job, sweeping=self._sweeping)

    def register(self) -> None:
        """See `Host.register`."""
        register_padding()
        register_axes(xyz_module)
        watch_generations()
        script_callbacks.on_infotext_pasted(read_fraction)
        script_callbacks.on_infotext_pasted(forget_setting)

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
        load_model(request)

    def grid_folder(self, is_img2img: bool) -> str:
        """See `Host.grid_folder` (modules/txt2img.py, modules/img2img.py)."""
        opts = shared.opts
        return opts.outdir_grids or (opts.outdir_img2img_grids if is_img2img else opts.outdir_txt2img_grids)

    def forecast(self, request: Any, plan: SweepPlan) -> Forecast:
        """See `Host.forecast`."""
        check_request(request)
        sizes, total = [], 0
        for _, group in groupby(plan.cells(), key=lambda cell: (cell.y, cell.z)):
            cells = list(group)
            trial, written = applied(request, plan, cells[0])
            check_clip_skips(request, trial, plan, cells)
            with borrowed(shared.opts.data, {**written, **trial.override_settings}):
                total += steps(trial) * trial.n_iter * len(cells)
                sizes.append(cell_size(trial))
        return Forecast(request.n_iter * request.batch_size, tuple(sizes), total)

    @contextmanager
    def session(self, request: Any, plan: SweepPlan) -> Iterator[A1111Session]:
        """See `Host.session`."""
        shape = self.forecast(request, plan)
        processing.fix_seed(request)
        shared.state.processing_has_refined_job_count = True  # or the first cell with hires fix would double the count
        self._sweeping = True
        try:
            # The host applies these only while it generates; names, formats and limits of files are asked for later.
            ours = (OPTION_KEY, CHECKPOINT, VAE)
            overrides = {key: value for key, value in request.override_settings.items() if key not in ours}
            with borrowed(shared.opts.data, overrides):
                yield A1111Session(request, plan, shape)
        finally:
            self._sweeping = False
            shared.state.textinfo = None
            if any(axis.axis.cost > 0 for _, axis in plan.further_axes()) or request.override_settings:
                # The host goes back to the user's checkpoint and VAE only when the next generation starts.
                sd_models.reload_model_weights()
                sd_vae.reload_vae_weights()


class A1111Session:
    """See `Session`."""

    def __init__(self, request: Any, plan: SweepPlan, shape: Forecast):
        self.request = request
        self.plan = plan
        self.grid_folder = request.outpath_grids
        self.notes: list[str] = []
        self.comments: dict[str, int] = {}
        self.steady = deciding_options()
        self.one_pass = OnePass()
        self.batch_size = self._batch_size(shape)
        self._steps = shape.steps
        self._jobs = jobs(request)
        self._draws = Draws()
        self._first_done: Any = None
        """The copy of the request that the first finished cell used: the host wrote into it what an infotext needs."""
        self._interrupted = False
        """Whether the sweep had been interrupted when measuring began."""
        self._sampling: tuple[Any, int] | None = None
        """The copy of the request that is being sampled now, and how many pictures of a cell are in its batches."""
        opts = shared.opts
        self.style = style_of(self.notes)
        self._formats = {key: format_of(key, self.notes) for key in ("samples_format", "grid_format")}
        self._names = pattern_of_names(self.notes)
        note_other_folder(request, self.notes)
        pixels = min(GRID_PIXELS, int(opts.img_max_size_mp * 1_000_000))
        self.limits = Limits(pixels, FORMAT_SIDES.get(self._formats["grid_format"], 0))
        self.no_effect = no_effect(request, plan)
        if self.no_effect:
            self.notes.append(self.no_effect["en"])
        self.notes += effect_in_doubt()
        model = shared.sd_model
        self.model = {
            "name": model.sd_checkpoint_info.name_for_extra,
            "hash": model.sd_model_hash or "",
            "vae": sd_vae.get_loaded_vae_name() or "",
        }
        self.setting = setting_of(request, plan, self.steady)

    @property
    def text_encoder_forwards(self) -> int:
        """See `Session`."""
        return self.one_pass.forwards

    def stopped(self) -> str | None:
        """See `Session.stopped`."""
        state = shared.state
        return "interrupted" if state.interrupted or state.stopping_generation else None

    def starting(self, number: int, count: int, cells: list[Cell]) -> None:
        """See `Session.starting`."""
        state = shared.state
        state.textinfo = f"Clip skip sweep: {where(cells)} of {self.plan.size}"
        state.job = f"{number + 1} out of {count}"
        # Counted here and not left to the host: a batch that fails does not advance the host's own count.
        state.job_count = count * self._jobs
        state.job_no = number * self._jobs
        state.sampling_step = 0
        shared.total_tqdm.updateTotal(self._steps * count // self.plan.size)

    def measuring(self, done: int, count: int) -> bool:
        """See `Session.measuring`. Interrupt and Skip end it; after an interrupted sweep, Skip alone can tell."""
        state = shared.state
        if done == 0:
            self._interrupted = self.stopped() is not None
            state.skipped = False
        state.textinfo = f"Clip skip sweep: measuring cell {done + 1} of {count}"
        return not state.skipped and (self._interrupted or self.stopped() is None)

    def sample(self, cells: list[Cell], keep: Callable[[Picture], None]) -> Sampled:
        """See `Session.sample`."""
        requests = self._requests(cells)
        keys = [keys_of(self.request, one, cell) for cell, (one, _) in zip(cells, requests, strict=True)]
        copied, written = requests[0]
        copied.do_not_save_samples = copied.do_not_save_grid = True
        copied.override_settings_restore_afterwards = True
        copied.override_settings.pop(OPTION_KEY, None)
        expected = copied.n_iter * copied.batch_size
        # The host writes "Clip skip" only above 1 and reads a missing one as 1: wrong where the user's own is not 1.
        # It can read nothing but a whole number there.
        whole = [cell.clip_skip if isinstance(cell.clip_skip, int) else None for cell in cells]
        copied.extra_generation_params["Clip skip"] = whole[0]
        seed_global_generator(copied)
        per_cell = copied.batch_size
        asked = [
            (cell.clip_skip, layer_request_of(one, self.plan, cell.clip_skip))
            for cell, (one, _) in zip(cells, requests, strict=True)
            for _ in range(per_cell)
        ]
        if len(cells) > 1:
            widen(copied, [one for one, _ in requests])
            said = [number for number in whole for _ in range(per_cell)]
            copied.extra_generation_params["Clip skip"] = said * copied.n_iter
        chosen = Chosen([finer for _, finer in asked], copied.n_iter, mixed=len(set(asked)) > 1)
        seen = watch(copied, cells, per_cell)
        self._sampling = (copied, per_cell)

        def as_picture(row: int) -> AbstractContextManager:
            return self._as_asked(chosen, asked[row if len(cells) > 1 else 0])

        opts = shared.opts.data
        temporary = {
            **self.steady,
            **written,
            OPTION_KEY: nearest_whole(cells[0].clip_skip),
            "return_mask": False,
            "return_mask_composite": False,
        }
        with ExitStack() as stack:
            stack.callback(self._release, copied)
            stack.enter_context(kept(opts, list(copied.override_settings)))
            stack.enter_context(borrowed(opts, temporary))
            stack.enter_context(choosing(copied, chosen))
            self._hook_conditioning(copied, asked, chosen)
            if len(cells) > 1:
                stack.enter_context(same_posterior(copied, per_cell))
            stack.enter_context(tapped(copied, seen, as_picture))
            used = stack.enter_context(holding(copied, Layout(cells, keys, per_cell), self._draws))
            try:
                processed = processing.process_images(copied)
            except UnevenBatch as error:  # before anything was sampled
                self._one_by_one(str(error))
                raise
            except Exception:
                # Those of the batches before the one that failed.
                for picture in seen.finished.values() if len(cells) == 1 else []:
                    if picture is not None:
                        keep(picture)
                mend_model()
                raise
            if chosen.encoded_alone:
                error = EncodedAlone("a script encodes texts by itself, and cells at once have no one clip skip for it")
                self._one_by_one(str(error))
                raise error
            self.comments.update(dict.fromkeys(copied.comments))
            for sentence in [*moved(temporary, where(cells)), *getattr(copied, REMARKS, [])]:
                self._note(sentence)
            pictures = finished_pictures(copied, processed, seen)
            if pictures and self._first_done is None:
                self._first_done = copied
            for picture in pictures:
                keep(picture)
        if self.one_pass.doubt:
            self._note(self.one_pass.doubt)
        sampled = sort_out(seen, pictures, copied, expected)
        for number, (cell, one) in enumerate(zip(cells, keys, strict=True)):
            sampled.draws[cell.index], sampled.used[cell.index] = self._draws.give(one), used.of(number)
        self._note_scripts(copied, sampled, expected)
        return sampled

    def hold(self, cell: Cell, draw: list) -> None:
        """See `Session.hold`."""
        ((applied_to, _),) = self._requests([cell])
        self._draws.take(keys_of(self.request, applied_to, cell), draw)

    def save_picture(self, picture: Picture, folder: Path) -> Path:
        """See `Session.save_picture`."""
        return save_picture(picture, folder, *self._sampling, self._formats["samples_format"], self._names)

    def save_grid(self, image: Any, folder: Path, name: str, infotext: str) -> Path:
        """See `Session.save_grid`."""
        return save_grid(image, folder, name, infotext, self.request, self._formats["grid_format"])

    def save_plainly(self, image: Any, path: Path, infotext: str) -> None:
        """See `Session.save_plainly`."""
        save_as_png(image, path, infotext if shared.opts.enable_pnginfo else None)

    def grid_infotext(self) -> str:
        """See `Session.grid_infotext`."""
        return grid_infotext(self.request, self.plan, self._first_done or self.request, self.model, self.steady)

    def is_out_of_memory(self, error: Exception) -> bool:
        """See `Session.is_out_of_memory`."""
        if not is_out_of_memory(error):
            return False
        traceback.clear_frames(error.__traceback__)  # they hold the tensors of the batch
        devices.torch_gc()
        return True

    def explain(self, error: Exception) -> str:
        """See `Session.explain`."""
        if is_out_of_memory(error):
            return "There was not enough memory."
        if isinstance(error, ModelChanged):
            return str(error)
        if isinstance(error, devices.NansException):
            return f"The model gave only NaN, no picture. {str(error).splitlines()[0]}"
        return f"{type(error).__name__}: {error}".strip(": ")

    def _batch_size(self, shape: Forecast) -> int:
        if self.plan.mode == "exact":
            return 1
        rows = {(cell.y, cell.z): cell for cell in self.plan.cells()}
        why = why_one_by_one(self.request, [applied(self.request, self.plan, cell)[0] for cell in rows.values()])
        if why is not None:
            self._one_by_one(why)
            return 1
        if self.plan.cells_per_batch != "auto":
            return self.plan.cells_per_batch
        pixels = max(width * height for width, height in shape.sizes) // self.request.n_iter
        return cells_that_fit(pixels, devices.device)

    def _note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)

    def _one_by_one(self, why: str) -> None:
        self.batch_size = 1
        self._note(f"The cells ran one by one: {why}.")

    def _note_scripts(self, copied: Any, sampled: Sampled, expected: int) -> None:
        """Notes what other extensions did that a user should know of."""
        self._jobs = max(self._jobs, jobs(copied))
        for title in self._draws.drawn_anew:
            self._note(
                f"{title} draws anew for each generation. What it drew first was used for all cells that differ only "
                "in clip skip; rows whose axis changes the prompt or the seed have a draw of their own."
            )
        got = len(sampled.pictures)
        if len(sampled.used) == 1 and got and got != expected and not (sampled.missing or sampled.failed):
            self._note(f"Another extension changed the number of pictures: {got} of a cell, not {expected} as asked.")

    def _release(self, copied: Any) -> None:
        """Breaks the circles that a request is part of after sampling; with them it would stay in memory, and tensors
        with it, until Python looks for circles."""
        for hook in ("sample", "get_conds_with_caching"):
            vars(copied).pop(hook, None)
        sampler = copied.sampler
        for holder in (sampler, getattr(sampler, "model_wrap_cfg", None)):  # each holds the other, too
            if getattr(holder, "p", None) is copied:
                holder.p = None
        self._sampling = None

    def _requests(self, cells: list[Cell]) -> list[tuple[Any, dict[str, Any]]]:
        """For each cell what `applied` gives; cells with the same values of the further axes share one."""
        found: dict[tuple[int, int], tuple[Any, dict[str, Any]]] = {}
        for cell in cells:
            if (cell.y, cell.z) not in found:
                found[cell.y, cell.z] = applied(self.request, self.plan, cell)
        return [found[cell.y, cell.z] for cell in cells]

    def _hook_conditioning(self, copied: Any, asked: list[tuple[Value, LayerRequest]], chosen: Chosen) -> None:
        @contextmanager
        def as_asked(one: tuple[Value, LayerRequest]) -> Iterator[None]:
            check_model(copied, self.steady)
            with self._as_asked(chosen, one):
                yield

        def remembered() -> AbstractContextManager:
            return self.one_pass.installed(shared.sd_model, sd_hijack.model_hijack, prompt_parser)

        conditioning_for(copied, asked, as_asked, remembered)

    @contextmanager
    def _as_asked(self, chosen: Chosen, one: tuple[Value, LayerRequest]) -> Iterator[None]:
        """What is encoded in the block is for pictures of this clip skip."""
        skip, finer = one
        # The host's own code, and other extensions', know whole numbers only.
        with borrowed(shared.opts.data, {OPTION_KEY: nearest_whole(skip)}), chosen.being(finer):
            yield


def where(cells: list[Cell]) -> str:
    """Which cells these are, counted from 1."""
    first, last = cells[0].index + 1, cells[-1].index + 1
    if len(cells) == 1:
        return f"cell {first}"
    return f"cells {first} to {last}" if last - first + 1 == len(cells) else f"{len(cells)} cells from {first} on"
