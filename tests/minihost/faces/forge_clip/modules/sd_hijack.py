"""The text encoder is wrapped when it is loaded, in a class of `modules_forge/forge_clip.py`."""

from modules.sd_hijack import StableDiffusionModelHijack


def _wrapped(self, encoder):
    from modules_forge import forge_clip

    return forge_clip.CLIP_SD_15_L(encoder, self)


StableDiffusionModelHijack._wrapped = _wrapped
