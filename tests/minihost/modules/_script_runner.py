"""`scripts.ScriptRunner`, one per tab: makes the scripts, their UI and argument slices, calls their hooks.

Mirrors the class of that name in modules/scripts.py.
"""

import os

import gradio as gr
from modules import errors, script_callbacks, scripts, shared
from modules.scripts import (
    AlwaysVisible,
    MaskBlendArgs,
    OnComponent,
    PostprocessBatchListArgs,
    PostprocessImageArgs,
    PostProcessMaskOverlayArgs,
    PostSampleArgs,
    Script,
    wrap_call,
)


class ScriptRunner:
    def __init__(self):
        self.scripts = []
        self.selectable_scripts = []
        self.alwayson_scripts = []
        self.titles = []
        self.title_map = {}
        self.infotext_fields = []
        self.paste_field_names = []
        self.inputs = [None]
        self.callback_map = {}
        self.callback_names = [
            "before_process",
            "process",
            "before_process_batch",
            "after_extra_networks_activate",
            "process_batch",
            "postprocess",
            "postprocess_batch",
            "postprocess_batch_list",
            "post_sample",
            "on_mask_blend",
            "postprocess_image",
            "postprocess_maskoverlay",
            "postprocess_image_after_composite",
            "before_component",
            "after_component",
        ]
        self.on_before_component_elem_id = {}
        self.on_after_component_elem_id = {}

    # Making the scripts

    def initialize_scripts(self, is_img2img):
        self.scripts.clear()
        self.alwayson_scripts.clear()
        self.selectable_scripts.clear()

        for data in scripts.scripts_data:
            try:
                script = data.script_class()
            except Exception:
                errors.report(f"Error # failed to initialize Script {data.module}: ", exc_info=True)
                continue
            script.filename = data.path
            script.is_txt2img = not is_img2img
            script.is_img2img = is_img2img
            script.tabname = "img2img" if is_img2img else "txt2img"

            visibility = script.show(is_img2img)
            if not visibility:
                continue
            self.scripts.append(script)
            script.alwayson = visibility == AlwaysVisible
            (self.alwayson_scripts if script.alwayson else self.selectable_scripts).append(script)

        self.callback_map.clear()
        self.apply_on_before_component_callbacks()

    def apply_on_before_component_callbacks(self):
        """Collects what scripts asked for with on_before_component and on_after_component."""
        for script in self.scripts:
            for asked, known in (
                (script.on_before_component_elem_id, self.on_before_component_elem_id),
                (script.on_after_component_elem_id, self.on_after_component_elem_id),
            ):
                for elem_id, callback in asked or ():
                    known.setdefault(elem_id, []).append((callback, script))
                if asked:
                    asked.clear()

    # Their UI

    def create_script_ui(self, script):
        script.args_from = script.args_to = len(self.inputs)
        try:
            self.create_script_ui_inner(script)
        except Exception:
            errors.report(f"Error creating UI for {script.name}: ", exc_info=True)

    def create_script_ui_inner(self, script):
        from modules.api import models

        script.controls = controls = wrap_call(script.ui, script.filename, "ui", script.is_img2img)
        if controls is None:
            return
        script.name = wrap_call(script.title, script.filename, "title", default=script.filename).lower()

        described = []
        for control in controls:
            control.custom_script_source = os.path.basename(script.filename)
            arg = models.ScriptArg(label=control.label or "")
            for field in ("value", "minimum", "maximum", "step"):
                value = getattr(control, field, None)
                if value is not None:
                    setattr(arg, field, value)
            choices = getattr(control, "choices", None)
            if choices is not None:
                arg.choices = [x[0] if isinstance(x, tuple) else x for x in choices]
            described.append(arg)
        script.api_info = models.ScriptInfo(
            name=script.name, is_img2img=script.is_img2img, is_alwayson=script.alwayson, args=described
        )

        self.infotext_fields += script.infotext_fields or []
        self.paste_field_names += script.paste_field_names or []
        self.inputs += controls
        script.args_to = len(self.inputs)

    def setup_ui_for_section(self, section, scriptlist=None):
        for script in self.alwayson_scripts if scriptlist is None else scriptlist:
            if script.alwayson and script.section != section:
                continue
            if not script.create_group:
                self.create_script_ui(script)
                continue
            with gr.Group(visible=script.alwayson) as group:
                self.create_script_ui(script)
            script.group = group

    def prepare_ui(self):
        self.inputs = [None]  # the first argument is the dropdown's index

    def setup_ui(self):
        """Always-on scripts, the dropdown, then the groups of the selectable ones: also the order of arguments."""
        titles = [wrap_call(x.title, x.filename, "title") or x.filename for x in self.scripts]
        self.title_map = {title.lower(): script for title, script in zip(titles, self.scripts, strict=True)}
        self.titles = [
            wrap_call(x.title, x.filename, "title") or f"{x.filename} [error]" for x in self.selectable_scripts
        ]

        self.setup_ui_for_section(None)
        dropdown = gr.Dropdown(
            label="Script", elem_id="script_list", choices=["None", *self.titles], value="None", type="index"
        )
        self.inputs[0] = dropdown
        self.setup_ui_for_section(None, self.selectable_scripts)
        groups = [script.group for script in self.selectable_scripts]

        def select_script(script_index):
            return [gr.update(visible=i + 1 == script_index) for i in range(len(groups))]

        dropdown.change(fn=select_script, inputs=[dropdown], outputs=groups)

        def show_pasted(script):
            def visibility(params):
                return gr.update(visible=self.titles[self.selectable_scripts.index(script)] == params.get("Script"))

            return visibility

        def pasted_title(params):
            title = params.get("Script", "None")
            return gr.update(value=title if title in self.titles else "None")

        self.infotext_fields.append((dropdown, pasted_title))
        self.infotext_fields += [(script.group, show_pasted(script)) for script in self.selectable_scripts]
        self.apply_on_before_component_callbacks()
        return self.inputs

    def run(self, p, *args):
        """The selected script's result, or None when none is selected. Its errors are the caller's."""
        if not args[0]:
            return None
        script = self.selectable_scripts[args[0] - 1]
        processed = script.run(p, *args[script.args_from : script.args_to])
        shared.total_tqdm.clear()
        return processed

    # Order of hooks

    def list_scripts_for_method(self, method_name):
        return self.scripts if method_name in ("before_component", "after_component") else self.alwayson_scripts

    def create_ordered_callbacks_list(self, method_name, *, enable_user_sort=True):
        category = f"script_{method_name}"
        callbacks = []
        for script in self.list_scripts_for_method(method_name):
            if getattr(type(script), method_name, None) != getattr(Script, method_name, None):
                script_callbacks.add_callback(
                    callbacks, script, category=category, name=type(script).__name__, filename=script.filename
                )
        return script_callbacks.sort_callbacks(category, callbacks, enable_user_sort=enable_user_sort)

    def ordered_callbacks(self, method_name, *, enable_user_sort=True):
        category = f"script_{method_name}"
        count = len(self.list_scripts_for_method(method_name))
        known_count, callbacks = self.callback_map.get(category, (-1, None))
        if known_count != count:
            callbacks = self.create_ordered_callbacks_list(method_name, enable_user_sort=enable_user_sort)
            self.callback_map[category] = count, callbacks
        return callbacks

    def ordered_scripts(self, method_name):
        return [x.callback for x in self.ordered_callbacks(method_name)]

    def _call_hook(self, hook, p, *first, **kwargs):
        """A hook's arguments are the script's slice of p.script_args; its exception is reported, no more."""
        for script in self.ordered_scripts(hook):
            try:
                getattr(script, hook)(p, *first, *p.script_args[script.args_from : script.args_to], **kwargs)
            except Exception:
                errors.report(f"Error running {hook}: {script.filename}", exc_info=True)

    def before_process(self, p):
        self._call_hook("before_process", p)

    def process(self, p):
        self._call_hook("process", p)

    def process_before_every_sampling(self, p, **kwargs):
        self._call_hook("process_before_every_sampling", p, **kwargs)

    def before_process_batch(self, p, **kwargs):
        self._call_hook("before_process_batch", p, **kwargs)

    def after_extra_networks_activate(self, p, **kwargs):
        self._call_hook("after_extra_networks_activate", p, **kwargs)

    def process_batch(self, p, **kwargs):
        self._call_hook("process_batch", p, **kwargs)

    def postprocess(self, p, processed):
        self._call_hook("postprocess", p, processed)

    def postprocess_batch(self, p, images, **kwargs):
        self._call_hook("postprocess_batch", p, images=images, **kwargs)

    def postprocess_batch_list(self, p, pp: PostprocessBatchListArgs, **kwargs):
        self._call_hook("postprocess_batch_list", p, pp, **kwargs)

    def post_sample(self, p, ps: PostSampleArgs):
        self._call_hook("post_sample", p, ps)

    def on_mask_blend(self, p, mba: MaskBlendArgs):
        self._call_hook("on_mask_blend", p, mba)

    def postprocess_image(self, p, pp: PostprocessImageArgs):
        self._call_hook("postprocess_image", p, pp)

    def postprocess_maskoverlay(self, p, ppmo: PostProcessMaskOverlayArgs):
        self._call_hook("postprocess_maskoverlay", p, ppmo)

    def postprocess_image_after_composite(self, p, pp: PostprocessImageArgs):
        self._call_hook("postprocess_image_after_composite", p, pp)

    def before_hr(self, p):
        self._call_hook("before_hr", p)

    def setup_scrips(self, p, *, is_ui=True):
        for script in self.ordered_scripts("setup"):
            if not is_ui and script.setup_for_ui_only:
                continue
            try:
                script.setup(p, *p.script_args[script.args_from : script.args_to])
            except Exception:
                errors.report(f"Error running setup: {script.filename}", exc_info=True)

    def _call_component_hook(self, hook, callbacks, component, kwargs):
        for callback, script in callbacks:
            try:
                callback(OnComponent(component=component))
            except Exception:
                errors.report(f"Error running on_{hook}: {script.filename}", exc_info=True)
        for script in self.ordered_scripts(hook):
            try:
                getattr(script, hook)(component, **kwargs)
            except Exception:
                errors.report(f"Error running {hook}: {script.filename}", exc_info=True)

    def before_component(self, component, **kwargs):
        callbacks = self.on_before_component_elem_id.get(kwargs.get("elem_id"), [])
        self._call_component_hook("before_component", callbacks, component, kwargs)

    def after_component(self, component, **kwargs):
        callbacks = self.on_after_component_elem_id.get(component.elem_id, [])
        self._call_component_hook("after_component", callbacks, component, kwargs)

    # Finding

    def script(self, title):
        return self.title_map.get(title.lower())
