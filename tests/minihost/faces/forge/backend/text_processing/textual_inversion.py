"""Embeddings of one text encoder, with its own tokenizer and its own `fixes`."""

from modules.textual_inversion import textual_inversion


class EmbeddingDatabase(textual_inversion.EmbeddingDatabase):
    def __init__(self, tokenizer, expected_shape=-1):
        super().__init__()
        self.expected_shape = expected_shape
        self.tokenizer = tokenizer
        self.fixes = []

    def get_expected_shape(self):
        return self.expected_shape

    def register_embedding(self, embedding, *_):
        return self.register_embedding_by_name(embedding, embedding.name)

    def register_embedding_by_name(self, embedding, name):
        return super().register_embedding_by_name(embedding, self, name)

    def load_textual_inversion_embeddings(self):
        super().load_textual_inversion_embeddings(force_reload=True)
