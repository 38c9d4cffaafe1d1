"""Embeddings of one text encoder, with its own tokenizer and its own `fixes`."""

from types import SimpleNamespace

from modules.textual_inversion import textual_inversion


class EmbeddingDatabase(textual_inversion.EmbeddingDatabase):
    def __init__(self, tokenizer, expected_shape=-1):
        super().__init__()
        self.expected_shape = expected_shape
        self.tokenizer = tokenizer
        self.fixes = []

    def _register(self, embedding):
        self.register_embedding(embedding)

    def register_embedding(self, embedding):
        return self.register_embedding_by_name(embedding, embedding.name)

    def register_embedding_by_name(self, embedding, name):
        model = SimpleNamespace(cond_stage_model=SimpleNamespace(tokenize=self._tokens))
        return super().register_embedding_by_name(embedding, model, name)

    def _tokens(self, texts):
        return self.tokenizer(texts, truncation=False, add_special_tokens=False)["input_ids"]

    def load_textual_inversion_embeddings(self):
        for folder in self.embedding_dirs.values():
            self.load_from_dir(folder)
