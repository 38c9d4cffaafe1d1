"""What all samplers share: their records, latents to pictures and back, the base class.

Mirrors `modules/sd_samplers_common.py`. Differs: previews are "Full" or, for any other `show_progress_type`, the
cheap approximation.
"""

import inspect
from collections import namedtuple

import numpy as np
import torch
from modules import _second_model, devices, images, sd_vae_approx, shared
from modules.shared import opts, state
from PIL import Image

SamplerDataTuple = namedtuple("SamplerData", ["name", "constructor", "aliases", "options"])


class SamplerData(SamplerDataTuple):
    """A sampler's names, what makes one, and its options."""

    def total_steps(self, steps):
        """How often the UNet will be called."""
        return steps * 2 if self.options.get("second_order", False) else steps


def setup_img2img_steps(p, steps=None):
    """The length of the whole schedule, and how many of its steps are taken (less one)."""
    if opts.img2img_fix_steps or steps is not None:
        requested = steps or p.steps
        whole = int(requested / min(p.denoising_strength, 0.999)) if p.denoising_strength > 0 else 0
        return whole, requested - 1
    return p.steps, int(min(p.denoising_strength, 0.999) * p.steps)


approximation_indexes = {"Full": 0, "Approx NN": 1, "Approx cheap": 2, "TAESD": 3}


def samples_to_images_tensor(sample, approximation=None, model=None):
    """Latents to pictures with values from -1 to 1."""
    if approximation is None:
        approximation = approximation_indexes.get(opts.show_progress_type, 0)
    if approximation != 0:
        return sd_vae_approx.cheap_approximation(sample)
    model = model or shared.sd_model
    with torch.no_grad(), devices.without_autocast():
        return model.decode_first_stage(sample.to(devices.dtype_vae))


def _to_pil(tensor):
    """A (3, h, w) tensor with values from 0 to 1 as a picture."""
    return Image.fromarray((255.0 * tensor.clamp(0, 1)).cpu().numpy().transpose(1, 2, 0).astype(np.uint8))


def single_sample_to_image(sample, approximation=None):
    return _to_pil(samples_to_images_tensor(sample.unsqueeze(0), approximation)[0] * 0.5 + 0.5)


def decode_first_stage(model, x):
    return samples_to_images_tensor(x.to(devices.dtype_vae), 0, model)


def sample_to_image(samples, index=0, approximation=None):
    return single_sample_to_image(samples[index], approximation)


def samples_to_image_grid(samples, approximation=None):
    return images.image_grid([single_sample_to_image(sample, approximation) for sample in samples])


def images_tensor_to_samples(image, approximation=None, model=None):
    """Pictures with values from 0 to 1 to latents, one by one."""
    model = model or shared.sd_model
    image = image.to(shared.device, dtype=devices.dtype_vae) * 2 - 1
    return torch.cat([model.get_first_stage_encoding(model.encode_first_stage(one[None])) for one in image])


def store_latent(decoded):
    """Keeps the latest latent for the preview; makes one at once where nobody else may do it meanwhile."""
    state.current_latent = decoded
    every = opts.show_progress_every_n_steps
    due = opts.live_previews_enable and every > 0 and state.sampling_step % every == 0
    if due and not shared.parallel_processing_allowed:
        state.assign_current_image(sample_to_image(decoded))


def is_sampler_using_eta_noise_seed_delta(p):
    """Whether the eta noise seed delta changes the pictures of this job."""
    from modules import sd_samplers

    config = sd_samplers.find_sampler_config(p.sampler_name)
    eta = p.eta if p.eta is not None else getattr(p.sampler, "eta", None)
    return eta != 0 and config.options.get("uses_ensd", False)


class InterruptedException(BaseException):
    """Ends the sampling loop; what was reached so far is the result."""


def apply_refiner(cfg_denoiser, sigma=None):
    """Changes to the refiner's checkpoint when its part of the steps begins; its conditioning is made anew."""
    p = cfg_denoiser.p
    info = p.refiner_checkpoint_info
    if info is None or shared.sd_model.sd_checkpoint_info == info:
        return False

    timestep = (cfg_denoiser.inner_model.sigmas - sigma.max()).abs().argmin()
    done = (999 - int(timestep)) / 1000
    if p.refiner_switch_at is not None and done < p.refiner_switch_at:
        return False

    if getattr(p, "enable_hr", False) and not p.is_hr_pass:
        return False

    p.extra_generation_params["Refiner"] = info.short_title
    p.extra_generation_params["Refiner switch at"] = p.refiner_switch_at
    _second_model.load(info)
    p.setup_conds()
    cfg_denoiser.update_inner_model()
    return True


class Sampler:
    """Runs a solver over the guided model. A subclass says which noise levels."""

    def __init__(self, funcname):
        self.funcname = funcname
        self.func = funcname
        self.stop_at = None
        self.eta = None
        self.config: SamplerData = None
        self.last_latent = None
        self.s_min_uncond = None
        self.eta_option_field = "eta_ancestral"
        self.eta_infotext_field = "Eta"
        self.eta_default = 1.0
        self.conditioning_key = getattr(getattr(shared.sd_model, "model", None), "conditioning_key", "crossattn")
        self.p = None
        self.model_wrap_cfg = None
        self.sampler_extra_args = None
        self.options = {}

    def callback_state(self, d):
        if self.stop_at is not None and d["i"] > self.stop_at:
            raise InterruptedException
        state.sampling_step = d["i"]
        shared.total_tqdm.update()

    def launch_sampling(self, steps, func):
        self.model_wrap_cfg.steps = steps
        self.model_wrap_cfg.total_steps = self.config.total_steps(steps)
        state.sampling_steps = steps
        state.sampling_step = 0
        try:
            return func()
        except InterruptedException:
            return self.last_latent

    def initialize(self, p) -> dict:
        """Sets the guided model up for a job; returns the solver's own arguments."""
        self.p = p
        self.model_wrap_cfg.p = p
        self.model_wrap_cfg.mask = getattr(p, "mask", None)
        self.model_wrap_cfg.nmask = getattr(p, "nmask", None)
        self.model_wrap_cfg.step = 0
        self.eta = p.eta if p.eta is not None else getattr(opts, self.eta_option_field, 0.0)
        self.s_min_uncond = getattr(p, "s_min_uncond", 0.0)

        accepted = inspect.signature(self.func).parameters
        arguments = {}
        if "eta" in accepted:
            arguments["eta"] = self.eta
            if self.eta != self.eta_default:
                p.extra_generation_params[self.eta_infotext_field] = self.eta
        return arguments

    def sample(self, p, x, conditioning, unconditional_conditioning, steps=None, image_conditioning=None):
        raise NotImplementedError()

    def sample_img2img(
        self, p, x, noise, conditioning, unconditional_conditioning, steps=None, image_conditioning=None
    ):
        raise NotImplementedError()
