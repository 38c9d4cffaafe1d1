"""The memo on the text encoder's forward: what it remembers, for how long, and when it would rather not."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

pytestmark = pytest.mark.usefixtures("host")


@pytest.fixture
def model():
    """Something that has a small CLIP text encoder where a model has it."""
    config = transformers.CLIPTextConfig(
        vocab_size=99, hidden_size=8, intermediate_size=16, num_hidden_layers=3, num_attention_heads=2
    )
    torch.manual_seed(1)
    return SimpleNamespace(cond_stage_model=torch.nn.ModuleList([transformers.CLIPTextModel(config).eval()]))


@pytest.fixture
def memo(engine, model, monkeypatch):
    """A memo for that model."""
    monkeypatch.setattr(engine, "model", lambda: model)
    monkeypatch.setattr(engine, "inversion", lambda transformer: SimpleNamespace(fixes=None))
    from clip_skip_lab.webui.one_pass import OnePass

    return OnePass(engine)


@contextmanager
def remembering(memo):
    with memo.installed(), torch.no_grad():
        yield lambda *tokens: memo.engine.model().cond_stage_model[0](
            input_ids=torch.tensor([list(tokens)]), output_hidden_states=True
        )


def test_the_same_tokens_run_once_and_give_the_same_states(memo, model):
    with remembering(memo) as encode:
        first, second, other = encode(5, 6), encode(5, 6), encode(5, 7)
    assert memo.forwards == 2
    assert all(torch.equal(a, b) for a, b in zip(first.hidden_states, second.hidden_states, strict=True))
    assert not torch.equal(first.last_hidden_state, other.last_hidden_state)


def test_it_outlives_the_block_so_that_the_next_cell_has_it(memo, model):
    for _ in range(3):
        with remembering(memo) as encode:
            encode(5, 6)
    assert memo.forwards == 1
    assert "forward" not in vars(model.cond_stage_model[0])


def test_scaling_the_last_state_in_place_spoils_nothing(memo, model):
    with remembering(memo) as encode:
        before = encode(5, 6).last_hidden_state.clone()
        encode(5, 6).last_hidden_state.mul_(3)
        assert torch.equal(encode(5, 6).last_hidden_state, before)


def test_changed_weights_of_another_checkpoint_are_not_answered_from_memory(memo, model):
    for name in ("one", "other"):
        model.sd_checkpoint_info = SimpleNamespace(filename=name)
        with remembering(memo) as encode:
            encode(5, 6)
    assert memo.forwards == 2


@pytest.mark.parametrize("wrap", ["forward", "hook", "layer"])
def test_an_encoder_that_somebody_wraps_runs_each_time_and_the_reason_is_told(memo, model, wrap):
    encoder = model.cond_stage_model[0]
    layer = encoder.text_model.encoder.layers[1]
    if wrap == "hook":
        layer.register_forward_hook(lambda *args: None)
    else:
        target = encoder if wrap == "forward" else layer.self_attn
        inner = target.forward
        target.forward = lambda *args, **kwargs: inner(*args, **kwargs)
    with remembering(memo) as encode:
        encode(5, 6)
        encode(5, 6)
    assert memo.doubt.startswith("The text encoder runs for every cell: another extension wraps it")


def test_an_encoder_that_is_not_known_is_said_to_run_each_time(memo, model):
    model.cond_stage_model = torch.nn.Linear(1, 1)
    with remembering(memo):
        pass
    assert memo.doubt == "The text encoder runs for every cell: it is none that Clip Skip Lab knows."


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


def test_what_it_holds_is_bounded_but_for_a_prompt_and_its_negative(memo, monkeypatch):
    from clip_skip_lab.webui import one_pass

    with remembering(memo) as encode:
        one = one_pass.size_of(encode(1, 2))
        monkeypatch.setattr(one_pass, "MOST_BYTES", 4 * one)
        for token in range(3, 9):
            encode(1, token)
        assert memo.held <= 4 * one
        forwards = memo.forwards
        encode(1, 8)
        assert memo.forwards == forwards, "the latest are there"
        encode(1, 2)
        assert memo.forwards == forwards + 1, "the oldest had to go"
        monkeypatch.setattr(one_pass, "MOST_BYTES", one // 2)
        for _ in range(3):
            encode(1, 20)
            encode(1, 21)
        assert memo.forwards == forwards + 3
