"""AUTOMATIC1111's WebUI (seen on v1.10.1): the adapter between a sweep and `modules`."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from copy import copy
from pathlib import Path
from typing import Any

import torch
from modules import devices, images, processing, sd_models, sd_vae, shared

from ..layers.selection import nearest_whole
from ..sweep.axes import Axis
from ..sweep.errors import InvalidInput
from ..sweep.finer import CLIP_SKIP as VALUE
from ..sweep.finer import INFOTEXT, Finer, read_finer
from ..sweep.grid import GRID_PIXELS, Limits, Style, sheet_size
from ..sweep.plan import VALUE_FIELDS, Cell, SweepPlan
from . import Picture, Sampled, Shape
from .a1111_axes import apply_axis, host_axes, xyz_module
from .a1111_encoders import encoders_of
from .a1111_finer import asked_by_axes, asked_in_panel, choosing, infotext_of, loaded_model
from .a1111_own_axes import register_axes
from .options import borrowed, captured, kept

log = logging.getLogger("clip_skip_lab")

CLIP_SKIP = "CLIP_stop_at_last_layers"
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
        """The number of layers of the loaded text encoder; before a model is loaded, the end of the host's slider.

        13 of 12 layers would give the raw embeddings and 14 an IndexError; neither is a layer.
        """
        encoders = encoders_of(loaded_model())
        if encoders:
            return min(encoder.layers for encoder in encoders)
        return int(shared.opts.data_labels[CLIP_SKIP].component_args["maximum"])

    def register(self) -> None:
        """See `Host.register`."""
        register_axes(xyz_module)

    def preview(self, is_img2img: bool, fields: dict[str, Any]) -> Any:
        """See `Host.preview`."""
        kind = (
            processing.StableDiffusionProcessingImg2Img if is_img2img else processing.StableDiffusionProcessingTxt2Img
        )
        return kind(sd_model=None, outpath_grids="", outpath_samples="", **fields)

    def measure(self, request: Any, plan: SweepPlan) -> Shape:
        """See `Host.measure`."""
        blocks, rows, columns = plan.shape
        sizes, steps = [], 0
        for z in range(blocks):
            for y in range(rows):
                trial, written = _applied(request, plan, Cell(0, plan.clip_skip[0], y, z))
                with borrowed(shared.opts.data, {**written, **trial.override_settings}):
                    sizes.append(_final_size(trial))
                    steps += _steps(trial) * trial.n_iter * columns
        return Shape(request.n_iter * request.batch_size, tuple(sizes), steps)

    @contextmanager
    def session(self, request: Any, plan: SweepPlan) -> Iterator[A1111Session]:
        """See `Host.session`."""
        finer_of(request, plan)
        shape = self.measure(request, plan)
        processing.fix_seed(request)
        shared.state.processing_has_refined_job_count = True  # or the first cell with hires fix would double the count
        shared.state.job_count = plan.size * _jobs(request)
        shared.total_tqdm.updateTotal(shape.steps)
        try:
            with kept(shared.opts.data, [CLIP_SKIP, "sd_model_checkpoint", "sd_vae"]):
                yield A1111Session(request, plan)
        finally:
            shared.state.textinfo = None
            if any(axis.axis.cost > 0 for _, axis in plan.further_axes()) or request.override_settings:
                # The host goes back to the user's checkpoint and VAE only when the next generation starts.
                sd_models.reload_model_weights()
                sd_vae.reload_vae_weights()


class A1111Session:
    """See `Session`."""

    def __init__(self, request: Any, plan: SweepPlan):
        self.request = request
        self.plan = plan
        self.grid_folder = request.outpath_grids
        self.comments: dict[str, int] = {}
        self._jobs_per_cell = _jobs(request)
        self._first_done: Any = None
        """The copy of the request that the first finished cell used: the host wrote into it what an infotext needs."""
        self._sampling: Any = None
        """The copy of the request that is being sampled now."""
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
        self.setting = _setting(request)

    def stopped(self) -> str | None:
        """See `Session.stopped`."""
        state = shared.state
        return "interrupted" if state.interrupted or state.stopping_generation else None

    def starting(self, number: int, cell: Cell) -> None:
        """See `Session.starting`."""
        state = shared.state
        state.job = f"{number + 1} out of {self.plan.size}"
        state.textinfo = f"Clip skip {cell.clip_skip}, cell {number + 1} of {self.plan.size}"
        # Counted here and not left to the host: a cell that fails does not advance the host's own count.
        state.job_no = number * self._jobs_per_cell
        state.sampling_step = 0

    def sample(self, cell: Cell, keep: Callable[[Picture], None]) -> Sampled:
        """See `Session.sample`."""
        copied, written = _applied(self.request, self.plan, cell)
        copied.do_not_save_samples = copied.do_not_save_grid = True
        copied.override_settings_restore_afterwards = True
        copied.override_settings.pop(CLIP_SKIP, None)
        # The host writes "Clip skip" only above 1, and reads a missing one as 1: right until somebody's default
        # differs. It can read nothing but a whole number there.
        whole = isinstance(cell.clip_skip, int)
        copied.extra_generation_params["Clip skip"] = cell.clip_skip if whole else None
        finer = finer_of(copied, self.plan, cell)
        stops = _watched(copied)
        self._sampling = copied
        opts = shared.opts.data
        near = nearest_whole(cell.clip_skip)  # the host's own code, and other extensions', know nothing else
        temporary = {**written, CLIP_SKIP: near, "return_mask": False, "return_mask_composite": False}
        with ExitStack() as stack:
            stack.enter_context(kept(opts, list(copied.override_settings)))
            stack.enter_context(borrowed(opts, temporary))
            _seed_global_generator(copied)
            stack.enter_context(choosing(copied, finer))
            finished = stack.enter_context(_tapped(copied, stops))
            try:
                processed = processing.process_images(copied)
            except Exception:
                for picture in finished:  # of the batches before the one that failed
                    keep(picture)
                raise
            self.comments.update(dict.fromkeys(copied.comments))
            sampled = _finished(copied, processed, stops)
            if sampled.pictures and self._first_done is None:
                self._first_done = copied
            for picture in sampled.pictures:
                keep(picture)
        return sampled

    def save_picture(self, picture: Picture, folder: Path) -> Path:
        """See `Session.save_picture`."""
        named = copy(self._sampling)
        named.iteration, named.batch_index = divmod(picture.place, named.batch_size)
        # Without its number a name may be the seed alone, the same for every cell, and the host replaces silently.
        with borrowed(shared.opts.data, {"save_images_add_number": True, "export_for_4chan": False}):
            path, _ = images.save_image(
                picture.image,
                str(folder),
                "",
                picture.seed,
                picture.prompt,
                shared.opts.samples_format,
                info=picture.infotext,
                p=named,
                save_to_dirs=False,
            )
        return Path(path)

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
        base = _copied(self._first_done or self.request)
        trial, _ = _applied(self.request, self.plan, self.plan.cells()[0])
        changed = [name for name, value in vars(trial).items() if vars(self.request).get(name) != value]
        for name in changed:
            setattr(base, name, vars(self.request).get(name))
        if base.all_prompts is None or {"prompt", "negative_prompt", "styles"} & set(changed):
            base.setup_prompts()
        if base.all_seeds is None or "seed" in changed or "subseed" in changed:
            base.all_seeds, base.all_subseeds = _as_list(self.request.seed), _as_list(self.request.subseed)
        base.sd_model_name, base.sd_model_hash = self.model["name"], self.model["hash"] or None
        cells_own = INFOTEXT.values()
        with borrowed(shared.opts.data, {**self.request.override_settings}):
            setting = shared.opts.data.get(CLIP_SKIP, 1)
            base.extra_generation_params = {
                **{key: value for key, value in base.extra_generation_params.items() if key not in cells_own},
                **infotext_of(finer_of(self.request, self.plan), shared.sd_model, setting),
                "Clip skip": setting,
                "Script": SCRIPT_TITLE,
                **panel_infotext(self.plan),
            }
            return processing.create_infotext(base, base.all_prompts, base.all_seeds, base.all_subseeds)

    def explain(self, error: Exception) -> str:
        """See `Session.explain`."""
        if isinstance(error, torch.cuda.OutOfMemoryError) or "out of memory" in str(error).lower():
            devices.torch_gc()
            return "The GPU ran out of memory."
        if isinstance(error, devices.NansException):
            return f"The model gave no picture, only NaN. {str(error).splitlines()[0]}"
        return f"{type(error).__name__}: {error}".strip(": ")


def panel_infotext(plan: SweepPlan) -> dict[str, str]:
    """The panel as infotext keys; the panel's `infotext_fields` read the same names."""
    keys = {"clip_skip_lab_values": plan.clip_skip_source}
    for letter, axis in plan.further_axes():
        keys[f"clip_skip_lab_{letter}_axis"] = axis.axis.label
        keys[f"clip_skip_lab_{letter}_values"] = axis.source
    return keys


def finer_of(request: Any, plan: SweepPlan, cell: Cell | None = None) -> Finer:
    """What is asked of clip skip in a cell: by the panel "Clip skip lab", over it the plan, over it axes, over all the
    cell's own value, where the host can't do it. Without a cell: what is common to all cells.

    Raises `InvalidInput`.
    """
    asked = {**asked_in_panel(request), **plan.finer.to_json(), **asked_by_axes(request)}
    asked.pop(VALUE, None)
    if cell is not None and not isinstance(cell.clip_skip, int):
        asked[VALUE] = cell.clip_skip
    return read_finer(asked)


def _applied(request: Any, plan: SweepPlan, cell: Cell) -> tuple[Any, dict[str, Any]]:
    """A copy of the request with the cell's axis values applied, and the options that the axes wrote meanwhile."""
    copied = _copied(request)
    with captured(shared.opts.data) as written:
        for letter, axis in plan.further_axes():
            value = axis.values[getattr(cell, letter)]
            try:
                apply_axis(copied, axis, value)
            except Exception as error:  # an axis of another extension may raise anything
                problem = f"cannot be applied ({error})"
                allowed = f"values that {axis.axis.label} can take with these settings"
                raise InvalidInput(VALUE_FIELDS[letter], axis.axis.show(value), allowed, problem) from error
    return copied, written


def _copied(request: Any) -> Any:
    """A copy that can be changed without touching the request: its lists and dicts are copies too.

    The cond caches stay the host's own lists: they are meant to be shared between generations.
    """
    copied = copy(request)
    for name, value in vars(copied).items():
        if isinstance(value, list | dict | set) and not name.startswith("cached_"):
            setattr(copied, name, copy(value)) if name != "script_args_value" else None
    return copied


def _watched(copied: Any) -> list[str | None]:
    """Makes the copy note after each batch whether it was broken off; returns the list it notes that in.

    The host returns half-sampled pictures after Interrupt and Skip as if they were whole, and forgets a Skip at the
    next batch.
    """
    stops: list[str | None] = []
    original = copied.sample

    def sample(*args: Any, **kwargs: Any) -> Any:
        samples = original(*args, **kwargs)
        state = shared.state
        stops.append("interrupted" if state.interrupted else "skipped" if state.skipped else None)
        return samples

    copied.sample = sample
    return stops


@contextmanager
def _tapped(copied: Any, stops: list[str | None]) -> Iterator[list[Picture]]:
    """Yields a list to which each picture comes as the host finishes it.

    `process_images` returns pictures only when all batches of a cell went well; this is how those before an error
    are kept. It shadows, on the one runner and for this block, the hook that the host calls last for each picture.
    """
    runner, finished = copied.scripts, []
    if runner is None:
        yield finished
        return

    def tap(p: Any, pp: Any) -> None:
        type(runner).postprocess_image_after_composite(runner, p, pp)
        if p is copied and stops and stops[-1] is None:
            text = processing.create_infotext(
                p, p.prompts, p.seeds, p.subseeds, index=p.batch_index, all_negative_prompts=p.negative_prompts
            )
            place = p.iteration * p.batch_size + p.batch_index
            seed, subseed, prompt = p.seeds[p.batch_index], p.subseeds[p.batch_index], p.prompts[p.batch_index]
            finished.append(Picture(pp.image, text, int(seed), int(subseed), prompt, place))

    runner.postprocess_image_after_composite = tap
    try:
        yield finished
    finally:
        del runner.postprocess_image_after_composite


def _finished(copied: Any, processed: Any, stops: list[str | None]) -> Sampled:
    first = processed.index_of_first_image
    count = min(len(processed.images), len(processed.infotexts)) - first
    pictures = []
    for place in range(count):
        batch = min(place // copied.batch_size, len(stops) - 1)
        if stops[batch] is not None:
            continue
        pictures.append(
            Picture(
                image=processed.images[first + place],
                infotext=processed.infotexts[first + place],
                seed=int(copied.all_seeds[place]),
                subseed=int(copied.all_subseeds[place]),
                prompt=copied.all_prompts[place],
                place=place,
            )
        )
    expected = copied.n_iter * copied.batch_size
    if len(pictures) >= expected:
        return Sampled(pictures)
    why = next((stop for stop in stops if stop is not None), "interrupted")
    return Sampled(pictures, why if expected == 1 else f"{why} after {len(pictures)} of {expected} pictures")


def _seed_global_generator(copied: Any) -> None:
    """Puts torch's global generator where the host leaves it after a picture of this seed (modules/rng.py, `randn`).

    img2img draws the VAE's posterior from it (modules/sd_samplers_common.py, `images_tensor_to_samples`), so without
    this the first cell would depend on whatever was generated before, and no sweep could be repeated.
    """
    devices.manual_seed(_as_list(copied.seed)[0])


def _as_list(seed: Any) -> list[int]:
    return seed if isinstance(seed, list) else [seed]


def _jobs(request: Any) -> int:
    """How many jobs the host's progress bar counts for one cell."""
    return request.n_iter * (2 if getattr(request, "enable_hr", False) else 1)


def _steps(request: Any) -> int:
    """Sampling steps of one batch (modules/sd_samplers_common.py, `setup_img2img_steps`, for img2img)."""
    if not isinstance(request, processing.StableDiffusionProcessingImg2Img):
        second = (request.hr_second_pass_steps or request.steps) if request.enable_hr else 0
        return request.steps + second
    if shared.opts.img2img_fix_steps:
        return request.steps
    strength = 0.75 if request.denoising_strength is None else request.denoising_strength
    return int(min(strength, 0.999) * request.steps) + 1


def _final_size(request: Any) -> tuple[int, int]:
    """The size in pixels of the pictures that a request gives, hires fix included, batches side by side."""
    width, height = request.width, request.height
    if getattr(request, "enable_hr", False):
        request.calculate_target_resolution()
        width, height = request.hr_upscale_to_x, request.hr_upscale_to_y
        if request.truncate_x or request.truncate_y:
            width, height = width - request.truncate_x * 8, height - request.truncate_y * 8
    return sheet_size((width, height), request.n_iter * request.batch_size)


def _setting(request: Any) -> dict[str, object]:
    """What decides the pictures beside plan and model, as plain data, for `sweep.json` and the fingerprint."""
    plain = (str, int, float, bool, type(None))
    skipped = ("sd_model_name", "sd_model_hash", "sd_vae_name", "sd_vae_hash", "iteration", "user", "is_api")
    setting: dict[str, object] = {
        name: value
        for name, value in vars(request).items()
        if isinstance(value, plain) and name not in skipped and not name.startswith(("do_not_save", "outpath"))
    }
    setting["styles"] = list(request.styles)
    setting["clip_skip_lab"] = {key: value for key, value in asked_in_panel(request).items() if key != VALUE}
    setting["override_settings"] = {key: value for key, value in request.override_settings.items() if key != CLIP_SKIP}
    return setting


def _font_file() -> str | None:
    from modules.paths_internal import roboto_ttf_file

    return roboto_ttf_file if os.path.isfile(roboto_ttf_file) else None
