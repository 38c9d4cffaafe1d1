"""img2img and inpainting; offered by `modules.processing`, as on the real host.

The posterior of the VAE is sampled in `init`, before any seed is set: the numbers come from where the global
generator was left, so two equal calls in a row can differ a little. That is the real host's behaviour.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from modules import devices, images, masking, processing, scripts, sd_samplers, shared
from modules.processing import (
    StableDiffusionProcessing,
    create_binary_mask,
    create_random_tensors,
)
from modules.shared import opts
from PIL import Image, ImageOps


def _blurred(mask, sigma, axis):
    """A mask blurred along one axis, mirrored at its edges."""
    if sigma <= 0:
        return mask
    half = int(2.5 * sigma + 0.5)
    weights = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
    values = np.asarray(mask, dtype=np.float64)
    around = [(half, half) if i == axis else (0, 0) for i in range(2)]
    padded = np.pad(values, around, mode="reflect" if values.shape[axis] > 1 else "edge")
    blurred = np.apply_along_axis(np.convolve, axis, padded, weights / weights.sum(), mode="valid")
    return Image.fromarray(np.rint(blurred).astype(np.uint8))


@dataclass(repr=False)
class StableDiffusionProcessingImg2Img(StableDiffusionProcessing):
    """Picture and text to picture."""

    init_images: list = None
    resize_mode: int = 0
    denoising_strength: float = 0.75
    image_cfg_scale: float = None
    mask: Any = None
    mask_blur_x: int = 4
    mask_blur_y: int = 4
    mask_blur: int = None
    mask_round: bool = True
    inpainting_fill: int = 0
    inpaint_full_res: bool = True
    inpaint_full_res_padding: int = 0
    inpainting_mask_invert: int = 0
    initial_noise_multiplier: float = None
    latent_mask: Image = None
    force_task_id: str = None

    image_mask: Any = field(default=None, init=False)

    nmask: torch.Tensor = field(default=None, init=False)
    image_conditioning: torch.Tensor = field(default=None, init=False)
    init_img_hash: str = field(default=None, init=False)
    mask_for_overlay: Image = field(default=None, init=False)
    init_latent: torch.Tensor = field(default=None, init=False)

    def __post_init__(self):
        super().__post_init__()
        self.image_mask = self.mask
        self.mask = None
        if self.initial_noise_multiplier is None:
            self.initial_noise_multiplier = opts.initial_noise_multiplier

    @property
    def mask_blur(self):  # noqa: F811  a field with a property over it, as on the real host
        return self.mask_blur_x if self.mask_blur_x == self.mask_blur_y else None

    @mask_blur.setter
    def mask_blur(self, value):
        if isinstance(value, int):
            self.mask_blur_x = self.mask_blur_y = value

    def _prepare_mask(self):
        """The mask at the size of the work, and the part of the picture to work on (None: all of it)."""
        mask = create_binary_mask(self.image_mask, round=self.mask_round)
        notes = self.extra_generation_params
        if self.inpainting_mask_invert:
            mask = ImageOps.invert(mask)
            notes["Mask mode"] = "Inpaint not masked"
        mask = _blurred(_blurred(mask, self.mask_blur_x, 1), self.mask_blur_y, 0)
        if self.mask_blur_x > 0 or self.mask_blur_y > 0:
            notes["Mask blur"] = self.mask_blur

        if not self.inpaint_full_res:
            mask = images.resize_image(self.resize_mode, mask, self.width, self.height)
            self.mask_for_overlay = mask.convert("L").point(lambda value: min(2 * value, 255))
            return mask, None

        region = masking.get_crop_region_v2(mask.convert("L"), self.inpaint_full_res_padding)
        if region is None:
            self.inpaint_full_res = False
            self.comment("The mask is empty: the whole picture is worked on.")
            return None, None

        self.mask_for_overlay = mask
        x1, y1, x2, y2 = region = masking.expand_crop_region(region, self.width, self.height, mask.width, mask.height)
        self.paste_to = (x1, y1, x2 - x1, y2 - y1)
        notes["Inpaint area"] = "Only masked"
        notes["Masked area padding"] = self.inpaint_full_res_padding
        return images.resize_image(2, mask.convert("L").crop(region), self.width, self.height), region

    def _prepare_image(self, image, mask, region, latent_mask):
        """One given picture at the size of the work; keeps what will be laid over the result."""
        image = images.flatten(image, "#ffffff")
        if region is None and self.resize_mode != 3:
            image = images.resize_image(self.resize_mode, image, self.width, self.height)
        if mask is not None:
            if self.mask_for_overlay.size != image.size:
                self.mask_for_overlay = images.resize_image(self.resize_mode, self.mask_for_overlay, *image.size)
            kept = Image.new("RGBa", image.size)
            kept.paste(image.convert("RGBA").convert("RGBa"), mask=ImageOps.invert(self.mask_for_overlay.convert("L")))
            self.overlay_images.append(kept.convert("RGBA"))
        if region is not None:
            image = images.resize_image(2, image.crop(region), self.width, self.height)
        if mask is not None and self.inpainting_fill != 1:
            image = masking.fill(image, latent_mask)
            if self.inpainting_fill == 0:
                self.extra_generation_params["Masked content"] = "fill"
        return np.asarray(image).astype(np.float32).transpose(2, 0, 1) / 255.0

    def init(self, all_prompts, all_seeds, all_subseeds):
        self.extra_generation_params["Denoising strength"] = self.denoising_strength
        self.image_cfg_scale = None  # for edit models only
        self.sampler = sd_samplers.create_sampler(self.sampler_name, self.sd_model)

        mask = region = None
        if self.image_mask is not None:
            mask, region = self._prepare_mask()
            self.overlay_images = []
        latent_mask = self.latent_mask if self.latent_mask is not None else mask
        given = [self._prepare_image(image, mask, region, latent_mask) for image in self.init_images]

        if len(given) > self.batch_size:
            raise RuntimeError(f"bad number of images passed: {len(given)}; expecting {self.batch_size} or less")
        if len(given) == 1:
            given = given * self.batch_size
            if self.overlay_images is not None:
                self.overlay_images = self.overlay_images * self.batch_size
        else:
            self.batch_size = len(given)

        image = torch.from_numpy(np.stack(given)).to(shared.device, dtype=devices.dtype_vae)
        self.init_latent = processing.images_tensor_to_samples(image, model=self.sd_model)
        if self.resize_mode == 3:
            self.init_latent = torch.nn.functional.interpolate(
                self.init_latent, size=(self.height // 8, self.width // 8), mode="bilinear"
            )
        if mask is not None:
            self._mask_latent(latent_mask, all_seeds)
        self.image_conditioning = self.img2img_image_conditioning(
            image * 2 - 1, self.init_latent, mask, self.mask_round
        )

    def _mask_latent(self, latent_mask, all_seeds):
        """The mask in latent cells: `nmask` 1 where to paint, `mask` 1 where to keep."""
        _, channels, height, width = self.init_latent.shape
        cells = np.asarray(latent_mask.convert("RGB").resize((width, height)), dtype=np.float32)[:, :, 0] / 255
        cells = np.around(cells) if self.mask_round else cells
        self.nmask = torch.from_numpy(np.tile(cells, (channels, 1, 1))).to(shared.device, devices.dtype)
        self.mask = 1.0 - self.nmask

        if self.inpainting_fill in (2, 3):
            self.init_latent = self.init_latent * self.mask
            self.extra_generation_params["Masked content"] = "latent nothing"
        if self.inpainting_fill == 2:
            noise = create_random_tensors(self.init_latent.shape[1:], all_seeds[: self.init_latent.shape[0]])
            self.init_latent = self.init_latent + noise * self.nmask
            self.extra_generation_params["Masked content"] = "latent noise"

    def sample(self, conditioning, unconditional_conditioning, seeds, subseeds, subseed_strength, prompts):
        x = self.rng.next()
        if self.initial_noise_multiplier != 1.0:
            self.extra_generation_params["Noise multiplier"] = self.initial_noise_multiplier
            x = x * self.initial_noise_multiplier
        if self.scripts is not None:
            self.scripts.process_before_every_sampling(
                p=self, x=self.init_latent, noise=x, c=conditioning, uc=unconditional_conditioning
            )

        samples = self.sampler.sample_img2img(
            self,
            self.init_latent,
            x,
            conditioning,
            unconditional_conditioning,
            image_conditioning=self.image_conditioning,
        )
        if self.mask is None:
            return samples
        blended = samples * self.nmask + self.init_latent * self.mask
        if self.scripts is not None:
            args = scripts.MaskBlendArgs(samples, self.nmask, self.init_latent, self.mask, blended)
            self.scripts.on_mask_blend(self, args)
            blended = args.blended_latent
        return blended
