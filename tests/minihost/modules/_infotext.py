"""The text of parameters that is written into pictures; offered by `modules.processing`, as on the real host."""

from modules import errors, infotext_utils, sd_samplers_common
from modules.shared import opts


def program_version():
    import launch

    return launch.git_tag()


def _last_of_all(p):
    """What comes after the version."""
    return {}


def create_infotext(
    p,
    all_prompts,
    all_seeds,
    all_subseeds,
    comments=None,
    iteration=0,
    position_in_batch=0,
    use_main_prompt=False,
    index=None,
    all_negative_prompts=None,
):
    """Prompt, negative prompt and parameters of one picture.

    `p.extra_generation_params` comes last and may override a key. A list there is indexed by the picture's number in
    the job, a function is called with this function's variables as keywords; what fails is left out.
    """
    if use_main_prompt:
        index = 0
    elif index is None:
        index = position_in_batch + iteration * p.batch_size
    if all_negative_prompts is None:
        all_negative_prompts = p.all_negative_prompts

    clip_skip = getattr(p, "clip_skip", opts.CLIP_stop_at_last_layers)
    varied = p.subseed_strength != 0
    resized = p.seed_resize_from_w > 0 and p.seed_resize_from_h > 0
    delta = opts.eta_noise_seed_delta
    uses_delta = delta != 0 and sd_samplers_common.is_sampler_using_eta_noise_seed_delta(p)
    prompt_text = p.main_prompt if use_main_prompt else all_prompts[index]
    negative_prompt = p.main_negative_prompt if use_main_prompt else all_negative_prompts[index]
    seeds, subseeds = (p.all_seeds, p.all_subseeds) if use_main_prompt else (all_seeds, all_subseeds)

    generation_params = {
        "Steps": p.steps,
        "Sampler": p.sampler_name,
        "Schedule type": p.scheduler,
        "CFG scale": p.cfg_scale,
        "Seed": seeds[index],
        "Size": f"{p.width}x{p.height}",
        "Model hash": p.sd_model_hash,
        "Model": p.sd_model_name,
        "VAE hash": p.sd_vae_hash,
        "VAE": p.sd_vae_name,
        "Variation seed": subseeds[index] if varied else None,
        "Variation seed strength": p.subseed_strength if varied else None,
        "Seed resize from": f"{p.seed_resize_from_w}x{p.seed_resize_from_h}" if resized else None,
        "Denoising strength": p.extra_generation_params.get("Denoising strength"),
        "Clip skip": None if clip_skip <= 1 else clip_skip,
        "ENSD": delta if uses_delta else None,
        "Tiling": "True" if p.tiling else None,
        **p.extra_generation_params,
        "Version": program_version(),
        **_last_of_all(p),
    }

    for key, value in generation_params.items():
        try:
            if isinstance(value, list):
                generation_params[key] = value[index]
            elif callable(value):
                generation_params[key] = value(**locals())
        except Exception:
            errors.report(f'"{key}" could not be put into the infotext', exc_info=True)
            generation_params[key] = None

    parameters = ", ".join(
        k if k == v else f"{k}: {infotext_utils.quote(v)}" for k, v in generation_params.items() if v is not None
    )
    negative = f"\nNegative prompt: {negative_prompt}" if negative_prompt else ""
    return f"{prompt_text}{negative}\n{parameters}".strip()
