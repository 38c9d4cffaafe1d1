"""Where models are; here they stay where they are."""


def load_model_gpu(model):
    """Nothing."""
