"""File names by patterns such as `[seed]-[prompt_spaces]`; offered by `modules.images`, as on the real host."""

from __future__ import annotations

import datetime
import functools
import hashlib
import os
import re
import string
import zoneinfo

from modules import errors, shared
from modules.shared import opts

invalid_filename_chars = '#<>:"/\\|?*\n\r\t'
_max_length = getattr(shared.cmd_opts, "filenames_max_length", 128)
_skip = object()  # a pattern that doesn't apply: the text before it goes too


def sanitize_filename_part(text, replace_spaces=True):
    if text is None:
        return None
    text = text.replace(" ", "_") if replace_spaces else text
    text = text.translate(dict.fromkeys(map(ord, invalid_filename_chars), "_"))
    return text.lstrip(" ")[:_max_length].rstrip(" .")


@functools.cache
def get_scheduler_str(sampler_name, scheduler_name):
    from modules import sd_samplers

    if scheduler_name == "Automatic":
        scheduler_name = sd_samplers.find_sampler_config(sampler_name).options.get("scheduler", "Automatic")
    return scheduler_name.capitalize()


@functools.cache
def get_sampler_scheduler_str(sampler_name, scheduler_name):
    return f"{sampler_name} {get_scheduler_str(sampler_name, scheduler_name)}"


def get_sampler_scheduler(p, sampler):
    if not hasattr(p, "scheduler") or not hasattr(p, "sampler_name"):
        return _skip
    named = (get_sampler_scheduler_str if sampler else get_scheduler_str)(p.sampler_name, p.scheduler)
    return sanitize_filename_part(named, replace_spaces=False)


def _digest(data, *args):
    return hashlib.sha256(data).hexdigest()[: int(args[0]) if args and args[0] else None]


class FilenameGenerator:
    """Knows a picture and its job; `apply` fills a pattern in."""

    replacements = {
        "basename": lambda self: self.basename or "img",
        "seed": lambda self: "" if self.seed is None else self.seed,
        "seed_first": lambda self: self.seed if self.p.batch_size == 1 else self.p.all_seeds[0],
        "seed_last": lambda self: _skip if self.p.batch_size == 1 else self.p.all_seeds[-1],
        "steps": lambda self: self.p and self.p.steps,
        "cfg": lambda self: self.p and self.p.cfg_scale,
        "width": lambda self: self.image.width,
        "height": lambda self: self.image.height,
        "styles": lambda self: self.p
        and sanitize_filename_part(
            ", ".join(style for style in self.p.styles if style != "None") or "None", replace_spaces=False
        ),
        "sampler": lambda self: self.p and sanitize_filename_part(self.p.sampler_name, replace_spaces=False),
        "sampler_scheduler": lambda self: self.p and get_sampler_scheduler(self.p, True),
        "scheduler": lambda self: self.p and get_sampler_scheduler(self.p, False),
        "model_hash": lambda self: getattr(self.p, "sd_model_hash", shared.sd_model.sd_model_hash),
        "model_name": lambda self: sanitize_filename_part(
            shared.sd_model.sd_checkpoint_info.name_for_extra, replace_spaces=False
        ),
        "date": lambda self: datetime.datetime.now().strftime("%Y-%m-%d"),
        "datetime": lambda self, *args: self.datetime(*args),
        "job_timestamp": lambda self: getattr(self.p, "job_timestamp", shared.state.job_timestamp),
        "prompt_hash": lambda self, *args: self.string_hash(self.prompt, *args),
        "negative_prompt_hash": lambda self, *args: self.string_hash(self.p.negative_prompt, *args),
        "full_prompt_hash": lambda self, *args: self.string_hash(f"{self.p.prompt} {self.p.negative_prompt}", *args),
        "prompt": lambda self: sanitize_filename_part(self.prompt),
        "prompt_no_styles": lambda self: self.prompt_no_style(),
        "prompt_spaces": lambda self: sanitize_filename_part(self.prompt, replace_spaces=False),
        "prompt_words": lambda self: self.prompt_words(),
        "batch_number": lambda self: _skip if self.p.batch_size == 1 or self.zip else self.p.batch_index + 1,
        "batch_size": lambda self: self.p.batch_size,
        "generation_number": lambda self: _skip
        if self.p.n_iter * self.p.batch_size == 1 or self.zip
        else self.p.iteration * self.p.batch_size + self.p.batch_index + 1,
        "hasprompt": lambda self, *args: self.hasprompt(*args),
        "clip_skip": lambda self: opts.data["CLIP_stop_at_last_layers"],
        "denoising": lambda self: (self.p and self.p.denoising_strength) or _skip,
        "user": lambda self: self.p.user,
        "vae_filename": lambda self: self.get_vae_filename(),
        "none": lambda self: "",
        "image_hash": lambda self, *args: self.image_hash(*args),
    }
    default_time_format = "%Y%m%d%H%M%S"

    def __init__(self, p, seed, prompt, image, zip=False, basename=""):
        self.p = p
        self.seed = seed
        self.prompt = prompt
        self.image = image
        self.zip = zip
        self.basename = basename

    def get_vae_filename(self):
        from modules import sd_vae

        name = sd_vae.get_loaded_vae_name()
        return "NoneType" if name is None else (name.lstrip(".").split(".")[0] or name)

    def hasprompt(self, *args):
        """For each `word|otherwise`: the word if the prompt has it, the other text if not."""
        prompt = self.prompt.lower()
        found = ""
        for word, _, otherwise in (arg.partition("|") for arg in args if arg):
            found += word.lower() if word.lower() in prompt else otherwise
        return sanitize_filename_part(found)

    def prompt_no_style(self):
        if self.p is None or self.prompt is None:
            return None
        text = self.prompt
        for style in filter(None, shared.prompt_styles.get_style_prompts(self.p.styles)):
            for part in filter(None, style.split("{prompt}")):
                text = text.replace(part, "").replace(", ,", ",").strip().strip(",")
        return sanitize_filename_part(text.strip(), replace_spaces=False)

    def prompt_words(self):
        words = [word for word in re.split(rf"[\s{re.escape(string.punctuation)}]+", self.prompt or "") if word]
        words = words[: opts.directories_max_prompt_words] if words else ["empty"]
        return sanitize_filename_part(" ".join(words), replace_spaces=False)

    def datetime(self, *args):
        """`[datetime<format><time zone>]`; what is wrong falls back to the default."""
        form = args[0] if args and args[0] else self.default_time_format
        try:
            zone = zoneinfo.ZoneInfo(args[1]) if len(args) > 1 else None
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            zone = None
        return sanitize_filename_part(datetime.datetime.now().astimezone(zone).strftime(form), replace_spaces=False)

    def image_hash(self, *args):
        return _digest(self.image.tobytes(), *args)

    def string_hash(self, text, *args):
        return _digest(text.encode(), *(args or ("8",)))

    def apply(self, x):
        """The pattern with everything in brackets replaced; unknown names stay as they are."""
        *pieces, last = re.split(r"\[([^\[\]]+)\]", x)  # text, pattern, text, pattern, …, text
        result = ""
        for text, pattern in zip(pieces[::2], pieces[1::2], strict=True):
            name, *args = re.split(r"<([^>]*)>", pattern)
            args = args[::2]
            value = None
            if name.lower() in self.replacements:
                try:
                    value = self.replacements[name.lower()](self, *args)
                except Exception:
                    errors.report(f"[{pattern}] could not be put into a file name", exc_info=True)
            if value is not _skip:
                result += f"{text}[{pattern}]" if value is None else f"{text}{value}"
        return result + last


def get_next_sequence_number(path, basename):
    """One more than the highest number that a file in the folder begins with (after the base name)."""
    start = f"{basename}-" if basename else ""
    numbers = [
        os.path.splitext(name[len(start) :])[0].split("-")[0] for name in os.listdir(path) if name.startswith(start)
    ]
    return max((int(n) for n in numbers if re.fullmatch(r"\d+", n)), default=-1) + 1
