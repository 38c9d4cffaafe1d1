"""X/Y/Z plot: one generation per combination of the values of up to three axes, drawn as a grid.

Offers the names of the real host's scripts/xyz_grid.py that other extensions build on: `axis_options`, the AxisOption
classes and the `apply_*`, `confirm_*`, `format_*` functions. Differs: the axes of settings that aren't here are
absent, grids have no legends and no margins, and there are no buttons to swap axes.

As on the real host: each cell is a shallow copy of `p`, so all share one `override_settings`; a failing cell is
black and the run goes on; the limit of megapixels counts whether or not the grid is saved.
"""

import logging
import random
from collections import namedtuple
from copy import copy
from itertools import permutations

import gradio as gr
import numpy as np
from modules import errors, images, processing, scripts, sd_models, sd_samplers, sd_schedulers, sd_vae, shared
from modules._xyz_axes import (  # noqa: F401
    AxisOption,
    AxisOptionImg2Img,
    AxisOptionTxt2Img,
    apply_checkpoint,
    apply_field,
    apply_order,
    apply_override,
    apply_prompt,
    apply_size,
    apply_styles,
    apply_vae,
    confirm_checkpoints,
    confirm_checkpoints_or_none,
    confirm_range,
    confirm_samplers,
    csv_string_to_list_strip,
    do_nothing,
    find_vae,
    format_nothing,
    format_remove_path,
    format_value,
    format_value_add_label,
    format_value_join_list,
    list_to_csv_string,
    re_range,
    re_range_count,
    re_range_count_float,
    re_range_float,
    str_permutations,
)
from modules._xyz_axes import expand as _expand
from modules.processing import Processed, StableDiffusionProcessingTxt2Img, process_images
from modules.shared import opts, state
from modules.ui_components import ToolButton
from PIL import Image

_log = logging.getLogger("modules.xyz_grid")

fill_values_symbol = "\U0001f4d2"

AxisInfo = namedtuple("AxisInfo", ["axis", "values"])


def _sampler_names():
    return [x.name for x in sd_samplers.samplers if x.name not in opts.hide_samplers]


def _checkpoint_names():
    return sorted(sd_models.checkpoints_list, key=str.casefold)


axis_options = [
    AxisOption("Nothing", str, do_nothing, format_value=format_nothing),
    AxisOption("Seed", int, apply_field("seed")),
    AxisOption("Var. seed", int, apply_field("subseed")),
    AxisOption("Var. strength", float, apply_field("subseed_strength")),
    AxisOption("Steps", int, apply_field("steps")),
    AxisOptionTxt2Img("Hires steps", int, apply_field("hr_second_pass_steps")),
    AxisOption("CFG Scale", float, apply_field("cfg_scale")),
    AxisOption("Prompt S/R", str, apply_prompt, format_value=format_value),
    AxisOption("Prompt order", str_permutations, apply_order, format_value=format_value_join_list),
    AxisOptionTxt2Img(
        "Sampler",
        str,
        apply_field("sampler_name"),
        format_value=format_value,
        confirm=confirm_samplers,
        choices=_sampler_names,
    ),
    AxisOptionTxt2Img(
        "Hires sampler", str, apply_field("hr_sampler_name"), confirm=confirm_samplers, choices=_sampler_names
    ),
    AxisOptionImg2Img(
        "Sampler",
        str,
        apply_field("sampler_name"),
        format_value=format_value,
        confirm=confirm_samplers,
        choices=_sampler_names,
    ),
    AxisOption(
        "Checkpoint name",
        str,
        apply_checkpoint,
        format_value=format_remove_path,
        confirm=confirm_checkpoints,
        cost=1.0,
        choices=_checkpoint_names,
    ),
    AxisOption(
        "Schedule type", str, apply_field("scheduler"), choices=lambda: [x.label for x in sd_schedulers.schedulers]
    ),
    AxisOption("Eta", float, apply_field("eta")),
    AxisOption("Clip skip", int, apply_override("CLIP_stop_at_last_layers")),
    AxisOption("Denoising", float, apply_field("denoising_strength")),
    AxisOptionTxt2Img(
        "Hires upscaler",
        str,
        apply_field("hr_upscaler"),
        choices=lambda: [*shared.latent_upscale_modes, *(x.name for x in shared.sd_upscalers)],
    ),
    AxisOption("VAE", str, apply_vae, cost=0.7, choices=lambda: ["Automatic", "None", *sd_vae.vae_dict]),
    AxisOption("Styles", str, apply_styles, choices=lambda: list(shared.prompt_styles.styles)),
    AxisOption("Size", str, apply_size),
]
for _option in axis_options:
    _option.apply.__module__ = __name__  # as on the real host, where these functions live in this file


class SharedSettingsStackHelper:
    """Afterwards the model and VAE of the settings are loaded again, whatever the cells used."""

    def __enter__(self):
        return None

    def __exit__(self, exc_type, exc_value, tb):
        sd_models.reload_model_weights()
        sd_vae.reload_vae_weights()


def _black(images_so_far, result):
    first = images_so_far[0]
    return Image.new(first.mode, first.size) if first else Image.new("P", (result.width, result.height))


def draw_xyz_grid(
    p,
    xs,
    ys,
    zs,
    x_labels,
    y_labels,
    z_labels,
    cell,
    draw_legend,
    include_lone_images,
    include_sub_grids,
    first_axes_processed,
    second_axes_processed,
    margin_size,
):
    """All cells, then per Z value a grid of X by Y, then a row of these.

    The result's images are [row of grids, grid per Z, …, cells]; its infotexts likewise.
    """
    size = len(xs) * len(ys) * len(zs)
    state.job_count = size * p.n_iter
    counts = {"x": len(xs), "y": len(ys), "z": len(zs)}
    order = [first_axes_processed, second_axes_processed]
    order.append(next(x for x in "xyz" if x not in order))
    pictures, prompts, seeds, infotexts = ([None] * size for _ in range(4))
    result = None

    for indices in np.ndindex(*(counts[x] for x in order)):
        at = dict(zip(order, indices, strict=True))
        ix, iy, iz = at["x"], at["y"], at["z"]
        i = ix + iy * len(xs) + iz * len(xs) * len(ys)
        state.job = f"{i + 1} out of {size}"
        processed = cell(xs[ix], ys[iy], zs[iz], ix, iy, iz)
        result = result or copy(processed)
        if processed.images:
            pictures[i], prompts[i], seeds[i] = processed.images[0], processed.prompt, processed.seed
            infotexts[i] = processed.infotexts[0]
        else:
            pictures[i] = _black(pictures, result)

    if result is None or not any(pictures):
        return Processed(p, [])

    per_grid = len(xs) * len(ys)
    grids = [images.image_grid(pictures[i : i + per_grid], rows=len(ys)) for i in range(0, size, per_grid)]
    row = images.image_grid(grids, rows=1)
    firsts = range(0, size, per_grid)
    result.images = [row, *grids, *pictures]
    result.all_prompts = [*(prompts[i] for i in firsts), *prompts]
    result.all_seeds = [*(seeds[i] for i in firsts), *seeds]
    result.infotexts = [infotexts[0], *(infotexts[i] for i in firsts), *infotexts]
    result.index_of_first_image = 1
    return result


class Script(scripts.Script):
    def title(self):
        return "X/Y/Z plot"

    def ui(self, is_img2img):
        self.current_axis_options = [x for x in axis_options if type(x) == AxisOption or x.is_img2img == is_img2img]  # noqa: E721
        labels = [x.label for x in self.current_axis_options]
        axes, rows = [], []
        for i, name in enumerate("xyz"):
            upper = name.upper()
            with gr.Row():
                kind = gr.Dropdown(
                    label=f"{upper} type",
                    choices=labels,
                    value=labels[1 if i == 0 else 0],
                    type="index",
                    elem_id=self.elem_id(f"{name}_type"),
                )
                values = gr.Textbox(label=f"{upper} values", lines=1, elem_id=self.elem_id(f"{name}_values"))
                chosen = gr.Dropdown(label=f"{upper} values", visible=False, multiselect=True, interactive=True)
                fill = ToolButton(value=fill_values_symbol, elem_id=f"xyz_grid_fill_{name}_tool_button", visible=False)
            axes += [kind, values, chosen]
            rows.append((upper, kind, values, chosen, fill))

        def tick(label, name, value=False):
            return gr.Checkbox(label=label, value=value, elem_id=self.elem_id(name))

        with gr.Row(variant="compact", elem_id="axis_options"):
            with gr.Column():
                draw_legend = tick("Draw legend", "draw_legend", True)
                no_fixed_seeds = tick("Keep -1 for seeds", "no_fixed_seeds")
                with gr.Row():
                    vary = [tick(f"Vary seeds for {x.upper()}", f"vary_seeds_{x}") for x in "xyz"]
            with gr.Column():
                lone_images = tick("Include Sub Images", "include_lone_images")
                sub_grids = tick("Include Sub Grids", "include_sub_grids")
                csv_mode = tick("Use text inputs instead of dropdowns", "csv_mode")
            with gr.Column():
                margin_size = gr.Slider(
                    label="Grid margins (px)",
                    minimum=0,
                    maximum=500,
                    value=0,
                    step=2,
                    elem_id=self.elem_id("margin_size"),
                )

        self.infotext_fields = []
        for upper, kind, values, chosen, fill in rows:
            fill.click(fn=self._fill, inputs=[kind, csv_mode], outputs=[values, chosen])
            for event in (kind.change, csv_mode.change):
                event(fn=self._select_axis, inputs=[kind, values, chosen, csv_mode], outputs=[fill, values, chosen])
            self.infotext_fields += [
                (kind, f"{upper} Type"),
                (values, f"{upper} Values"),
                (
                    chosen,
                    lambda params, key=f"{upper} Values": gr.update(
                        value=csv_string_to_list_strip(params.get(key, ""))
                    ),
                ),
            ]
        return [*axes, draw_legend, lone_images, sub_grids, no_fixed_seeds, *vary, margin_size, csv_mode]

    def _fill(self, axis_type, csv_mode):
        axis = self.current_axis_options[axis_type or 0]
        if not axis.choices:
            return gr.update(), gr.update()
        return (list_to_csv_string(axis.choices()), gr.update()) if csv_mode else (gr.update(), axis.choices())

    def _select_axis(self, axis_type, text, chosen, csv_mode):
        """Shows the list of choices or the text field, with what was entered in the other."""
        axis = self.current_axis_options[axis_type or 0]
        choices = axis.choices() if axis.choices else None
        if choices is not None and csv_mode and chosen:
            text, chosen = list_to_csv_string([x for x in chosen if x in choices]), []
        elif choices is not None and not csv_mode and text:
            text, chosen = "", [x for x in csv_string_to_list_strip(text) if x in choices]
        listed = choices is not None and not csv_mode
        return (
            gr.Button.update(visible=choices is not None),
            gr.Textbox.update(visible=not listed, value=text),
            gr.update(choices=choices, visible=listed, value=chosen),
        )

    def _values(self, p, axis, text, chosen, csv_mode, fixed_seeds):
        """(values of an axis, their text for the infotext)"""
        if axis.label == "Nothing":
            return [0], text
        if axis.choices is not None and not csv_mode:
            parts, text = chosen, list_to_csv_string(chosen)
        else:
            parts = axis.prepare(text) if axis.prepare else csv_string_to_list_strip(text)
        if axis.type in (int, float):
            parts = _expand(parts, axis.type)
        elif axis.type is str_permutations:
            parts = list(permutations(parts))
        values = [axis.type(x) for x in parts]
        if axis.confirm:
            axis.confirm(p, values)
        if fixed_seeds and axis.label in ("Seed", "Var. seed"):
            values = [random.randrange(4294967294) if x in (None, "", -1) else x for x in values]
        return values, text

    def _total_steps(self, p, axes, cells):
        def steps(label, plain):
            axis = next((values for option, values, _ in axes if option.label == label), None)
            return plain * cells if axis is None else sum(axis) * cells // len(axis)

        total = steps("Steps", p.steps)
        if isinstance(p, StableDiffusionProcessingTxt2Img) and p.enable_hr:
            total += steps("Hires steps", p.hr_second_pass_steps) or total
        return total * p.n_iter

    def run(
        self,
        p,
        x_type,
        x_values,
        x_values_dropdown,
        y_type,
        y_values,
        y_values_dropdown,
        z_type,
        z_values,
        z_values_dropdown,
        draw_legend,
        include_lone_images,
        include_sub_grids,
        no_fixed_seeds,
        vary_seeds_x,
        vary_seeds_y,
        vary_seeds_z,
        margin_size,
        csv_mode,
    ):
        if not no_fixed_seeds:
            processing.fix_seed(p)
        if not opts.return_grid:
            p.batch_size = 1

        axes = []  # (option, values, text) of X, Y, Z
        for kind, text, chosen in (
            (x_type, x_values, x_values_dropdown),
            (y_type, y_values, y_values_dropdown),
            (z_type, z_values, z_values_dropdown),
        ):
            option = self.current_axis_options[kind or 0]
            axes.append((option, *self._values(p, option, text, chosen, csv_mode, not no_fixed_seeds)))
        (x_opt, xs, _), (y_opt, ys, _), (z_opt, zs, _) = axes

        cells = len(xs) * len(ys) * len(zs)
        megapixels = round(cells * p.width * p.height / 1_000_000)
        assert megapixels < opts.img_max_size_mp, (
            f"Error: Resulting grid would be too large ({megapixels} MPixels) "
            f"(max configured size is {opts.img_max_size_mp} MPixels)"
        )
        shared.total_tqdm.updateTotal(self._total_steps(p, axes, cells))
        for name, (option, values, _) in zip("xyz", axes, strict=True):
            setattr(state, f"xyz_plot_{name}", AxisInfo(option, values))

        # What is slow to change is changed seldom; otherwise X is the innermost.
        order = sorted("zyx", key=lambda name: -axes["xyz".index(name)][0].cost)
        grid_infotexts = [None] * (1 + len(zs))

        def describe(pc, names):
            pc.extra_generation_params = {**pc.extra_generation_params, "Script": self.title()}
            for name in names:
                option, values, text = axes["xyz".index(name)]
                if option.label != "Nothing":
                    pc.extra_generation_params[f"{name.upper()} Type"] = option.label
                    pc.extra_generation_params[f"{name.upper()} Values"] = text
                    if option.label in ("Seed", "Var. seed") and not no_fixed_seeds:
                        pc.extra_generation_params[f"Fixed {name.upper()} Values"] = ", ".join(map(str, values))
            return processing.create_infotext(pc, pc.all_prompts, pc.all_seeds, pc.all_subseeds)

        def cell(x, y, z, ix, iy, iz):
            if state.interrupted or state.stopping_generation:
                return Processed(p, [], p.seed, "")
            pc = copy(p)
            pc.styles = pc.styles[:]
            for option, values, value in ((x_opt, xs, x), (y_opt, ys, y), (z_opt, zs, z)):
                option.apply(pc, value, values)
            step = 1
            for wanted, i, count in (
                (vary_seeds_x, ix, len(xs)),
                (vary_seeds_y, iy, len(ys)),
                (vary_seeds_z, iz, len(zs)),
            ):
                if wanted:
                    pc.seed += i * step
                    step *= count
            try:
                res = process_images(pc)
            except Exception as e:
                errors.display(e, "generating image for xyz plot")
                res = Processed(p, [], p.seed, "")
            if ix == iy == 0 and pc.all_prompts:
                grid_infotexts[1 + iz] = grid_infotexts[1 + iz] or describe(pc, "xy")
                if iz == 0:
                    grid_infotexts[0] = describe(pc, "xyz")
            return res

        with SharedSettingsStackHelper():
            labels = [[option.format_value(p, option, x) for x in values] for option, values, _ in axes]
            processed = draw_xyz_grid(
                p,
                xs,
                ys,
                zs,
                *labels,
                cell,
                draw_legend,
                include_lone_images,
                include_sub_grids,
                first_axes_processed=order[0],
                second_axes_processed=order[1],
                margin_size=margin_size,
            )
        if not processed.images:
            return processed

        count = len(zs)
        processed.infotexts[: 1 + count] = grid_infotexts
        if not include_lone_images:
            del processed.images[1 + count :]
        if opts.grid_save:
            for i in range(1 + count if include_sub_grids and count > 1 else 1):
                images.save_image(
                    processed.images[i],
                    p.outpath_grids,
                    "xyz_grid",
                    info=processed.infotexts[i],
                    extension=opts.grid_format,
                    prompt=processed.all_prompts[max(0, i - 1)],
                    seed=processed.all_seeds[max(0, i - 1)],
                    grid=True,
                    p=processed,
                )
        if not include_sub_grids:
            for values in (processed.images, processed.all_prompts, processed.all_seeds, processed.infotexts):
                del values[1 : 1 + count]
        return processed
