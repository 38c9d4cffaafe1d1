"""The embedded host's modules in the test's own process, and short ways to run a job there.

With the face that `MINIHOST_FACE` names: a process has one.
"""

import os
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

FACE = os.environ.get("MINIHOST_FACE", "a1111")


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """The host's modules in this process, with a model, without a page."""
    torch.set_num_threads(1)
    if "modules" not in sys.modules:
        from tests.minihost import launch

        argv = sys.argv
        launch.prepare(tmp_path_factory.mktemp("host"), [], ["--disable-console-progressbars"], face=FACE)
        import modules.initialize
        import modules.shared_init

        modules.shared_init.initialize()
        sys.argv = argv

    from modules import extra_networks, sd_models, sd_vae, shared, upscaler

    from clip_skip_lab.webui.options import lendable

    lendable(shared.opts)
    sd_models.setup_model()
    sd_models.list_models()
    sd_vae.refresh_vae_list()
    shared.sd_upscalers = upscaler.UpscalerNone().scalers
    extra_networks.initialize()
    extra_networks.register_default_extra_networks()
    if FACE == "forge":  # where a model is loaded when it has been chosen
        from modules_forge import main_entry

        main_entry.refresh_model_loading_parameters()
        sd_models.forge_model_reload()
    assert shared.sd_model is not None
    shared.opts.data.update(samples_save=False, grid_save=False)
    # a setting that was never set isn't restored after an override: see the test of that
    shared.opts.data.update(CLIP_stop_at_last_layers=1, sd_vae="Automatic", sd_model_checkpoint=model().title)
    return shared


@pytest.fixture
def opts(host):
    """The options; whatever a test changes is put back."""
    before = dict(host.opts.data)
    yield host.opts
    host.opts.data.clear()
    host.opts.data.update(before)


@pytest.fixture
def webui(host):
    """The host as panels and sweeps see it."""
    from clip_skip_lab.engines import detect

    return detect()


@pytest.fixture
def engine(host):
    """What is its own of the host's kind."""
    return engine_here()


def engine_here():
    """The same, for helpers of tests."""
    from clip_skip_lab.engines import detect

    return detect().engine


def model(other=False):
    """The record of the loaded checkpoint, or of the other one."""
    from modules import sd_models, shared

    loaded = shared.sd_model.sd_checkpoint_info
    return next(i for i in sd_models.checkpoints_list.values() if i.filename != loaded.filename) if other else loaded


def make(kind="Txt2Img", **changes):
    from modules import processing

    arguments = {
        "prompt": "a red house, blue sky",
        "negative_prompt": "ugly",
        "steps": 3,
        "width": 64,
        "height": 64,
        "seed": 5,
        "cfg_scale": 5.0,
        "sampler_name": "Euler a",
        "scheduler": "Automatic",
        "do_not_save_grid": True,
    }
    return getattr(processing, f"StableDiffusionProcessing{kind}")(**(arguments | changes))


def process(p):
    from modules import processing, shared

    shared.state.begin("test")
    try:
        return processing.process_images(p)
    finally:
        shared.state.end()
        p.close()


def run(*args, **changes):
    return process(make(*args, **changes))


def pixels(result, index=0):
    return np.asarray(result.images[index].convert("RGB")).astype(int)


def apart(a, b):
    return np.abs(a - b).mean()


def skipped(n, **changes):
    return pixels(run(override_settings={"CLIP_stop_at_last_layers": n}, **changes))
