"""Where the samplers find what they need of the UNet."""

from modules_forge.forge_sampler import sampling_cleanup, sampling_prepare  # noqa: F401


def schedule_of(model):
    return model.model_sampling
