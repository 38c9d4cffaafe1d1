"""What a WebUI without this extension tells of itself over its API: options, checkpoints, and what it is.

Its routes differ: Forge has no `sd-vae` and fails at `cmd-flags`. What a route doesn't tell is not known.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import PureWindowsPath
from typing import Any

from ..errors import InvalidInput, named_list
from ..hosts import CHECKPOINT, OPTION_KEY, VAE
from ..language import Text
from .answers import WEBUI_FIELD
from .http import Http

DECIDING = (
    *("emphasis", "randn_source", "tiling", "eta_noise_seed_delta", "comma_padding_backtrack", "sdxl_clip_l_skip"),
    *("sdxl_crop_top", "sdxl_crop_left", "sdxl_refiner_low_aesthetic_score", "sdxl_refiner_high_aesthetic_score"),
    *(
        "eta_ddim",
        "eta_ancestral",
        "ddim_discretize",
        "s_churn",
        "s_tmin",
        "s_tmax",
        "s_noise",
        "sigma_min",
        "sigma_max",
    ),
    *("rho", "beta_dist_alpha", "beta_dist_beta", "sd_noise_schedule", "skip_early_cond"),
    *("always_discard_next_to_last_sigma", "sgm_noise_multiplier", "use_old_karras_scheduler_sigmas"),
    *("uni_pc_variant", "uni_pc_skip_type", "uni_pc_order", "uni_pc_lower_order_final"),
    *(
        "s_min_uncond",
        "s_min_uncond_all",
        "token_merging_ratio",
        "token_merging_ratio_hr",
        "token_merging_ratio_img2img",
    ),
    *("pad_cond_uncond", "pad_cond_uncond_v0", "batch_cond_uncond", "fp8_storage", "cache_fp16_weight"),
    *("sd_vae_encode_method", "sd_vae_decode_method", "upcast_attn", "use_old_emphasis_implementation"),
    *(
        "use_old_hires_fix_width_height",
        "hires_fix_use_firstpass_conds",
        "use_old_scheduling",
        "use_downcasted_alpha_bar",
    ),
    *("refiner_switch_by_sample_steps", "hires_fix_refiner_pass", "dont_fix_second_order_samplers_schedule"),
    *("inpainting_mask_weight", "initial_noise_multiplier", "img2img_extra_noise", "img2img_fix_steps"),
    *("img2img_color_correction", "img2img_background_color", "upscaler_for_img2img", "face_restoration"),
    *("face_restoration_model", "code_former_weight", "forge_unet_storage_dtype", "forge_try_reproduce"),
    *("sd_text_encoder", "sd_unet", "sd_hypernetwork"),
)
"""Options that decide pictures, of AUTOMATIC1111 v1.10.1 (those that it writes into infotexts, and some that it keeps
to itself), Forge and reForge; those that a WebUI has count."""

MODULES = "forge_additional_modules"
"""Forge's files in the place of a VAE and of text encoders, by their paths there."""

OWN_SCHEDULE = "dynamic_clip_skip_enabled"
"""reForge's own schedule of clip skip over the steps, whatever is asked."""

CALLED = {
    "automatic1111/stable-diffusion-webui": "AUTOMATIC1111",
    "lllyasviel/stable-diffusion-webui-forge": "Forge",
    "panchovix/stable-diffusion-webui-reforge": "reForge",
    "haoming02/sd-webui-forge-classic": "Forge Classic",
}
"""What WebUIs are called, by the repository that the last line of their page names."""

VERSION = re.compile(r'version:\s*<a href=\\*"https://github\.com/([\w.-]+/[\w.-]+)/[^>]*>([^<]{1,60})</a>')
TORCH = re.compile(r"torch:\s*([\w.+-]{1,40})")


@dataclass(frozen=True)
class Checkpoint:
    """One that a WebUI has: its title, such as "v1-5-pruned.safetensors [6ce0161689]", the name that infotexts give it,
    and its hash, the first ten digits of its SHA-256; "" while the WebUI hasn't worked it out."""

    title: str
    name: str
    hash: str
    others: tuple[str, ...]

    @classmethod
    def read(cls, entry: dict[str, Any]) -> Checkpoint:
        """Of an entry of /sdapi/v1/sd-models. Raises `KeyError` or `TypeError`."""
        title, file = str(entry["title"]), PureWindowsPath(str(entry.get("filename") or entry["title"]))
        long = str(entry.get("sha256") or "")
        short = str(entry.get("hash") or long[:10])
        others = (title.rpartition(" [")[0], file.name, file.stem, str(entry.get("model_name") or ""), short, long)
        return cls(title, file.stem, short, tuple(name.casefold() for name in (title, *others) if name))


class Facts:
    """What one WebUI tells at this moment; each route is asked once, and only if somebody wants to know.

    Its properties raise what `Http` raises.
    """

    def __init__(self, http: Http):
        self._http = http
        self._routes: dict[str, Any] = {}

    @cached_property
    def options(self) -> dict[str, Any]:
        """Its options."""
        found = self._http.get("/sdapi/v1/options")
        if not isinstance(found, dict) or OPTION_KEY not in found:
            raise self._http.unreadable()
        return found

    @cached_property
    def checkpoints(self) -> list[Checkpoint]:
        """Its checkpoints."""
        found = self._http.get("/sdapi/v1/sd-models")
        try:
            return [Checkpoint.read(entry) for entry in found]
        except (KeyError, TypeError, AttributeError) as error:
            raise self._http.unreadable() from error

    def checkpoint(self, name: object) -> Checkpoint:
        """The checkpoint of that title, name, file or hash. Raises `InvalidInput`."""
        wanted = str(name).strip().casefold()
        for checkpoint in self.checkpoints:
            if wanted in checkpoint.others:
                return checkpoint
        allowed = named_list(self.titles())
        raise InvalidInput(Text("Checkpoint"), name, allowed, Text("is not a checkpoint of {url}", url=self._url))

    def titles(self) -> list[str]:
        """The titles of its checkpoints."""
        return sorted((checkpoint.title for checkpoint in self.checkpoints), key=str.casefold)

    def samplers(self) -> list[str]:
        """Names of its samplers; none where it doesn't tell."""
        return self._names("samplers", "name")

    def schedule_types(self) -> list[str]:
        """Names of its schedule types, in the same way."""
        return self._names("schedulers", "label")

    def check_names(self, request: dict[str, Any]) -> None:
        """Raises `InvalidInput` for a sampler, schedule type or style that it hasn't: it would take another one for it,
        or none, and say nothing (modules/sd_samplers.py, `get_sampler_and_scheduler`)."""
        types = {
            name.casefold()
            for name in (
                *self.schedule_types(),
                *self._names("schedulers", "name"),
                *self._names("schedulers", "aliases"),
            )
        }
        sampler, schedule = request.get("sampler_name"), request.get("scheduler")
        if isinstance(sampler, str) and sampler and (samplers := self.samplers()):
            # The API reads a schedule type behind the name too, as older versions had it: "Euler a Karras".
            bare = [sampler.casefold(), *(sampler.casefold().removesuffix(f" {kind}") for kind in types)]
            known = {name.casefold() for name in (*samplers, *self._names("samplers", "aliases"))}
            if not known.intersection(bare):
                raise InvalidInput("sampler_name", sampler, named_list(samplers), Text("is not available"))
        if isinstance(schedule, str) and schedule and types and schedule.casefold() not in types:
            raise InvalidInput("scheduler", schedule, named_list(self.schedule_types()), Text("is not available"))
        styles = request.get("styles") or []
        for style in styles if isinstance(styles, list) else []:
            if style not in self.styles():
                raise InvalidInput("styles", style, named_list(self.styles()), Text("is not a style"))

    def styles(self) -> list[str]:
        """Names of its styles, in the same way."""
        return self._names("prompt-styles", "name")

    def vaes(self) -> list[str]:
        """Names of its VAEs; none where it has no such setting, as Forge."""
        names = self._names("sd-vae", "model_name")
        return [] if self._routes["sd-vae"] is None else ["Automatic", "None", *names]

    def deciding(self) -> dict[str, Any]:
        """The options that decide pictures, with their values; of files the names only."""
        found = {key: self.options[key] for key in DECIDING if key in self.options}
        if isinstance(self.options.get(MODULES), list):
            found[MODULES] = self.modules
        return found

    def fingerprint(self, overrides: dict[str, Any]) -> str:
        """A short hash of the chosen checkpoint and of the options that decide pictures, but for those that a request
        overrides. The same number may be told as 1 and, once it was saved, as 1.0."""
        asked = {CHECKPOINT: re.sub(r" \[\w+\]$", "", str(self.options.get(CHECKPOINT) or "")), **self.deciding()}
        asked[VAE] = self.options.get(VAE)
        left = {
            key: int(value) if isinstance(value, float) and value.is_integer() else value
            for key, value in asked.items()
            if key not in overrides
        }
        return hashlib.sha256(json.dumps(left, sort_keys=True, default=str).encode()).hexdigest()[:16]

    @property
    def computes(self) -> dict[str, str]:
        """What it writes pictures as."""
        told = {"format": self.options.get("samples_format"), "quality": self.options.get("jpeg_quality")}
        return {key: str(value) for key, value in told.items() if value is not None}

    @property
    def modules(self) -> list[str]:
        """Names of Forge's files in the place of a VAE and of text encoders."""
        chosen = self.options.get(MODULES)
        return [PureWindowsPath(str(file)).name for file in chosen] if isinstance(chosen, list) else []

    def vae(self, overrides: dict[str, Any]) -> str:
        """The name of the VAE where one is set, "" where the checkpoint, or a file beside it, decides."""
        chosen = str(overrides.get(VAE, self.options.get(VAE)) or "")
        return ", ".join(self.modules) or ("" if chosen in ("Automatic", "None") else chosen)

    def chosen(self, overrides: dict[str, Any]) -> Checkpoint:
        """The checkpoint that a request with these overrides uses. Raises `InvalidInput`."""
        if overrides.get(CHECKPOINT):
            return self.checkpoint(overrides[CHECKPOINT])
        named = self.options.get(CHECKPOINT) or self.options.get("sd_checkpoint_hash")
        if named:
            return self.checkpoint(named)
        if not self.checkpoints:
            raise InvalidInput(WEBUI_FIELD, self._url, Text("a WebUI with a checkpoint"), Text("has no checkpoint"))
        return self.checkpoints[0]  # as the host does while none was chosen (modules/sd_models.py, `select_checkpoint`)

    @cached_property
    def about(self) -> dict[str, str]:
        """Its name, version, torch and device, as far as the last line of its page and its memory tell them."""
        page = self._http.get_optional("/config")
        text = str(page) if isinstance(page, dict) else ""
        version, torch = VERSION.search(text), TORCH.search(text)
        memory = self._http.get_optional("/sdapi/v1/memory")
        cuda = memory.get("cuda") if isinstance(memory, dict) else None
        has_cuda = isinstance(cuda, dict) and "system" in cuda
        on_cpu = torch is not None and torch[1].endswith("+cpu")
        told = {
            "name": CALLED.get(version[1].casefold(), version[1]) if version else "",
            "version": version[2] if version else "",
            "torch": torch[1] if torch else "",
            "device": "cuda" if has_cuda else "cpu" if on_cpu else "",
        }
        return {key: value for key, value in told.items() if value}

    def _names(self, route: str, key: str) -> list[str]:
        if route not in self._routes:
            self._routes[route] = self._http.get_optional(f"/sdapi/v1/{route}")
        found = self._routes[route]
        entries = found if isinstance(found, list) else []
        values = (entry.get(key) for entry in entries if isinstance(entry, dict))
        return [str(name) for value in values for name in (value if isinstance(value, list) else [value]) if name]

    @property
    def _url(self) -> str:
        return self._http.address.url
