"""The model is loaded when a job begins; clip skip is told to it at each encoding; no negative prompt at CFG 1."""

from dataclasses import dataclass, field

from modules import sd_models, sd_samplers, shared
from modules.processing import (
    StableDiffusionProcessing,
    StableDiffusionProcessingImg2Img,
    StableDiffusionProcessingTxt2Img,
    process_images_inner,
)
from modules.sysinfo import set_config

need_global_unload = False

_params = StableDiffusionProcessing.cached_params
_conds = StableDiffusionProcessing.get_conds_with_caching
_negative = StableDiffusionProcessing._conds_of_negative


def _cached_params(self, *args, **kwargs):
    return (*_params(self, *args, **kwargs), self.distilled_cfg_scale)


def _get_conds_with_caching(self, function, required_prompts, steps, caches, extra_network_data, hires_steps=None):
    """A cache's third place is for what encoding noted for the infotext."""
    from backend.text_processing import classic_engine

    model = shared.sd_model

    def encoded(*args):
        model.set_clip_skip(int(shared.opts.CLIP_stop_at_last_layers))
        conds = function(*args)
        noted, classic_engine.last_extra_generation_params = classic_engine.last_extra_generation_params, {}
        model.extra_generation_params.update(noted)
        if len(caches[0]) > 2:
            caches[0][2] = noted
        return conds

    found = _conds(self, encoded, required_prompts, steps, caches, extra_network_data, hires_steps)
    for cache in caches:
        if cache[1] is found and len(cache) > 2:
            model.extra_generation_params.update(cache[2] or {})
    return found


def _conds_of_negative(self, negative, steps, caches, networks, hires_steps=None):
    scale = self.cfg_scale if hires_steps is None else self.hr_cfg
    return None if scale == 1 else _negative(self, negative, steps, caches, networks, hires_steps)


def _clear_prompt_cache(self):
    for cls in (self, StableDiffusionProcessing):
        cls.cached_c, cls.cached_uc = [None, None, None], [None, None, None]


for _method in (_cached_params, _get_conds_with_caching, _clear_prompt_cache):
    setattr(StableDiffusionProcessing, _method.__name__[1:], _method)
StableDiffusionProcessing._conds_of_negative = _conds_of_negative
StableDiffusionProcessing.cached_c, StableDiffusionProcessing.cached_uc = [None, None, None], [None, None, None]


@dataclass(repr=False)
class StableDiffusionProcessingTxt2Img(StableDiffusionProcessingTxt2Img):
    distilled_cfg_scale: float = 3.5
    hr_additional_modules: list = field(default=None)
    hr_cfg: float = 1.0
    hr_distilled_cfg: float = 3.5

    def init(self, all_prompts, all_seeds, all_subseeds):
        super().init(all_prompts, all_seeds, all_subseeds)
        if self.enable_hr:
            self.extra_generation_params["Hires CFG Scale"] = self.hr_cfg

    def sample_hr_pass(self, samples, decoded_samples, seeds, subseeds, subseed_strength, prompts):
        """Other modules in the second pass aren't there; without a word on them the real host fails too."""
        if "Use same choices" not in self.hr_additional_modules:
            raise NotImplementedError("the embedded host has the same modules in both passes")
        return super().sample_hr_pass(samples, decoded_samples, seeds, subseeds, subseed_strength, prompts)


@dataclass(repr=False)
class StableDiffusionProcessingImg2Img(StableDiffusionProcessingImg2Img):
    distilled_cfg_scale: float = 3.5


def manage_model_and_prompt_cache(p):
    global need_global_unload
    _, _ = sd_models.forge_model_reload()
    if need_global_unload:
        p.clear_prompt_cache()
    need_global_unload = False


def process_images(p):
    if p.scripts is not None:
        p.scripts.before_process(p)

    opts = shared.opts
    stored = {k: opts.data.get(k, opts.get_default(k)) for k in p.override_settings if k in opts.data}
    try:
        if sd_models.checkpoint_aliases.get(p.override_settings.get("sd_model_checkpoint")) is None:
            p.override_settings.pop("sd_model_checkpoint", None)
        set_config(p.override_settings, is_api=True, run_callbacks=False, save_config=False)
        manage_model_and_prompt_cache(p)
        sd_samplers.fix_p_invalid_sampler_and_scheduler(p)
        return process_images_inner(p)
    finally:
        if p.override_settings_restore_afterwards:
            set_config(stored, save_config=False)
