"""What axes of the X/Y/Z plot do, check and show, and the ranges of their values.

scripts/xyz_grid.py offers these names; the list of axes is there, because each Reload UI has to make it anew.
"""

import csv
import logging
import re
from io import StringIO
from itertools import chain
from os.path import basename

import numpy as np
from modules import sd_models, sd_samplers, sd_vae
from modules.processing import StableDiffusionProcessingTxt2Img

_log = logging.getLogger(__name__)


# What a value does to the cell's processing object: fun(p, value, all values of the axis)


def apply_field(field):
    def fun(p, x, xs):
        setattr(p, field, x)

    return fun


def apply_override(field, boolean: bool = False):
    def fun(p, x, xs):
        p.override_settings[field] = x.lower() == "true" if boolean else x

    return fun


def apply_prompt(p, x, xs):
    first = xs[0]
    if first not in p.prompt + p.negative_prompt:
        raise RuntimeError(f"Prompt S/R did not find {first} in prompt or negative prompt.")
    p.prompt = p.prompt.replace(first, x)
    p.negative_prompt = p.negative_prompt.replace(first, x)


def apply_order(p, x, xs):
    """Puts the parts of `x`, in that order, into the places where they are in the prompt."""
    places = sorted((p.prompt.find(part), part) for part in x)
    text, end = "", 0
    for (start, old), new in zip(places, x, strict=True):
        text += p.prompt[end:start] + new
        end = start + len(old)
    p.prompt = text + p.prompt[end:]


def apply_checkpoint(p, x, xs):
    info = sd_models.get_closet_checkpoint_match(x)
    if info is None:
        raise RuntimeError(f"Unknown checkpoint: {x}")
    p.override_settings["sd_model_checkpoint"] = info.name


def apply_size(p, x: str, xs) -> None:
    width, _, height = x.partition("x")
    try:
        p.width, p.height = int(width), int(height)
    except ValueError:
        _log.warning("Invalid size in XYZ plot: %s", x)


def find_vae(name: str):
    name = name.strip().lower()
    if name in ("auto", "automatic"):
        return "Automatic"
    if name == "none":
        return "None"
    found = next((x for x in sd_vae.vae_dict if x.lower() == name), None)
    if found is None:
        _log.warning("No VAE found for %s; using Automatic", name)
    return found or "Automatic"


def apply_vae(p, x, xs):
    p.override_settings["sd_vae"] = find_vae(x)


def apply_styles(p: StableDiffusionProcessingTxt2Img, x: str, _):
    p.styles.extend(x.split(","))


def do_nothing(p, x, xs):
    return None


# Checks before the first cell: fun(p, values) raises


def confirm_samplers(p, xs):
    for x in xs:
        if x.lower() not in sd_samplers.samplers_map:
            raise RuntimeError(f"Unknown sampler: {x}")


def confirm_checkpoints(p, xs):
    for x in xs:
        if sd_models.get_closet_checkpoint_match(x) is None:
            raise RuntimeError(f"Unknown checkpoint: {x}")


def confirm_checkpoints_or_none(p, xs):
    confirm_checkpoints(p, [x for x in xs if x not in (None, "", "None", "none")])


def confirm_range(min_val, max_val, axis_label):
    def confirm(p, xs):
        for x in xs:
            if not min_val <= x <= max_val:
                raise ValueError(f'{axis_label} value "{x}" out of range [{min_val}, {max_val}]')

    return confirm


# Texts on the grid: fun(p, axis option, value)


def format_value(p, opt, x):
    return round(x, 8) if isinstance(x, float) else x


def format_value_add_label(p, opt, x):
    return f"{opt.label}: {format_value(p, opt, x)}"


def format_value_join_list(p, opt, x):
    return ", ".join(x)


def format_nothing(p, opt, x):
    return ""


def format_remove_path(p, opt, x):
    return basename(x)


def str_permutations(x):
    """As the type of an axis: its values are all orders of the parts."""
    return x


def list_to_csv_string(data_list):
    with StringIO() as text:
        csv.writer(text).writerow(data_list)
        return text.getvalue().strip()


def csv_string_to_list_strip(data_str):
    rows = csv.reader(StringIO(data_str), skipinitialspace=True)
    return [x.strip() for x in chain.from_iterable(rows)]


class AxisOption:
    def __init__(
        self,
        label,
        type,
        apply,
        format_value=format_value_add_label,
        confirm=None,
        cost=0.0,
        choices=None,
        prepare=None,
    ):
        self.label = label
        self.type = type
        self.apply = apply
        self.format_value = format_value
        self.confirm = confirm
        self.cost = cost
        self.choices = choices
        self.prepare = prepare


class AxisOptionImg2Img(AxisOption):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.is_img2img = True


class AxisOptionTxt2Img(AxisOption):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.is_img2img = False


_number = r"\s*([+-]?\s*\d+)"
_decimal = r"\s*([+-]?\s*\d+(?:\.\d*)?)"
re_range = re.compile(rf"{_number}\s*-{_number}(?:\s*\(([+-]\d+)\s*\))?\s*")
re_range_float = re.compile(rf"{_decimal}\s*-{_decimal}(?:\s*\(([+-]\d+(?:\.\d*)?)\s*\))?\s*")
re_range_count = re.compile(rf"{_number}\s*-{_number}(?:\s*\[(\d+)\s*\])?\s*")
re_range_count_float = re.compile(rf"{_decimal}\s*-{_decimal}(?:\s*\[(\d+)\s*\])?\s*")


def expand(parts, kind):
    """Ranges of numbers: "1-5", "1-10 (+2)", "1-10 [4]"."""
    by_step, by_count = (re_range, re_range_count) if kind is int else (re_range_float, re_range_count_float)
    values = []
    for part in parts:
        if not part.strip():
            continue
        if m := by_step.fullmatch(part):
            start, end, step = (kind(x.replace(" ", "")) for x in (m[1], m[2], m[3] or "1"))
            values += range(start, end + 1, step) if kind is int else np.arange(start, end + step, step).tolist()
        elif m := by_count.fullmatch(part):
            values += [kind(x) for x in np.linspace(kind(m[1]), kind(m[2]), int(m[3])).tolist()]
        else:
            values.append(part)
    return values
