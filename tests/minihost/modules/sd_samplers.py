"""The list of samplers, and how names of samplers and schedule types are found.

Mirrors `modules/sd_samplers.py`.
"""

from __future__ import annotations

import functools
import logging

from modules import sd_samplers_common, sd_samplers_kdiffusion, sd_samplers_timesteps, sd_schedulers, shared

samples_to_image_grid = sd_samplers_common.samples_to_image_grid
sample_to_image = sd_samplers_common.sample_to_image

all_samplers = [
    *sd_samplers_kdiffusion.samplers_data_k_diffusion,
    *sd_samplers_timesteps.samplers_data_timesteps,
]
all_samplers_map = {x.name: x for x in all_samplers}

samplers: list[sd_samplers_common.SamplerData] = []
samplers_for_img2img: list[sd_samplers_common.SamplerData] = []
samplers_map = {}
samplers_hidden = {}


def find_sampler_config(name):
    return all_samplers[0] if name is None else all_samplers_map.get(name)


def create_sampler(name, model):
    config = find_sampler_config(name)
    assert config is not None, f"bad sampler name: {name}"
    sampler = config.constructor(model)
    sampler.config = config
    return sampler


def set_samplers():
    """Reads which samplers the options hide, and fills the map from lower-case names and aliases."""
    global samplers, samplers_for_img2img, samplers_hidden
    samplers_hidden = set(shared.opts.hide_samplers)
    samplers = samplers_for_img2img = all_samplers
    samplers_map.clear()
    for sampler in all_samplers:
        samplers_map.update({name.lower(): sampler.name for name in (sampler.name, *sampler.aliases)})


def visible_sampler_names():
    return [x.name for x in visible_samplers()]


def visible_samplers():
    return [x for x in samplers if x.name not in samplers_hidden]


def get_sampler_from_infotext(d: dict):
    return get_sampler_and_scheduler(d.get("Sampler"), d.get("Schedule type"))[0]


def get_scheduler_from_infotext(d: dict):
    return get_sampler_and_scheduler(d.get("Sampler"), d.get("Schedule type"))[1]


def get_hr_sampler_and_scheduler(d: dict):
    """The second pass's own names, or that it uses the first pass's."""

    def own_or_first(key, same):
        value = d.get(f"Hires {key.lower()}", same)
        return d.get(key) if value == same else value

    sampler, scheduler = get_sampler_and_scheduler(
        own_or_first("Sampler", "Use same sampler"), own_or_first("Schedule type", "Use same scheduler")
    )
    return (
        "Use same sampler" if sampler == d.get("Sampler") else sampler,
        "Use same scheduler" if scheduler == d.get("Schedule type") else scheduler,
    )


def get_hr_sampler_from_infotext(d: dict):
    return get_hr_sampler_and_scheduler(d)[0]


def get_hr_scheduler_from_infotext(d: dict):
    return get_hr_sampler_and_scheduler(d)[1]


@functools.cache
def get_sampler_and_scheduler(sampler_name, scheduler_name, *, convert_automatic=True):
    """Valid names for what was given, also for old ones such as "DPM++ 2M Karras"."""
    name = sampler_name or samplers[0].name
    scheduler = sd_schedulers.schedulers_map.get(scheduler_name, sd_schedulers.schedulers[0])
    for candidate in sd_schedulers.schedulers:
        for ending in (candidate.label, candidate.name, *(candidate.aliases or [])):
            if name.endswith(f" {ending}"):
                name, scheduler = name.removesuffix(f" {ending}"), candidate
                break

    sampler = all_samplers_map.get(name, samplers[0])
    if convert_automatic and sampler.options.get("scheduler") == scheduler.name:
        scheduler = sd_schedulers.schedulers[0]
    return sampler.name, scheduler.label


def fix_p_invalid_sampler_and_scheduler(p):
    given = p.sampler_name, p.scheduler
    p.sampler_name, p.scheduler = get_sampler_and_scheduler(*given, convert_automatic=False)
    if (p.sampler_name, p.scheduler) != given:
        logging.warning("Sampler and schedule type %s replaced by %s", given, (p.sampler_name, p.scheduler))


set_samplers()
