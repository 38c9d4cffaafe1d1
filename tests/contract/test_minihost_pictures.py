"""What the embedded host's engine does: hires fix, refiner, img2img, files, grids, and its checkpoint."""

import os
import re

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.helpers.host_in_process import apart, make, model, pixels, run

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("upscaler", ["Latent", "Latent (nearest)", "None"])
def test_hires_fix_has_the_size_asked_for(host, upscaler):
    result = run(enable_hr=True, hr_scale=1.5, hr_upscaler=upscaler, hr_second_pass_steps=2, denoising_strength=0.6)
    assert result.images[0].size == (96, 96)
    text = result.infotexts[0]
    assert f"Denoising strength: 0.6, Hires upscale: 1.5, Hires steps: 2, Hires upscaler: {upscaler}" in text


def test_hires_fix_by_resize_cuts_to_the_proportions(host):
    result = run(enable_hr=True, hr_resize_x=96, hr_resize_y=64, hr_upscaler="Latent", hr_second_pass_steps=1)
    assert result.images[0].size == (96, 64)


def test_hires_fix_has_prompts_of_its_own(host):
    same = run(enable_hr=True, hr_scale=1.5, hr_upscaler="Latent")
    other = run(enable_hr=True, hr_scale=1.5, hr_upscaler="Latent", hr_prompt="a green forest")
    assert apart(pixels(same), pixels(other)) > 2
    assert "Hires prompt: a green forest" in other.infotexts[0]
    assert "Hires prompt" not in same.infotexts[0]


def test_the_refiner_changes_the_checkpoint_in_the_middle(host, opts):
    plain = run(steps=6)
    other = model(other=True)
    refined = run(steps=6, refiner_checkpoint=other.name, refiner_switch_at=0.5)
    assert apart(pixels(plain), pixels(refined)) > 1
    assert f"Refiner: {other.name_for_extra}" in refined.infotexts[0]
    assert np.array_equal(pixels(plain), pixels(run(steps=6)))


def scene():
    image = Image.new("RGB", (64, 64), "navy")
    ImageDraw.Draw(image).rectangle((32, 0, 63, 63), fill="orange")
    return image


def test_the_vae_gives_a_blurred_picture_back(host):
    from modules import sd_samplers_common

    picture = np.asarray(scene()).astype(np.float32).transpose(2, 0, 1)[None] / 255
    with torch.no_grad():
        latent = sd_samplers_common.images_tensor_to_samples(torch.from_numpy(picture))
        again = sd_samplers_common.samples_to_images_tensor(latent, 0) / 2 + 0.5
    assert latent.shape == (1, 4, 8, 8)
    assert np.abs(again.numpy() - picture)[:, :, 16:48, 8:24].mean() < 0.12


def test_img2img_moves_further_from_the_picture_with_more_denoising(host):
    source = np.asarray(scene()).astype(int)
    little, much = (
        apart(source, pixels(run("Img2Img", init_images=[scene()], denoising_strength=d, steps=10))) for d in (0.1, 0.9)
    )
    assert little < much


def test_img2img_repeats_once_the_global_generator_stands_where_it_stood(host):
    run("Img2Img", init_images=[scene()])
    a, b = (pixels(run("Img2Img", init_images=[scene()])) for _ in range(2))
    assert np.array_equal(a, b)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("fill", [0, 1, 2, 3])
def test_inpainting_keeps_what_is_not_masked(host, whole, fill):
    mask = Image.new("L", (64, 64), 0)
    ImageDraw.Draw(mask).rectangle((4, 4, 24, 24), fill=255)
    result = run(
        "Img2Img",
        init_images=[scene()],
        mask=mask,
        inpainting_fill=fill,
        inpaint_full_res=not whole,
        mask_blur=2,
        denoising_strength=0.9,
        inpaint_full_res_padding=8,
    )
    source, picture = np.asarray(scene()).astype(int), pixels(result)
    assert picture.shape == source.shape
    assert np.abs(picture - source)[40:, 40:].max() <= 1
    assert np.abs(picture - source)[8:20, 8:20].mean() > 3


@pytest.mark.parametrize("mode", [0, 1, 2, 3])
def test_img2img_resize_modes_give_the_size(host, mode):
    result = run("Img2Img", init_images=[scene().resize((96, 48))], resize_mode=mode, steps=1)
    assert result.images[0].size == (64, 64)


def test_files_are_numbered_and_named_by_the_pattern(host, opts, tmp_path):
    opts.data.update(samples_save=True, save_to_dirs=False)
    opts.data["samples_filename_pattern"] = "[seed]-[clip_skip]-[prompt_spaces]"
    result = run(outpath_samples=str(tmp_path), batch_size=2)
    expected = ["00000-5-1-a red house, blue sky.png", "00001-6-1-a red house, blue sky.png"]
    assert sorted(os.listdir(tmp_path)) == expected
    assert result.images[0].already_saved_as == str(tmp_path / "00000-5-1-a red house, blue sky.png")
    opts.data.update(save_to_dirs=True, directories_filename_pattern="skip [clip_skip]/[seed][batch_number]")
    run(outpath_samples=str(tmp_path))
    assert os.listdir(tmp_path / "skip 1" / "5") == ["00000-5-1-a red house, blue sky.png"]


@pytest.mark.parametrize("form", ["png", "jpg", "webp"])
def test_saved_pictures_carry_their_infotext(host, opts, tmp_path, form):
    from modules import images

    result = run(prompt="ein Häuschen, 赤い家")
    path, _ = images.save_image(result.images[0], str(tmp_path), "", 1, "x", form, info=result.infotexts[0])
    text, _ = images.read_info_from_image(Image.open(path))
    assert text == result.infotexts[0]


def test_patterns_in_file_names(host):
    from modules.images import FilenameGenerator

    namer = FilenameGenerator(make(), 5, "A red/blue house.", Image.new("RGB", (8, 16)))
    assert namer.apply("[seed]_[unknown] a[b") == "5_[unknown] a[b"
    assert namer.apply("a[batch_number]b-[prompt]-[prompt_words]") == "b-A_red_blue_house-A red blue house"
    assert re.fullmatch(r"\d{4}", namer.apply("[datetime<%Y>][none]"))


def test_callbacks_can_rename_a_file_and_hear_of_it(host, opts, tmp_path):
    from modules import images, script_callbacks

    opts.data["save_to_dirs"] = False
    saved = []

    def rename(params):
        params.filename = params.filename.replace(".png", "-renamed.png")

    def note(params):
        saved.append(params.filename)

    script_callbacks.on_before_image_saved(rename)
    script_callbacks.on_image_saved(note)
    try:
        path, _ = images.save_image(Image.new("RGB", (8, 8)), str(tmp_path), "x", info="t")
    finally:
        script_callbacks.remove_callbacks_for_function(rename)
        script_callbacks.remove_callbacks_for_function(note)
    assert saved == [path] == [str(tmp_path / "x-0000-renamed.png")]


def test_a_grid_comes_first_when_it_is_asked_for(host, opts):
    opts.data.update(return_grid=True)
    result = run(batch_size=2, n_iter=2, do_not_save_grid=False)
    assert (result.index_of_first_image, len(result.images)) == (1, 5)
    assert result.images[0].size == (128, 128)


def test_styles_are_put_in_and_taken_out(host, tmp_path):
    from modules.styles import StyleDatabase

    file = tmp_path / "styles.csv"
    file.write_text('name,prompt,negative_prompt\nfine,"{prompt}, fine art",blurry\n', encoding="utf8")
    styles = StyleDatabase([str(file)])
    assert styles.apply_styles_to_prompt("a cat", ["fine", "unknown"]) == "a cat, fine art"
    assert styles.apply_negative_styles_to_prompt("", ["fine"]) == "blurry"
    assert styles.extract_styles_from_prompt("a cat, fine art", "blurry") == (["fine"], "a cat", "")


def test_the_checkpoint_is_in_the_ldm_layout(host):
    """diffusers' own converter, which knows nothing of this repository, finds the same weights."""
    from diffusers.pipelines.stable_diffusion.convert_from_ckpt import (
        convert_ldm_unet_checkpoint,
        convert_ldm_vae_checkpoint,
    )
    from safetensors.torch import load_file

    state = load_file(host.sd_model.sd_model_checkpoint)
    unet = host.sd_model.model.diffusion_model
    config = {"layers_per_block": 1, "class_embed_type": None, "addition_embed_type": None}
    converted = convert_ldm_unet_checkpoint(dict(state), config)
    assert converted.keys() == unet.state_dict().keys()
    assert all(torch.equal(converted[name].float(), value) for name, value in unet.state_dict().items())

    vae = host.sd_model.first_stage_model
    converted = convert_ldm_vae_checkpoint(dict(state), {})
    assert converted.keys() == vae.state_dict().keys()
    assert all(torch.equal(converted[n].float().reshape(v.shape), v) for n, v in vae.state_dict().items())


def test_the_checkpoint_is_the_same_each_time(host, tmp_path):
    from tests.minihost import checkpoint

    path = checkpoint.write_vae(tmp_path)
    first = path.read_bytes()
    path.unlink()
    assert checkpoint.write_vae(tmp_path).read_bytes() == first
