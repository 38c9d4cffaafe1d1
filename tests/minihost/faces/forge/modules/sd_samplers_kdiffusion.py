"""The UNet is in the model's `forge_objects`."""


def _network(sd_model):
    return sd_model.forge_objects.unet.model
