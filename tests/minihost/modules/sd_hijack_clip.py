"""From prompts to the text encoder's vectors: chunks of 75 tokens, weights, embeddings, and the clip skip.

Mirrors `modules/sd_hijack_clip.py`, SD1's encoder only (no SDXL, no old emphasis).
"""

import math
from collections import namedtuple

import torch
from modules import devices, prompt_parser, sd_emphasis, sd_hijack
from modules.shared import opts


class PromptChunk:
    """77 tokens with a multiplier each, and where embeddings go in."""

    def __init__(self):
        self.tokens = []
        self.multipliers = []
        self.fixes = []


PromptChunkFix = namedtuple("PromptChunkFix", ["offset", "embedding"])


class TextConditionalModel(torch.nn.Module):
    """Cuts prompts into chunks and encodes them; a subclass knows the tokenizer and the network."""

    def __init__(self):
        super().__init__()
        self.hijack = sd_hijack.model_hijack
        self.chunk_length = 75
        self.is_trainable = False
        self.input_key = "txt"
        self.return_pooled = False
        self.comma_token = None
        self.id_start = None
        self.id_end = None
        self.id_pad = None

    def empty_chunk(self):
        return self._closed(PromptChunk())

    def get_target_prompt_token_count(self, token_count):
        return math.ceil(max(token_count, 1) / self.chunk_length) * self.chunk_length

    def tokenize(self, texts):
        raise NotImplementedError

    def encode_with_transformers(self, tokens):
        raise NotImplementedError

    def encode_embedding_init_text(self, init_text, nvpt):
        raise NotImplementedError

    def _closed(self, chunk):
        """The chunk filled up to 75 tokens, between start and end."""
        missing = self.chunk_length - len(chunk.tokens)
        chunk.tokens = [self.id_start, *chunk.tokens, *[self.id_end] * (missing + 1)]
        chunk.multipliers = [1.0, *chunk.multipliers, *[1.0] * (missing + 1)]
        return chunk

    def _embedding_at(self, tokens, position):
        return self.hijack.embedding_db.find_embedding_at_position(tokens, position)

    def tokenize_line(self, line):
        """A prompt as chunks, and its number of tokens (full chunks count 75)."""
        parsed = [[line, 1.0]] if opts.emphasis == "None" else prompt_parser.parse_prompt_attention(line)
        done, chunk = [], PromptChunk()
        last_comma = None

        def close(rest=None):
            """Ends the open chunk; `rest` (tokens, multipliers) begins the next one."""
            nonlocal chunk, last_comma
            done.append(self._closed(chunk))
            chunk, last_comma = PromptChunk(), None
            chunk.tokens, chunk.multipliers = rest or ([], [])

        for tokens, (text, weight) in zip(self.tokenize([text for text, _ in parsed]), parsed, strict=True):
            if text == "BREAK" and weight == -1:
                close()
                continue

            position = 0
            while position < len(tokens):
                token = tokens[position]
                if token == self.comma_token:
                    last_comma = len(chunk.tokens)
                elif len(chunk.tokens) == self.chunk_length and last_comma is not None:
                    behind = self.chunk_length - last_comma
                    if opts.comma_padding_backtrack != 0 and behind <= opts.comma_padding_backtrack:
                        # a comma is near: what follows it moves on together
                        cut = last_comma + 1
                        rest = chunk.tokens[cut:], chunk.multipliers[cut:]
                        chunk.tokens, chunk.multipliers = chunk.tokens[:cut], chunk.multipliers[:cut]
                        close(rest)

                if len(chunk.tokens) == self.chunk_length:
                    close()

                embedding, length = self._embedding_at(tokens, position)
                if embedding is None:
                    chunk.tokens.append(token)
                    chunk.multipliers.append(weight)
                    position += 1
                    continue

                vectors = int(embedding.vectors)
                if len(chunk.tokens) + vectors > self.chunk_length:
                    close()
                chunk.fixes.append(PromptChunkFix(len(chunk.tokens), embedding))
                chunk.tokens += [0] * vectors
                chunk.multipliers += [weight] * vectors
                position += length

        token_count = self.chunk_length * len(done) + len(chunk.tokens)
        if chunk.tokens or not done:
            close()
        return done, token_count

    def process_texts(self, texts):
        """The chunks of each text, and the largest number of tokens; equal texts are cut once."""
        cut = {text: self.tokenize_line(text) for text in dict.fromkeys(texts)}
        return [cut[text][0] for text in texts], max(count for _, count in cut.values())

    def forward(self, texts):
        """Encodes texts: (texts, 77 × chunks, channels)."""
        batch, _ = self.process_texts(texts)
        used = {}
        encoded = []
        for i in range(max(len(chunks) for chunks in batch)):
            row = [chunks[i] if i < len(chunks) else self.empty_chunk() for chunks in batch]
            self.hijack.fixes = [chunk.fixes for chunk in row]
            used |= {fix.embedding.name: fix.embedding for chunk in row for fix in chunk.fixes}
            encoded.append(self.process_tokens([c.tokens for c in row], [c.multipliers for c in row]))

        self._note_for_infotext(texts, used)
        return torch.hstack(encoded)

    def _note_for_infotext(self, texts, used):
        notes = self.hijack.extra_generation_params
        hashes = [
            f"{n.translate(dict.fromkeys(map(ord, ':,')))}: {e.shorthash}" for n, e in used.items() if e.shorthash
        ]
        if hashes:
            notes["TI hashes"] = ", ".join([*hashes, *filter(None, [notes.get("TI hashes")])])
        if opts.emphasis != "Original" and any("(" in text or "[" in text for text in texts):
            notes["Emphasis"] = opts.emphasis

    def process_tokens(self, remade_batch_tokens, batch_multipliers):
        """Encodes one chunk of each text and applies the weights."""
        tokens = torch.asarray(remade_batch_tokens).to(devices.device)
        emphasis = sd_emphasis.get_current_option(opts.emphasis)()
        emphasis.tokens = remade_batch_tokens
        emphasis.multipliers = torch.asarray(batch_multipliers).to(devices.device)
        emphasis.z = self.encode_with_transformers(tokens)
        emphasis.after_transformers()
        return emphasis.z


class FrozenCLIPEmbedderWithCustomWordsBase(TextConditionalModel):
    """Around an encoder: `wrapped`."""

    def __init__(self, wrapped, hijack):
        super().__init__()
        self.hijack = hijack
        self.wrapped = wrapped


class FrozenCLIPEmbedderWithCustomWords(FrozenCLIPEmbedderWithCustomWordsBase):
    """SD1's CLIP-L."""

    def __init__(self, wrapped, hijack):
        super().__init__(wrapped, hijack)
        self.tokenizer = wrapped.tokenizer
        self.comma_token = self.tokenizer.get_vocab().get(",</w>", None)
        self.id_start = self.tokenizer.bos_token_id
        self.id_end = self.tokenizer.eos_token_id
        self.id_pad = self.id_end

    def tokenize(self, texts):
        return self.tokenizer(texts, truncation=False, add_special_tokens=False)["input_ids"]

    def encode_with_transformers(self, tokens):
        """The layer that the clip skip names. No check of the number, as on the real host: too large an index
        raises, anything up to 1 is the last layer."""
        skip = opts.CLIP_stop_at_last_layers
        outputs = self.wrapped.transformer(input_ids=tokens, output_hidden_states=-skip)
        if skip > 1:
            return self.wrapped.transformer.text_model.final_layer_norm(outputs.hidden_states[-skip])
        return outputs.last_hidden_state

    def encode_embedding_init_text(self, init_text, nvpt):
        """The token embeddings of a text, before the network."""
        table = self.wrapped.transformer.text_model.embeddings.token_embedding.wrapped
        ids = self.tokenizer(
            init_text, max_length=nvpt, truncation=True, return_tensors="pt", add_special_tokens=False
        )["input_ids"]
        return table(ids.to(table.weight.device)).squeeze(0)
