"""Loading and running of scripts; mirrors modules/scripts.py.

The runner (one per tab) lives in `_script_runner`, to keep both files short. Differs: no postprocessing scripts,
and `reload_sources` is absent.
"""

import inspect
import os
import re
import sys
from collections import namedtuple
from dataclasses import dataclass

import gradio as gr
from modules import errors, extensions, paths, script_callbacks, script_loading, timer, util

topological_sort = util.topological_sort

AlwaysVisible = object()


class MaskBlendArgs:
    def __init__(self, current_latent, nmask, init_latent, mask, blended_latent, denoiser=None, sigma=None):
        self.current_latent = current_latent
        self.nmask = nmask
        self.init_latent = init_latent
        self.mask = mask
        self.blended_latent = blended_latent
        self.denoiser = denoiser
        self.is_final_blend = denoiser is None
        self.sigma = sigma


class PostSampleArgs:
    def __init__(self, samples):
        self.samples = samples


class PostprocessImageArgs:
    def __init__(self, image):
        self.image = image


class PostProcessMaskOverlayArgs:
    def __init__(self, index, mask_for_overlay, overlay_image):
        self.index = index
        self.mask_for_overlay = mask_for_overlay
        self.overlay_image = overlay_image


class PostprocessBatchListArgs:
    def __init__(self, images):
        self.images = images


@dataclass
class OnComponent:
    component: gr.blocks.Block


class Script:
    """Base of all scripts. Hooks do nothing here; `run` is for the one selected in the dropdown."""

    name = None
    section = None
    filename = None
    args_from = None
    args_to = None
    alwayson = False
    is_txt2img = False
    is_img2img = False
    tabname = None
    group = None
    create_group = True
    infotext_fields = None
    paste_field_names = None
    api_info = None
    on_before_component_elem_id = None
    on_after_component_elem_id = None
    setup_for_ui_only = False
    controls = None

    def title(self):
        raise NotImplementedError

    def ui(self, is_img2img):
        """Makes the components and returns those whose values become the arguments of `run` and the hooks."""

    def show(self, is_img2img):
        """False: not in this tab. True: in the dropdown. AlwaysVisible: always there, hooks are called."""
        return True

    def run(self, p, *args):
        """Returns a Processed."""

    def setup(self, p, *args):
        """Once, before anything of the generation starts."""

    def before_process(self, p, *args):
        """First thing in process_images."""

    def process(self, p, *args):
        """After prompts and seeds are known."""

    def before_process_batch(self, p, *args, **kwargs):
        """Before extra networks are parsed; kwargs: batch_number, prompts, seeds, subseeds."""

    def after_extra_networks_activate(self, p, *args, **kwargs):
        """kwargs as above, and extra_network_data."""

    def process_before_every_sampling(self, p, *args, **kwargs):
        """Before each pass: twice with hires fix."""

    def process_batch(self, p, *args, **kwargs):
        """After extra networks are active, before conditioning."""

    def postprocess_batch(self, p, *args, **kwargs):
        """kwargs also has images, a tensor."""

    def postprocess_batch_list(self, p, pp: PostprocessBatchListArgs, *args, **kwargs):
        """The same with a list that may change its length."""

    def on_mask_blend(self, p, mba: MaskBlendArgs, *args):
        """Inpainting: each time the original is put back outside the mask."""

    def post_sample(self, p, ps: PostSampleArgs, *args):
        """Latents, before decoding."""

    def postprocess_image(self, p, pp: PostprocessImageArgs, *args):
        """Each picture."""

    def postprocess_maskoverlay(self, p, ppmo: PostProcessMaskOverlayArgs, *args):
        """Each picture's overlay, when inpainting."""

    def postprocess_image_after_composite(self, p, pp: PostprocessImageArgs, *args):
        """Each picture, with the overlay on it."""

    def postprocess(self, p, processed, *args):
        """Last thing in process_images."""

    def before_component(self, component, **kwargs):
        """Each component of the tab, before it is made."""

    def after_component(self, component, **kwargs):
        """Each component of the tab, after it is made."""

    def on_before_component(self, callback, *, elem_id):
        """callback(OnComponent) before the component of that id; to be called in show()."""
        if self.on_before_component_elem_id is None:
            self.on_before_component_elem_id = []
        self.on_before_component_elem_id.append((elem_id, callback))

    def on_after_component(self, callback, *, elem_id):
        """callback(OnComponent) after the component of that id."""
        if self.on_after_component_elem_id is None:
            self.on_after_component_elem_id = []
        self.on_after_component_elem_id.append((elem_id, callback))

    def describe(self):
        return ""

    def elem_id(self, item_id):
        """script_[<tab>_]<title>_<item>; the tab only when the script shows the same in both."""
        tab = f"{'img2img' if self.is_img2img else 'txt2img'}_" if self.show(True) == self.show(False) else ""
        title = re.sub(r"[^a-z_0-9]", "", re.sub(r"\s", "_", self.title().lower()))
        return f"script_{tab}{title}_{item_id}"

    def before_hr(self, p, *args):
        """Before the second pass of hires fix."""


class ScriptBuiltinUI(Script):
    setup_for_ui_only = True

    def elem_id(self, item_id):
        tab = f"{'img2img' if self.is_img2img else 'txt2img'}_" if self.show(True) == self.show(False) else ""
        return f"{tab}{item_id}"

    def show(self, is_img2img):
        return AlwaysVisible


current_basedir = paths.script_path


def basedir():
    """The root of the extension whose script is being loaded right now; at any other time the host's own."""
    return current_basedir


ScriptFile = namedtuple("ScriptFile", ["basedir", "filename", "path"])
ScriptClassData = namedtuple("ScriptClassData", ["script_class", "path", "basedir", "module"])

scripts_data = []


@dataclass
class ScriptWithDependencies:
    script_canonical_name: str
    file: ScriptFile
    requires: list
    load_before: list
    load_after: list


def list_scripts(scriptdirname, extension, *, include_extensions=True):
    """Files with that ending in the host's folder and in the extensions', in loading order."""
    known = {}
    own_folder = os.path.join(paths.script_path, scriptdirname)
    for name in sorted(os.listdir(own_folder)) if os.path.isdir(own_folder) else ():
        path = os.path.join(own_folder, name)
        if os.path.isfile(path) and os.path.splitext(name)[1].lower() == extension:
            file = ScriptFile(paths.script_path, name, path)
            known[name] = ScriptWithDependencies(name, file, [], [], [])

    of_extension = {}
    for ext in extensions.active() if include_extensions else ():
        mine = of_extension[ext.canonical_name] = []
        for file in ext.list_files(scriptdirname, extension):
            name = f"{'builtin/' if ext.is_builtin else ''}{ext.canonical_name}/{file.filename}"
            sections = f"{scriptdirname}/{file.filename}", scriptdirname
            requires, before, after = (
                ext.metadata.get_script_requirements(x, *sections) for x in ("Requires", "Before", "After")
            )
            known[name] = ScriptWithDependencies(name, file, requires, before, after)
            mine.append(name)

    def named(wish):
        """A wish names a script, or an extension and with it all its scripts."""
        return [wish] if wish in known else of_extension.get(wish, [])

    after = {name: [x for wish in script.load_after for x in named(wish)] for name, script in known.items()}
    for name, script in known.items():
        for wish in script.load_before:
            for other in named(wish):
                after[other].append(name)
        for wish in script.requires:
            if wish not in known and wish not in extensions.loaded_extensions:
                errors.report(f'Script "{name}" requires "{wish}" to be loaded, but it is not.')
    return [known[name].file for name in topological_sort(after)]


def list_files_with_name(filename):
    places = [paths.script_path] + [ext.path for ext in extensions.active()]
    return [path for path in (os.path.join(x, filename) for x in places) if os.path.isfile(path)]


def load_scripts():
    """Forgets all scripts and callbacks and executes every script file (again). Packages that a script imports
    stay in sys.modules from the first time."""
    global current_basedir, scripts_txt2img, scripts_img2img
    scripts_data.clear()
    script_callbacks.clear_callbacks()

    syspath = sys.path
    own = list_scripts("modules/processing_scripts", ".py", include_extensions=False)
    for file in list_scripts("scripts", ".py") + own:
        try:
            if file.basedir != paths.script_path:
                sys.path = [file.basedir, *sys.path]
            current_basedir = file.basedir
            module = script_loading.load_module(file.path)
            for value in module.__dict__.values():
                # Imported classes count too, Script itself included when it is imported by name.
                if inspect.isclass(value) and issubclass(value, Script):
                    scripts_data.append(ScriptClassData(value, file.path, file.basedir, module))
        except Exception:
            errors.report(f"Error loading script: {file.filename}", exc_info=True)
        finally:
            sys.path = syspath
            current_basedir = paths.script_path
            timer.startup_timer.record(file.filename)

    scripts_txt2img = ScriptRunner()
    scripts_img2img = ScriptRunner()


def wrap_call(func, filename, funcname, *args, default=None, **kwargs):
    try:
        return func(*args, **kwargs)
    except Exception:
        errors.report(f"Error calling: {filename}/{funcname}", exc_info=True)
    return default


from modules._script_runner import ScriptRunner  # noqa: E402  it needs the classes above

scripts_txt2img = None
scripts_img2img = None
scripts_current = None
