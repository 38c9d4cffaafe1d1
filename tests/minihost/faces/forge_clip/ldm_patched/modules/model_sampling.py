"""What a network predicts, and the noise levels. Differs: noise only."""

from modules._unet import Schedule


class EPS:
    """Predicts noise."""


class ModelSamplingDiscrete(Schedule):
    """The noise levels of the time steps."""
