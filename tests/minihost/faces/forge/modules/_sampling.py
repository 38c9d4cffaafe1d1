"""Where the samplers find what they need of the UNet."""

from backend.sampling.sampling_function import sampling_cleanup, sampling_prepare  # noqa: F401


def schedule_of(model):
    return model.predictor
