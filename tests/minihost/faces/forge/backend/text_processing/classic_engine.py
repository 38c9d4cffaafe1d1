"""From prompts to a CLIP's vectors, and the clip skip, in Forge's own object around each text encoder."""

import torch
from backend.text_processing.textual_inversion import EmbeddingDatabase
from modules import sd_emphasis
from modules._plain_sd_hijack import EmbeddingsWithFixes
from modules._plain_sd_hijack_clip import TextConditionalModel
from modules.shared import opts

last_extra_generation_params = {}


class CLIPEmbeddingForTextualInversion(EmbeddingsWithFixes):
    def __init__(self, wrapped, embeddings, textual_inversion_key="clip_l"):
        super().__init__(wrapped, embeddings, textual_inversion_key)
        self.weight = self.wrapped.weight


class ClassicTextProcessingEngine:
    """`clip_skip` is set from outside; the layer is that many from the end, but no later than `minimal_clip_skip`."""

    def __init__(
        self,
        text_encoder,
        tokenizer,
        chunk_length=75,
        embedding_dir=None,
        embedding_key="clip_l",
        embedding_expected_shape=768,
        emphasis_name="Original",
        text_projection=False,
        minimal_clip_skip=1,
        clip_skip=1,
        return_pooled=False,
        final_layer_norm=True,
    ):
        self.embeddings = EmbeddingDatabase(tokenizer, embedding_expected_shape)
        if isinstance(embedding_dir, str):
            self.embeddings.add_embedding_dir(embedding_dir)
            self.embeddings.load_textual_inversion_embeddings()
        self.embedding_key = embedding_key
        self.text_encoder = text_encoder
        self.tokenizer = tokenizer
        self.emphasis = sd_emphasis.get_current_option(opts.emphasis)()
        self.text_projection = text_projection
        self.minimal_clip_skip = minimal_clip_skip
        self.clip_skip = clip_skip
        self.return_pooled = return_pooled
        self.final_layer_norm = final_layer_norm
        self.chunk_length = chunk_length
        self.id_start = tokenizer.bos_token_id
        self.id_end = tokenizer.eos_token_id
        self.id_pad = tokenizer.pad_token_id
        self.comma_token = tokenizer.get_vocab().get(",</w>", None)

        parts = text_encoder.transformer.text_model.embeddings
        parts.token_embedding = CLIPEmbeddingForTextualInversion(parts.token_embedding, self.embeddings, embedding_key)

    # As on AUTOMATIC1111.
    empty_chunk = TextConditionalModel.empty_chunk
    get_target_prompt_token_count = TextConditionalModel.get_target_prompt_token_count
    tokenize_line = TextConditionalModel.tokenize_line
    process_texts = TextConditionalModel.process_texts
    _closed = TextConditionalModel._closed

    def _embedding_at(self, tokens, position):
        return self.embeddings.find_embedding_at_position(tokens, position)

    def tokenize(self, texts):
        return self.tokenizer(texts, truncation=False, add_special_tokens=False)["input_ids"]

    def encode_with_transformers(self, tokens):
        """[texts, tokens] → [texts, tokens, channels], with `pooled` where it is wanted."""
        transformer = self.text_encoder.transformer
        tokens = tokens.to(transformer.device)
        outputs = transformer(tokens, output_hidden_states=True)
        z = outputs.hidden_states[-max(self.clip_skip, self.minimal_clip_skip)]
        if self.final_layer_norm:
            z = transformer.text_model.final_layer_norm(z)
        if self.return_pooled:
            project = self.text_projection and self.embedding_key != "clip_l"
            z.pooled = transformer.text_projection(outputs.pooler_output) if project else outputs.pooler_output
        return z

    def __call__(self, texts):
        self.emphasis = sd_emphasis.get_current_option(opts.emphasis)()
        batch, _ = self.process_texts(texts)
        used, encoded = set(), []
        for i in range(max(len(chunks) for chunks in batch)):
            row = [chunks[i] if i < len(chunks) else self.empty_chunk() for chunks in batch]
            self.embeddings.fixes = [chunk.fixes for chunk in row]
            used |= {fix.embedding.name for chunk in row for fix in chunk.fixes}
            encoded.append(self.process_tokens([x.tokens for x in row], [x.multipliers for x in row]))
        self._note_for_infotext(texts, used)
        return (torch.hstack(encoded), encoded[0].pooled) if self.return_pooled else torch.hstack(encoded)

    def _note_for_infotext(self, texts, used):
        notes = last_extra_generation_params
        if used:
            notes["TI"] = ", ".join(filter(None, [notes.get("TI"), *sorted(used)]))
        if self.emphasis.name != "Original" and any("(" in text or "[" in text for text in texts):
            notes["Emphasis"] = self.emphasis.name

    def process_tokens(self, remade_batch_tokens, batch_multipliers):
        tokens = torch.asarray(remade_batch_tokens)
        if self.id_end != self.id_pad:
            for row, of_text in enumerate(remade_batch_tokens):
                tokens[row, of_text.index(self.id_end) + 1 :] = self.id_pad
        z = self.encode_with_transformers(tokens)
        pooled = getattr(z, "pooled", None)
        self.emphasis.tokens = remade_batch_tokens
        self.emphasis.multipliers = torch.asarray(batch_multipliers).to(z)
        self.emphasis.z = z
        self.emphasis.after_transformers()
        z = self.emphasis.z
        if pooled is not None:
            z.pooled = pooled
        return z
