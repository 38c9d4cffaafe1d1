"""Prompt styles from CSV files.

Mirrors `modules/styles.py`. Differs: no dividers between several files.
"""

from __future__ import annotations

import csv
import typing
from pathlib import Path

from modules import errors


class PromptStyle(typing.NamedTuple):
    """One style: text to add to a prompt, or around its place {prompt}."""

    name: str
    prompt: str | None
    negative_prompt: str | None
    path: str | None = None


def merge_prompts(style_prompt: str, prompt: str) -> str:
    if "{prompt}" in style_prompt:
        return style_prompt.replace("{prompt}", prompt)
    return ", ".join(text for text in (prompt.strip(), style_prompt.strip()) if text)


def apply_styles_to_prompt(prompt, styles):
    for style in styles:
        prompt = merge_prompts(style, prompt)
    return prompt


def extract_style_text_from_prompt(style_text, prompt):
    """(True, the prompt without the style) when the style is in it, otherwise (False, the prompt)."""
    whole, style = prompt.strip(), style_text.strip()
    left, has_place, right = style.partition("{prompt}")
    if has_place:
        if whole.startswith(left) and whole.endswith(right):
            return True, whole[len(left) : len(whole) - len(right)]
    elif whole.endswith(style):
        return True, whole[: len(whole) - len(style)].removesuffix(", ")
    return False, prompt


def extract_original_prompts(style: PromptStyle, prompt, negative_prompt):
    """The same for both prompts: the style must be in both."""
    if not style.prompt and not style.negative_prompt:
        return False, prompt, negative_prompt
    found, rest = extract_style_text_from_prompt(style.prompt, prompt)
    found_negative, rest_negative = extract_style_text_from_prompt(style.negative_prompt, negative_prompt)
    return (True, rest, rest_negative) if found and found_negative else (False, prompt, negative_prompt)


class StyleDatabase:
    """All styles of one or more CSV files (paths may hold * and ?)."""

    def __init__(self, paths: list[str | Path]):
        self.no_style = PromptStyle("None", "", "", None)
        self.styles = {}
        self.paths = paths
        self.all_styles_files: list[Path] = []
        first = Path(paths[0])
        if self._is_pattern(first):
            first = next(first.parent.glob(first.name), first.parent / "styles.csv")
            self.paths.insert(0, first)
        self.default_path = first
        self.prompt_fields = [field for field in PromptStyle._fields if field != "path"]
        self.reload()

    @staticmethod
    def _is_pattern(path):
        return any(sign in path.name for sign in "*?")

    def reload(self):
        self.styles.clear()
        files = []
        for path in map(Path, self.paths):
            files += path.parent.glob(path.name) if self._is_pattern(path) else [path]
        self.all_styles_files = list(dict.fromkeys(files))
        for file in self.all_styles_files:
            if file.is_file():
                self.load_from_csv(file)

    def load_from_csv(self, path: str | Path):
        try:
            with open(path, encoding="utf-8-sig", newline="") as file:
                for row in csv.DictReader(file, skipinitialspace=True):
                    if not row or row["name"].startswith("#"):
                        continue
                    prompt = row["prompt"] if "prompt" in row else row["text"]
                    style = PromptStyle(row["name"], prompt, row.get("negative_prompt", ""), str(path))
                    self.styles[style.name] = style
        except Exception:
            errors.report(f"Styles of {path} could not be read", exc_info=True)

    def get_style_prompts(self, styles):
        return [self.styles.get(name, self.no_style).prompt for name in styles]

    def get_negative_style_prompts(self, styles):
        return [self.styles.get(name, self.no_style).negative_prompt for name in styles]

    def apply_styles_to_prompt(self, prompt, styles):
        return apply_styles_to_prompt(prompt, self.get_style_prompts(styles))

    def apply_negative_styles_to_prompt(self, prompt, styles):
        return apply_styles_to_prompt(prompt, self.get_negative_style_prompts(styles))

    def extract_styles_from_prompt(self, prompt, negative_prompt):
        """Takes styles off from the end, until none fits; returns their names and what is left."""
        names = []
        left = list(self.styles.values())
        while True:
            for style in left:
                found, prompt, negative_prompt = extract_original_prompts(style, prompt, negative_prompt)
                if found:
                    left.remove(style)
                    names.insert(0, style.name)
                    break
            else:
                return names, prompt, negative_prompt
