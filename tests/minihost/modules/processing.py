"""A generation from its arguments to its pictures.

Mirrors `modules/processing.py`. Differs: the classes for txt2img and img2img are written in `_processing_txt2img` and
`_processing_img2img`, the result in `_processed` and the texts in `_infotext` (all offered here); no face restoration,
token merging, colour correction, inpainting or depth models, no noise schedule overrides.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from modules import (
    devices,
    extra_networks,
    images,
    prompt_parser,
    rng,
    scripts,
    sd_models,
    sd_samplers,
    sd_samplers_common,
    sd_vae,
    shared,
)
from modules._infotext import create_infotext, program_version  # noqa: F401
from modules._processed import Processed
from modules.rng import slerp  # noqa: F401
from modules.sd_samplers_common import decode_first_stage, images_tensor_to_samples  # noqa: F401
from modules.shared import opts, state
from PIL import Image

opt_f = 8


def apply_overlay(image, paste_loc, overlay):
    """Lays the unmasked part of the original over a picture; also returns the picture without it."""
    if overlay is None:
        return image, image.copy()
    if paste_loc is not None:
        x, y, width, height = paste_loc
        whole = Image.new("RGBA", overlay.size)
        whole.paste(images.resize_image(1, image, width, height), (x, y))
        image = whole
    combined = image.convert("RGBA")
    combined.alpha_composite(overlay)
    return combined.convert("RGB"), image


def create_binary_mask(image, round=True):
    """The mask in a picture: its transparency when it has one, otherwise its brightness."""
    if image.mode != "RGBA" or image.getextrema()[-1] == (255, 255):
        return image.convert("L")
    alpha = image.getchannel("A")
    return alpha.point(lambda value: 255 if value > 128 else 0) if round else alpha


def txt2img_image_conditioning(sd_model, x, width, height):
    """Nothing for an SD1 text-to-image model but the right number of rows."""
    return x.new_zeros(x.shape[0], 5, 1, 1)


@dataclass(repr=False)
class StableDiffusionProcessing:
    """The arguments of a job, and what it has become so far."""

    sd_model: object = None
    outpath_samples: str = None
    outpath_grids: str = None
    prompt: str = ""
    prompt_for_display: str = None
    negative_prompt: str = ""
    styles: list[str] = None
    seed: int = -1
    subseed: int = -1
    subseed_strength: float = 0
    seed_resize_from_h: int = -1
    seed_resize_from_w: int = -1
    seed_enable_extras: bool = True
    sampler_name: str = None
    scheduler: str = None
    batch_size: int = 1
    n_iter: int = 1
    steps: int = 50
    cfg_scale: float = 7.0
    width: int = 512
    height: int = 512
    restore_faces: bool = None
    tiling: bool = None
    do_not_save_samples: bool = False
    do_not_save_grid: bool = False
    extra_generation_params: dict[str, Any] = None
    overlay_images: list = None
    eta: float = None
    do_not_reload_embeddings: bool = False
    denoising_strength: float = None
    ddim_discretize: str = None
    s_min_uncond: float = None
    s_churn: float = None
    s_tmax: float = None
    s_tmin: float = None
    s_noise: float = None
    override_settings: dict[str, Any] = None
    override_settings_restore_afterwards: bool = True
    sampler_index: int = None
    refiner_checkpoint: str = None
    refiner_switch_at: float = None
    token_merging_ratio = 0
    token_merging_ratio_hr = 0
    disable_extra_networks: bool = False
    firstpass_image: Image = None

    scripts_value: scripts.ScriptRunner = field(default=None, init=False)
    script_args_value: list = field(default=None, init=False)
    scripts_setup_complete: bool = field(default=False, init=False)

    # one entry each, shared by all jobs: [what it was made of, the conditioning]
    cached_uc = [None, None]
    cached_c = [None, None]

    comments: dict = None
    sampler: sd_samplers_common.Sampler | None = field(default=None, init=False)
    is_using_inpainting_conditioning: bool = field(default=False, init=False)
    paste_to: tuple | None = field(default=None, init=False)

    is_hr_pass: bool = field(default=False, init=False)

    c: tuple = field(default=None, init=False)
    uc: tuple = field(default=None, init=False)

    rng: rng.ImageRNG | None = field(default=None, init=False)
    step_multiplier: int = field(default=1, init=False)
    color_corrections: list = field(default=None, init=False)

    all_prompts: list = field(default=None, init=False)
    all_negative_prompts: list = field(default=None, init=False)
    all_seeds: list = field(default=None, init=False)
    all_subseeds: list = field(default=None, init=False)
    iteration: int = field(default=0, init=False)
    main_prompt: str = field(default=None, init=False)
    main_negative_prompt: str = field(default=None, init=False)

    prompts: list = field(default=None, init=False)
    negative_prompts: list = field(default=None, init=False)
    seeds: list = field(default=None, init=False)
    subseeds: list = field(default=None, init=False)
    extra_network_data: dict = field(default=None, init=False)

    user: str = field(default=None, init=False)

    sd_model_name: str = field(default=None, init=False)
    sd_model_hash: str = field(default=None, init=False)
    sd_vae_name: str = field(default=None, init=False)
    sd_vae_hash: str = field(default=None, init=False)

    is_api: bool = field(default=False, init=False)

    def __post_init__(self):
        self.comments = {}
        self.styles = self.styles or []
        self.sampler_noise_scheduler_override = None
        self.extra_generation_params = self.extra_generation_params or {}
        self.override_settings = self.override_settings or {}
        self.script_args = self.script_args or {}
        self.refiner_checkpoint_info = None
        if not self.seed_enable_extras:
            self.subseed = -1
            self.subseed_strength = self.seed_resize_from_h = self.seed_resize_from_w = 0

        self.cached_uc = StableDiffusionProcessing.cached_uc
        self.cached_c = StableDiffusionProcessing.cached_c

    def fill_fields_from_opts(self):
        for name in ("s_min_uncond", "s_churn", "s_tmin", "s_tmax", "s_noise"):
            if getattr(self, name) is None:
                setattr(self, name, getattr(opts, name, 0.0))
        self.s_tmax = self.s_tmax or float("inf")

    @property
    def sd_model(self):  # noqa: F811  a field with a property over it, as on the real host
        return shared.sd_model

    @sd_model.setter
    def sd_model(self, value):
        """Always the loaded one, whatever is given."""

    @property
    def scripts(self):
        return self.scripts_value

    @scripts.setter
    def scripts(self, value):
        self.scripts_value = value
        self._setup_scripts_once()

    @property
    def script_args(self):
        return self.script_args_value

    @script_args.setter
    def script_args(self, value):
        self.script_args_value = value
        self._setup_scripts_once()

    def _setup_scripts_once(self):
        if self.scripts_value and self.script_args_value and not self.scripts_setup_complete:
            self.setup_scripts()

    def setup_scripts(self):
        self.scripts_setup_complete = True
        self.scripts.setup_scrips(self, is_ui=not self.is_api)

    def comment(self, text):
        self.comments[text] = 1

    def txt2img_image_conditioning(self, x, width=None, height=None):
        return txt2img_image_conditioning(self.sd_model, x, width or self.width, height or self.height)

    def img2img_image_conditioning(self, source_image, latent_image, image_mask=None, round_image_mask=True):
        return latent_image.new_zeros(latent_image.shape[0], 5, 1, 1)

    def init(self, all_prompts, all_seeds, all_subseeds):
        """Once per job, before the first batch."""

    def sample(self, conditioning, unconditional_conditioning, seeds, subseeds, subseed_strength, prompts):
        raise NotImplementedError()

    def close(self):
        self.sampler = self.c = self.uc = None

    def setup_prompts(self):
        """One prompt and one negative prompt per picture of the job, with the styles in them."""
        count = self.batch_size * self.n_iter
        if isinstance(self.prompt, list):
            self.all_prompts = self.prompt
        elif isinstance(self.negative_prompt, list):
            self.all_prompts = [self.prompt] * len(self.negative_prompt)
        else:
            self.all_prompts = [self.prompt] * count

        negative = self.negative_prompt
        self.all_negative_prompts = negative if isinstance(negative, list) else [negative] * len(self.all_prompts)
        if len(self.all_negative_prompts) != len(self.all_prompts):
            raise RuntimeError(
                f"{len(self.all_prompts)} prompts don't go with {len(self.all_negative_prompts)} negative ones"
            )

        database = shared.prompt_styles
        self.all_prompts = [database.apply_styles_to_prompt(x, self.styles) for x in self.all_prompts]
        self.all_negative_prompts = [
            database.apply_negative_styles_to_prompt(x, self.styles) for x in self.all_negative_prompts
        ]
        self.main_prompt = self.all_prompts[0]
        self.main_negative_prompt = self.all_negative_prompts[0]

    def cached_params(self, required_prompts, steps, extra_network_data, hires_steps=None, use_old_scheduling=False):
        """All that a conditioning depends on; a different tuple means that it is made again."""
        return (
            required_prompts,
            steps,
            hires_steps,
            use_old_scheduling,
            opts.CLIP_stop_at_last_layers,
            shared.sd_model.sd_checkpoint_info,
            extra_network_data,
            self.width,
            self.height,
            opts.emphasis,
        )

    def get_conds_with_caching(self, function, required_prompts, steps, caches, extra_network_data, hires_steps=None):
        """`function`'s conditioning, from the first cache that has it; a new one goes into the first cache."""
        old = opts.use_old_scheduling
        wanted = self.cached_params(required_prompts, steps, extra_network_data, hires_steps, old)
        for cache in caches:
            if cache[0] is not None and cache[0] == wanted:
                return cache[1]

        cache = caches[0]
        with devices.autocast():
            cache[1] = function(shared.sd_model, required_prompts, steps, hires_steps, old)
        cache[0] = wanted
        return cache[1]

    def setup_conds(self):
        size = {"width": self.width, "height": self.height}
        prompts = prompt_parser.SdConditioning(self.prompts, **size)
        negative = prompt_parser.SdConditioning(self.negative_prompts, is_negative_prompt=True, **size)
        config = sd_samplers.find_sampler_config(self.sampler_name)
        steps = config.total_steps(self.steps) if config else self.steps
        self.step_multiplier = steps // self.steps
        self.firstpass_steps = steps

        networks = self.extra_network_data
        learn_multi = prompt_parser.get_multicond_learned_conditioning
        self.uc = self._conds_of_negative(negative, steps, [self.cached_uc], networks)
        self.c = self.get_conds_with_caching(learn_multi, prompts, steps, [self.cached_c], networks)

    def _conds_of_negative(self, negative, steps, caches, networks, hires_steps=None):
        """`hires_steps` only for the second pass."""
        learn = prompt_parser.get_learned_conditioning
        return self.get_conds_with_caching(learn, negative, steps, caches, networks, hires_steps)

    def get_token_merging_ratio(self, for_hr=False):
        """Always the request's own; the options that stand behind it on the real host aren't here."""
        return (for_hr and self.token_merging_ratio_hr) or self.token_merging_ratio

    def get_conds(self):
        return self.c, self.uc

    def parse_extra_network_prompts(self):
        self.prompts, self.extra_network_data = extra_networks.parse_prompts(self.prompts)

    def save_samples(self) -> bool:
        whole = not state.interrupted and not state.skipped
        return opts.samples_save and not self.do_not_save_samples and whole


def create_random_tensors(
    shape, seeds, subseeds=None, subseed_strength=0.0, seed_resize_from_h=0, seed_resize_from_w=0, p=None
):
    return rng.ImageRNG(shape, seeds, subseeds, subseed_strength, seed_resize_from_h, seed_resize_from_w).next()


class DecodedSamples(list):
    """A list of pictures as tensors, in place of latents."""

    already_decoded = True


def decode_latent_batch(model, batch, target_device=None, check_for_nans=False):
    """Latents to tensors of pictures, one by one so that a batch needs no more memory than one."""
    if check_for_nans:
        devices.test_for_nans(batch, "unet")
    decoded = DecodedSamples()
    for latent in batch:
        picture = decode_first_stage(model, latent[None])[0]
        if check_for_nans:
            devices.test_for_nans(picture, "vae")
        decoded.append(picture if target_device is None else picture.to(target_device))
    return decoded


def _image_of(tensor):
    """A picture of a (3, h, w) tensor with values from 0 to 1; fractions are cut off, as on the real host."""
    return Image.fromarray((255.0 * tensor.cpu().numpy().transpose(1, 2, 0)).astype(np.uint8))


def get_fixed_seed(seed):
    """A seed to use: a random one for -1, None, '' or a text that isn't a number."""
    if isinstance(seed, str):
        try:
            seed = int(seed)
        except ValueError:
            seed = -1
    return int(random.randrange(4294967294)) if seed in (None, -1) else seed


def fix_seed(p):
    p.seed = get_fixed_seed(p.seed)
    p.subseed = get_fixed_seed(p.subseed)


def process_images(p: StableDiffusionProcessing) -> Processed:
    """Runs a job with its override settings in force, and puts the settings back."""
    if p.scripts is not None:
        p.scripts.before_process(p)

    stored = {k: opts.data.get(k, opts.get_default(k)) for k in p.override_settings if k in opts.data}
    try:
        if sd_models.checkpoint_aliases.get(p.override_settings.get("sd_model_checkpoint")) is None:
            p.override_settings.pop("sd_model_checkpoint", None)
            sd_models.reload_model_weights()

        for key, value in p.override_settings.items():
            opts.set(key, value, is_api=True, run_callbacks=False)
            if key == "sd_model_checkpoint":
                sd_models.reload_model_weights()
            if key == "sd_vae":
                sd_vae.reload_vae_weights()

        sd_samplers.fix_p_invalid_sampler_and_scheduler(p)
        return process_images_inner(p)
    finally:
        if p.override_settings_restore_afterwards:
            for key, value in stored.items():
                setattr(opts, key, value)
                if key == "sd_vae":
                    sd_vae.reload_vae_weights()


def process_images_inner(p: StableDiffusionProcessing) -> Processed:
    from modules._process_batches import run

    return run(p)


from modules._processing_img2img import StableDiffusionProcessingImg2Img  # noqa: E402, F401
from modules._processing_txt2img import StableDiffusionProcessingTxt2Img  # noqa: E402, F401
