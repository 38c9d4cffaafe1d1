"""Wraps a loaded model's text encoder so that it takes long, weighted prompts with embeddings.

Mirrors the part of `modules/sd_hijack.py` that concerns the text encoder; attention optimisations are absent.
"""

import torch
from modules import devices
from modules.shared import cmd_opts


class StableDiffusionModelHijack:
    """`model_hijack`: what the wrapped encoder and the rest of the host tell each other."""

    fixes = None
    layers = None
    circular_enabled = False
    clip = None

    def __init__(self):
        from modules.textual_inversion import textual_inversion

        self.extra_generation_params = {}
        self.comments = []
        self.embedding_db = textual_inversion.EmbeddingDatabase()
        self.embedding_db.add_embedding_dir(cmd_opts.embeddings_dir)

    def _wrapped(self, encoder):
        from modules import sd_hijack_clip

        return sd_hijack_clip.FrozenCLIPEmbedderWithCustomWords(encoder, self)

    def hijack(self, m):
        embeddings = m.cond_stage_model.transformer.text_model.embeddings
        embeddings.token_embedding = EmbeddingsWithFixes(embeddings.token_embedding, self)
        m.cond_stage_model = self._wrapped(m.cond_stage_model)
        self.clip = m.cond_stage_model
        self.layers = list(m.modules())

    def undo_hijack(self, m):
        self.apply_circular(False)
        m.cond_stage_model = m.cond_stage_model.wrapped
        embeddings = m.cond_stage_model.transformer.text_model.embeddings
        embeddings.token_embedding = embeddings.token_embedding.wrapped
        self.clip = self.layers = None

    def apply_circular(self, enable):
        """Tiling: pictures whose edges meet."""
        if self.circular_enabled == enable:
            return
        self.circular_enabled = enable
        for layer in self.layers:
            if isinstance(layer, torch.nn.Conv2d):
                layer.padding_mode = "circular" if enable else "zeros"
                # torch pads before the convolution in every mode but zeros, by this list
                layer._reversed_padding_repeated_twice = [n for n in reversed(layer.padding) for _ in range(2)]

    def clear_comments(self):
        self.comments = []
        self.extra_generation_params = {}

    def get_prompt_lengths(self, text):
        """Tokens in a prompt, and how many fit before one more chunk is needed."""
        if self.clip is None:
            return "-", "-"
        _, count = self.clip.process_texts([text])
        return count, self.clip.get_target_prompt_token_count(count)


class EmbeddingsWithFixes(torch.nn.Module):
    """The token embedding with the vectors of textual inversion put in; one forward consumes `embeddings.fixes`."""

    def __init__(self, wrapped, embeddings, textual_inversion_key="clip_l"):
        super().__init__()
        self.wrapped = wrapped
        self.embeddings = embeddings
        self.textual_inversion_key = textual_inversion_key

    def forward(self, input_ids):
        batch_fixes, self.embeddings.fixes = self.embeddings.fixes, None
        vectors = self.wrapped(input_ids)
        for row, fixes in enumerate(batch_fixes or []):
            for offset, embedding in fixes:
                own = devices.cond_cast_unet(embedding.vec)[: vectors.shape[1] - offset - 1]
                vectors[row, offset + 1 : offset + 1 + len(own)] = own.to(vectors)  # + 1: the start token
        return vectors


model_hijack = StableDiffusionModelHijack()
