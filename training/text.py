"""Stage 1: the text encoder, trained as CLIP is, with a picture tower beside it that is thrown away afterwards.

The contrastive loss sees the last layer's end token, so that the last layer is shaped for it as CLIP's is. A second
loss keeps the layers apart: plain training makes them so alike that no clip skip would be seen.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from .captions import EXCHANGES, caption, captions, exchanged
from .loop import Stage
from .tokenizer import Encoder
from .vae import as_tensor
from .world import VALUES, draw, have_two, held_out, sample, training_scenes

WIDTH, LAYERS, HEADS = 64, 12, 4
BATCH = 128
WHOLE = 24
RATE = 2e-3
SEED = 11
HALF = True
"""Products of matrices in bfloat16: a third faster on a CPU that knows it."""
NEIGHBOURS = (0.25, 0.50, 0.66, 0.74, 0.80, 0.82, 0.84, 0.85, 0.85, 0.85, 0.85)
"""The highest cosine wanted between clip skip k and k + 1, k = 1 …: the last layers change most, as CLIP's do."""
APART = 2.0
PADS = 4
WHOLE_EVERY = 8


def text_model(vocabulary: int, bos: int, eos: int):
    """An untrained `CLIPTextModel`."""
    from transformers import CLIPTextConfig, CLIPTextModel

    model = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=vocabulary,
            hidden_size=WIDTH,
            intermediate_size=4 * WIDTH,
            projection_dim=WIDTH,
            num_hidden_layers=LAYERS,
            num_attention_heads=HEADS,
            max_position_embeddings=77,
            hidden_act="quick_gelu",
            bos_token_id=bos,
            eos_token_id=eos,
            pad_token_id=eos,
        )
    )
    # With weight 1 and bias 0 the mean is 0, and the WebUI's emphasis divides by the mean.
    norm = model.text_model.final_layer_norm
    norm.weight.data = 1.0 + 0.2 * torch.randn(WIDTH)
    norm.bias.data = 0.3 + 0.2 * torch.randn(WIDTH)
    return model


class Towers(nn.Module):
    """What turns pictures and end tokens into unit vectors that can be compared."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.picture = nn.Sequential(
            nn.Conv2d(3, 32, 4, 4),
            nn.SiLU(),
            nn.Conv2d(32, 64, 3, 2, 1),
            nn.SiLU(),
            nn.Conv2d(64, 96, 3, 2, 1),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(96 * 16, 256),
            nn.SiLU(),
            nn.Linear(256, width),
        )
        self.text = nn.Linear(WIDTH, width, bias=False)
        self.scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    def forward(self, pictures: torch.Tensor, pooled: torch.Tensor) -> torch.Tensor:
        """Similarities, (texts, pictures); pictures (n, 3, 64, 64) from −1 to 1, pooled (m, width)."""
        of_pictures = functional.normalize(self.picture(pictures), dim=-1)
        of_texts = functional.normalize(self.text(pooled), dim=-1)
        return self.scale.clamp(max=math.log(100)).exp() * of_texts @ of_pictures.T


def states_of(model, tokens: torch.Tensor, positions: torch.Tensor | None = None) -> list[torch.Tensor]:
    """The states that clip skip 1, 2, … 13 name, through the final layer norm; the last is the embeddings."""
    output = model(input_ids=tokens, position_ids=positions, output_hidden_states=True)
    norm = model.text_model.final_layer_norm
    return [norm(state) for state in reversed(output.hidden_states)]


def apart_loss(states: list[torch.Tensor]) -> torch.Tensor:
    """By how much layers are more alike than wanted; the aim for two layers is the product of those between."""
    logs = [0.0, *np.cumsum(np.log(NEIGHBOURS))]
    directions = torch.stack([functional.normalize(state, dim=-1) for state in states[:LAYERS]])
    cosines = torch.einsum("abtc,dbtc->ad", directions, directions) / directions[0, ..., 0].numel()
    aims = torch.tensor([[math.exp(-abs(a - b)) for a in logs] for b in logs], dtype=cosines.dtype)
    return torch.triu(functional.relu(cosines - aims), diagonal=1).sum() / LAYERS


def matching(scenes: np.ndarray, said: np.ndarray) -> torch.Tensor:
    """Which pictures are true of which captions, (captions, pictures) of bool."""
    return torch.from_numpy(((scenes[:, None] == scenes[None]) | ~said[:, None]).all(-1))


def contrastive_loss(similarities: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """CLIP's loss; other pictures of which a caption is true, too, are neither right nor wrong."""
    own = torch.eye(len(true), dtype=torch.bool)
    logits = similarities.masked_fill(true & ~own, float("-inf"))
    target = torch.arange(len(true))
    return (functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)) / 2


def with_mistaken(scenes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The scenes, and after them the same with something exchanged, where training may see that: hard to tell apart."""
    mistaken = exchanged(scenes, next(iter(EXCHANGES)))
    sides = np.flatnonzero(have_two(scenes))
    for what, part in zip(EXCHANGES, np.array_split(rng.permutation(sides), len(EXCHANGES)), strict=True):
        mistaken[part] = exchanged(scenes[part], what)
    return np.concatenate([scenes, np.where(held_out(mistaken)[:, None], scenes[::-1], mistaken)])


def gate(model, towers: Towers, encode: Encoder, rng: np.random.Generator, n: int = 1000) -> dict[str, dict]:
    """How often the picture with something exchanged is preferred (aim: under 3 %), and how alike the layers are.

    Of n captions with one object and n with two. "cosines" are those of clip skip 1 with 1, 2, …, 13; "least_mean" is
    the smallest mean of a state, which the WebUI's emphasis divides by.
    """
    found: dict[str, dict] = {"exchanged": {}, "cosines": {}, "least_mean": {}}
    everything = np.ones(len(VALUES), dtype=bool)
    for objects, exchanges in ((1, list(EXCHANGES)[:1]), (2, list(EXCHANGES))):
        scenes = training_scenes(objects)
        scenes = scenes[rng.integers(len(scenes), size=n)]
        tokens, ends = encode([caption(scene, everything, rng) for scene in scenes])
        with torch.no_grad():
            states = states_of(model, tokens)
            pooled = states[0][torch.arange(n), ends]
            own = towers(as_tensor(draw(scenes, rng)), pooled).diagonal()
            for what in exchanges:
                others = exchanged(scenes, what)
                other = towers(as_tensor(draw(others, rng)), pooled).diagonal()
                differs = torch.from_numpy((others != scenes).any(1))
                found["exchanged"][f"{what}, {objects}"] = (other > own)[differs].float().mean().item()
        cosines = [functional.cosine_similarity(states[0], state, dim=-1).mean().item() for state in states]
        found["cosines"][objects] = [round(cosine, 3) for cosine in cosines]
        found["least_mean"][objects] = states[0].mean(-1).min().item()
    return found


def train(folder: Path, tokenizer_folder: Path, steps: int, seed: int = SEED):
    """Trains, or goes on training; returns the stage, the encoder of captions and the logged losses."""
    torch.manual_seed(seed)
    encode = Encoder(tokenizer_folder)
    cut = encode.tokenizer
    model, towers = text_model(len(cut), cut.bos_token_id, cut.eos_token_id), Towers()
    stage = Stage(folder, "text", {"model": model, "towers": towers}, RATE, seed)

    def loss_of(rng: np.random.Generator, share: float) -> dict[str, torch.Tensor]:
        # Now and then whole rows as hosts feed them, otherwise the prompt and a few of the end tokens behind it.
        whole = rng.integers(WHOLE_EVERY) == 0
        scenes = with_mistaken(sample(rng, (WHOLE if whole else BATCH) // 2), rng)
        n = len(scenes)
        texts, said = captions(scenes, rng)
        tokens, ends = encode(texts)
        if whole:
            positions = torch.arange(tokens.shape[1])
        else:
            inner = int(ends.max()) + 1
            behind = np.sort(rng.choice(np.arange(inner, tokens.shape[1]), PADS, replace=False))
            positions = torch.from_numpy(np.concatenate([np.arange(inner), behind]))
        with torch.autocast("cpu", torch.bfloat16, enabled=HALF):
            states = [state.float() for state in states_of(model, tokens[:, positions], positions[None])]
        pooled = states[0][torch.arange(n), ends]
        match = contrastive_loss(towers(as_tensor(draw(scenes, rng)), pooled), matching(scenes, said))
        apart = apart_loss(states)
        return {"loss": match + APART * apart, "match": match, "apart": apart}

    logged = stage.run(steps, loss_of)
    return stage, encode, logged
