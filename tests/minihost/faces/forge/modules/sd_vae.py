"""The option `sd_vae` does nothing: a VAE is one of the modules that a checkpoint is loaded with."""

unspecified = object()


def load_vae(model, vae_file=None, vae_source="from unknown source"):
    """Nothing."""


def clear_loaded_vae():
    """Nothing."""


def reload_vae_weights(sd_model=None, vae_file=unspecified):
    """Nothing."""
