"""Mixing hidden states, against references written here from transformers alone."""

import pytest
import torch
from transformers import CLIPTextConfig, CLIPTextModel

from clip_skip_lab.layers.mixing import mix
from clip_skip_lab.layers.selection import LayerChoice

LAYERS = 6


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(5)
    size = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 4, "vocab_size": 99}
    model = CLIPTextModel(CLIPTextConfig(num_hidden_layers=LAYERS, bos_token_id=0, eos_token_id=98, **size)).eval()
    with torch.no_grad():
        norm = model.text_model.final_layer_norm
        norm.weight.copy_(1 + 0.3 * torch.randn(32))
        norm.bias.copy_(0.3 * torch.randn(32))
    return model


@pytest.fixture(scope="module")
def outputs(encoder):
    tokens = torch.randint(1, 97, (2, 77), generator=torch.Generator().manual_seed(6))
    with torch.no_grad():
        return encoder(input_ids=tokens, output_hidden_states=True)


@pytest.fixture
def mixed(encoder, outputs):
    def give(first, last=None, way="before norm"):
        norm = encoder.text_model.final_layer_norm
        with torch.no_grad():
            return mix(outputs.hidden_states, norm, LayerChoice(first, last, way), outputs.last_hidden_state)

    return give


@pytest.mark.parametrize("way", ["before norm", "after norm", "spherical"])
@pytest.mark.parametrize("layer", range(1, LAYERS + 1))
def test_a_whole_value_is_the_hosts_layer_bit_for_bit(encoder, outputs, mixed, layer, way):
    with torch.no_grad():
        state = outputs.hidden_states[-layer]
        wanted = outputs.last_hidden_state if layer == 1 else encoder.text_model.final_layer_norm(state)
    assert torch.equal(mixed(layer, way=way), wanted)
    assert torch.equal(mixed(float(layer), way=way), wanted)


def test_one_and_a_half_is_halfway_between_the_last_two_states_then_normed(outputs, encoder, mixed):
    halfway = (outputs.hidden_states[LAYERS] + outputs.hidden_states[LAYERS - 1]) / 2
    norm = encoder.text_model.final_layer_norm
    wanted = torch.nn.functional.layer_norm(halfway, (32,), norm.weight, norm.bias, norm.eps)
    assert torch.allclose(mixed(1.5), wanted, atol=1e-6)


def test_a_quarter_past_two_has_a_quarter_of_the_third_layer(outputs, encoder, mixed):
    before = 0.75 * outputs.hidden_states[-2] + 0.25 * outputs.hidden_states[-3]
    with torch.no_grad():
        norm = encoder.text_model.final_layer_norm
        after = 0.75 * norm(outputs.hidden_states[-2]) + 0.25 * norm(outputs.hidden_states[-3])
        assert torch.allclose(mixed(2.25), norm(before), atol=1e-6)
    assert torch.allclose(mixed(2.25, way="after norm"), after, atol=1e-6)
    assert not torch.allclose(mixed(2.25), after, atol=1e-3)


def test_spherical_turns_evenly_from_one_direction_to_the_other(outputs):
    one, two = outputs.hidden_states[-1], outputs.hidden_states[-2]
    found = mix(outputs.hidden_states, lambda state: state, LayerChoice(1.3, None, "spherical"))

    def angle(a, b):
        return torch.acos(torch.nn.functional.cosine_similarity(a.double(), b.double(), dim=-1).clamp(-1, 1))

    assert torch.allclose(angle(one, found), 0.3 * angle(one, two), atol=1e-3)
    assert torch.allclose(angle(found, two), 0.7 * angle(one, two), atol=1e-3)
    lengths = 0.7 * one.norm(dim=-1) + 0.3 * two.norm(dim=-1)
    assert torch.allclose(found.norm(dim=-1), lengths, rtol=1e-4)


def test_spherical_between_states_of_the_same_direction_is_no_nan():
    state = torch.randn(1, 77, 8, generator=torch.Generator().manual_seed(1))
    found = mix([state, state * 3, state], lambda state: state, LayerChoice(1.5, None, "spherical"))
    assert torch.allclose(found, state * 2, atol=1e-5)
    nothing = torch.zeros(1, 77, 8)
    assert mix([nothing, nothing, nothing], lambda state: state, LayerChoice(1.5, None, "spherical")).isfinite().all()


def test_an_average_is_the_mean_of_its_layers(outputs, encoder, mixed):
    mean = torch.stack(outputs.hidden_states[-4:-1]).mean(0)
    with torch.no_grad():
        assert torch.allclose(mixed(2, 4), encoder.text_model.final_layer_norm(mean), atol=1e-6)
    assert torch.allclose(mixed(2, 3), mixed(2.5), atol=1e-6)
    assert torch.allclose(mixed(2, 3, "spherical"), mixed(2.5, way="spherical"), atol=1e-4)


def test_half_precision_states_give_half_precision_mixed_in_full(outputs):
    states = [state.half() for state in outputs.hidden_states]
    found = mix(states, lambda state: state, LayerChoice(1.5))
    assert found.dtype == torch.float16
    assert torch.equal(found, ((states[-1].float() + states[-2].float()) / 2).half())


@pytest.mark.parametrize("choice", [LayerChoice(LAYERS + 1), LayerChoice(LAYERS + 0.5), LayerChoice(2, LAYERS + 1)])
def test_the_raw_embeddings_are_no_layer(mixed, choice):
    with pytest.raises(IndexError):
        mixed(choice.first, choice.last)
