"""Another checkpoint for a part of a job: that of the second pass, or the refiner's."""

from modules import sd_models


def load(info):
    """Loads a checkpoint without its name in the options; without `info`, the one that the options name."""
    with sd_models.SkipWritingToConfig():
        sd_models.reload_model_weights(info=info)
