"""What a probing gets of the host and what it leaves behind, on the embedded host and on the faces of its relatives."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.probe.question import Captioned, Question
from clip_skip_lab.sweep.layer_request import CLIP_L_SKIP, LayerRequest
from tests.helpers.client import gradient
from tests.helpers.host_in_process import FACE, make, pixels, process, run
from tests.minihost.checkpoint import TEXT

PROMPT = "a red (house:1.2), blue sky"
LEVELS = (900, 500, 100)
"""Time steps at which the host's own sampler is asked, one after the other."""

QUESTION = Question(clip_skips=(1, 2))


@pytest.fixture(autouse=True)
def started(host, opts):
    """The host, and options put back."""


@pytest.fixture
def inside(webui):
    """Does something with the network of the loaded model."""
    from clip_skip_lab.webui import probing

    return lambda action, question=QUESTION: probing.inside(webui.engine, question, action)


@pytest.fixture
def sampled(inside):
    """What the host's own sampling is given and gives at `LEVELS`, by clip skip, without guidance."""
    from modules import script_callbacks

    sigmas = inside(lambda network: network.sigmas)

    def sample(clip_skip):
        asked, given = [], []

        def ask(params):
            params.sigma[:] = sigmas[LEVELS[len(asked)]]
            params.x[:] = params.x / params.x.std() * params.sigma[0]
            asked.append((params.x[:1].clone(), params.sigma[:1].clone(), params.text_cond[:1].clone()))

        def note(params):
            given.append(params.x.clone())

        script_callbacks.on_cfg_denoiser(ask)
        script_callbacks.on_cfg_after_cfg(note)
        try:
            run(
                prompt=PROMPT, steps=len(LEVELS), cfg_scale=1.0, override_settings=clip(clip_skip), sampler_name="Euler"
            )
        finally:
            for callback in (ask, note):
                script_callbacks.remove_callbacks_for_function(callback)
        return [(*one, denoised) for one, denoised in zip(asked, given, strict=True)]

    return sample


def clip(value):
    return {"CLIP_stop_at_last_layers": value}


def noise_image(seed=0):
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (64, 64, 3), dtype=np.uint8))


def pictures(count=3):
    return [Captioned(f"{n}", f"thing {n}", lambda value, n=n: noise_image(n)) for n in range(count)]


def encode(inside, caption, literal, *values):
    requests = [LayerRequest(value=value, every_model=True) for value in values or (1,)]
    return inside(lambda network: network.conditionings(caption, requests, 64, 64, literal))


def crossattn(inside, caption, literal=True):
    return encode(inside, caption, literal)[0]["crossattn"]


# The network


@pytest.mark.parametrize("clip_skip", [1, 2, 12])
def test_a_guess_and_its_conditioning_are_those_of_the_hosts_own_sampling(inside, sampled, clip_skip):
    steps = sampled(clip_skip)
    (mine,) = encode(inside, PROMPT, False, clip_skip)
    for noisy, sigma, conditioning, denoised in steps:
        assert torch.equal(conditioning, mine["crossattn"])
        guess = inside(lambda network, x=noisy, level=sigma: network.denoised(x, level, [mine]))
        assert guess.dtype == torch.float32
        # What the network guesses is multiplied by the noise level; the host asks it in a batch with another prompt.
        torch.testing.assert_close(guess, denoised, rtol=1e-5, atol=1e-5 * max(1.0, float(sigma)))


def test_guesses_in_a_batch_are_those_of_one_at_a_time(inside):
    def ask(network):
        some = network.conditionings(PROMPT, [QUESTION.request(value) for value in (1, 2, 12)], 64, 64, True)
        sigma = network.sigmas[[100, 500, 900]]
        noisy = torch.randn(3, 4, 8, 8, generator=torch.Generator().manual_seed(1)) * sigma[:, None, None, None]
        alone = [network.denoised(noisy[n : n + 1], sigma[n : n + 1], some[n : n + 1]) for n in range(3)]
        return network.denoised(noisy, sigma, some), torch.cat(alone)

    together, alone = inside(ask)
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-4)


def test_the_noise_levels_rise_over_the_thousand_time_steps(inside):
    sigmas = inside(lambda network: network.sigmas)
    assert sigmas.shape == (1000,)
    assert sigmas.dtype == torch.float32
    assert bool((sigmas[1:] > sigmas[:-1]).all())


def test_latents_are_those_of_the_hosts_own_img2img(inside):
    from modules import sd_samplers_common, shared

    picture = noise_image()

    def ask(network):
        torch.manual_seed(3)
        mine = network.latents(picture)
        torch.manual_seed(3)
        numbers = torch.from_numpy(np.asarray(picture).astype(np.float32) / 255).permute(2, 0, 1)[None]
        return mine, sd_samplers_common.images_tensor_to_samples(numbers, 0, shared.sd_model)

    mine, theirs = inside(ask)
    assert mine.shape == (1, 4, 8, 8)
    assert torch.equal(mine, theirs.float())


def test_all_layers_of_a_caption_come_from_one_pass_of_the_text_encoder(inside, monkeypatch):
    from clip_skip_lab.webui.one_pass import OnePass

    passes, make_memo = [], OnePass.__init__

    def noting(memo, *given):
        make_memo(memo, *given)
        passes.append(memo)

    monkeypatch.setattr(OnePass, "__init__", noting)
    found = encode(inside, "cat", True, *range(1, 13))
    assert [memo.forwards for memo in passes] == [1]
    assert len({one["crossattn"].numpy().tobytes() for one in found}) == 12


# Captions


@pytest.mark.parametrize(
    "caption",
    [
        "saber (fate)",
        "a ((cat)), (dog:1.4)",
        "time 12:30 (a:b:0.5)",
        "smile :) and :(",
        "red and blue",
        "a\\b",
        "end \\",
    ],
)
def test_signs_in_a_caption_are_letters(inside, opts, caption):
    """With the emphasis "None" the host itself takes all of them as letters, but for square brackets."""
    mine = crossattn(inside, caption)
    opts.data["emphasis"] = "None"
    assert torch.equal(mine, crossattn(inside, caption, literal=False))
    assert torch.equal(mine, crossattn(inside, caption)), "with this setting too a backslash is no letter"


@pytest.mark.parametrize(
    ("caption", "same"),
    [
        ("saber (fate)", "saber \\(fate\\)"),
        ("[cat|dog]", "\\[cat|dog\\]"),
        ("[cat:dog:0.5]", "\\[cat:dog:0.5\\]"),
        ("red BREAK cat", "red break cat"),
        ("red AND cat", "red and cat"),
    ],
)
def test_a_caption_may_be_written_with_or_without_backslashes(inside, caption, same):
    one, other = crossattn(inside, caption), crossattn(inside, same)
    assert torch.equal(one, other)
    assert one.shape[1] == 77


def test_a_prompt_is_read_as_the_host_reads_it_without_its_loras(inside):
    plain = crossattn(inside, "a (cat:1.4)", literal=False)
    assert not torch.equal(plain, crossattn(inside, "a (cat:1.4)", literal=True))
    assert torch.equal(plain, crossattn(inside, "a (cat:1.4)<lora:anything:1>", literal=False))
    assert crossattn(inside, "red BREAK cat", literal=False).shape[1] == 154


# What is left behind


def state_of(host):
    names = ("job", "job_count", "textinfo", "sampling_step", "sampling_steps")
    return {name: getattr(host.state, name) for name in names}


@pytest.fixture
def params():
    """The file with the last generation's infotext."""
    from clip_skip_lab.webui import put_back

    return Path(put_back.PARAMS)


def img2img():
    return process(make("Img2Img", init_images=[gradient()], denoising_strength=0.7))


@pytest.mark.parametrize("kind", ["txt2img", "img2img"])
def test_a_generation_after_it_is_the_one_that_would_have_been(webui, kind):
    generate = {"txt2img": run, "img2img": img2img}[kind]
    run()
    without = [pixels(generate()), pixels(generate())]
    run()
    before = pixels(generate())
    webui.trained_with(QUESTION, pictures())
    assert np.array_equal(before, without[0])
    assert np.array_equal(pixels(generate()), without[1])


def test_settings_state_and_last_infotext_are_as_before(webui, host, opts, params):
    run()
    options, infotext, random = dict(opts.data), params.read_bytes(), torch.get_rng_state()
    model = host.sd_model
    webui.trained_with(QUESTION, pictures())
    assert dict(opts.data) == options
    assert params.read_bytes() == infotext
    assert torch.equal(torch.get_rng_state(), random)
    assert host.sd_model is model
    assert state_of(host) == {"job": "", "job_count": 0, "textinfo": None, "sampling_step": 0, "sampling_steps": 0}


def test_while_it_runs_the_last_infotext_is_the_users(inside, params):
    run()
    infotext = params.read_bytes()
    assert inside(lambda network: params.read_bytes()) == infotext


def test_the_setting_counts_as_the_users_while_it_runs(webui):
    seen = []
    webui.trained_with(QUESTION, pictures(), lambda progress: seen.append(webui.clip_skip().temporary))
    assert seen
    assert not any(seen)


def test_an_error_reaches_the_caller_and_the_next_generation_is_as_ever(inside, params):
    before, infotext = pixels(run()), params.read_bytes()
    for error in (ZeroDivisionError("nothing there"), InvalidInput("Model", 1, "others")):
        with pytest.raises(type(error)) as caught:
            inside(lambda network, error=error: (_ for _ in ()).throw(error))
        assert caught.value is error
    assert params.read_bytes() == infotext
    assert np.array_equal(pixels(run()), before)


def test_it_can_be_interrupted_and_an_interrupt_from_before_is_over(webui, host):
    host.state.interrupted = True
    assert not webui.trained_with(QUESTION, pictures()).interrupted
    answer = webui.trained_with(QUESTION, pictures(), lambda progress: host.state.interrupt())
    assert answer.interrupted
    assert answer.clip_skip is None
    assert state_of(host)["job"] == ""
    before = pixels(run())
    assert np.array_equal(pixels(run()), before)


def test_an_interrupt_before_the_host_samples_is_an_answer_with_nothing_measured(webui, host, monkeypatch):
    from modules import processing

    kind = processing.StableDiffusionProcessingTxt2Img
    prepare = kind.init

    def interrupted_while_it_prepares(p, *given):
        host.state.interrupt()
        return prepare(p, *given)

    monkeypatch.setattr(kind, "init", interrupted_while_it_prepares)
    answer = webui.trained_with(QUESTION, pictures())
    assert answer.interrupted
    assert [str(sentence) for sentence in answer.sentences] == ["Undecided: nothing was measured."]


def test_two_at_once_run_one_after_the_other_and_say_the_same(webui):
    running, answers = [], []

    def watch(name):
        def told(progress):
            running.append(name)
            time.sleep(0.01)

        return told

    def ask(name):
        answers.append(webui.trained_with(QUESTION, pictures(), watch(name)))

    threads = [threading.Thread(target=ask, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [name for name, _ in groupby(running)] in (["a", "b"], ["b", "a"])
    assert answers[0].rows == answers[1].rows


# LoRAs


@pytest.fixture
def lora(host, tmp_path, monkeypatch):
    """One that changes the text encoder and the UNet, by its tag."""
    generator = torch.Generator().manual_seed(4)
    width, layer = TEXT["hidden"], "lora_te_text_model_encoder_layers_0_mlp_fc1"
    weights = {
        f"{layer}.lora_down.weight": torch.randn(2, width, generator=generator),
        f"{layer}.lora_up.weight": torch.randn(4 * width, 2, generator=generator) * 0.2,
    }
    save_file(weights, tmp_path / "probed.safetensors")
    monkeypatch.setattr(host.cmd_opts, "lora_dir", str(tmp_path))
    return "<lora:probed:1>"


def test_a_lora_is_active_inside_and_gone_afterwards_also_after_an_error(inside, lora):
    without, before = crossattn(inside, "cat"), pixels(run())
    asked = Question(clip_skips=(1, 2), loras=lora)

    def encoded(network):
        return network.conditionings("cat", [LayerRequest(value=1, every_model=True)], 64, 64, True)[0]["crossattn"]

    assert not torch.equal(inside(encoded, asked), without)
    with pytest.raises(ZeroDivisionError):
        inside(lambda network: 1 / 0, asked)
    assert np.array_equal(pixels(run()), before)
    assert torch.equal(crossattn(inside, "cat"), without)


# What cannot be asked


@pytest.mark.parametrize(
    ("question", "field"),
    [
        (Question(clip_skips=(1, 13)), "Clip skip values: 13 is beyond the layers of CLIP-L of SD1; allowed: 1 to 12"),
        (Question(clip_skips=(0, 1)), "Clip skip values: 0 is not a layer; allowed: 1 to 12"),
        (Question(vary=CLIP_L_SKIP), "SDXL CLIP-L skip: 1 cannot be applied, because this model has no CLIP-L of SDXL"),
        (Question(loras="<lora:nowhere:1>"), 'LoRAs: "nowhere" is not available'),
    ],
)
def test_what_the_model_cannot_do_is_refused_with_field_value_and_what_is_allowed(webui, host, question, field):
    with pytest.raises(InvalidInput) as refused:
        webui.trained_with(question, pictures())
    assert refused.value.detail.startswith(field)
    assert state_of(host)["job"] == ""


def test_a_model_of_an_unknown_kind_is_refused_by_its_name(webui, monkeypatch):
    from clip_skip_lab.webui.engine import LoadedModel

    described = webui.engine.loaded().described
    monkeypatch.setattr(type(webui.engine), "loaded", lambda engine: LoadedModel(described))
    with pytest.raises(InvalidInput) as refused:
        webui.trained_with(QUESTION, pictures())
    assert refused.value.detail.startswith(f'Model: "{described.name}" has no text encoder')


def test_without_values_all_layers_are_compared(webui):
    answer = webui.trained_with(Question(), pictures(2))
    assert [row.clip_skip for row in answer.rows] == list(range(1, 13))
    assert answer.model == {"name": webui.checkpoint()[0], "hash": webui.checkpoint()[1]}


# Pictures that the model draws itself


@pytest.fixture
def watched(webui):
    """What is asked of a generation is in force, as with the extension's script loaded."""
    from modules import processing

    from clip_skip_lab.webui.layer_hooks import watch_generations

    before = processing.process_images_inner
    watch_generations(webui.engine, webui.language)
    yield
    processing.process_images_inner = before


def drawn(webui, count, values=(1, 2)):
    from clip_skip_lab.webui import drawn_pictures

    question = Question(clip_skips=values, seed=7, size=(64, 64))
    return drawn_pictures.drawn(webui.engine, question, pictures(2), count, lambda progress: None)


def test_the_model_draws_what_a_generation_at_that_clip_skip_gives(webui, watched):
    found = drawn(webui, 3)
    assert [one.caption for one in found] == ["thing 0", "thing 1", "thing 0"]
    assert all(one.drawn for one in found)
    for place, one in enumerate(found):
        for value in (1, 2):
            alone = run(
                prompt=one.caption,
                negative_prompt="",
                seed=7 + place,
                steps=20,
                cfg_scale=7.0,
                override_settings=clip(value),
            )
            assert np.array_equal(np.asarray(one.load(value)).astype(int), pixels(alone))
        assert not np.array_equal(np.asarray(one.load(1)), np.asarray(one.load(2)))


def test_nothing_that_it_draws_is_saved_and_its_pictures_are_asked_with(webui, watched, host, opts, params):
    opts.data.update(samples_save=True)
    run(do_not_save_samples=True)
    infotext, outputs = params.read_bytes(), files_below(host)
    question = Question(clip_skips=(1, 2), size=(64, 64))
    answer = webui.trained_with(question, pictures(2), draw=2)
    assert answer.drawn
    assert answer.pictures == 2
    assert params.read_bytes() == infotext
    assert files_below(host) == outputs


def files_below(host):
    from modules.paths_internal import data_path

    return sorted(str(path) for path in Path(data_path, "outputs").rglob("*") if path.is_file())


def test_without_our_hold_on_generations_it_draws_nothing(webui):
    with pytest.raises(InvalidInput, match="another extension has taken over how the WebUI generates"):
        drawn(webui, 1)


def test_an_interrupt_while_it_draws_ends_all_of_it(webui, watched, host):
    question = Question(clip_skips=(1, 2), size=(64, 64))
    answer = webui.trained_with(question, pictures(2), lambda progress: host.state.interrupt(), draw=2)
    assert answer.interrupted
    assert answer.rows == ()
    assert state_of(host)["job"] == ""


# Infotexts and the checkpoint


def test_a_picture_tells_its_prompt_and_the_hash_of_its_checkpoint(webui, host):
    told = webui.infotext(run(prompt="a (cat:1.2)").images[0])
    assert told.prompt == "a (cat:1.2)"
    assert told.model_hash == webui.checkpoint()[1] == host.sd_model.sd_model_hash


def test_a_picture_without_an_infotext_tells_nothing(webui):
    assert webui.infotext(gradient()) is None


# The relatives

THEIR_OWN = "guess or noise_levels or latents or one_pass or generation_after or as_before or lora or model_draws"
"""Tests of what is another file's there."""


@pytest.mark.skipif(FACE != "a1111", reason="this is what runs in the other process")
@pytest.mark.parametrize("face", ["forge", "reforge", "classic"])
def test_all_of_this_holds_on_the_other_webuis(face):
    asked = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", THEIR_OWN, __file__]
    ran = subprocess.run(asked, env={**os.environ, "MINIHOST_FACE": face}, capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, ran.stdout[-4000:]
