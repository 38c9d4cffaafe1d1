"""Infotexts read back: parameters, and the settings that they stand for.

Mirrors `modules/infotext_utils.py`. Differs: the page's part is written in `_paste` (offered here); no conversion of
texts from older versions.
"""

from __future__ import annotations

import json
import logging
import re
import sys

from modules import prompt_parser, shared

sys.modules["modules.generation_parameters_copypaste"] = sys.modules[__name__]  # the module's older name

re_param = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')
re_imagesize = re.compile(r"^(\d+)x(\d+)$")


def quote(text):
    """As it is, or in JSON's quotes when it holds what separates parameters."""
    return json.dumps(text, ensure_ascii=False) if re.search(r"[,\n:]", str(text)) else text


def unquote(text):
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _split_text(text):
    """Prompt, negative prompt and the line of parameters ('' when the last line isn't one)."""
    *lines, last = text.strip().split("\n")
    if len(re_param.findall(last)) < 3:
        lines, last = [*lines, last], ""

    prompt, negative = [], None
    for line in map(str.strip, lines):
        if line.startswith("Negative prompt:"):
            negative = negative or []
            line = line.removeprefix("Negative prompt:").strip()
        (prompt if negative is None else negative).append(line)
    return "\n".join(prompt), "\n".join(negative or []), last


# what a missing key means
_DEFAULTS = {
    "Clip skip": "1",
    "Hires resize-1": 0,
    "Hires resize-2": 0,
    "Hires sampler": "Use same sampler",
    "Hires schedule type": "Use same scheduler",
    "Hires checkpoint": "Use same checkpoint",
    "Hires prompt": "",
    "Hires negative prompt": "",
    "Mask mode": "Inpaint masked",
    "Masked content": "original",
    "Inpaint area": "Whole picture",
    "Masked area padding": 32,
    "RNG": "GPU",
    "Schedule type": "Automatic",
    "Schedule max sigma": 0,
    "Schedule min sigma": 0,
    "Schedule rho": 0,
    "VAE Encoder": "Full",
    "VAE Decoder": "Full",
    "FP8 weight": "Disable",
    "Refiner switch by sampling steps": False,
}


def parse_generation_parameters(x: str, skip_fields: list[str] | None = None):
    """An infotext as a dict; sizes become two keys, `-1` and `-2`."""
    prompt, negative, parameters = _split_text(x)
    res = {}
    for key, value in re_param.findall(parameters):
        value = unquote(value)
        if size := re_imagesize.match(str(value)):
            res[f"{key}-1"], res[f"{key}-2"] = size.groups()
        else:
            res[key] = value

    uses_emphasis = any(
        weight != 1.0 and text != "BREAK"
        for part in (prompt, negative)
        for text, weight in prompt_parser.parse_prompt_attention(part)
    )
    if shared.opts.infotext_styles != "Ignore":
        prompt, negative = _take_styles(res, prompt, negative)
    res["Prompt"], res["Negative prompt"] = prompt, negative

    for key, value in _DEFAULTS.items():
        res.setdefault(key, value)
    if uses_emphasis:
        res.setdefault("Emphasis", "Original")

    for key in skip_fields or ():
        res.pop(key, None)
    return res


def _take_styles(res, prompt, negative):
    """Finds styles in the prompts, unless those of the second pass have others."""
    extract = shared.prompt_styles.extract_styles_from_prompt
    styles, plain, plain_negative = extract(prompt, negative)
    if "Hires prompt" in res or "Hires negative prompt" in res:
        hr_styles, hr_prompt, hr_negative = extract(
            res.get("Hires prompt", prompt), res.get("Hires negative prompt", negative)
        )
        if hr_styles != styles:
            return prompt, negative
        res["Hires prompt"] = "" if hr_prompt == plain else hr_prompt
        res["Hires negative prompt"] = "" if hr_negative == plain_negative else hr_negative

    when = shared.opts.infotext_styles
    if when == "Apply" or (when == "Apply if any" and styles):
        res["Styles array"] = styles
    return plain, plain_negative


infotext_to_setting_name_mapping = []


def _settings_by_infotext():
    labelled = [(info.infotext, key) for key, info in shared.opts.data_labels.items() if info.infotext]
    return labelled + infotext_to_setting_name_mapping


def create_override_settings_dict(text_pairs):
    """["Clip skip: 2"] → {"CLIP_stop_at_last_layers": 2}"""
    given = {}
    for pair in text_pairs:
        key, value = pair.split(":", maxsplit=1)
        given[key] = value.strip()
    return {
        setting: shared.opts.cast_value(setting, given[name])
        for name, setting in _settings_by_infotext()
        if name in given
    }


def get_override_settings(params, *, skip_fields=None):
    """[(infotext name, setting, value)] for what differs from the settings now."""
    found = []
    for name, setting in _settings_by_infotext():
        if name in (skip_fields or {}) or params.get(name) is None:
            continue
        if setting == "sd_model_checkpoint" and shared.opts.disable_weights_auto_swap:
            logging.debug("the checkpoint of a pasted text is left alone")
            continue
        value = shared.opts.cast_value(setting, params[name])
        if value != getattr(shared.opts, setting, None):
            found.append((name, setting, value))
    return found


from modules._paste import *  # noqa: E402, F403
