"""A throwaway extension that reports how the host treats it, and ways to ask. Not a test by itself."""

import base64
import io
import json

import requests
from PIL import Image

from tests.helpers.extensions.writing import write_extension

SMALL = {"prompt": "a cat", "steps": 2, "width": 64, "height": 64, "seed": 5}

FILES = {
    "metadata.ini": "[Extension]\nName = probe\n",
    "preload.py": """
def preload(parser):
    parser.add_argument("--probe-flag", type=str, default="unset", help="of the probe")
""",
    "install.py": """
from pathlib import Path
import launch
assert launch.is_installed("gradio") and not launch.is_installed("no-such-package-here")
Path(__file__).with_name("installed.txt").write_text("yes")
""",
    "probe_package/__init__.py": "LOADS, HOOKS, TABS, COMPONENTS, IMAGES = [], [], [], [], []\n",
    "scripts/probe.py": """
import asyncio
import sys
import gradio as gr
from fastapi import HTTPException
from modules import processing, script_callbacks, scripts, shared
import probe_package

ROOT = scripts.basedir()
probe_package.LOADS.append({"basedir": ROOT, "on_path": ROOT in sys.path, "name": __name__})


class Always(scripts.Script):
    def title(self):
        return "Probe Always"

    def show(self, is_img2img):
        return scripts.AlwaysVisible

    def ui(self, is_img2img):
        probe_package.TABS.append((len(probe_package.LOADS), id(self), self.tabname))
        self.fail = gr.Checkbox(label="Fail", value=False, elem_id=self.elem_id("fail"))
        text = gr.Textbox(label="Probe text", value="quiet", elem_id=self.elem_id("text"))
        self.infotext_fields = [(text, "Probe text")]
        self.paste_field_names = ["Probe text"]
        return [self.fail, text]

    def process(self, p, fail, text):
        probe_package.HOOKS.append(["process", fail, text])
        p.extra_generation_params["Probe text"] = text
        if fail:
            raise RuntimeError("the probe's hook failed")

    def postprocess(self, p, processed, fail, text):
        probe_package.HOOKS.append(["postprocess", len(processed.images)])


class Selectable(scripts.Script):
    def title(self):
        return "Probe Selectable"

    def ui(self, is_img2img):
        return [gr.Textbox(label="First", value="one", elem_id=self.elem_id("first")),
                gr.Slider(label="Second", minimum=0, maximum=9, step=1, value=2, elem_id=self.elem_id("second"))]

    def run(self, p, *args):
        if args[0] == "refuse":
            raise HTTPException(status_code=418, detail="the probe refuses")
        if args[0] == "break":
            raise ValueError("the probe broke")
        p.extra_generation_params["Probe args"] = repr(args)
        return processing.process_images(p)


class Later(scripts.Script):
    def title(self):
        return "Probe Later"

    def show(self, is_img2img):
        return not is_img2img

    def ui(self, is_img2img):
        return [gr.Textbox(label="Moved", value="of the next script")]

    def run(self, p, *args):
        return None


def add_routes(demo, app):
    def state():
        from modules import scripts as now
        return {
            "loads": probe_package.LOADS, "tabs": probe_package.TABS, "hooks": probe_package.HOOKS,
            "components": probe_package.COMPONENTS, "images": probe_package.IMAGES,
            "basedir_now": now.basedir(), "on_path_now": ROOT in sys.path, "flag": shared.cmd_opts.probe_flag,
            "callbacks": {k: sum(x.script == __file__ for x in v) for k, v in script_callbacks.callback_map.items()},
            "records": [[x.script_class.__name__, x.script_class.__module__] for x in now.scripts_data],
            "slices": {s.title(): [s.args_from, s.args_to] for s in now.scripts_txt2img.scripts},
            "selectable": now.scripts_txt2img.titles,
        }

    app.add_api_route("/probe/state", state, methods=["GET"])

    async def endless():
        await asyncio.sleep(3600)

    app.add_api_route("/probe/endless", endless, methods=["GET"])


def add_settings():
    info = shared.OptionInfo(3, "Probe number", gr.Slider, {"minimum": 1, "maximum": 5, "step": 1},
                             section=("probe", "Probe"), infotext="Probe number").info("of the probe")
    shared.opts.add_option("probe_number", info)


def add_tab():
    with gr.Blocks(analytics_enabled=False) as tab:
        gr.HTML("<b>the probe's tab</b>", elem_id="probe_html")
    return [(tab, "Probe", "probe")]


def broken():
    raise RuntimeError("the probe's callback failed")


def seen(component, **kwargs):
    if kwargs.get("elem_id") == "txt2img_generate":
        probe_package.COMPONENTS.append(kwargs["elem_id"])


script_callbacks.on_app_started(add_routes)
script_callbacks.on_ui_settings(add_settings)
script_callbacks.on_ui_tabs(add_tab)
script_callbacks.on_before_ui(broken)
script_callbacks.on_after_component(seen)
script_callbacks.on_image_saved(lambda params: probe_package.IMAGES.append(params.filename))
""",
    "scripts/unloadable.py": "raise ImportError('the probe cannot be loaded')\n",
    "javascript/a_probe.js": "var probeOrder = ['a'];\nonUiLoaded(() => probeOrder.push('loaded'));\n"
    "onOptionsChanged(() => probeOrder.push('options'));\n"
    "onUiTabChange(() => probeOrder.push('tab'));\n",
    "javascript/b_probe.js": "probeOrder.push('b');\n",
    "style.css": "#probe_html { outline: 3px dotted rgb(1, 2, 3); }\n",
    "localizations/probe_lang.json": '{"Sampling method": "Verfahren", "Generate": "Erzeugen"}\n',
}


def write(folder):
    """Writes the extension below a folder, and returns its own folder."""
    return write_extension(folder, "probe", FILES)


def state(probe):
    return requests.get(f"{probe.url}/probe/state", timeout=10).json()


def post(probe, path, **body):
    return requests.post(f"{probe.url}/sdapi/v1/{path}", json=body, timeout=60)


def generate(probe, **changes):
    answer = post(probe, "txt2img", **{**SMALL, **changes})
    assert answer.status_code == 200, answer.text
    return answer.json()


def infotext(answer):
    return json.loads(answer["info"])["infotexts"][0]


def decode(text):
    return Image.open(io.BytesIO(base64.b64decode(text)))
