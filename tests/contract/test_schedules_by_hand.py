"""A schedule over steps against the same made by hand: other conditioning from a step on. In the host's own process."""

from __future__ import annotations

import pytest

from tests.helpers.host_in_process import apart, make, pixels, process

pytestmark = pytest.mark.usefixtures("host", "opts")
EDITED = "a [red:blue:0.34] house, [sky|sea]"
HIRES = {"enable_hr": True, "hr_scale": 1.5, "hr_upscaler": "Latent", "denoising_strength": 0.6}
NEVER = -1
"""The last step of what is over before the first one, which the host counts as 0."""


def scheduled(engine, value, **changes):
    """The picture with this clip skip, and what its `get_conds_with_caching` gave, call by call."""
    from clip_skip_lab.sweep.layer_request import LayerRequest
    from clip_skip_lab.webui.layer_hooks import Chosen, _in_force, choosing
    from clip_skip_lab.webui.shadow import hooked

    request = make(steps=6, **changes)
    chosen, given = Chosen(engine, [LayerRequest(value=value)]), []

    def noted(original, *args, **kwargs):
        given.append(original(*args, **kwargs))
        return given[-1]

    with (
        choosing(request, chosen),
        _in_force(request, chosen),
        hooked(request, "get_conds_with_caching", noted),
    ):
        return pixels(process(request)), given


def by_hand(opts, ends, skips, **changes):
    """The picture with these clip skips, each until its step of each pass. `ends` has a list for each pass."""
    from modules import prompt_parser, shared
    from modules.prompt_parser import ComposableScheduledPromptConditioning, MulticondLearnedConditioning

    request = make(steps=6, **changes)
    before = opts.data["CLIP_stop_at_last_layers"]

    def at(skip, function, prompts, steps, hires_steps):
        opts.data["CLIP_stop_at_last_layers"] = skip
        try:
            return function(shared.sd_model, prompts, steps, hires_steps)
        finally:
            opts.data["CLIP_stop_at_last_layers"] = before

    def entry(schedules, step, ends_here):
        """One entry for each step, so that nothing of ours is used."""
        which = next(place for place, end in enumerate(ends_here) if step <= end)
        found = next(entry for entry in schedules[which] if step <= entry.end_at_step)
        return prompt_parser.ScheduledPromptConditioning(step, found.cond)

    def step_by_step(schedules, count, ends_here):
        return [entry(schedules, step, ends_here) for step in range(count + 1)]

    def conds(function, prompts, steps, caches, networks, hires_steps=None):
        ends_here, count = ends[hires_steps is not None], hires_steps or steps
        made = [at(skip, function, prompts, steps, hires_steps) for skip in skips]
        if isinstance(made[0], MulticondLearnedConditioning):
            parts = [one.batch[0][0] for one in made]
            one = step_by_step([part.schedules for part in parts], count, ends_here)
            return MulticondLearnedConditioning((1,), [[ComposableScheduledPromptConditioning(one, parts[0].weight)]])
        return [step_by_step([one[0] for one in made], count, ends_here)]

    request.get_conds_with_caching = conds
    return pixels(process(request))


@pytest.mark.parametrize(
    ("value", "ends", "skips", "changes"),
    [
        ("[2:7:0.5]", [[3, 6]], [2, 7], {}),
        ("[2:7:4]", [[4, 6]], [2, 7], {}),
        ("[2:[7:12:5]:1]", [[1, 5, 6]], [2, 7, 12], {}),
        ("[2:7:0.5]", [[3, 6]], [2, 7], {"prompt": EDITED, "negative_prompt": "[ugly:bad:2]"}),
        ("[2:7:0.5]", [[3, 6], [NEVER, 6]], [2, 7], HIRES),
        ("[2:7:1.5]", [[6, 6], [3, 6]], [2, 7], HIRES),
        ("[2:7:8]", [[6, 6], [2, 6]], [2, 7], {**HIRES, "prompt": "a [red:blue:1.5] house"}),
        ("[2:7:7]", [[6, 6], [1, 4]], [2, 7], {**HIRES, "hr_second_pass_steps": 4}),
    ],
)
def test_the_picture_is_the_one_made_by_hand(engine, opts, value, ends, skips, changes):
    made, _ = scheduled(engine, value, **changes)
    assert apart(made, by_hand(opts, ends, skips, **changes)) == 0


def test_conditioning_changes_where_prompt_or_clip_skip_does(engine):
    _, (uncond, cond) = scheduled(engine, "[2:7:0.5]", prompt="a [red:blue:2] house AND a [cat:dog:4]")
    assert [[entry.end_at_step for entry in part.schedules] for part in cond.batch[0]] == [[2, 3, 6], [3, 4, 6]]
    assert [entry.end_at_step for entry in uncond[0]] == [3, 6]


def test_afterwards_the_hosts_own_method_is_back(engine, host):
    from modules import processing

    before = dict(vars(processing.StableDiffusionProcessing))
    scheduled(engine, "[2:7:0.5]")
    assert dict(vars(processing.StableDiffusionProcessing)) == before
