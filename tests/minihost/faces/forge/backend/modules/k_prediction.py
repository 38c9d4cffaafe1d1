"""What a network predicts, and the noise levels. Differs: noise only."""

from modules._unet import Schedule


class Prediction(Schedule):
    prediction_type = "epsilon"
