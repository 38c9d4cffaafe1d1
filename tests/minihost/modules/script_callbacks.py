"""Callbacks of extensions; mirrors modules/script_callbacks.py.

Each is called in its own try: an exception is reported and swallowed. Registered per script file, cleared by
`scripts.load_scripts()`. Differs: no callbacks for training, optimizers, UNets, extra noise, grids,
token counters and before Reload UI.
"""

from __future__ import annotations

import dataclasses
import inspect
import os
from typing import Any

from fastapi import FastAPI
from gradio import Blocks
from modules import errors, extensions, shared, timer, util


def report_exception(c, job):
    errors.report(f"Error executing callback {job} for {c.script}", exc_info=True)


class ImageSaveParams:
    def __init__(self, image, p, filename, pnginfo):
        self.image = image
        self.p = p
        self.filename = filename
        self.pnginfo = pnginfo


class CFGDenoiserParams:
    def __init__(
        self, x, image_cond, sigma, sampling_step, total_sampling_steps, text_cond, text_uncond, denoiser=None
    ):
        self.x = x
        self.image_cond = image_cond
        self.sigma = sigma
        self.sampling_step = sampling_step
        self.total_sampling_steps = total_sampling_steps
        self.text_cond = text_cond
        self.text_uncond = text_uncond
        self.denoiser = denoiser


class CFGDenoisedParams:
    def __init__(self, x, sampling_step, total_sampling_steps, inner_model):
        self.x = x
        self.sampling_step = sampling_step
        self.total_sampling_steps = total_sampling_steps
        self.inner_model = inner_model


class AfterCFGCallbackParams:
    def __init__(self, x, sampling_step, total_sampling_steps):
        self.x = x
        self.sampling_step = sampling_step
        self.total_sampling_steps = total_sampling_steps


@dataclasses.dataclass
class ScriptCallback:
    script: str
    callback: Any
    name: str = "unnamed"


def _calling_file():
    return next((x.filename for x in inspect.stack() if x.filename != __file__), "unknown file")


def add_callback(callbacks, fun, *, name=None, category="unknown", filename=None):
    """Appends with a unique name: <extension>/<file>/<category>[/<name>][-<n>]."""
    filename = filename or _calling_file()
    extension = extensions.find_extension(filename)
    first = "/".join(
        [extension.canonical_name if extension else "base", os.path.basename(filename), category]
        + ([name] if name is not None else [])
    )
    taken = {x.name for x in callbacks}
    unique, n = first, 0
    while unique in taken:
        n += 1
        unique = f"{first}-{n}"
    callbacks.append(ScriptCallback(filename, fun, unique))


def sort_callbacks(category, unordered_callbacks, *, enable_user_sort=True):
    """By the Before and After lines of the extensions' metadata.ini, else as registered."""
    by_name = {x.name: x for x in unordered_callbacks}
    after = {name: [] for name in by_name}
    ordered = False
    for extension in extensions.extensions:
        for wish in extension.metadata.list_callback_order_instructions():
            if wish.name not in by_name:
                continue
            ordered = True
            after[wish.name] += [x for x in wish.after if x in by_name]
            for other in wish.before:
                if other in by_name:
                    after[other].append(wish.name)
    res = [by_name[x] for x in util.topological_sort(after)] if ordered else list(unordered_callbacks)
    first = getattr(shared.opts, f"prioritized_callbacks_{category}", []) if enable_user_sort else []
    return sorted(res, key=lambda x: first.index(x.name) if x.name in first else len(first))


def ordered_callbacks(category, unordered_callbacks=None, *, enable_user_sort=True):
    if unordered_callbacks is None:
        unordered_callbacks = callback_map.get(f"callbacks_{category}", [])
    if not enable_user_sort:
        return sort_callbacks(category, unordered_callbacks, enable_user_sort=False)
    known = ordered_callbacks_map.get(category)
    if known is None or len(known) != len(unordered_callbacks):
        known = ordered_callbacks_map[category] = sort_callbacks(category, unordered_callbacks)
    return known


callback_map = {
    f"callbacks_{x}": []
    for x in (
        "app_started",
        "model_loaded",
        "ui_tabs",
        "ui_settings",
        "before_image_saved",
        "image_saved",
        "cfg_denoiser",
        "cfg_denoised",
        "cfg_after_cfg",
        "before_component",
        "after_component",
        "infotext_pasted",
        "script_unloaded",
        "before_ui",
    )
}
ordered_callbacks_map = {}


def clear_callbacks():
    for callbacks in callback_map.values():
        callbacks.clear()
    ordered_callbacks_map.clear()


def _call(category, job, *args, backwards=False, **kwargs):
    callbacks = ordered_callbacks(category)
    results = []
    for c in callbacks[::-1] if backwards else callbacks:
        try:
            results.append(c.callback(*args, **kwargs))
        except Exception:
            report_exception(c, job)
    return results


def app_started_callback(demo: Blocks | None, app: FastAPI):
    for c in ordered_callbacks("app_started"):
        try:
            c.callback(demo, app)
            timer.startup_timer.record(os.path.basename(c.script))
        except Exception:
            report_exception(c, "app_started_callback")


def model_loaded_callback(sd_model):
    _call("model_loaded", "model_loaded_callback", sd_model)


def ui_tabs_callback():
    return [tab for tabs in _call("ui_tabs", "ui_tabs_callback") for tab in tabs or []]


def ui_settings_callback():
    _call("ui_settings", "ui_settings_callback")


def before_image_saved_callback(params: ImageSaveParams):
    _call("before_image_saved", "before_image_saved_callback", params)


def image_saved_callback(params: ImageSaveParams):
    _call("image_saved", "image_saved_callback", params)


def cfg_denoiser_callback(params: CFGDenoiserParams):
    _call("cfg_denoiser", "cfg_denoiser_callback", params)


def cfg_denoised_callback(params: CFGDenoisedParams):
    _call("cfg_denoised", "cfg_denoised_callback", params)


def cfg_after_cfg_callback(params: AfterCFGCallbackParams):
    _call("cfg_after_cfg", "cfg_after_cfg_callback", params)


def before_component_callback(component, **kwargs):
    _call("before_component", "before_component_callback", component, **kwargs)


def after_component_callback(component, **kwargs):
    _call("after_component", "after_component_callback", component, **kwargs)


def infotext_pasted_callback(infotext: str, params: dict[str, Any]):
    _call("infotext_pasted", "infotext_pasted", infotext, params)


def script_unloaded_callback():
    _call("script_unloaded", "script_unloaded", backwards=True)


def before_ui_callback():
    # Last registered first: what an extension does here may come before what another one did earlier.
    _call("before_ui", "before_ui", backwards=True)


def _remove(unwanted):
    for callbacks in [*callback_map.values(), *ordered_callbacks_map.values()]:
        callbacks[:] = [x for x in callbacks if not unwanted(x)]


def remove_callbacks_for_function(callback_func):
    _remove(lambda x: x.callback == callback_func)


def _register(category, callback, name):
    add_callback(callback_map[f"callbacks_{category}"], callback, name=name, category=category)


def on_app_started(callback, *, name=None):
    """callback(demo, app), when page and API are up"""
    _register("app_started", callback, name)


def on_model_loaded(callback, *, name=None):
    """callback(sd_model)"""
    _register("model_loaded", callback, name)


def on_ui_tabs(callback, *, name=None):
    """callback() -> list of (blocks, title, element id), or None"""
    _register("ui_tabs", callback, name)


def on_ui_settings(callback, *, name=None):
    """callback(), the time to call shared.opts.add_option"""
    _register("ui_settings", callback, name)


def on_before_image_saved(callback, *, name=None):
    """callback(ImageSaveParams), which it may change"""
    _register("before_image_saved", callback, name)


def on_image_saved(callback, *, name=None):
    """callback(ImageSaveParams)"""
    _register("image_saved", callback, name)


def on_cfg_denoiser(callback, *, name=None):
    """callback(CFGDenoiserParams), before each call of the model"""
    _register("cfg_denoiser", callback, name)


def on_cfg_denoised(callback, *, name=None):
    """callback(CFGDenoisedParams), after each call of the model, before guidance"""
    _register("cfg_denoised", callback, name)


def on_cfg_after_cfg(callback, *, name=None):
    """callback(AfterCFGCallbackParams), after guidance"""
    _register("cfg_after_cfg", callback, name)


def on_before_component(callback, *, name=None):
    """callback(component, **kwargs), before each component of the page is made"""
    _register("before_component", callback, name)


def on_after_component(callback, *, name=None):
    """callback(component, **kwargs), after each component of the page is made"""
    _register("after_component", callback, name)


def on_infotext_pasted(callback, *, name=None):
    """callback(infotext, params), which it may change"""
    _register("infotext_pasted", callback, name)


def on_script_unloaded(callback, *, name=None):
    """callback(), the time to take one's patches off"""
    _register("script_unloaded", callback, name)


def on_before_ui(callback, *, name=None):
    """callback(), before the page is made"""
    _register("before_ui", callback, name)
