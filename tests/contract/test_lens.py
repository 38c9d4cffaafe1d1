"""The lens inside the host: its numbers against transformers alone and against what is sampled, and that it leaves
nothing behind. Runs in the process of the embedded host; what every host has to give over HTTP: test_lens_route.py."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
import transformers

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.lens.look import read_look
from clip_skip_lab.lens.view import EncoderView
from tests.helpers.host_in_process import pixels, run

PROMPT = "a red cat on a mat"
WEIGHTED = "a (red:1.3) cat, [blurry] mat BREAK green grass, (sky:0.8)"


@pytest.fixture(autouse=True)
def started(host, opts):
    """The host, and options put back."""


@pytest.fixture
def look(webui):
    """Looks at a prompt; gives the answer."""
    return lambda prompt=PROMPT, **more: webui.lens(read_look({"prompt": prompt, **more}))


def text_model(layers):
    """A CLIP text encoder of transformers with random weights, as SD1's and SD2's have so many layers."""
    torch.manual_seed(layers)
    config = transformers.CLIPTextConfig(
        vocab_size=49408, hidden_size=64, intermediate_size=128, num_hidden_layers=layers, num_attention_heads=2
    )
    made = transformers.CLIPTextModel(config).eval()
    with torch.no_grad():
        made.text_model.final_layer_norm.weight.normal_(1, 0.3)
        made.text_model.final_layer_norm.bias.normal_(0, 0.3)
    return made


@pytest.fixture
def with_layers(host, monkeypatch):
    """Gives the loaded model a text encoder of so many layers, which is returned."""

    def put(layers):
        from modules import sd_hijack
        from modules.sd_hijack_clip import FrozenCLIPEmbedderWithCustomWords

        encoder = text_model(layers)
        wrapped = torch.nn.Module()
        wrapped.transformer, wrapped.tokenizer = encoder, host.sd_model.cond_stage_model.wrapped.tokenizer
        module = FrozenCLIPEmbedderWithCustomWords(wrapped, sd_hijack.model_hijack)
        monkeypatch.setattr(host.sd_model, "cond_stage_model", module)
        return encoder

    return put


def states_of(encoder, tokenizer, prompt):
    """By transformers alone: the raw states and the normed ones, [layers + 1, 77, channels] of float64, and the ids."""
    ids = tokenizer(prompt, padding="max_length", max_length=77)["input_ids"]
    with torch.no_grad():
        hidden = encoder(torch.tensor([ids]), output_hidden_states=True).hidden_states
        normed = [encoder.text_model.final_layer_norm(state) for state in hidden]
    return *(np.stack([state[0].double().numpy() for state in states]) for states in (hidden, normed)), ids


def cosines(one, other):
    return (one * other).sum(-1) / (np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1))


@pytest.mark.parametrize("layers", [12, 23])
def test_the_numbers_are_those_of_transformers_alone(host, look, with_layers, layers):
    encoder = with_layers(layers)
    found = look(clip_skip=3)["encoders"][0]
    raw, normed, ids = states_of(encoder, host.sd_model.cond_stage_model.wrapped.tokenizer, PROMPT)

    shown = len(found["tokens"])
    assert shown == 8  # the start, six words, the end
    assert [token["id"] for token in found["tokens"]] == ids[:shown]
    assert found["layers"] == layers
    assert found["layer"] == layers - 2
    for part, states in ((found, raw), (found["unet"], normed)):
        lengths = np.linalg.norm(states, axis=-1)
        steps = np.linalg.norm(states[1:] - states[:-1], axis=-1) / lengths[:-1]
        for name, expected in (
            ("change", steps),
            ("norm", lengths),
            ("cosine_to_last", cosines(states, states[-1:])),
        ):
            np.testing.assert_allclose(part[name], expected[:, :shown], rtol=2e-4, atol=2e-5, err_msg=name)
        assert found["abrupt"]["raw" if part is found else "unet"] == pytest.approx(
            {
                "last": steps[-1, 1 : shown - 1].mean(),
                "others": np.median(steps[:-1, 1 : shown - 1].mean(axis=1)),
                "ratio": steps[-1, 1 : shown - 1].mean() / np.median(steps[:-1, 1 : shown - 1].mean(axis=1)),
            },
            rel=1e-3,
        )
    np.testing.assert_allclose(found["cosine_to_used"], cosines(raw, raw[[layers - 2]])[:, :shown], atol=2e-5)
    for layer, rows in enumerate(found["unet"]["cosine"]):
        expected = cosines(normed[: layer + 1], normed[[layer]])[:, :shown]
        np.testing.assert_allclose(rows, expected, atol=2e-5)
    whole = normed.reshape(layers + 1, -1)
    sizes = np.linalg.norm(whole, axis=1)
    apart = np.linalg.norm(whole[:, None] - whole[None], axis=-1) / np.sqrt(sizes[:, None] * sizes[None])
    np.testing.assert_allclose(found["distance"], apart, rtol=2e-4, atol=2e-5)
    for layer, rows in enumerate(found["similarity"][0]["cosine"]):
        for i, row in enumerate(rows):
            np.testing.assert_allclose(row, [cosines(normed[layer, i], normed[layer, j]) for j in range(i)], atol=2e-5)


def test_words_mix_by_what_is_lost_without_the_first(host, look, with_layers):
    encoder = with_layers(12)
    found = look("red car and hair", mixing=True, clip_skip=1)["encoders"][0]
    tokenizer = host.sd_model.cond_stage_model.wrapped.tokenizer
    whole, without = (states_of(encoder, tokenizer, text)[1] for text in ("red car and hair", "red car hair"))

    assert len(found["mixing"]) == 6  # pairs of four words
    more = [pair["more"][12] for pair in found["mixing"]]
    assert more == sorted(more, reverse=True)
    texts = [word["text"] for word in found["words"]]
    pair = next(one for one in found["mixing"] if [texts[one["word"]], texts[one["into"]]] == ["and", "hair"])
    np.testing.assert_allclose(pair["here"], cosines(whole[:, 3], whole[:, 4]), atol=2e-5)
    np.testing.assert_allclose(pair["apart"], cosines(whole[:, 3], without[:, 3]), atol=2e-5)
    np.testing.assert_allclose(pair["more"], np.subtract(pair["here"], pair["apart"]), atol=2e-5)


@pytest.mark.parametrize("emphasis", ["Original", "No norm", "None"])
def test_a_layer_is_bit_for_bit_what_is_sampled_at_its_clip_skip(look, opts, monkeypatch, emphasis):
    from modules import script_callbacks

    opts.data["emphasis"] = emphasis
    seen, sampled = [], []
    before = EncoderView.add
    monkeypatch.setattr(
        EncoderView,
        "add",
        lambda view, chunk, raw, plain, unet, *more: (seen.append(unet), before(view, chunk, raw, plain, unet, *more)),
    )
    look(WEIGHTED)
    states = torch.cat(seen, dim=1)

    def note(params):
        sampled.append(params.text_cond[0].float().cpu().clone())

    script_callbacks.on_cfg_denoiser(note)
    try:
        for clip_skip in range(1, 13):
            run(prompt=WEIGHTED, steps=1, override_settings={"CLIP_stop_at_last_layers": clip_skip})
            assert torch.equal(states[13 - clip_skip], sampled[-1]), clip_skip
    finally:
        script_callbacks.remove_callbacks_for_function(note)


def test_one_pass_through_the_encoder_for_each_chunk(host, look):
    forwards = []
    layer = host.sd_model.cond_stage_model.wrapped.transformer.text_model.encoder.layers[3]
    hook = layer.register_forward_hook(lambda *args: forwards.append(1))
    try:
        look(WEIGHTED)
        assert len(forwards) == 2
        look(WEIGHTED, negative_prompt="ugly")
        assert len(forwards) == 5
    finally:
        hook.remove()


def test_it_leaves_nothing_behind(host, look, opts, engine):
    from modules.processing import StableDiffusionProcessing

    before = pixels(run())
    torch.manual_seed(11)
    state = torch.get_rng_state()
    caches = (StableDiffusionProcessing.cached_c, StableDiffusionProcessing.cached_uc)
    contents = [list(cache) for cache in caches]
    options, module = dict(opts.data), host.sd_model.cond_stage_model
    attributes = (dict(vars(module)), dict(vars(type(module))))

    look(WEIGHTED, negative_prompt="ugly", mixing=True)

    assert torch.equal(torch.get_rng_state(), state)
    assert all(
        a is b for cache, content in zip(caches, contents, strict=True) for a, b in zip(cache, content, strict=True)
    )
    assert dict(opts.data) == options
    assert (dict(vars(module)), dict(vars(type(module)))) == attributes
    assert not host.state.job
    assert (pixels(run()) == before).all()


def test_tokens_are_the_hosts_own_with_weights_chunks_and_pieces_of_words(look):
    found = look("a (red:1.5) ultramegadetailed cat, 猫 BREAK ((sky))")["encoders"][0]
    tokens, words = found["tokens"], found["words"]

    assert [word["text"] for word in words] == ["a", "red", "ultramegadetailed", "cat", ",", "猫", "sky"]
    assert [word["chunk"] for word in words] == [0] * 6 + [1]
    assert "".join(tokens[place]["text"] for place in words[2]["tokens"]) == "ultramegadetailed"
    assert len(words[2]["tokens"]) > 1
    assert [tokens[word["tokens"][0]]["weight"] for word in words] == pytest.approx([1, 1.5, 1, 1, 1, 1, 1.21])
    assert [token["kind"] for token in tokens if token["kind"] != "word"] == ["start", "end", "start", "end"]
    assert all(
        words[token["word"]]["tokens"].count(place) for place, token in enumerate(tokens) if token["word"] is not None
    )


def test_parentheses_are_read_as_the_host_reads_them(look):
    words = look("((red cat) house, \\(sky\\)")["encoders"][0]["words"]
    tokens = look("((red cat) house, \\(sky\\)")["encoders"][0]["tokens"]
    weights = {word["text"]: tokens[word["tokens"][0]]["weight"] for word in words}
    assert weights["red"] == pytest.approx(1.21)
    assert weights["house"] == pytest.approx(1.1)
    assert "(" in weights


def test_editing_is_shown_as_at_the_last_step_and_and_part_by_part(look):
    answer = look("a [red:blue:0.5] cat AND a dog")
    assert [word["text"] for word in answer["encoders"][0]["words"]] == ["a", "blue", "cat", "a", "dog"]
    assert len(answer["sentences"]) == 2


def test_two_values_are_compared_word_by_word(look):
    found = look(clip_skip=2, other_clip_skip=5)["encoders"][0]
    compared = found["compared"]
    assert compared["distance"] == pytest.approx(found["distance"][11][8])
    assert sum(word["share"] for word in compared["words"]) == pytest.approx(1, abs=1e-3)
    unet, worst = found["unet"], compared["words"][0]
    place = found["words"][worst["word"]]["tokens"][0]
    one, other, cosine = unet["norm"][11][place], unet["norm"][8][place], unet["cosine"][11][8][place]
    apart = np.sqrt(one**2 + other**2 - 2 * one * other * cosine)
    assert worst["distance"] == pytest.approx(apart / np.sqrt(one * other), rel=1e-2)


def test_without_a_clip_skip_the_one_in_force_counts(look, opts):
    opts.data["CLIP_stop_at_last_layers"] = 4
    answer = look()
    assert (answer["clip_skip"], answer["other_clip_skip"]) == (4, 1)
    assert answer["encoders"][0]["layer"] == 9


def test_a_long_prompt_is_bounded_and_has_no_likeness_of_all_tokens(look):
    answer = look(", ".join(f"thing {n}" for n in range(120)))
    found = answer["encoders"][0]
    assert len({token["chunk"] for token in found["tokens"]}) > 4
    assert found["similarity"] is None
    assert any("chunks" in sentence for sentence in answer["sentences"])


@pytest.mark.parametrize("prompt", ["(:1.3)", "()", "[]", "BREAK", " BREAK (:1.2)"])
def test_a_prompt_without_words_is_refused(look, prompt):
    with pytest.raises(InvalidInput, match="at least one word"):
        look(prompt)


def test_a_lora_that_is_not_there_is_refused(look):
    with pytest.raises(InvalidInput, match='Prompt: "nowhere" is not available'):
        look("a cat <lora:nowhere:1>")


def test_a_clip_skip_that_names_no_layer_is_refused(look):
    for field in ("clip_skip", "other_clip_skip"):
        with pytest.raises(InvalidInput, match="13 is not a layer; allowed: 1 to 12"):
            look(**{field: 13})


def test_a_text_encoder_that_is_not_known_is_refused(host, look, monkeypatch):
    monkeypatch.setattr(host.sd_model, "cond_stage_model", torch.nn.Identity())
    with pytest.raises(InvalidInput, match="has no text encoder that Clip Skip Lab knows"):
        look()


def test_a_text_encoder_that_gives_nan_is_refused(host, look, monkeypatch):
    norm = host.sd_model.cond_stage_model.wrapped.transformer.text_model.final_layer_norm
    monkeypatch.setattr(norm, "bias", torch.nn.Parameter(torch.full_like(norm.bias, float("nan"))))
    with pytest.raises(InvalidInput, match="gives NaN"):
        look()


def test_an_encoder_that_another_extension_took_over_is_refused(host, look, monkeypatch):
    monkeypatch.setitem(vars(host.sd_model.cond_stage_model), "process_tokens", lambda *args: None)
    with pytest.raises(InvalidInput, match="encoded by another extension"):
        look()


def test_interrupt_ends_it(host, look, monkeypatch):
    from clip_skip_lab.webui import lens

    monkeypatch.setattr(lens, "is_interrupted", lambda: True)
    with pytest.raises(RuntimeError, match="interrupted"):
        look()
    assert not host.state.job


def test_embeddings_are_named_and_keep_their_place_when_words_are_left_out(host, look, monkeypatch):
    from modules import sd_hijack

    database = sd_hijack.model_hijack.embedding_db
    width = host.sd_model.cond_stage_model.wrapped.transformer.config.hidden_size
    embedding = SimpleNamespace(
        name="cslabword", vectors=2, vec=torch.randn(2, width), shorthash="", checksum=lambda: ""
    )

    def find(tokens, offset):
        word = host.sd_model.cond_stage_model.tokenize(["cslabword"])[0]
        return (embedding, len(word)) if tokens[offset : offset + len(word)] == word else (None, None)

    monkeypatch.setattr(database, "find_embedding_at_position", find)
    found = look("a red cslabword cat", mixing=True)["encoders"][0]
    assert [word["text"] for word in found["words"]] == ["a", "red", "cslabword", "cat"]
    assert len(found["words"][2]["tokens"]) == 2
    # at the embeddings a word is what it is, but for its place in the prompt: with the vectors in place they are alike
    texts = [word["text"] for word in found["words"]]
    pair = next(p for p in found["mixing"] if (texts[p["word"]], texts[p["into"]]) == ("a", "cslabword"))
    assert abs(pair["more"][0]) < 0.3
