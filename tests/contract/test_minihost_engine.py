"""What the embedded host's engine does: sampling, prompts, clip skip, settings, interrupts, infotexts."""

import itertools
import json
import os
import re

import numpy as np
import pytest

from tests.helpers.host_in_process import apart, make, model, pixels, process, run, skipped

torch = pytest.importorskip("torch")

SAMPLERS = ["DPM++ 2M", "DPM++ SDE", "Euler a", "Euler", "DDIM"]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_equal_calls_are_bit_identical(host, sampler):
    first, second = run(sampler_name=sampler), run(sampler_name=sampler)
    assert np.array_equal(pixels(first), pixels(second))
    assert pixels(first).std() > 10


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_picture_does_not_depend_on_its_place_in_a_batch(host, sampler):
    batch = run(
        sampler_name=sampler,
        batch_size=3,
        seed=[7, 5, 9],
        prompt=["a cat", "a red house, blue sky", "a dog"],
        negative_prompt=["ugly"] * 3,
    )
    alone = run(sampler_name=sampler)
    assert np.abs(pixels(batch, 1) - pixels(alone)).max() <= 1


def test_seeds_and_prompts_change_the_picture(host):
    plain = pixels(run())
    assert apart(plain, pixels(run(seed=6))) > 5
    assert apart(plain, pixels(run(prompt="a green cat"))) > 5
    assert apart(plain, pixels(run(negative_prompt="blurry, text"))) > 5
    assert apart(plain, pixels(run(cfg_scale=9.0))) > 2


def test_clip_skips_1_to_13_are_13_pictures_and_14_is_an_index_error(host):
    pictures = [skipped(n) for n in range(1, 14)]
    for i, one in enumerate(pictures):
        for other in pictures[i + 1 :]:
            assert apart(one, other) > 2
    with pytest.raises(IndexError):
        skipped(14)


@pytest.mark.parametrize("value", [0, -1, -3, True])
def test_anything_below_2_is_the_last_layer(host, value):
    assert np.array_equal(skipped(value), skipped(1))


@pytest.mark.parametrize("value", [1.5, 2.0, "3", None])
def test_a_clip_skip_that_is_no_integer_raises(host, opts, value):
    opts.data["CLIP_stop_at_last_layers"] = value
    with pytest.raises(TypeError):
        run()


def test_the_skip_is_a_hidden_state_through_the_final_layer_norm(host, opts):
    encoder = host.sd_model.cond_stage_model
    tokens = torch.tensor([encoder.process_texts(["a cat"])[0][0][0].tokens])
    outputs = encoder.wrapped.transformer(input_ids=tokens, output_hidden_states=True)
    assert len(outputs.hidden_states) == 13
    opts.data["CLIP_stop_at_last_layers"] = 4
    expected = encoder.wrapped.transformer.text_model.final_layer_norm(outputs.hidden_states[-4])
    assert torch.equal(encoder.encode_with_transformers(tokens), expected)


def test_hidden_states_differ_clearly_between_neighbouring_layers(host):
    encoder = host.sd_model.cond_stage_model
    tokens = torch.tensor([encoder.process_texts(["a cat on a table"])[0][0][0].tokens])
    norm = encoder.wrapped.transformer.text_model.final_layer_norm
    states = [norm(x) for x in encoder.wrapped.transformer(tokens, output_hidden_states=True).hidden_states]
    for one, next_one in itertools.pairwise(states):
        assert torch.nn.functional.cosine_similarity(one, next_one, dim=-1).mean() < 0.95


def test_override_settings_are_in_force_and_then_restored(host, opts):
    opts.data["CLIP_stop_at_last_layers"] = 1
    result = run(override_settings={"CLIP_stop_at_last_layers": 3})
    assert "Clip skip: 3" in result.infotexts[0]
    assert opts.CLIP_stop_at_last_layers == 1
    assert "Clip skip" not in run().infotexts[0]


def test_an_override_of_a_setting_that_was_never_set_stays_as_on_the_real_host(host, opts):
    opts.data.pop("CLIP_stop_at_last_layers")
    run(override_settings={"CLIP_stop_at_last_layers": 3})
    assert opts.data["CLIP_stop_at_last_layers"] == 3


def test_override_settings_stay_when_told_so(host, opts):
    run(override_settings={"CLIP_stop_at_last_layers": 3}, override_settings_restore_afterwards=False)
    assert opts.CLIP_stop_at_last_layers == 3


def test_override_settings_are_restored_after_an_error(host, opts):
    with pytest.raises(IndexError):
        run(override_settings={"CLIP_stop_at_last_layers": 14})
    assert opts.CLIP_stop_at_last_layers == 1


def test_another_checkpoint_makes_other_pictures_and_is_left_again(host, opts):
    first = pixels(run())
    own, other = model(), model(other=True)
    result = run(override_settings={"sd_model_checkpoint": other.name})
    assert apart(first, pixels(result)) > 5
    assert f"Model: {other.name_for_extra}" in result.infotexts[0]
    assert np.array_equal(first, pixels(run()))
    assert model().filename == own.filename  # the list of checkpoints may have been read anew


def test_another_vae_changes_the_picture_and_is_left_again(host, opts):
    first = pixels(run())
    result = run(override_settings={"sd_vae": "tiny-vae.safetensors"})
    assert "VAE: tiny-vae.safetensors" in result.infotexts[0]
    assert apart(first, pixels(result)) > 0.5
    assert np.array_equal(first, pixels(run()))


@pytest.mark.parametrize(
    "prompt",
    [
        "a red house BREAK blue sky",
        "a red house AND blue sky",
        "a [red:green:0.5] house, blue sky",
        "a [red|green] house, blue sky",
        "a (red:1.4) house, blue sky",
        "a [red] house, blue sky",
        "a red house, blue sky, " + "and a tree, " * 40,
    ],
)
def test_prompt_syntax_changes_the_picture(host, prompt):
    assert apart(pixels(run(prompt=prompt, steps=6)), pixels(run(steps=6))) > 0.5


@pytest.mark.parametrize("way", ["Original", "No norm", "Ignore", "None"])
def test_weighted_prompts_have_no_nan_in_any_emphasis(host, opts, way):
    opts.data["emphasis"] = way
    encoded = host.sd_model.get_learned_conditioning(["a (red:1.4) [house]"])
    assert torch.isfinite(encoded).all()
    assert f"Emphasis: {way}" in run(prompt="a (red:1.4) house").infotexts[0] or way == "Original"


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("test", [[10, "test"]]),
        ("a [b:3]", [[3, "a "], [10, "a b"]]),
        ("a [b: 3]", [[3, "a "], [10, "a b"]]),
        ("a [[[b]]:2]", [[2, "a "], [10, "a [[b]]"]]),
        ("[(a:2):3]", [[3, ""], [10, "(a:2)"]]),
        ("a [b : c : 1] d", [[1, "a b  d"], [10, "a  c  d"]]),
        ("a[b:[c:d:2]:1]e", [[1, "abe"], [2, "ace"], [10, "ade"]]),
        ("a [unbalanced", [[10, "a [unbalanced"]]),
        ("a [b:.5] c", [[5, "a  c"], [10, "a b c"]]),
        ("((a][:b:c [d:3]", [[3, "((a][:b:c "], [10, "((a][:b:c d"]]),
        ("[x|y]", [[i, "xy"[(i - 1) % 2]] for i in range(1, 11)]),
    ],
)
def test_prompt_schedules(host, prompt, expected):
    from modules.prompt_parser import get_learned_conditioning_prompt_schedules

    assert get_learned_conditioning_prompt_schedules([prompt], 10)[0] == expected


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("normal text", [["normal text", 1.0]]),
        ("an (important) word", [["an ", 1.0], ["important", 1.1], [" word", 1.0]]),
        ("(unbalanced", [["unbalanced", 1.1]]),
        (r"\(literal\]", [["(literal]", 1.0]]),
        ("(one)(two)", [["onetwo", 1.1]]),
        ("a BREAK b", [["a", 1.0], ["BREAK", -1], ["b", 1.0]]),
        ("(a:1.5)", [["a", 1.5]]),
        ("", [["", 1.0]]),
    ],
)
def test_prompt_attention(host, prompt, expected):
    from modules.prompt_parser import parse_prompt_attention

    assert parse_prompt_attention(prompt) == expected


def test_the_tokenizer_is_clips(host):
    encoder = host.sd_model.cond_stage_model
    assert encoder.tokenize(["a photo of a cat"]) == [[320, 1125, 539, 320, 2368]]
    assert (encoder.id_start, encoder.id_end) == (49406, 49407)
    chunks, count = encoder.tokenize_line("cat " * 80)
    assert (len(chunks), count) == (2, 80)
    assert {len(chunk.tokens) for chunk in chunks} == {77}


def test_equal_conditioning_is_made_once(host):
    calls = []
    hook = host.sd_model.cond_stage_model.wrapped.transformer.register_forward_hook(lambda *a: calls.append(1))
    try:
        for cfg in (3.0, 5.0, 7.0):
            run(prompt="a caching cat", negative_prompt="bad", cfg_scale=cfg)
        assert len(calls) == 2
        for skip in (4, 5, 4):
            skipped(skip, prompt="a caching cat", negative_prompt="bad")
        assert len(calls) == 2 + 3 * 2
    finally:
        hook.remove()


def test_an_embedding_takes_the_place_of_its_name(host, opts):
    from modules import sd_hijack

    plain = pixels(run(prompt="a zorbl house"))
    os.makedirs(host.cmd_opts.embeddings_dir, exist_ok=True)
    vectors = torch.randn(2, 128, generator=torch.Generator().manual_seed(3))
    path = os.path.join(host.cmd_opts.embeddings_dir, "zorbl.pt")
    torch.save({"string_to_param": {"*": vectors}, "name": "zorbl"}, path)
    try:
        result = run(prompt="a zorbl house, (zorbl:1.2)")
        assert apart(plain, pixels(result)) > 1
        assert re.search(r'TI hashes: "zorbl: [0-9a-f]{12}"', result.infotexts[0])
        assert sd_hijack.model_hijack.fixes is None
    finally:
        os.remove(path)
        sd_hijack.model_hijack.embedding_db.load_textual_inversion_embeddings(force_reload=True)


def test_a_lora_changes_the_weights_and_leaves_them_again(host, tmp_path, monkeypatch):
    from safetensors.torch import save_file

    random = torch.Generator().manual_seed(1)
    key = "lora_te_text_model_encoder_layers_3_mlp_fc1"
    down, up = torch.randn(4, 128, generator=random), torch.randn(512, 4, generator=random)
    save_file({f"{key}.lora_down.weight": down, f"{key}.lora_up.weight": up}, tmp_path / "strong.safetensors")
    monkeypatch.setattr(host.cmd_opts, "lora_dir", str(tmp_path))
    plain = run()
    changed = run(prompt="a red house, blue sky<lora:strong:0.8>")
    assert apart(pixels(plain), pixels(changed)) > 1
    assert "Lora hashes:" in changed.infotexts[0]
    assert np.array_equal(pixels(plain), pixels(run()))


class _After:
    """Calls something after some steps, from inside the sampling loop."""

    def __init__(self, steps, action):
        self.left, self.action = steps, action

    def __call__(self, params):
        self.left -= 1
        if self.left == 0:
            self.action()


@pytest.fixture
def after_steps(host):
    from modules import script_callbacks

    added = []

    def add(steps, action):
        callback = _After(steps, action)
        script_callbacks.on_cfg_denoised(callback)
        added.append(callback)

    yield add
    for callback in added:
        script_callbacks.remove_callbacks_for_function(callback)


def test_an_interrupt_leaves_a_half_sampled_picture_and_ends_the_job(host, after_steps):
    whole = pixels(run(steps=8))
    after_steps(4, lambda: host.state.interrupt())
    result = run(steps=8, n_iter=3)
    assert len(result.images) == 1
    assert apart(whole, pixels(result)) > 1


def test_a_skip_leaves_a_half_sampled_picture_and_goes_on(host, after_steps):
    whole = pixels(run(steps=8, seed=6))
    after_steps(4, lambda: host.state.skip())
    result = run(steps=8, n_iter=2)
    assert len(result.images) == 2
    assert np.array_equal(pixels(result, 1), whole)


def test_progress_counts_steps(host, after_steps):
    seen = []
    after_steps(3, lambda: seen.append((host.state.sampling_step, host.state.sampling_steps, host.state.job_count)))
    run(sampler_name="Euler", steps=5)
    assert seen == [(1, 5, 1)]  # the callback runs before the third step is counted


def test_the_infotext_tells_everything_and_reads_back(host, opts):
    from modules.infotext_utils import parse_generation_parameters

    opts.data["CLIP_stop_at_last_layers"] = 2
    result = run(prompt="a (red:1.2) house", sampler_name="DPM++ 2M", scheduler="Karras")
    text = result.infotexts[0]
    assert re.match(
        r"a \(red:1.2\) house\nNegative prompt: ugly\n"
        r"Steps: 3, Sampler: DPM\+\+ 2M, Schedule type: Karras, "
        r"CFG scale: 5.0, Seed: 5, Size: 64x64, Model hash: [0-9a-f]{10}, Model: \S+, Clip skip: 2, "
        r"Version: v1\.10\.1$",
        text,
    )
    assert result.images[0].info["parameters"] == text
    read = parse_generation_parameters(text)
    assert (read["Prompt"], read["Negative prompt"], read["Seed"], read["Size-1"], read["Clip skip"]) == (
        "a (red:1.2) house",
        "ugly",
        "5",
        "64",
        "2",
    )
    assert parse_generation_parameters("x\nSteps: 1, Seed: 2, Size: 8x8")["Clip skip"] == "1"


def test_a_list_in_the_extra_parameters_is_indexed_per_picture(host):
    p = make(batch_size=3)
    p.extra_generation_params["Clip skip"] = [1, 2, 3]
    texts = process(p).infotexts
    assert [re.search(r"Clip skip: (\d)", text).group(1) for text in texts] == ["1", "2", "3"]


def test_override_settings_from_infotext_pairs(host):
    from modules.infotext_utils import create_override_settings_dict, quote, unquote

    assert create_override_settings_dict(["Clip skip: 2"]) == {"CLIP_stop_at_last_layers": 2}
    assert unquote(str(quote('a, "b": c'))) == 'a, "b": c'


def test_old_sampler_names_are_understood(host):
    result = run(sampler_name="DPM++ 2M Karras", scheduler=None)
    assert "Sampler: DPM++ 2M, Schedule type: Karras" in result.infotexts[0]


def test_the_result_as_json(host):
    found = json.loads(run(batch_size=2).js())
    assert found["all_seeds"] == [5, 6]
    assert found["clip_skip"] == 1
    assert len(found["infotexts"]) == 2


def test_variations_lie_between_two_seeds(host):
    a, b = run(seed=5), run(seed=77)
    none = run(seed=5, subseed=77, subseed_strength=0.0)
    half = run(seed=5, subseed=77, subseed_strength=0.5)
    assert np.array_equal(pixels(a), pixels(none))
    assert min(apart(pixels(half), pixels(a)), apart(pixels(half), pixels(b))) > 1
    assert "Variation seed: 77, Variation seed strength: 0.5" in half.infotexts[0]
