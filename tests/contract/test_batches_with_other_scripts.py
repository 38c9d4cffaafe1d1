"""Scripts of other extensions: which forbid that cells share a batch, and what is seen only when they run."""

from __future__ import annotations

import copy
import functools
from types import SimpleNamespace

import pytest

from tests.helpers.host_in_process import engine_here

pytestmark = pytest.mark.usefixtures("host")

SOURCE = """
import gradio as gr
from modules import scripts, script_callbacks

class Common(scripts.Script):
    inputs = ()
    def title(self): return type(self).__name__
    def show(self, is_img2img): return scripts.AlwaysVisible
    def ui(self, is_img2img): return list(self.inputs)

class Onlooker(Common):
    def process(self, p, *args): p.extra_generation_params["Onlooker"] = "on"
    def postprocess_image(self, p, pp, *args): pass

class Switched(Common):
    inputs = (gr.Checkbox(label="Switched", value=False),)
    def process_batch(self, p, *args, **kwargs): pass

class Encoder(Common):
    def process_batch(self, p, *args, **kwargs): pass

class Registered(Common):
    def process(self, p, *args): pass

class Registering(Common):
    def process(self, p, *args): script_callbacks.on_cfg_denoiser(lambda params: None)

class Seeds(Common):
    def process(self, p, *args): p.all_seeds = [seed + 1 for seed in p.all_seeds]

class Raises(Common):
    def process(self, p, *args): raise ValueError("a wide batch is not for me")

class Listening(Common):
    seen = []
    def process(self, p, *args):
        self.seen.append((p.seed, p.all_seeds, p.batch_size, p.all_prompts))
        assert isinstance(p.seed, int)

class Sampling(Common):
    def process(self, p, *args): p.sample = lambda *args, **kwargs: None

class Drawing(Common):
    times = 0
    def process(self, p, *args):
        Drawing.times += 1
        p.all_prompts = [f"animal {self.times}"] * 2
        p.cfg_scale, p.sampler_name = self.times, f"Euler a of mine {self.times}"

class Counting(Common):
    seen = []
    def process(self, p, *args): self.seen.append(list(p.all_prompts))

def callback(params): pass
def patch(*args, **kwargs): pass
"""


@pytest.fixture
def extension(tmp_path, monkeypatch):
    """Makes scripts of an extension by the names of their classes; what they register is forgotten again."""
    from modules import script_callbacks, script_loading

    file = tmp_path / "extension" / "scripts" / "them.py"
    file.parent.mkdir(parents=True)
    file.write_text(SOURCE, "utf8")
    module = script_loading.load_module(str(file))
    monkeypatch.setattr(
        script_callbacks, "callback_map", {name: list(found) for name, found in script_callbacks.callback_map.items()}
    )
    return module, str(file)


@pytest.fixture
def request_with(extension):
    """A request with these scripts, and the values of their inputs."""
    from modules import scripts

    module, file = extension

    def make(*names, given=()):
        runner = scripts.ScriptRunner()
        for name in names:
            script = getattr(module, name)()
            script.filename, script.controls = file, script.ui(False)
            script.args_from, script.args_to = 0, len(script.controls)
            runner.alwayson_scripts.append(script)
        return SimpleNamespace(
            scripts=runner,
            script_args=list(given),
            extra_generation_params={},
            styles=[],
            iteration=0,
            prompt="a fox",
            negative_prompt="",
            all_prompts=["a fox"] * 2,
            all_negative_prompts=[""] * 2,
            seed=[5, 6],
            subseed=[1, 1],
            all_seeds=[5, 6],
            all_subseeds=[1, 1],
            n_iter=1,
            batch_size=2,
            get_conds_with_caching=lambda *args: None,
        )

    return make


def why(*requests):
    from clip_skip_lab.webui.busy_scripts import why_not_together

    return why_not_together(engine_here(), list(requests))


def test_one_that_only_looks_on_forbids_nothing(request_with):
    assert why(request_with("Onlooker")) is None


def test_all_that_take_part_are_named(request_with):
    assert why(request_with("Encoder")) == "the script Encoder is active"
    assert why(request_with("Encoder", "Onlooker", "Switched", given=[True])) == (
        "the scripts Encoder, Switched are active"
    )


def test_one_that_is_switched_off_forbids_nothing_unless_an_axis_may_switch_it_on(request_with):
    off = request_with("Switched", given=[False])
    assert why(off) is None
    row = copy.copy(off)
    row.script_args = [True]
    assert why(off, off, row) == "the script Switched is active"
    row = copy.copy(off)
    row.switched_enabled = True
    assert why(off, row) == "an axis sets switched_enabled, which may activate Switched"


def test_one_whose_code_stands_where_the_host_samples_takes_part(request_with, extension, monkeypatch):
    from modules import script_callbacks, sd_samplers_common, shared

    module, _ = extension
    found = "the script Registered is active"
    request = request_with("Registered")
    assert why(request) is None
    with monkeypatch.context() as patch:
        patch.setattr(sd_samplers_common, "setup_img2img_steps", functools.partial(module.patch, 1))
        assert why(request) == found
    with monkeypatch.context() as patch:
        patch.setattr(type(shared.sd_model.cond_stage_model), "forward", module.patch)
        assert why(request) == found
    with monkeypatch.context() as patch:
        patch.setattr(shared.sd_model.first_stage_model.decoder, "forward", module.patch)
        assert why(request) == found
    hook = shared.sd_model.cond_stage_model.register_forward_hook(module.patch)
    assert why(request) == found
    hook.remove()
    assert why(request) is None
    script_callbacks.on_cfg_denoiser(module.callback)
    assert why(request) == found


def generate(request, cells, draws=None):
    """The hooks before sampling, for so many cells at once."""
    from clip_skip_lab.webui.held_draws import Draws, Layout, holding

    layout = Layout(
        list(range(cells)), [(("template", place), ("row", 0, place)) for place in range(cells)], 2 // cells
    )
    with holding(engine_here(), request, layout, draws or Draws()):
        request.scripts.before_process(request)
        request.scripts.process(request)


@pytest.mark.parametrize("name", ["Registering", "Seeds", "Raises", "Sampling"])
def test_one_that_turns_out_to_take_part_breaks_the_batch_off_before_sampling(request_with, name):
    from clip_skip_lab.webui.held_draws import UnevenBatch

    request = request_with(name)
    assert why(request) is None
    with pytest.raises(UnevenBatch, match=f"^the script {name} changed what a batch is made of$"):
        generate(request, cells=2)
    generate(request_with(name), cells=1)


def test_one_that_only_looks_on_leaves_the_batch_alone_and_its_hooks_are_its_own_again(request_with):
    request = request_with("Onlooker")
    generate(request, cells=2)
    assert request.extra_generation_params == {"Onlooker": "on"}
    (script,) = request.scripts.alwayson_scripts
    assert type(script).process.__module__ == type(script).__module__
    assert type(request.scripts).process.__module__ == type(request.scripts).__module__


def test_it_is_shown_each_seed_of_a_batch_as_in_a_generation_of_one_cell(request_with):
    request = request_with("Listening")
    generate(request, cells=2)
    (script,) = request.scripts.alwayson_scripts
    assert script.seen == [(5, [5], 1, ["a fox"]), (6, [6], 1, ["a fox"])]
    assert (request.seed, request.all_seeds, request.batch_size) == ([5, 6], [5, 6], 2)


def test_what_was_drawn_is_put_back_before_the_next_script_but_a_sampler_of_its_own_is_left(request_with):
    from clip_skip_lab.webui.held_draws import Draws

    draws, requests = Draws(), [request_with("Drawing", "Counting") for _ in range(3)]
    for request in requests:
        generate(request, 1, draws)
        assert request.all_prompts == ["animal 1"] * 2
        assert request.scripts.alwayson_scripts[1].seen[-1] == ["animal 1"] * 2
    assert [request.cfg_scale for request in requests] == [1, 1, 1]
    assert [request.sampler_name for request in requests] == [f"Euler a of mine {n}" for n in (1, 2, 3)]
    assert list(draws.drawn_anew) == ["Drawing"]


def test_a_request_with_a_copy_of_the_runner_runs_the_scripts_of_that_copy(engine, request_with):
    """As detailers do within a generation: themselves left out."""
    from clip_skip_lab.webui.held_draws import Draws, Layout, holding

    request = request_with("Onlooker", "Seeds")
    with holding(engine, request, Layout([0], [("template", "row")], 2), Draws()):
        inner = request_with()
        inner.scripts = copy.copy(request.scripts)
        inner.scripts.alwayson_scripts = request.scripts.alwayson_scripts[:1]
        inner.scripts.callback_map = {}
        inner.scripts.process(inner)
    assert inner.extra_generation_params == {"Onlooker": "on"}
    assert inner.all_seeds == [5, 6]
