"""AUTOMATIC1111's WebUI (seen on v1.10.1): the adapter between a sweep and `modules`."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

from modules import devices, images, processing, script_callbacks, sd_hijack, sd_models, sd_vae, shared

from ..layers.facts import Model
from ..layers.selection import nearest_whole
from ..sweep.axes import Axis
from ..sweep.finer import INFOTEXT, Value
from ..sweep.grid import GRID_PIXELS, Limits, Style
from ..sweep.plan import Cell, SweepPlan
from . import ClipSkipSetting, Picture, Sampled, Shape
from .a1111_axes import host_axes, xyz_module
from .a1111_encoders import encoders_of
from .a1111_finer import CLIP_SKIP, Chosen, choosing, finer_of, infotext_of, loaded_model, read_fraction
from .a1111_model import loaded_model as described_model
from .a1111_own_axes import register_axes
from .a1111_pictures import finished_pictures, save_picture, sort_out, tapped, watch
from .a1111_request import applied, cell_size, copy_request, jobs, restore_setting, setting_of, steps
from .batches import conditioning_for, same_posterior, seed_global_generator, why_one_by_one, widen
from .free_memory import cells_that_fit, is_out_of_memory
from .one_pass import OnePass
from .options import borrowed, kept

log = logging.getLogger("clip_skip_lab")

SCRIPT_TITLE = "Clip skip sweep"

FORMAT_SIDES = {"jpg": 65_535, "jpeg": 65_535, "webp": 16_383, "avif": 65_535}
"""The longest side in pixels that a format can hold (the first three: modules/images.py, `save_image`)."""


class A1111:
    """The WebUI that this process is."""

    name = "AUTOMATIC1111"

    @property
    def version(self) -> str:
        """The host's version, as it writes it into pictures."""
        return str(processing.program_version() or "unknown")

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
        arguments = shared.opts.data_labels[CLIP_SKIP].component_args
        if callable(arguments):
            arguments = arguments()
        value = getattr(shared.opts, CLIP_SKIP)
        return ClipSkipSetting(value, int(arguments["maximum"]), temporary=bool(shared.state.job))

    def register(self) -> None:
        """See `Host.register`."""
        register_axes(xyz_module)
        script_callbacks.on_infotext_pasted(read_fraction)

    def preview(self, is_img2img: bool, fields: dict[str, Any]) -> Any:
        """See `Host.preview`."""
        kind = (
            processing.StableDiffusionProcessingImg2Img if is_img2img else processing.StableDiffusionProcessingTxt2Img
        )
        return kind(sd_model=None, outpath_grids="", outpath_samples="", **fields)

    def restore(self, request: Any, setting: dict[str, Any]) -> None:
        """See `Host.restore`."""
        restore_setting(request, setting)

    def grid_folder(self, is_img2img: bool) -> str:
        """See `Host.grid_folder` (modules/txt2img.py, modules/img2img.py)."""
        opts = shared.opts
        return opts.outdir_grids or (opts.outdir_img2img_grids if is_img2img else opts.outdir_txt2img_grids)

    def measure(self, request: Any, plan: SweepPlan) -> Shape:
        """See `Host.measure`."""
        sizes, total = [], 0
        for _, group in groupby(plan.cells(), key=lambda cell: (cell.y, cell.z)):
            cells = list(group)
            trial, written = applied(request, plan, cells[0])
            with borrowed(shared.opts.data, {**written, **trial.override_settings}):
                total += steps(trial) * trial.n_iter * len(cells)
                sizes.append(cell_size(trial))
        return Shape(request.n_iter * request.batch_size, tuple(sizes), total)

    @contextmanager
    def session(self, request: Any, plan: SweepPlan) -> Iterator[A1111Session]:
        """See `Host.session`."""
        finer_of(request, plan)  # or every cell would fail for what is wrong in the panel
        shape = self.measure(request, plan)
        processing.fix_seed(request)
        shared.state.processing_has_refined_job_count = True  # or the first cell with hires fix would double the count
        try:
            # The host applies these only while it generates; names, formats and limits of files are asked for later.
            ours = (CLIP_SKIP, "sd_model_checkpoint", "sd_vae")
            overrides = {key: value for key, value in request.override_settings.items() if key not in ours}
            with kept(shared.opts.data, list(ours)), borrowed(shared.opts.data, overrides):
                yield A1111Session(request, plan, shape)
        finally:
            shared.state.textinfo = None
            if any(axis.axis.cost > 0 for _, axis in plan.further_axes()) or request.override_settings:
                # The host goes back to the user's checkpoint and VAE only when the next generation starts.
                sd_models.reload_model_weights()
                sd_vae.reload_vae_weights()


class A1111Session:
    """See `Session`."""

    def __init__(self, request: Any, plan: SweepPlan, shape: Shape):
        self.request = request
        self.plan = plan
        self.grid_folder = request.outpath_grids
        self.notes: list[str] = []
        self.comments: dict[str, int] = {}
        self.one_pass = OnePass()
        self.batch_size = self._batch_size(shape)
        self._steps = shape.steps
        self._first_done: Any = None
        """The copy of the request that the first finished cell used: the host wrote into it what an infotext needs."""
        self._interrupted = False
        """Whether the sweep had been interrupted when measuring began."""
        self._sampling: tuple[Any, int] | None = None
        """The copy of the request that is being sampled now, and how many pictures of a cell are in its batches."""
        opts = shared.opts
        self.style = Style(
            background=opts.grid_background_color,
            text=opts.grid_text_active_color,
            faint=opts.grid_text_inactive_color,
            font=_font_file(),
        )
        pixels = min(GRID_PIXELS, int(opts.img_max_size_mp * 1_000_000))
        self.limits = Limits(pixels, FORMAT_SIDES.get(opts.grid_format.lower(), 0))
        model = shared.sd_model
        self.model = {
            "name": model.sd_checkpoint_info.name_for_extra,
            "hash": model.sd_model_hash or "",
            "vae": sd_vae.get_loaded_vae_name() or "",
        }
        self.setting = setting_of(request, plan)

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
        first = cells[0].index + 1
        where = f"cell {first}" if len(cells) == 1 else f"cells {first} to {cells[-1].index + 1}"
        state.textinfo = f"Clip skip sweep: {where} of {self.plan.size}"
        state.job = f"{number + 1} out of {count}"
        # Counted here and not left to the host: a batch that fails does not advance the host's own count.
        state.job_count = count * jobs(self.request)
        state.job_no = number * jobs(self.request)
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
        copied, written = applied(self.request, self.plan, cells[0])
        copied.do_not_save_samples = copied.do_not_save_grid = True
        copied.override_settings_restore_afterwards = True
        copied.override_settings.pop(CLIP_SKIP, None)
        expected = copied.n_iter * copied.batch_size
        # The host writes "Clip skip" only above 1 and reads a missing one as 1: wrong where the user's own is not 1.
        # It can read nothing but a whole number there.
        whole = [cell.clip_skip if isinstance(cell.clip_skip, int) else None for cell in cells]
        copied.extra_generation_params["Clip skip"] = whole[0]
        seed_global_generator(copied)
        per_cell = copied.batch_size
        if len(cells) > 1:
            widen(copied, cells)
            said = [number for number in whole for _ in range(per_cell)]
            copied.extra_generation_params["Clip skip"] = said * copied.n_iter
        skips = [cell.clip_skip for cell in cells for _ in range(per_cell)]
        chosen = Chosen([finer_of(copied, self.plan, skip) for skip in skips], copied.n_iter)
        seen = watch(copied, cells, per_cell)
        self._sampling = (copied, per_cell)
        opts = shared.opts.data
        temporary = {
            **written,
            CLIP_SKIP: nearest_whole(skips[0]),
            "return_mask": False,
            "return_mask_composite": False,
        }
        with ExitStack() as stack:
            stack.enter_context(kept(opts, list(copied.override_settings)))
            stack.enter_context(borrowed(opts, temporary))
            stack.enter_context(choosing(copied, chosen))
            self._hook_conditioning(copied, skips, chosen)
            if len(cells) > 1:
                stack.enter_context(same_posterior(copied, per_cell))
            finished = stack.enter_context(tapped(copied, seen))
            try:
                processed = processing.process_images(copied)
            except Exception:
                for picture in finished if len(cells) == 1 else []:  # of the batches before the one that failed
                    keep(picture)
                _mend_model()
                raise
            self.comments.update(dict.fromkeys(copied.comments))
            pictures = finished_pictures(copied, processed, seen)
            if pictures and self._first_done is None:
                self._first_done = copied
            for picture in pictures:
                keep(picture)
        if self.one_pass.doubt and self.one_pass.doubt not in self.notes:
            self.notes.append(self.one_pass.doubt)
        return sort_out(seen, pictures, expected)

    def save_picture(self, picture: Picture, folder: Path) -> Path:
        """See `Session.save_picture`."""
        return save_picture(picture, folder, *self._sampling)

    def save_grid(self, image: Any, folder: Path, name: str, infotext: str) -> Path:
        """See `Session.save_grid`."""
        with borrowed(shared.opts.data, {"export_for_4chan": False}):
            path, _ = images.save_image(
                image,
                str(folder),
                "",
                extension=shared.opts.grid_format,
                info=infotext,
                grid=True,
                p=self.request,
                forced_filename=name,
                save_to_dirs=False,
            )
        return Path(path)

    def grid_infotext(self) -> str:
        """See `Session.grid_infotext`. The page's own values, not those of the first cell as in the X/Y/Z plot."""
        base = copy_request(self._first_done or self.request)
        trial, _ = applied(self.request, self.plan, self.plan.cells()[0])
        asked, tried = vars(self.request), vars(trial)
        changed = {name for name, value in tried.items() if _differs(asked.get(name), value)}
        for name in {*changed, "seed", "subseed", "batch_size"}:
            setattr(base, name, asked.get(name))
        if base.all_prompts is None or {"prompt", "negative_prompt", "styles"} & changed:
            base.setup_prompts()
        seeds, subseeds = _as_list(self.request.seed), _as_list(self.request.subseed)
        base.all_seeds, base.all_subseeds = seeds, subseeds
        base.sd_model_name, base.sd_model_hash = self.model["name"], self.model["hash"] or None
        with borrowed(shared.opts.data, {**self.request.override_settings}):
            setting = shared.opts.data.get(CLIP_SKIP, 1)
            common = base.extra_generation_params.items()
            base.extra_generation_params = {
                **{key: value for key, value in common if key not in INFOTEXT.values()},
                **infotext_of(finer_of(self.request, self.plan), shared.sd_model, setting),
                "Clip skip": setting,
                "Script": SCRIPT_TITLE,
                **panel_infotext(self.plan),
            }
            return processing.create_infotext(base, base.all_prompts, seeds, subseeds)

    def is_out_of_memory(self, error: Exception) -> bool:
        """See `Session.is_out_of_memory`."""
        if not is_out_of_memory(error):
            return False
        devices.torch_gc()
        return True

    def explain(self, error: Exception) -> str:
        """See `Session.explain`."""
        if is_out_of_memory(error):
            return "There was not enough memory."
        if isinstance(error, devices.NansException):
            return f"The model gave only NaN, no picture. {str(error).splitlines()[0]}"
        return f"{type(error).__name__}: {error}".strip(": ")

    def _batch_size(self, shape: Shape) -> int:
        if self.plan.mode == "exact":
            return 1
        why = why_one_by_one(self.request)
        if why is not None:
            self.notes.append(f"The cells ran one by one: {why}.")
            return 1
        if self.plan.cells_per_batch != "auto":
            return self.plan.cells_per_batch
        pixels = max(width * height for width, height in shape.sizes) // self.request.n_iter
        return cells_that_fit(pixels, devices.device)

    def _hook_conditioning(self, copied: Any, skips: list[Value], chosen: Chosen) -> None:
        @contextmanager
        def with_skip(skip: Value) -> Iterator[None]:
            finer = chosen.pictures[skips.index(skip)]
            # The host's own code, and other extensions', know whole numbers only.
            with borrowed(shared.opts.data, {CLIP_SKIP: nearest_whole(skip)}), chosen.being(finer):
                yield

        def remembered() -> AbstractContextManager:
            return self.one_pass.installed(shared.sd_model, sd_hijack.model_hijack)

        conditioning_for(copied, skips, with_skip, remembered)


def panel_infotext(plan: SweepPlan) -> dict[str, str]:
    """The panel as infotext keys; the panel's `infotext_fields` read the same names."""
    keys = {"clip_skip_lab_values": plan.clip_skip_source}
    for letter, axis in plan.further_axes():
        keys[f"clip_skip_lab_{letter}_axis"] = axis.axis.label
        keys[f"clip_skip_lab_{letter}_values"] = axis.source
    if plan.mode != "exact":
        keys["clip_skip_lab_mode"] = plan.mode
        keys["clip_skip_lab_cells_per_batch"] = str(plan.cells_per_batch)
    if plan.draft:
        keys["clip_skip_lab_draft"] = "True"
    if not plan.measures:
        keys["clip_skip_lab_measures"] = "False"
    return keys


def _differs(one: Any, other: Any) -> bool:
    if one is other:
        return False
    try:
        return bool(one != other)
    except Exception:  # tensors and arrays, which other extensions may hang on a request, compare to arrays
        return True


def _mend_model() -> None:
    """Takes the model back into service that the host put aside to load a checkpoint whose file cannot be read.

    `reload_model_weights` (modules/sd_models.py) removes its own wrapper from the model before it opens the file, and
    does not put it back when that fails: every later generation would fail, of this sweep and after it.
    """
    model = sd_models.model_data.sd_model
    encoder = getattr(model, "cond_stage_model", None)
    if encoder is None or hasattr(encoder, "encode_embedding_init_text"):
        return
    sd_hijack.model_hijack.hijack(model)
    model.to(devices.device)
    sd_models.model_data.set_sd_model(model)


def _as_list(seed: Any) -> list[int]:
    return seed if isinstance(seed, list) else [seed]


def _font_file() -> str | None:
    from modules.paths_internal import roboto_ttf_file

    return roboto_ttf_file if os.path.isfile(roboto_ttf_file) else None
