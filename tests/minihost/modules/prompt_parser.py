"""What a prompt means: schedules, AND, weights, and the conditioning made from them.

Mirrors `modules/prompt_parser.py` in names and in the shapes of the data. Differs: a hand-written parser of
`[from:to:when]` and `[a|b]` in place of a grammar; conditioning is always a tensor, never a dict (no SDXL).
"""

import re
from collections import namedtuple

import torch

ScheduledPromptConditioning = namedtuple("ScheduledPromptConditioning", ["end_at_step", "cond"])

_number = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*")
_closing = {"(": ")", "[": "]"}


class _Edit(namedtuple("_Edit", ["before", "after", "when"])):
    """`[before:after:when]`: two parsed texts and the last step of the first."""


class _Alternate(namedtuple("_Alternate", ["options"])):
    """`[a|b|c]`: one parsed text per step, in turn."""


class _Unreadable(Exception):
    """A bar outside brackets, or a backslash at the end: the real host then takes all of the prompt literally."""


def _matching(text, start):
    """Where the bracket that opens at `start` closes, or None."""
    wanted = []
    i = start
    while i < len(text):
        char = text[i]
        if char == "\\":
            i += 1
        elif char in _closing:
            wanted.append(_closing[char])
        elif char in ")]":
            if char != wanted.pop():
                return None  # "[(a]": the round bracket inside never closes
            if not wanted:
                return i
        i += 1
    return None


def _split(text, separator):
    """Splits where `separator` stands outside all brackets."""
    parts, begin, i = [], 0, 0
    while i < len(text):
        char = text[i]
        if char == "\\":
            i += 1
        elif char in _closing:
            i = _matching(text, i) or i
        elif char == separator:
            parts.append(text[begin:i])
            begin = i + 1
        i += 1
    return [*parts, text[begin:]]


def _parse(text, when_of):
    """Text as a list of strings, `_Edit` and `_Alternate`. `when_of` turns the digits into a step."""
    nodes, plain, i = [], "", 0
    while i < len(text):
        if text[i] == "|" or text[i:] == "\\":
            raise _Unreadable
        if text[i] == "\\":
            plain, i = plain + text[i : i + 2], i + 2
            continue

        end = _matching(text, i) if text[i] == "[" else None
        if end is None:
            plain, i = plain + text[i], i + 1
            continue

        inside = text[i + 1 : end]
        node = None
        by_colon = _split(inside, ":")
        number = _number.fullmatch(by_colon[-1]) if len(by_colon) in (2, 3) else None
        if number:
            texts = [_parse(part, when_of) for part in by_colon[:-1]]
            node = _Edit(texts[0] if len(texts) == 2 else [], texts[-1], when_of(number.group(1)))
        elif len(by_colon) == 1 and len(by_bar := _split(inside, "|")) > 1:
            node = _Alternate([_parse(part, when_of) for part in by_bar])

        if node is None:  # an ordinary [less of this]: the brackets stay, what is inside may still be scheduled
            nodes += [plain, "[", *_parse(inside, when_of), "]"]
        else:
            nodes += [plain, node]
        plain, i = "", end + 1
    return [*nodes, plain]


def _boundaries(nodes, steps):
    found = set()
    for node in nodes:
        if isinstance(node, _Edit):
            found |= {node.when} if node.when >= 1 else set()
            found |= _boundaries([*node.before, *node.after], steps)
        elif isinstance(node, _Alternate):
            found |= set(range(1, steps + 1))
            for option in node.options:
                found |= _boundaries(option, steps)
    return found


def _at_step(nodes, step):
    text = ""
    for node in nodes:
        if isinstance(node, _Edit):
            text += _at_step(node.before if step <= node.when else node.after, step)
        elif isinstance(node, _Alternate):
            text += _at_step(node.options[(step - 1) % len(node.options)], step)
        else:
            text += node
    return text


def get_learned_conditioning_prompt_schedules(prompts, base_steps, hires_steps=None, use_old_scheduling=False):
    """For each prompt a list of [last step, text].

    A whole number counts steps; a fraction is a part of the pass. In a hires pass 1.0 to 2.0 stand for it and whole
    numbers go on counting where the first pass ended.
    """
    second_pass = hires_steps is not None and not use_old_scheduling
    steps = hires_steps if second_pass else base_steps

    def when_of(digits):
        value = float(digits)
        if use_old_scheduling:
            value = value * steps if value < 1 else value
        elif "." in digits:
            value = (value - (1.0 if second_pass else 0.0)) * steps
        else:
            value -= base_steps if second_pass else 0
        return min(steps, int(value))

    schedules = {}
    for prompt in set(prompts):
        try:
            nodes = _parse(prompt, when_of)
        except _Unreadable:
            nodes = [prompt]
        schedules[prompt] = [[end, _at_step(nodes, end)] for end in sorted(_boundaries(nodes, steps) | {steps})]
    return [schedules[prompt] for prompt in prompts]


class SdConditioning(list):
    """Prompts with the picture's size and whether they are negative."""

    def __init__(self, prompts, is_negative_prompt=False, width=None, height=None, copy_from=None):
        super().__init__(prompts)
        source = prompts if copy_from is None else copy_from
        self.is_negative_prompt = is_negative_prompt or getattr(source, "is_negative_prompt", False)
        self.width = width or getattr(source, "width", None)
        self.height = height or getattr(source, "height", None)


def get_learned_conditioning(
    model, prompts: SdConditioning | list[str], steps, hires_steps=None, use_old_scheduling=False
):
    """For each prompt its schedule as `ScheduledPromptConditioning`; equal prompts are encoded once."""
    schedules = get_learned_conditioning_prompt_schedules(prompts, steps, hires_steps, use_old_scheduling)
    encoded = {}
    for prompt, schedule in zip(prompts, schedules, strict=True):
        if prompt not in encoded:
            conds = model.get_learned_conditioning(SdConditioning([text for _, text in schedule], copy_from=prompts))
            ends = [end for end, _ in schedule]
            encoded[prompt] = [ScheduledPromptConditioning(e, c) for e, c in zip(ends, conds, strict=True)]
    return [encoded[prompt] for prompt in prompts]


re_AND = re.compile(r"\bAND\b")
re_weight = re.compile(r"(.*?)(?:\s*:\s*([-+]?(?:\d+\.?|\d*\.\d+)))?\s*", re.DOTALL)


def get_multicond_prompt_list(prompts: SdConditioning | list[str]):
    """Splits at AND. Returns per prompt a list of (index, weight), the different texts, and text → index."""
    flat = SdConditioning([], copy_from=prompts)
    places = {}
    per_prompt = []
    for prompt in prompts:
        parts = []
        for part in re_AND.split(prompt):
            text, weight = re_weight.fullmatch(part).groups()
            if text not in places:
                places[text] = len(flat)
                flat.append(text)
            parts.append((places[text], 1.0 if weight is None else float(weight)))
        per_prompt.append(parts)
    return per_prompt, flat, places


class ComposableScheduledPromptConditioning:
    """One part of a prompt with AND: its schedule and its weight."""

    def __init__(self, schedules, weight=1.0):
        self.schedules: list[ScheduledPromptConditioning] = schedules
        self.weight: float = weight


class MulticondLearnedConditioning:
    """The conditioning of a batch: for each picture a list of `ComposableScheduledPromptConditioning`."""

    def __init__(self, shape, batch):
        self.shape: tuple = shape
        self.batch: list[list[ComposableScheduledPromptConditioning]] = batch


def get_multicond_learned_conditioning(
    model, prompts, steps, hires_steps=None, use_old_scheduling=False
) -> MulticondLearnedConditioning:
    per_prompt, flat, _ = get_multicond_prompt_list(prompts)
    learned = get_learned_conditioning(model, flat, steps, hires_steps, use_old_scheduling)
    batch = [[ComposableScheduledPromptConditioning(learned[i], weight) for i, weight in parts] for parts in per_prompt]
    return MulticondLearnedConditioning(shape=(len(prompts),), batch=batch)


def _cond_at(schedule, step):
    """The entry that is in force at a step; past the end the first one, as on the real host."""
    return next((entry for entry in schedule if step <= entry.end_at_step), schedule[0]).cond


def reconstruct_cond_batch(c: list[list[ScheduledPromptConditioning]], current_step):
    return torch.stack([_cond_at(schedule, current_step) for schedule in c])


def stack_conds(tensors):
    """Stacks after repeating the last vector of the shorter ones."""
    longest = max(t.shape[0] for t in tensors)
    return torch.stack([torch.cat([t, t[-1:].expand(longest - t.shape[0], -1)]) for t in tensors])


def reconstruct_multicond_batch(c: MulticondLearnedConditioning, current_step):
    """Returns for each picture its (row, weight) pairs, and the rows."""
    rows, places = [], []
    for parts in c.batch:
        places.append([(len(rows) + i, part.weight) for i, part in enumerate(parts)])
        rows += [_cond_at(part.schedules, current_step) for part in parts]
    return places, stack_conds(rows)


re_attention = re.compile(
    r"""(?P<escaped>\\[()\[\]\\])
      | (?P<slash>\\)
      | (?P<open>[(\[])
      | :\s*(?P<weight>[+-]?[.\d]+)\s*\)
      | (?P<close>[)\]])
      | (?P<text>[^\\()\[\]:]+|:)""",
    re.VERBOSE,
)
re_break = re.compile(r"\s*\bBREAK\b\s*")


def parse_prompt_attention(text):
    """Splits a prompt into [text, weight] pairs: (x) 1.1, (x:1.3) 1.3, [x] 1/1.1; BREAK is ["BREAK", -1]."""
    pairs = []
    opened = {"(": [], "[": []}
    by_default = {"(": 1.1, "[": 1 / 1.1}

    def weigh(start, factor):
        for pair in pairs[start:]:
            pair[1] *= factor

    for match in re_attention.finditer(text):
        kind, found = match.lastgroup, match.group(0)
        if kind == "escaped":
            pairs.append([found[1], 1.0])
        elif kind == "slash":
            pairs.append(["", 1.0])
        elif kind == "open":
            opened[found].append(len(pairs))
        elif kind == "weight" and opened["("]:
            weigh(opened["("].pop(), float(match.group("weight")))
        elif kind == "close" and opened["(" if found == ")" else "["]:
            opener = "(" if found == ")" else "["
            weigh(opened[opener].pop(), by_default[opener])
        else:
            for i, part in enumerate(re_break.split(found)):
                pairs += [["BREAK", -1]] if i else []
                pairs.append([part, 1.0])

    for opener, starts in opened.items():  # brackets that never closed count to the end
        for start in starts:
            weigh(start, by_default[opener])

    merged = []
    for part, weight in pairs:
        if merged and merged[-1][1] == weight:
            merged[-1][0] += part
        else:
            merged.append([part, weight])
    return merged or [["", 1.0]]
