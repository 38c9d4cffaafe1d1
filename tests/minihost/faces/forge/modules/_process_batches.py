"""Notes for infotexts lie on the model, and the model is told anew before each batch what it is made of."""

from modules import sd_models, shared


def _clear_notes(p):
    p.sd_model.comments = []
    p.sd_model.extra_generation_params = {}


def _look_for_embeddings():
    """Nothing: they are read with a checkpoint."""


def _notes(p):
    return p.sd_model.extra_generation_params, p.sd_model.comments


def _load_own_model():
    sd_models.forge_model_reload()
    shared.sd_model.forge_objects = shared.sd_model.forge_objects_original.shallow_copy()


def _latent_channels(sd_model):
    return sd_model.forge_objects.vae.latent_channels
