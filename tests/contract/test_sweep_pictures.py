"""Each cell of a sweep is, bit for bit, the picture of a single generation with the same settings."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tests.helpers.client import encoded, gradient, mask, same
from tests.helpers.lora_files import encoder_width, text_lora

pytestmark = pytest.mark.usefixtures("unchanged")
SKIPS = [1, 2, 12]
HIRES = {"enable_hr": True, "hr_scale": 1.5, "denoising_strength": 0.6, "hr_upscaler": "Latent"}


def assert_equal_to_singles(client, skips=SKIPS, route="txt2img", **request):
    """Sweeps and generates alone; the singles twice where the host's first of equal img2img calls differs."""
    alone, infotexts = [], []
    for skip in skips:
        for _ in range(2 if route == "img2img" else 1):
            answer = client.single(skip, route, **request)
        first = answer.info["index_of_first_image"]
        alone += answer.pictures[first:]
        infotexts += answer.infotexts[first:]
    swept = client.sweep({"clip_skip": skips}, route, **request)
    assert same(swept.cells, alone)
    assert not same(alone[:1], alone[-1:]), "clip skip had no effect, so this test proves nothing"
    for swept_text, text in zip(swept.cell_infotexts, infotexts, strict=True):
        assert swept_text.replace("Clip skip: 1, ", "") == text
    return swept


@pytest.mark.parametrize(
    ("prompt", "negative_prompt"),
    [
        pytest.param("a cat", "", id="plain"),
        pytest.param("", "", id="empty"),
        pytest.param("a cat BREAK a hat, (red:1.4) [old]", "(text:1.2)", id="BREAK and weights"),
        pytest.param("a cat AND a dog :0.7", "ugly", id="AND"),
        pytest.param("a [cat:dog:0.5] on a [table|chair]", "[x::0.5]", id="prompt editing"),
        pytest.param(", ".join(f"word{number} thing" for number in range(40)), "ugly", id="more than 75 tokens"),
    ],
)
def test_cells_of_any_prompt_are_single_generations(client, prompt, negative_prompt):
    assert_equal_to_singles(client, prompt=prompt, negative_prompt=negative_prompt)


@pytest.mark.parametrize("sampler", ["Euler a", "DPM++ SDE", "DDIM"])
def test_cells_of_any_sampler_are_single_generations(client, sampler):
    assert_equal_to_singles(client, sampler_name=sampler, scheduler="Automatic")


def test_all_twelve_values_give_the_pictures_of_single_generations_and_all_differ(client):
    swept = assert_equal_to_singles(client, skips=list(range(1, 13)))
    assert len({cell.tobytes() for cell in swept.cells}) == 12


@pytest.mark.parametrize(
    "extra",
    [
        pytest.param({}, id="latent"),
        pytest.param({"hr_upscaler": "None"}, id="pixels"),
        pytest.param({"hr_prompt": "a blue dog", "hr_negative_prompt": "red"}, id="own prompts"),
        pytest.param({"hr_second_pass_steps": 3, "hr_sampler_name": "Euler a"}, id="own steps and sampler"),
    ],
)
def test_cells_with_hires_fix_are_single_generations(client, extra):
    swept = assert_equal_to_singles(client, **{**HIRES, **extra})
    assert swept.cells[0].shape == (96, 96, 3)


@pytest.mark.parametrize("count", [{"batch_size": 2}, {"n_iter": 2}, {"batch_size": 2, "n_iter": 2}], ids=str)
def test_every_picture_of_a_batch_is_that_of_a_single_batch(client, count):
    swept = assert_equal_to_singles(client, skips=[1, 12], **count)
    per_cell = count.get("batch_size", 1) * count.get("n_iter", 1)
    assert [len(cell["pictures"]) for cell in swept.record["cells"]] == [per_cell, per_cell]
    seeds = [picture["seed"] for cell in swept.record["cells"] for picture in cell["pictures"]]
    assert seeds == [2881122569 + place for place in range(per_cell)] * 2


def test_cells_with_a_variation_seed_are_single_generations(client):
    assert_equal_to_singles(client, subseed=5, subseed_strength=0.4)


def test_cells_of_img2img_are_single_generations(client):
    assert_equal_to_singles(client, route="img2img", init_images=[encoded(gradient())], denoising_strength=0.8, steps=4)


@pytest.mark.parametrize("extra", [{"inpainting_fill": 1}, {"inpaint_full_res": True}, {"inpainting_fill": 2}], ids=str)
def test_cells_of_inpainting_are_single_generations(client, extra):
    request = {"init_images": [encoded(gradient())], "mask": encoded(mask()), "denoising_strength": 0.9, "steps": 4}
    swept = assert_equal_to_singles(client, route="img2img", **request, **extra)
    assert len(swept.cells) == len(SKIPS), "no masks among the cells"


def test_cells_with_a_style_are_single_generations(client):
    styles = [style["name"] for style in client.get("prompt-styles") if style.get("prompt")]
    if not styles:
        pytest.skip("this host has no styles.csv with a prompt in it")
    styled = assert_equal_to_singles(client, styles=styles[:1])
    assert not same(styled.cells, client.sweep({"clip_skip": SKIPS}).cells)


@pytest.fixture
def embedding(client):
    """The name of an embedding of two vectors, there for one test."""
    generator = torch.Generator().manual_seed(3)
    path = Path(client.get("cmd-flags")["embeddings_dir"]) / "clipskiplabembedding.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({"emb_params": torch.randn(2, encoder_width(client), generator=generator)}, path)
    client.post("refresh-embeddings")
    yield path.stem
    path.unlink()
    client.post("refresh-embeddings")


def test_cells_with_an_embedding_are_single_generations(client, embedding):
    with_it = assert_equal_to_singles(client, prompt=f"a {embedding} cat")
    assert f"{embedding}" in with_it.cell_infotexts[0]
    assert not same(with_it.cells, client.sweep({"clip_skip": SKIPS}, prompt="a cat").cells)


@pytest.fixture
def lora(client):
    """The name of a LoRA that changes the text encoder's first layer, there for one test."""
    with text_lora(client) as name:
        yield name


def test_cells_with_a_lora_are_single_generations_and_nothing_of_it_stays(client, lora):
    with_it = assert_equal_to_singles(client, prompt=f"a cat <lora:{lora}:0.8>")
    without = client.sweep({"clip_skip": SKIPS}, prompt="a cat")
    assert not same(with_it.cells, without.cells)
    assert same(without.cells, [client.single(skip, prompt="a cat").pictures[0] for skip in SKIPS]), "nothing stays"


def test_cells_of_clip_skip_and_cfg_scale_are_single_generations(client):
    swept = client.sweep({"clip_skip": [1, 3], "y": {"axis": "CFG Scale", "values": "4, 7.5"}})
    alone = [client.single(skip, cfg_scale=scale).pictures[0] for scale in (4, 7.5) for skip in (1, 3)]
    assert same(swept.cells, alone)
    assert [cell["values"] for cell in swept.record["cells"]] == [
        {"Clip skip": skip, "CFG Scale": scale} for scale in (4.0, 7.5) for skip in (1, 3)
    ]


def test_cells_of_three_axes_are_single_generations(client):
    plan = {
        "clip_skip": [1, 2],
        "y": {"axis": "Sampler", "values": ["Euler", "Euler a"]},
        "z": {"axis": "Steps", "values": "2, 3"},
    }
    swept = client.sweep(plan, scheduler="Automatic")
    alone = [
        client.single(skip, sampler_name=sampler, steps=steps, scheduler="Automatic").pictures[0]
        for steps in (2, 3)
        for sampler in ("Euler", "Euler a")
        for skip in (1, 2)
    ]
    assert same(swept.cells, alone)


def test_cells_of_an_axis_of_checkpoints_are_single_generations(client):
    models = sorted((model["title"] for model in client.get("sd-models")), key=str.casefold)[:2]
    assert len(models) == 2, "this test needs a host with two checkpoints"
    alone = [
        client.single(skip, override_settings={"sd_model_checkpoint": model}).pictures[0]
        for model in models
        for skip in (1, 2)
    ]
    swept = client.sweep({"clip_skip": [1, 2], "y": {"axis": "Checkpoint name", "values": models}})
    assert same(swept.cells, alone)
    assert not same(swept.cells[:2], swept.cells[2:])


def test_cells_with_words_replaced_and_reordered_are_single_generations(client):
    swept = client.sweep({"clip_skip": [2], "y": {"axis": "Prompt S/R", "values": "cat, dog"}}, prompt="a cat")
    assert same(swept.cells, [client.single(2, prompt=prompt).pictures[0] for prompt in ("a cat", "a dog")])
    swept = client.sweep({"clip_skip": [2], "y": {"axis": "Prompt order", "values": "cat, hat"}}, prompt="cat and hat")
    assert same(swept.cells, [client.single(2, prompt=prompt).pictures[0] for prompt in ("cat and hat", "hat and cat")])


def test_cells_of_an_axis_of_sizes_are_single_generations(client):
    swept = client.sweep({"clip_skip": [1, 2], "y": {"axis": "Size", "values": "64x64, 128x64"}})
    assert [cell.shape[:2] for cell in swept.cells] == [(64, 64)] * 2 + [(64, 128)] * 2
    assert same(swept.cells[2:], [client.single(skip, width=128).pictures[0] for skip in (1, 2)])


def test_a_random_seed_is_drawn_once_for_the_whole_sweep(client):
    swept = client.sweep({"clip_skip": [1, 2], "y": {"axis": "CFG Scale", "values": "5, 7"}}, seed=-1)
    (seed,) = {picture["seed"] for cell in swept.record["cells"] for picture in cell["pictures"]}
    assert seed >= 0
    assert swept.info["seed"] == seed
    assert same(swept.cells[:1], client.single(1, seed=seed, cfg_scale=5).pictures)
    other = client.sweep({"clip_skip": [1]}, seed=-1)
    assert other.info["seed"] != seed


def test_a_random_seed_as_a_value_of_an_axis_is_drawn_once(client):
    swept = client.sweep({"clip_skip": [1, 2], "y": {"axis": "Seed", "values": "-1, 5"}})
    seeds = [cell["pictures"][0]["seed"] for cell in swept.record["cells"]]
    assert seeds[0] == seeds[1] >= 0
    assert seeds[2:] == [5, 5]


def test_the_requests_own_override_of_clip_skip_does_not_matter(client):
    plain = client.sweep({"clip_skip": [1, 2]})
    overridden = client.sweep({"clip_skip": [1, 2]}, override_settings={"CLIP_stop_at_last_layers": 9})
    assert same(plain.cells, overridden.cells)


def test_a_sweep_can_be_repeated(client):
    request = {"init_images": [encoded(gradient())], "denoising_strength": 0.8}
    one = client.sweep({"clip_skip": SKIPS}, "img2img", **request)
    client.generate(seed=1)
    other = client.sweep({"clip_skip": SKIPS}, "img2img", **request)
    assert same(one.cells, other.cells)
    assert one.folder != other.folder
    assert one.record["fingerprint"] == other.record["fingerprint"]
