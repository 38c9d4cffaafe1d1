"""Embeddings (textual inversion): files in the embeddings folder, found by name in a prompt.

Mirrors `modules/textual_inversion/textual_inversion.py` as far as loading goes. Differs: .pt, .bin and .safetensors
files only, no pictures, no SDXL pairs, no training.
"""

import logging
import os

import safetensors.torch
import torch
from modules import devices, errors, hashes, shared


class Embedding:
    """Vectors that take the place of a name."""

    def __init__(self, vec, name, step=None):
        self.vec = vec
        self.name = name
        self.step = step
        self.shape = None
        self.vectors = 0
        self.sd_checkpoint = None
        self.sd_checkpoint_name = None
        self.filename = None
        self.hash = None
        self.shorthash = None

    def set_hash(self, v):
        self.hash = v
        self.shorthash = v[:12]


class DirWithTextualInversionEmbeddings:
    """A folder and when it was last read."""

    def __init__(self, path):
        self.path = path
        self.mtime = None

    def has_changed(self):
        return os.path.isdir(self.path) and (self.mtime is None or os.path.getmtime(self.path) > self.mtime)

    def update(self):
        if os.path.isdir(self.path):
            self.mtime = os.path.getmtime(self.path)


class EmbeddingDatabase:
    """All embeddings that fit the loaded model, by name and by first token."""

    def __init__(self):
        self.ids_lookup = {}
        self.word_embeddings = {}
        self.skipped_embeddings = {}
        self.expected_shape = -1
        self.embedding_dirs = {}

    def add_embedding_dir(self, path):
        self.embedding_dirs[path] = DirWithTextualInversionEmbeddings(path)

    def register_embedding(self, embedding, model):
        return self.register_embedding_by_name(embedding, model, embedding.name)

    def register_embedding_by_name(self, embedding, model, name):
        """Registers under a name; None takes the name out."""
        ids = model.cond_stage_model.tokenize([name])[0]
        others = [entry for entry in self.ids_lookup.pop(ids[0], []) if entry[1].name != name]
        self.word_embeddings.pop(name, None)
        if embedding is not None:
            others.append((ids, embedding))
            self.word_embeddings[name] = embedding
        if others:  # the longest name is tried first
            self.ids_lookup[ids[0]] = sorted(others, key=lambda entry: -len(entry[0]))
        return embedding

    def get_expected_shape(self):
        return shared.sd_model.cond_stage_model.encode_embedding_init_text(",", 1).shape[1]

    def load_from_file(self, path, filename):
        name, extension = os.path.splitext(filename)
        if extension.lower() in (".bin", ".pt"):
            data = torch.load(path, map_location="cpu", weights_only=True)
        elif extension.lower() == ".safetensors":
            data = safetensors.torch.load_file(path, device="cpu")
        else:
            return

        embedding = create_embedding_from_data(data, name, filename=filename, filepath=path)
        if self.expected_shape in (-1, embedding.shape):
            self._register(embedding)
        else:
            self.skipped_embeddings[name] = embedding

    def _register(self, embedding):
        self.register_embedding(embedding, shared.sd_model)

    def load_from_dir(self, embdir):
        for root, _, files in os.walk(embdir.path, followlinks=True):
            for file in files:
                try:
                    self.load_from_file(os.path.join(root, file), file)
                except Exception:
                    errors.report(f"Embedding {file} could not be loaded", exc_info=True)

    def load_textual_inversion_embeddings(self, force_reload=False):
        """Reads the folders again when one of them has changed."""
        if not force_reload and not any(folder.has_changed() for folder in self.embedding_dirs.values()):
            return

        self.ids_lookup.clear()
        self.word_embeddings.clear()
        self.skipped_embeddings.clear()
        self.expected_shape = self.get_expected_shape()
        for folder in self.embedding_dirs.values():
            self.load_from_dir(folder)
            folder.update()

        by_name = sorted(self.word_embeddings.items(), key=lambda item: item[0].lower())
        self.word_embeddings.clear()
        self.word_embeddings.update(by_name)
        if by_name:
            logging.info("Embeddings: %s", ", ".join(self.word_embeddings))

    def find_embedding_at_position(self, tokens, offset):
        for ids, embedding in self.ids_lookup.get(tokens[offset], []):
            if tokens[offset : offset + len(ids)] == ids:
                return embedding, len(ids)
        return None, None


def create_embedding_from_data(data, name, filename="unknown embedding file", filepath=None):
    """From what a file holds: the web UI's own form, or a single tensor under any name."""
    tensors = data.get("string_to_param", {k: v for k, v in data.items() if isinstance(v, torch.Tensor)})
    if len(tensors) != 1:
        raise ValueError(f"{filename} holds {len(tensors)} tensors; an embedding has one")

    vec = next(iter(tensors.values())).detach().to(devices.device, dtype=torch.float32)
    embedding = Embedding(torch.atleast_2d(vec), name, data.get("step"))
    embedding.vectors, embedding.shape = embedding.vec.shape
    embedding.sd_checkpoint = data.get("sd_checkpoint")
    embedding.sd_checkpoint_name = data.get("sd_checkpoint_name")
    if filepath:
        embedding.filename = filepath
        embedding.set_hash(hashes.sha256(filepath, "textual_inversion/" + name))
    return embedding
