"""The text encoder is wrapped when it is loaded, in a class of `modules_forge/forge_clip.py`."""

from modules.sd_hijack import EmbeddingsWithFixes, StableDiffusionModelHijack


def _hijack(self, m):
    from modules_forge import forge_clip

    embeddings = m.cond_stage_model.transformer.text_model.embeddings
    embeddings.token_embedding = EmbeddingsWithFixes(embeddings.token_embedding, self)
    m.cond_stage_model = forge_clip.CLIP_SD_15_L(m.cond_stage_model, self)
    self.clip = m.cond_stage_model
    self.layers = list(m.modules())


StableDiffusionModelHijack.hijack = _hijack
