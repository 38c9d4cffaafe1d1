"""txt2img with its second pass (hires fix); offered by `modules.processing`, as on the real host."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from modules import (
    _second_model,
    devices,
    extra_networks,
    images,
    processing,
    prompt_parser,
    rng,
    sd_models,
    sd_samplers,
    shared,
)
from modules.processing import StableDiffusionProcessing, _image_of, decode_latent_batch, opt_f
from modules.shared import opts, state


def _tensor_of(picture):
    """A picture as a (3, h, w) tensor with values from 0 to 1."""
    return torch.from_numpy(np.asarray(picture).astype(np.float32).transpose(2, 0, 1) / 255.0)


@dataclass(repr=False)
class StableDiffusionProcessingTxt2Img(StableDiffusionProcessing):
    """Text to picture."""

    enable_hr: bool = False
    denoising_strength: float = 0.75
    hr_scale: float = 2.0
    hr_upscaler: str = None
    hr_second_pass_steps: int = 0
    hr_resize_x: int = 0
    hr_resize_y: int = 0
    hr_checkpoint_name: str = None
    hr_sampler_name: str = None
    hr_scheduler: str = None
    hr_prompt: str = ""
    hr_negative_prompt: str = ""
    force_task_id: str = None

    cached_hr_uc = [None, None]
    cached_hr_c = [None, None]

    hr_checkpoint_info: dict = field(default=None, init=False)
    hr_upscale_to_x: int = field(default=0, init=False)
    hr_upscale_to_y: int = field(default=0, init=False)
    truncate_x: int = field(default=0, init=False)
    truncate_y: int = field(default=0, init=False)
    latent_scale_mode: dict = field(default=None, init=False)
    hr_c: tuple | None = field(default=None, init=False)
    hr_uc: tuple | None = field(default=None, init=False)
    all_hr_prompts: list = field(default=None, init=False)
    all_hr_negative_prompts: list = field(default=None, init=False)
    hr_prompts: list = field(default=None, init=False)
    hr_negative_prompts: list = field(default=None, init=False)
    hr_extra_network_data: list = field(default=None, init=False)

    def __post_init__(self):
        super().__post_init__()
        self.cached_hr_uc = StableDiffusionProcessingTxt2Img.cached_hr_uc
        self.cached_hr_c = StableDiffusionProcessingTxt2Img.cached_hr_c

    def calculate_target_resolution(self):
        """The size of the second pass, and what is cut off when it was given with other proportions."""
        width, height, to_x, to_y = self.width, self.height, self.hr_resize_x, self.hr_resize_y
        if to_x == 0 and to_y == 0:
            self.extra_generation_params["Hires upscale"] = self.hr_scale
            self.hr_upscale_to_x, self.hr_upscale_to_y = int(width * self.hr_scale), int(height * self.hr_scale)
            return

        self.extra_generation_params["Hires resize"] = f"{to_x}x{to_y}"
        follow_width = to_y == 0 or (to_x != 0 and width / height < to_x / to_y)
        if follow_width:
            self.hr_upscale_to_x, self.hr_upscale_to_y = to_x, to_x * height // width
        else:
            self.hr_upscale_to_x, self.hr_upscale_to_y = to_y * width // height, to_y
        if to_x and to_y:
            self.truncate_x = (self.hr_upscale_to_x - to_x) // opt_f
            self.truncate_y = (self.hr_upscale_to_y - to_y) // opt_f

    def init(self, all_prompts, all_seeds, all_subseeds):
        if not self.enable_hr:
            return

        notes = self.extra_generation_params
        notes["Denoising strength"] = self.denoising_strength
        if self.hr_checkpoint_name and self.hr_checkpoint_name != "Use same checkpoint":
            self.hr_checkpoint_info = sd_models.get_closet_checkpoint_match(self.hr_checkpoint_name)
            if self.hr_checkpoint_info is None:
                raise Exception(f"Could not find checkpoint with name {self.hr_checkpoint_name}")
            notes["Hires checkpoint"] = self.hr_checkpoint_info.short_title
        if self.hr_sampler_name not in (None, self.sampler_name):
            notes["Hires sampler"] = self.hr_sampler_name

        # only known per picture, and only worth a word when they differ
        notes["Hires prompt"] = lambda p, index, prompt_text, **_: _unless_equal(p.all_hr_prompts[index], prompt_text)
        notes["Hires negative prompt"] = lambda p, index, negative_prompt, **_: _unless_equal(
            p.all_hr_negative_prompts[index], negative_prompt
        )
        notes["Hires schedule type"] = None  # keeps the place; the sampler fills it in
        if self.hr_scheduler is None:
            self.hr_scheduler = self.scheduler

        upscaler = shared.latent_upscale_default_mode if self.hr_upscaler is None else self.hr_upscaler
        self.latent_scale_mode = shared.latent_upscale_modes.get(upscaler)
        if self.latent_scale_mode is None and not any(x.name == upscaler for x in shared.sd_upscalers):
            raise Exception(f"could not find upscaler named {upscaler}")

        self.calculate_target_resolution()
        second_steps = self.hr_second_pass_steps or self.steps
        if not state.processing_has_refined_job_count:
            if state.job_count == -1:
                state.job_count = self.n_iter
            shared.total_tqdm.updateTotal((self.steps + second_steps) * state.job_count)
            state.job_count *= 2
            state.processing_has_refined_job_count = True

        if self.hr_second_pass_steps:
            notes["Hires steps"] = self.hr_second_pass_steps
        if self.hr_upscaler is not None:
            notes["Hires upscaler"] = self.hr_upscaler

    def sample(self, conditioning, unconditional_conditioning, seeds, subseeds, subseed_strength, prompts):
        self.sampler = sd_samplers.create_sampler(self.sampler_name, self.sd_model)
        x = self.rng.next()
        self._before_every_sampling(x, x, conditioning, unconditional_conditioning)
        samples = self.sampler.sample(
            self, x, conditioning, unconditional_conditioning, image_conditioning=self.txt2img_image_conditioning(x)
        )
        if not self.enable_hr:
            return samples
        decoded = None
        if self.latent_scale_mode is None:
            decoded = torch.stack(decode_latent_batch(self.sd_model, samples, devices.cpu, check_for_nans=True))
        _second_model.load(self.hr_checkpoint_info)
        return self.sample_hr_pass(samples, decoded, seeds, subseeds, subseed_strength, prompts)

    def _before_every_sampling(self, x, noise, c, uc):
        if self.scripts is not None:
            self.scripts.process_before_every_sampling(p=self, x=x, noise=noise, c=c, uc=uc)

    def sample_hr_pass(self, samples, decoded_samples, seeds, subseeds, subseed_strength, prompts):
        """Enlarges the first pass, as latents or as pictures, and samples again from there."""
        if state.interrupted:
            return samples

        self.is_hr_pass = True
        width, height = self.hr_upscale_to_x, self.hr_upscale_to_y
        self.sampler = sd_samplers.create_sampler(self.hr_sampler_name or self.sampler_name, self.sd_model)
        if self.latent_scale_mode is not None:
            samples = torch.nn.functional.interpolate(
                samples,
                size=(height // opt_f, width // opt_f),
                mode=self.latent_scale_mode["mode"],
                antialias=self.latent_scale_mode["antialias"],
            )
        else:
            enlarged = []
            for tensor in ((decoded_samples + 1) / 2).clamp(0, 1):
                larger = images.resize_image(0, _image_of(tensor), width, height, upscaler_name=self.hr_upscaler)
                enlarged.append(_tensor_of(larger))
            samples = processing.images_tensor_to_samples(torch.stack(enlarged))
        state.nextjob()

        cut_x, cut_y = self.truncate_x, self.truncate_y
        samples = samples[
            :, :, cut_y // 2 : samples.shape[2] - (cut_y + 1) // 2, cut_x // 2 : samples.shape[3] - (cut_x + 1) // 2
        ]
        self.rng = rng.ImageRNG(
            samples.shape[1:],
            self.seeds,
            subseeds=self.subseeds,
            subseed_strength=self.subseed_strength,
            seed_resize_from_h=self.seed_resize_from_h,
            seed_resize_from_w=self.seed_resize_from_w,
        )
        noise = self.rng.next()

        if not self.disable_extra_networks:
            extra_networks.activate(self, self.hr_extra_network_data)
        self.calculate_hr_conds()
        if self.scripts is not None:
            self.scripts.before_hr(self)
        self._before_every_sampling(samples, noise, self.hr_c, self.hr_uc)

        samples = self.sampler.sample_img2img(
            self,
            samples,
            noise,
            self.hr_c,
            self.hr_uc,
            steps=self.hr_second_pass_steps or self.steps,
            image_conditioning=self.img2img_image_conditioning(None, samples),
        )
        self.sampler = None
        decoded = decode_latent_batch(self.sd_model, samples, devices.cpu, check_for_nans=True)
        self.is_hr_pass = False
        return decoded

    def close(self):
        super().close()
        self.hr_c = self.hr_uc = None

    def setup_prompts(self):
        super().setup_prompts()
        if not self.enable_hr:
            return
        self.hr_prompt = self.prompt if self.hr_prompt == "" else self.hr_prompt
        self.hr_negative_prompt = self.negative_prompt if self.hr_negative_prompt == "" else self.hr_negative_prompt

        def for_all(text, apply):
            texts = text if isinstance(text, list) else [text] * (self.batch_size * self.n_iter)
            return [apply(one, self.styles) for one in texts]

        database = shared.prompt_styles
        self.all_hr_prompts = for_all(self.hr_prompt, database.apply_styles_to_prompt)
        self.all_hr_negative_prompts = for_all(self.hr_negative_prompt, database.apply_negative_styles_to_prompt)

    def calculate_hr_conds(self):
        """Conditioning of the second pass: its own cache first, then the first pass's."""
        if self.hr_c is not None:
            return

        size = {"width": self.hr_upscale_to_x, "height": self.hr_upscale_to_y}
        prompts = prompt_parser.SdConditioning(self.hr_prompts, **size)
        negative = prompt_parser.SdConditioning(self.hr_negative_prompts, is_negative_prompt=True, **size)
        config = sd_samplers.find_sampler_config(self.hr_sampler_name or self.sampler_name)
        steps = self.hr_second_pass_steps or self.steps
        steps = config.total_steps(steps) if config else steps

        networks, first = self.hr_extra_network_data, self.firstpass_steps
        self.hr_uc = self._conds_of_negative(negative, first, [self.cached_hr_uc, self.cached_uc], networks, steps)
        self.hr_c = self.get_conds_with_caching(
            prompt_parser.get_multicond_learned_conditioning,
            prompts,
            first,
            [self.cached_hr_c, self.cached_c],
            networks,
            steps,
        )

    def setup_conds(self):
        if self.is_hr_pass:  # called by the refiner in the middle of the second pass
            self.hr_c = None
            self.calculate_hr_conds()
            return

        super().setup_conds()
        self.hr_uc = self.hr_c = None
        if self.enable_hr and self.hr_checkpoint_info is None and opts.hires_fix_use_firstpass_conds:
            self.calculate_hr_conds()

    def get_conds(self):
        return (self.hr_c, self.hr_uc) if self.is_hr_pass else super().get_conds()

    def parse_extra_network_prompts(self):
        super().parse_extra_network_prompts()
        if self.enable_hr:
            part = slice(self.iteration * self.batch_size, (self.iteration + 1) * self.batch_size)
            self.hr_negative_prompts = self.all_hr_negative_prompts[part]
            self.hr_prompts, self.hr_extra_network_data = extra_networks.parse_prompts(self.all_hr_prompts[part])


def _unless_equal(value, other):
    return None if value == other else value
