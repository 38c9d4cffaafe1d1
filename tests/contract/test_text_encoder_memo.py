"""The memo on the text encoders' layers: what it remembers, for how long, and when it would rather not."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

pytestmark = pytest.mark.usefixtures("host")


class Block(torch.nn.Module):
    """A layer as OpenCLIP has them: [tokens, batch, channels]. It counts how often it runs."""

    def __init__(self):
        super().__init__()
        self.attention = torch.nn.MultiheadAttention(8, 2)
        self.ln_1, self.ln_2 = torch.nn.LayerNorm(8), torch.nn.LayerNorm(8)
        self.mlp = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.GELU(), torch.nn.Linear(16, 8))
        self.runs = 0

    def forward(self, x, attn_mask=None, **more):
        self.runs += 1
        normed = self.ln_1(x)
        x = x + self.attention(normed, normed, normed, need_weights=False, attn_mask=attn_mask)[0]
        return x + self.mlp(self.ln_2(x))


class Tower(torch.nn.Module):
    """A small text encoder that stops before its last layers, as SD2's does, or gives two of them, as SDXL's bigG."""

    def __init__(self, layers=4, is_big_g=False):
        super().__init__()
        self.model = torch.nn.Module()
        self.model.token_embedding = torch.nn.Embedding(99, 8)
        self.model.transformer = torch.nn.Module()
        self.model.transformer.resblocks = torch.nn.ModuleList([Block() for _ in range(layers)])
        self.model.ln_final = torch.nn.LayerNorm(8)
        torch.nn.init.normal_(self.model.ln_final.weight)
        self.model.register_buffer("attn_mask", torch.full((3, 3), float("-inf")).triu(1))
        self.layer_idx, self.is_big_g, self.legacy = 1, is_big_g, False
        self.between = lambda place, x: x  # what somebody does to the states on the way

    @property
    def runs(self):
        return [block.runs for block in self.model.transformer.resblocks]

    def encode_with_transformer(self, tokens):
        x = self.model.token_embedding(tokens).permute(1, 0, 2)
        blocks = self.model.transformer.resblocks
        states = []
        for place, block in enumerate(blocks if self.is_big_g else blocks[: len(blocks) - self.layer_idx]):
            states.append(x.permute(1, 0, 2))
            x = self.between(place, block(x, attn_mask=self.model.attn_mask))
        last = self.model.ln_final(x.permute(1, 0, 2))
        if not self.is_big_g:
            return last
        return {"penultimate": states[-1], "last": x.permute(1, 0, 2), "pooled": last[:, -1]}


def clip(layers=3):
    """A small CLIP text encoder of transformers."""
    config = transformers.CLIPTextConfig(
        vocab_size=99, hidden_size=8, intermediate_size=16, num_hidden_layers=layers, num_attention_heads=2
    )
    return transformers.CLIPTextModel(config).eval()


@pytest.fixture
def model():
    """Something that has a small CLIP text encoder where a model has it."""
    torch.manual_seed(1)
    return SimpleNamespace(cond_stage_model=torch.nn.ModuleList([clip()]))


@pytest.fixture
def tower(model):
    """The same with an OpenCLIP text encoder beside it."""
    tower = Tower().eval()
    model.cond_stage_model.append(tower)
    return tower


@pytest.fixture
def memo(engine, model, monkeypatch):
    """A memo for that model."""
    monkeypatch.setattr(engine, "model", lambda: model)
    monkeypatch.setattr(engine, "own_layers", (*engine.own_layers, __name__))
    from clip_skip_lab.webui.one_pass import OnePass

    return OnePass(engine)


@contextmanager
def remembering(memo):
    with memo.installed(), torch.no_grad():
        yield lambda *tokens: memo.engine.model().cond_stage_model[0](
            input_ids=torch.tensor([list(tokens)]), output_hidden_states=True
        )


def equal(one, other):
    return len(one) == len(other) and all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_the_same_tokens_run_once_and_give_the_same_states(memo):
    with torch.no_grad():
        alone = memo.engine.model().cond_stage_model[0](torch.tensor([[5, 6]]), output_hidden_states=True)
    with remembering(memo) as encode:
        first, second, other = encode(5, 6), encode(5, 6), encode(5, 7)
    assert memo.forwards == 2
    assert memo.doubt is None
    for found in (first, second):
        assert equal(found.hidden_states, alone.hidden_states)
        assert torch.equal(found.last_hidden_state, alone.last_hidden_state)
        assert torch.equal(found.pooler_output, alone.pooler_output)
    assert not torch.equal(first.last_hidden_state, other.last_hidden_state)


def test_it_outlives_the_block_so_that_the_next_cell_has_it(memo, model):
    for _ in range(3):
        with remembering(memo) as encode:
            encode(5, 6)
    assert memo.forwards == 1
    assert not any("forward" in vars(module) for module in model.cond_stage_model.modules())


def test_scaling_any_state_in_place_spoils_nothing(memo):
    with remembering(memo) as encode:
        before = [state.clone() for state in (*encode(5, 6).hidden_states, encode(5, 6).last_hidden_state)]
        for state in (*(found := encode(5, 6)).hidden_states, found.last_hidden_state):
            state.mul_(3)
        found = encode(5, 6)
    assert equal((*found.hidden_states, found.last_hidden_state), before)
    assert memo.forwards == 1


def test_it_works_in_inference_mode(memo):
    with memo.installed(), torch.inference_mode():
        encode = memo.engine.model().cond_stage_model[0]
        first = encode(torch.tensor([[5, 6]]), output_hidden_states=True)
        second = encode(torch.tensor([[5, 6]]), output_hidden_states=True)
    assert equal(first.hidden_states, second.hidden_states)
    assert memo.forwards == 1


def test_a_training_is_left_alone(memo):
    with memo.installed():
        encode = memo.engine.model().cond_stage_model[0]
        assert encode(torch.tensor([[5, 6]])).last_hidden_state.requires_grad
        assert encode(torch.tensor([[5, 6]])).last_hidden_state.requires_grad
    assert (memo.forwards, memo.held) == (2, 0)


def test_changed_weights_of_another_checkpoint_are_not_answered_from_memory(memo, model):
    for name in ("one", "other"):
        model.sd_checkpoint_info = SimpleNamespace(filename=name)
        with remembering(memo) as encode:
            encode(5, 6)
    assert memo.forwards == 2


def test_another_lora_is_not_answered_from_memory(memo, monkeypatch):
    for loaded in ((), ("a", 1.0), ("a", 0.5), ()):
        monkeypatch.setattr(memo.engine, "loras", lambda loaded=loaded: loaded)
        with remembering(memo) as encode:
            encode(5, 6)
    assert memo.forwards == 3


def test_textual_inversion_is_told_apart_and_used_up_each_time(memo, model):
    from modules.sd_hijack import EmbeddingsWithFixes

    hijack = SimpleNamespace(fixes=None)
    embeddings = model.cond_stage_model[0].text_model.embeddings
    embeddings.token_embedding = EmbeddingsWithFixes(embeddings.token_embedding, hijack)
    vectors = [SimpleNamespace(vec=torch.full((1, 8), float(value))) for value in (1, 2)]
    found = []
    with remembering(memo) as encode:
        for vector in (None, *vectors, vectors[0]):
            hijack.fixes = None if vector is None else [[(0, vector)]]
            found.append(encode(5, 6, 7).last_hidden_state)
            assert hijack.fixes is None
    assert memo.forwards == 3
    assert torch.equal(found[1], found[3])
    assert not any(torch.equal(found[0], other) for other in found[1:])
    assert not torch.equal(found[1], found[2])


@pytest.mark.parametrize("wrap", ["hook", "layer", "class"])
def test_an_encoder_whose_layers_somebody_wraps_runs_each_time_and_the_reason_is_told(memo, model, wrap, monkeypatch):
    encoder = model.cond_stage_model[0]
    layer = encoder.text_model.encoder.layers[1]
    runs = []
    if wrap == "hook":
        layer.register_forward_hook(lambda *args: runs.append(1) or None)
    else:
        target = type(layer.mlp) if wrap == "class" else layer.self_attn
        inner = target.forward

        def forward(*args, **kwargs):
            runs.append(1)
            return inner(*args, **kwargs)

        forward.__module__ = "scripts.somebody"
        monkeypatch.setattr(target, "forward", forward)
    with remembering(memo) as encode:
        encode(5, 6)
        once = len(runs)
        encode(5, 6)
    assert len(runs) == 2 * once > 0
    assert memo.doubt.startswith("The text encoder runs for every cell: another extension wraps it")


def test_who_wraps_the_encoder_as_a_whole_is_called_each_time(memo, model):
    encoder = model.cond_stage_model[0]
    inner, calls = encoder.forward, []
    encoder.forward = lambda *args, **kwargs: calls.append(1) or inner(*args, **kwargs)
    with remembering(memo) as encode:
        encode(5, 6)
        encode(5, 6)
    assert (len(calls), memo.forwards, memo.doubt) == (2, 1, None)


def test_an_encoder_that_is_not_known_is_said_to_run_each_time(memo, model):
    model.cond_stage_model = torch.nn.Linear(1, 1)
    with remembering(memo):
        pass
    assert memo.doubt == "The text encoder runs for every cell, because Clip Skip Lab does not know its kind."


def test_layers_that_are_given_what_cannot_be_read_run_each_time_and_the_reason_is_told(memo, tower):
    with memo.installed(), torch.no_grad():
        for _ in range(2):
            x = torch.ones(3, 1, 8)
            for block in tower.model.transformer.resblocks:
                x = block(x, more=object())
    assert tower.runs == [2, 2, 2, 2]
    assert memo.doubt == "The text encoder runs for every cell: it is a Block, which Clip Skip Lab does not know."


def test_a_pass_that_stopped_before_the_last_layer_is_gone_on_with(memo, tower):
    tokens = torch.tensor([[5, 6, 7]])
    with torch.no_grad():
        expected = {}
        for stop in (1, 0, 3):
            tower.layer_idx = stop
            expected[stop] = tower.encode_with_transformer(tokens)
    for block in tower.model.transformer.resblocks:
        block.runs = 0
    with memo.installed(), torch.no_grad():
        for stop in (1, 0, 3, 1):
            tower.layer_idx = stop
            assert torch.equal(tower.encode_with_transformer(tokens), expected[stop])
    assert tower.runs == [1, 1, 1, 1]
    assert memo.forwards == 2


@pytest.mark.parametrize("in_place", [False, True])
def test_states_that_somebody_changes_between_two_layers_are_not_taken_for_others(memo, tower, in_place):
    tokens = torch.tensor([[5, 6, 7]])
    share = [0.0]

    def between(place, x):
        if place != 1:
            return x
        return x.add_(share[0]) if in_place else x + share[0]

    tower.between = between
    with torch.no_grad():
        expected = {}
        for share[0] in (0.0, 1.0):
            expected[share[0]] = tower.encode_with_transformer(tokens)
    before = sum(tower.runs)
    with memo.installed(), torch.no_grad():
        for share[0] in (0.0, 1.0, 0.0, 1.0):
            assert torch.equal(tower.encode_with_transformer(tokens), expected[share[0]])
    assert sum(tower.runs) == before + 3 + 1, "all of the first, and what comes after the change"


@pytest.mark.parametrize("is_big_g", [False, True], ids=["SD2", "bigG"])
def test_twelve_choices_of_layers_run_an_openclip_encoder_once(memo, tower, is_big_g):
    from clip_skip_lab.engines import a1111
    from clip_skip_lab.layers.selection import LayerChoice

    tower.is_big_g = is_big_g
    encoder = (a1111._big_g if is_big_g else a1111._sd2)(SimpleNamespace(wrapped=tower))
    tokens = torch.tensor([[5, 6, 7]])
    choices = [LayerChoice(first) for first in (1, 2, 3, 4, 1.25, 1.5, 1.75, 2.25, 2.5, 2.75, 3.5)]
    choices.append(LayerChoice(1, 4))
    with torch.no_grad():
        expected = [encoder.states(None, tokens).chosen(choice) for choice in choices]
    before = sum(tower.runs)
    with memo.installed(), torch.no_grad():
        found = [encoder.states(None, tokens).chosen(choice) for choice in choices]
    assert equal(found, expected)
    assert len({state.numpy().tobytes() for state in found}) == len(choices)
    assert sum(tower.runs) == before + 4
    assert memo.forwards == 1
    if is_big_g:
        assert equal([state.pooled for state in found], [state.pooled for state in expected])


def test_a_prompts_schedule_is_parsed_once_and_nobody_spoils_anothers(memo, monkeypatch):
    from modules import prompt_parser

    parsed = []
    original = prompt_parser.get_learned_conditioning_prompt_schedules

    def counted(prompts, *steps):
        parsed.append((list(prompts), *steps))
        return original(prompts, *steps)

    counted.__module__ = prompt_parser.__name__
    monkeypatch.setattr(prompt_parser, "get_learned_conditioning_prompt_schedules", counted)
    for _ in range(2):
        with remembering(memo):
            parse = prompt_parser.get_learned_conditioning_prompt_schedules
            first = parse(["a [cat:dog:0.5]"], 10, None, False)
            first[0].clear()
            assert parse(["a [cat:dog:0.5]"], 10, None, False) == [[[5, "a cat"], [10, "a dog"]]]
            assert parse(["a [cat:dog:0.5]"], 20, None, False) == [[[10, "a cat"], [20, "a dog"]]]
    assert len(parsed) == 2
    assert prompt_parser.get_learned_conditioning_prompt_schedules is counted


def test_another_extensions_way_to_parse_is_left_alone(memo, monkeypatch):
    from modules import prompt_parser

    def theirs(prompts, *steps):
        return [[[1, "theirs"]]]

    monkeypatch.setattr(prompt_parser, "get_learned_conditioning_prompt_schedules", theirs)
    with remembering(memo):
        assert prompt_parser.get_learned_conditioning_prompt_schedules is theirs


def test_what_it_holds_is_bounded_but_for_a_prompt_and_its_negative_of_each_encoder(memo, tower, monkeypatch):
    from clip_skip_lab.webui import one_pass

    with remembering(memo) as encode:
        encode(1, 2)
        one = memo.held
        assert one == 3 * 2 * 8 * 4, "three layers of two tokens"
        monkeypatch.setattr(one_pass, "MOST_BYTES", 5 * one)
        for token in range(3, 9):
            encode(1, token)
        assert memo.held == 5 * one
        forwards = memo.forwards
        encode(1, 8)
        assert memo.forwards == forwards, "the latest are there"
        encode(1, 2)
        assert memo.forwards == forwards + 1, "the oldest had to go"
        monkeypatch.setattr(one_pass, "MOST_BYTES", one // 2)
        for _ in range(3):
            encode(1, 20)
            encode(1, 21)
            tower.encode_with_transformer(torch.tensor([[5, 6, 7]]))
            tower.encode_with_transformer(torch.tensor([[5, 6, 8]]))
        assert memo.forwards == forwards + 5
