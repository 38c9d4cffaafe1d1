"""Classifier-free guidance: one call of the UNet for all prompts of a batch and its negative prompts.

Mirrors `modules/sd_samplers_cfg_denoiser.py`. Differs: no edit models, no padding of the older kind, no NGMS and no
skipping of early negative prompts.
"""

import torch
from modules import prompt_parser, sd_samplers_common
from modules.script_callbacks import (
    AfterCFGCallbackParams,
    CFGDenoisedParams,
    CFGDenoiserParams,
    cfg_after_cfg_callback,
    cfg_denoised_callback,
    cfg_denoiser_callback,
)
from modules.shared import state


def catenate_conds(conds):
    return torch.cat(conds)


class CFGDenoiser(torch.nn.Module):
    """`forward` takes noisy latents and returns denoised ones under the guidance of all prompts."""

    def __init__(self, sampler):
        super().__init__()
        self.model_wrap = None
        self.mask = None
        self.nmask = None
        self.init_latent = None
        self.steps = None
        self.total_steps = None
        self.step = 0
        self.image_cfg_scale = None
        self.sampler = sampler
        self.p = None
        self.cond_scale_miltiplier = 1.0
        self.mask_before_denoising = False

    @property
    def inner_model(self):
        raise NotImplementedError()

    def combine_denoised(self, x_out, conds_list, uncond, cond_scale):
        """Away from the negative prompt, towards each part of the prompt by its weight."""
        if uncond is None:
            weights = [[weight for _, weight in parts] for parts in conds_list]
            return torch.stack(
                [
                    sum(x_out[row] * (weight / sum(of_one)) for row, weight in parts)
                    for parts, of_one in zip(conds_list, weights, strict=True)
                ]
            )
        without = x_out[-uncond.shape[0] :]
        combined = without.clone()
        for i, parts in enumerate(conds_list):
            for row, weight in parts:
                combined[i] += (x_out[row] - without[i]) * (weight * cond_scale)
        return combined

    def get_pred_x0(self, x_in, x_out, sigma):
        return x_out

    def update_inner_model(self):
        self.model_wrap = None
        cond, uncond = self.p.get_conds()
        self.sampler.sampler_extra_args["cond"] = cond
        self.sampler.sampler_extra_args["uncond"] = uncond

    def _blend(self, latent, sigma):
        """Inpainting: outside the mask the picture stays the given one."""
        blended = latent * self.nmask + self.init_latent * self.mask
        if self.p.scripts is not None:
            from modules import scripts

            args = scripts.MaskBlendArgs(
                latent, self.nmask, self.init_latent, self.mask, blended, denoiser=self, sigma=sigma
            )
            self.p.scripts.on_mask_blend(self.p, args)
            blended = args.blended_latent
        return blended

    def forward(self, x, sigma, uncond, cond, cond_scale, s_min_uncond, image_cond):
        if state.interrupted or state.skipped:
            raise sd_samplers_common.InterruptedException

        if sd_samplers_common.apply_refiner(self, sigma):
            cond = self.sampler.sampler_extra_args["cond"]
            uncond = self.sampler.sampler_extra_args["uncond"]

        conds_list, text = prompt_parser.reconstruct_multicond_batch(cond, self.step)
        # Without a negative prompt, as some hosts have it at a CFG scale of 1, the prompt's part is the result.
        negative = None if uncond is None else prompt_parser.reconstruct_cond_batch(uncond, self.step)
        if self.mask_before_denoising and self.mask is not None:
            x = self._blend(x, sigma)

        owners = [i for i, parts in enumerate(conds_list) for _ in parts]
        owners += [] if negative is None else range(len(conds_list))
        params = CFGDenoiserParams(
            x[owners],
            image_cond[owners],
            sigma[owners],
            state.sampling_step,
            state.sampling_steps,
            text,
            negative,
            self,
        )
        cfg_denoiser_callback(params)
        x_in, sigma_in, image_in = params.x, params.sigma, params.image_cond
        text, negative = params.text_cond, params.text_uncond

        def run(rows, context):
            conditioning = {"c_crossattn": [context], "c_concat": [image_in[rows]]}
            return self.inner_model(x_in[rows], sigma_in[rows], cond=conditioning)

        if negative is None:
            x_out = run(slice(None), text)
        elif text.shape[1] == negative.shape[1]:
            x_out = run(slice(None), catenate_conds([text, negative]))
        else:  # prompts of different lengths don't fit into one call
            x_out = torch.cat([run(slice(0, len(text)), text), run(slice(len(text), None), negative)])

        first_of_each = [parts[0][0] for parts in conds_list]
        cfg_denoised_callback(CFGDenoisedParams(x_out, state.sampling_step, state.sampling_steps, self.inner_model))
        denoised = self.combine_denoised(x_out, conds_list, negative, cond_scale * self.cond_scale_miltiplier)
        if not self.mask_before_denoising and self.mask is not None:
            denoised = self._blend(denoised, sigma)

        # on an interrupt this is the result: the prompt alone, without guidance
        self.sampler.last_latent = self.get_pred_x0(x_in[first_of_each], x_out[first_of_each], sigma)
        sd_samplers_common.store_latent(self.sampler.last_latent)

        after = AfterCFGCallbackParams(denoised, state.sampling_step, state.sampling_steps)
        cfg_after_cfg_callback(after)
        self.step += 1
        return after.x
