"""Whether other extensions are switched off, by the kinds of inputs that popular ones have."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from clip_skip_lab.webui.switches import is_switched_off


class Checkbox:
    """What gradio's components have of what is looked at."""

    def __init__(self, label="", choices=None, value=False):
        self.label = label
        self.choices = choices
        self.value = value


class InputAccordionImpl(Checkbox):
    """An accordion of an extension's own, as several have it."""


class Radio(Checkbox):
    pass


class Textbox(Checkbox):
    pass


class State(Checkbox):
    pass


TICK = [Checkbox("Enabled"), Textbox("Targets"), Checkbox("Debug log")]
UNIT = {"ad_model": "face.pt", "ad_controlnet_model": "None", "ad_controlnet_module": "None"}

OFF_AND_ON = {
    "a tick of its own name": ("Latent Couple extension", [Checkbox("Latent Couple")], [False], [True]),
    "a tick with its name": ("Dynamic Prompts v2.17.1", [Checkbox("Dynamic Prompts enabled")], [False], [True]),
    "a tick that says enabled": ("Cutoff", TICK, [False, "red", True], [True, "red", False]),
    "a tick that says active, with a drawing beside it": (
        "Regional Prompter",
        [Checkbox("Active"), Checkbox("Use base prompt"), State()],
        [False, True, {"image": None, "mask": None}],
        [True, False, {"image": None, "mask": None}],
    ),
    "a tick with a part of a long title": (
        "Dynamic Thresholding (CFG Scale Fix)",
        [Checkbox("Enable Dynamic Thresholding"), Checkbox("Separate Feature Channels")],
        [False, True],
        [True, True],
    ),
    "an accordion of its own class": ("NegPiP", [InputAccordionImpl("NegPiP")], [False], [True]),
    "an accordion without a default": ("NegPiP", [InputAccordionImpl("NegPiP", value=None)], [None], [True]),
    "an accordion behind a text, with a radio inside": (
        "LoRA Block Weight",
        [Textbox(""), InputAccordionImpl("LoRA Block Weight"), Radio("Active", ["Disable", "XYZ plot"])],
        ["NONE:0", False, 0],
        ["NONE:0", True, 0],
    ),
    "a radio of texts": ("Weights", [Textbox(""), Radio("", ["Active", "Disable"])], ["", "Disable"], ["", "Active"]),
    "a radio of numbers": ("CD Tuner", [Radio("Active", ["Active", "Disable"])], [1], [0]),
    "a radio with pairs": ("CD Tuner", [Radio("CD Tuner", [("Off", "Off"), ("On", "On")])], ["Off"], ["On"]),
    "units that are objects": (
        "ControlNet",
        [State(), State()],
        [SimpleNamespace(enabled=False), SimpleNamespace(enabled=False)],
        [SimpleNamespace(enabled=False), SimpleNamespace(enabled=True)],
    ),
    "units that are dicts": (
        "ControlNet",
        [State()],
        [{"enabled": False, "model": "x"}],
        [{"enabled": True, "model": "x"}],
    ),
    "a unit that needs no model": (
        "ControlNet",
        [State()],
        [{"enabled": True, "module": "none", "model": "None"}],
        [{"enabled": True, "module": "reference_only", "model": "None"}],
    ),
    "an accordion before units": (
        "ADetailer",
        [InputAccordionImpl("ADetailer"), Checkbox("Skip img2img"), State()],
        [False, False, {"ad_model": "None"}],
        [True, False, UNIT],
    ),
    "units in the place of a tick": (
        "ADetailer",
        [InputAccordionImpl("ADetailer"), Checkbox("Skip img2img"), State()],
        [{"ad_model": "None"}, None, {"ad_model": "None"}],
        [UNIT, None, {"ad_model": "None"}],
    ),
    "an accordion with another name, as the first": ("Many things", [InputAccordionImpl("One thing")], [False], [True]),
}


@pytest.mark.parametrize(("title", "controls", "off", "on"), OFF_AND_ON.values(), ids=OFF_AND_ON)
def test_off_is_told_from_on(title, controls, off, on):
    assert is_switched_off(title, controls, off)
    assert not is_switched_off(title, controls, on)


@pytest.mark.parametrize(
    ("title", "controls", "given"),
    [
        pytest.param("Tiles", [], [], id="no inputs"),
        pytest.param("Tiles", [Checkbox("Keep size"), Textbox("Scale")], [False, ""], id="no switch"),
        pytest.param("Dynamic Prompts", [Checkbox("Enable Jinja2 templates")], [False], id="a switch of a part"),
        pytest.param("Tiles", [Textbox(""), InputAccordionImpl("Advanced")], ["", False], id="an accordion of a part"),
        pytest.param("Tiles", [Radio("Method", ["None", "Lanczos"])], ["None"], id="a choice of something else"),
        pytest.param("Tiles", [Checkbox("Enabled")], [], id="nothing given"),
        pytest.param("LoRA Block Weight", [InputAccordionImpl("LoRA Block Weight")], [None], id="null"),
        pytest.param("Tiles", [Checkbox("Enabled"), Checkbox("Active")], [False, True], id="one of two"),
        pytest.param("ControlNet", [State()], [{"module": "reference_only"}], id="a unit that is on unless said"),
        pytest.param("Tiles", [Textbox("Tiles")], [""], id="a text of its own name"),
    ],
)
def test_what_cannot_be_told_counts_as_on(title, controls, given):
    assert not is_switched_off(title, controls, given)
