"""File names by patterns such as `[seed]-[prompt_spaces]`; offered by `modules.images`, as on the real host."""

from __future__ import annotations

import datetime
import os
import re
import string

from modules import errors
from modules.shared import opts

invalid_filename_chars = '#<>:"/\\|?*\n\r\t'
_max_length = 128
_skip = object()  # a pattern that doesn't apply: the text before it goes too


def sanitize_filename_part(text, replace_spaces=True):
    if text is None:
        return None
    text = text.replace(" ", "_") if replace_spaces else text
    text = text.translate(dict.fromkeys(map(ord, invalid_filename_chars), "_"))
    return text.lstrip(" ")[:_max_length].rstrip(" .")


class FilenameGenerator:
    """Knows a picture and its job; `apply` fills a pattern in."""

    replacements = {
        "seed": lambda self: "" if self.seed is None else self.seed,
        "date": lambda self: datetime.datetime.now().strftime("%Y-%m-%d"),
        "datetime": lambda self, *args: self.datetime(*args),
        "prompt": lambda self: sanitize_filename_part(self.prompt),
        "prompt_spaces": lambda self: sanitize_filename_part(self.prompt, replace_spaces=False),
        "prompt_words": lambda self: self.prompt_words(),
        "batch_number": lambda self: _skip if self.p.batch_size == 1 else self.p.batch_index + 1,
        "generation_number": lambda self: _skip
        if self.p.n_iter * self.p.batch_size == 1
        else self.p.iteration * self.p.batch_size + self.p.batch_index + 1,
        "clip_skip": lambda self: opts.data["CLIP_stop_at_last_layers"],
        "none": lambda self: "",
    }
    default_time_format = "%Y%m%d%H%M%S"

    def __init__(self, p, seed, prompt, image, zip=False, basename=""):
        self.p = p
        self.seed = seed
        self.prompt = prompt
        self.image = image

    def prompt_words(self):
        words = [word for word in re.split(rf"[\s{re.escape(string.punctuation)}]+", self.prompt or "") if word]
        words = words[: opts.directories_max_prompt_words] if words else ["empty"]
        return sanitize_filename_part(" ".join(words), replace_spaces=False)

    def datetime(self, *args):
        form = args[0] if args and args[0] else self.default_time_format
        return sanitize_filename_part(datetime.datetime.now().strftime(form), replace_spaces=False)

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
