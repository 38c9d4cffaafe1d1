"""Conditioning for each clip skip of reForge's own schedule, where that is on."""

from modules import sd_samplers
from modules.processing import StableDiffusionProcessing
from modules.shared import opts

_OPTIONS = [f"dynamic_clip_skip_{name}" for name in ("enabled", "start", "use_schedule", "schedule_values")]
_params, _conds = StableDiffusionProcessing.cached_params, StableDiffusionProcessing.setup_conds


def _cached_params(self, *args, **kwargs):
    return (*_params(self, *args, **kwargs), *(getattr(opts, key) for key in _OPTIONS))


def _setup_conds(self):
    self.dynamic_clip_skip_schedule = self.dynamic_clip_skip_sets = None
    if not opts.dynamic_clip_skip_enabled:
        _conds(self)
        self.clip_skip = opts.CLIP_stop_at_last_layers
        return
    before, sets = opts.CLIP_stop_at_last_layers, {}
    lowest = max(2, getattr(self.sd_model.cond_stage_model, "minimal_clip_skip", 1))
    config = sd_samplers.find_sampler_config(self.sampler_name)
    values = self._given_schedule(lowest) or self._ramp(lowest)
    schedule = [values[min(i, len(values) - 1)] for i in range(config.total_steps(self.steps))]
    try:
        for clip_skip in dict.fromkeys(schedule):
            opts.CLIP_stop_at_last_layers = clip_skip
            _conds(self)
            sets[clip_skip] = self.c, self.uc
    finally:
        opts.CLIP_stop_at_last_layers = before
    self.dynamic_clip_skip_schedule, self.dynamic_clip_skip_sets = schedule, sets
    self.clip_skip = schedule[0]
    self.c, self.uc = sets[schedule[0]]


def _given_schedule(self, lowest):
    """A clip skip for each step; the last one goes on. None where none is given."""
    texts = (
        opts.dynamic_clip_skip_schedule_values.replace(";", ",").split(",")
        if opts.dynamic_clip_skip_use_schedule
        else []
    )
    values = [min(12, max(lowest, int(float(text)))) for text in texts if text.strip()]
    if values:
        self.extra_generation_params["Dynamic clip skip schedule"] = opts.dynamic_clip_skip_schedule_values
    return values


def _ramp(self, lowest):
    """One less at each step, down to 2."""
    start = min(12, max(lowest, int(opts.dynamic_clip_skip_start)))
    self.extra_generation_params["Dynamic clip skip"] = f"{start}->2"
    self.extra_generation_params["Dynamic clip skip start"] = start
    return list(range(start, 1, -1))


StableDiffusionProcessing.cached_params = _cached_params
StableDiffusionProcessing.setup_conds = _setup_conds
StableDiffusionProcessing._given_schedule = _given_schedule
StableDiffusionProcessing._ramp = _ramp
