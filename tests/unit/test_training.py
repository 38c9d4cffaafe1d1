"""The training itself, a few steps of each stage: losses fall, an interrupted one goes on, the files are complete."""

import json
from argparse import Namespace

import numpy as np
import pytest
import torch
import yaml
from safetensors import safe_open
from safetensors.torch import load_file

from clip_skip_lab.models.metadata import MetadataReader
from training import (
    captions,
    evaluate,
    further_training,
    latent,
    loop,
    loss_tables,
    networks,
    pack,
    stages,
    text,
    trained_with,
    trained_with_method,
    unet,
    vae,
    world,
)

UNET_STEPS = 6


@pytest.fixture(scope="module", autouse=True)
def few_of_everything():
    """One thread, small batches, a line of the log every two steps: enough to see whether it learns."""
    threads = torch.get_num_threads()
    patch = pytest.MonkeyPatch()
    patch.setattr(loop, "LOG_EVERY", 2)
    patch.setattr(loop, "WARM_UP", 2)
    patch.setattr(text, "BATCH", 16)
    patch.setattr(text, "WHOLE_EVERY", 1000)
    patch.setattr(vae, "BATCH", 2)
    patch.setattr(unet, "BATCH", 12)
    torch.set_num_threads(1)
    yield
    patch.undo()
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("training")
    stages.prepare(folder, 1)
    return folder


@pytest.fixture(scope="module")
def losses(folder):
    """Each stage's logged losses, in the order of the training."""
    found = {"text": text.train(folder, folder / "tokenizer", 8)[2], "vae": vae.train(folder, 8)[1]}
    for clip_skip in (1, 2):
        bank = unet.Bank(*stages.the_text_encoder(folder), clip_skip, n=12)
        found[f"unet-{clip_skip}"] = unet.train(folder, bank, clip_skip, UNET_STEPS)[1]
    return found


@pytest.mark.parametrize(
    ("stage", "loss"), [("text", "match"), ("vae", "drawn"), ("vae", "code"), ("unet-1", "loss"), ("unet-2", "loss")]
)
def test_a_few_steps_of_each_stage_lower_its_loss(losses, stage, loss):
    values = [line[loss] for line in losses[stage]]
    assert np.isfinite(values).all()
    assert min(values[-2:]) < values[0]


def test_layers_that_are_too_alike_cost_and_layers_that_are_apart_cost_nothing():
    same = [torch.ones(1, 2, 8)] * 13
    apart = list(torch.eye(16)[:13, None, None, :])
    assert text.apart_loss(same) > 1
    assert text.apart_loss(apart) == 0


def test_other_pictures_of_which_a_caption_is_true_are_neither_right_nor_wrong():
    scenes = np.array([[0, 1, 2, 0, -1, -1], [0, 1, 2, 1, -1, -1], [3, 1, 2, 0, -1, -1]])
    said = np.array([[True, True, True, False, True, True]] * 3)
    true = text.matching(scenes, said)
    assert true.tolist() == [[True, True, False], [True, True, False], [False, False, True]]
    similarities = torch.tensor([[5.0, 9.0, 0.0], [9.0, 5.0, 0.0], [0.0, 0.0, 5.0]])
    worse = similarities.clone()
    worse[0, 1] = -9.0
    assert text.contrastive_loss(similarities, true) == text.contrastive_loss(worse, true)


def test_a_caption_of_one_object_is_not_true_of_a_picture_with_two():
    scenes = np.array([[0, 1, 2, 0, -1, -1], [0, 1, 2, -1, 3, 4]])
    for seed in range(20):
        said = captions.what_to_say(scenes, np.random.default_rng(seed))
        assert text.matching(scenes, said).tolist() == [[True, False], [False, True]]


def test_half_of_a_batch_is_the_other_half_with_something_exchanged_that_training_may_see():
    scenes = world.sample(np.random.default_rng(0), 40)
    both = text.with_mistaken(scenes, np.random.default_rng(1))
    assert np.array_equal(both[:40], scenes)
    assert not world.held_out(both).any()
    # One whose mistake is kept for the evaluation has another scene in its place.
    assert (both[40:] != scenes).any(1).all()
    assert np.mean(world.have_two(both[40:]) == world.have_two(scenes)) > 0.7


def test_an_interrupted_training_goes_on_as_if_it_had_not_been(tmp_path):
    def train(folder, *lengths):
        for steps in lengths:
            torch.manual_seed(0)
            network = torch.nn.Linear(4, 1)
            stage = loop.Stage(folder, "line", {"line": network}, rate=0.1, seed=3, average=0.9)

            def loss_of(rng, share, network=network):
                x = torch.from_numpy(rng.normal(size=(8, 4))).float()
                return {"loss": (network(x) - x.sum(1, keepdim=True)).square().mean()}

            # The learning rate follows the whole length, also in a part of it.
            stage.run(12, loss_of) if steps == 12 else run_until(stage, steps, loss_of)
        return [p.detach().clone() for p in [*stage.parameters, *stage.mean]]

    def run_until(stage, steps, loss_of):
        class Stopped(Exception):
            pass

        def until(rng, share):
            if stage.step == steps:
                raise Stopped
            return loss_of(rng, share)

        with pytest.raises(Stopped):
            stage.run(12, until)
        stage.save()

    whole, parts = train(tmp_path / "whole", 12), train(tmp_path / "parts", 5, 9, 12)
    assert all(torch.equal(one, other) for one, other in zip(whole, parts, strict=True))


def test_folding_the_epsilon_changes_nothing_of_what_the_vae_does(folder, losses):
    trained = stages.the_vae(folder)
    host = vae.folded(trained)
    assert {p.eps for p in host.modules() if isinstance(p, torch.nn.GroupNorm)} == {vae.HOST_EPSILON}
    del host.decoder.up_blocks[-1].resnets[0].forward  # a host computes also the block that adds nothing
    pictures = vae.as_tensor(world.draw(world.all_scenes()[::40], np.random.default_rng(0)))
    codes = vae.encode(trained, pictures)
    assert torch.allclose(codes, vae.encode(host, pictures), atol=1e-4)
    with torch.no_grad():
        assert torch.allclose(trained.decode(codes).sample, host.decode(codes).sample, atol=1e-4)


def test_a_clip_skip_is_the_hidden_state_that_hosts_take(folder, losses):
    model, encoder = stages.the_text_encoder(folder)
    tokens = encoder(["red circle, blue background"])[0]
    with torch.no_grad():
        states = model(input_ids=tokens, output_hidden_states=True).hidden_states
        norm = model.text_model.final_layer_norm
        for clip_skip, state in {1: states[12], 2: states[11], 12: states[1], 13: states[0]}.items():
            assert torch.allclose(unet.encode(model, tokens, clip_skip), norm(state), atol=1e-6)


def test_the_packed_checkpoints_are_complete_small_and_say_what_they_were_trained_with(folder, losses, tmp_path):
    assert stages.run("pack", Namespace(folder=folder, model=tmp_path, steps=None)) is None
    size = sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file())
    assert size <= 12e6
    for clip_skip in (1, 2):
        path = tmp_path / f"{pack.NAME.format(clip_skip)}.safetensors"
        said = MetadataReader().read(path)
        assert (said.clip_skip, said.family) == (clip_skip, "sd1")
        with safe_open(path, framework="pt") as file:
            assert file.metadata()["training.steps"] == str(UNET_STEPS)
        assert {value.dtype for value in load_file(path).values()} == {torch.float16}
        params = yaml.safe_load(path.with_suffix(".yaml").read_text())["model"]["params"]
        assert params["scale_factor"] == latent.SCALE
    assert json.loads((tmp_path / pack.TEXT_FOLDER / "config.json").read_text())["num_hidden_layers"] == 12


def test_the_evaluation_asks_for_what_no_training_saw_and_counts_with_the_judge(folder, losses):
    scenes, texts = evaluate.questions(40)
    assert {tuple(scene) for scene in scenes} == {tuple(scene) for scene in world.unseen_scenes()}
    assert all(world.SHAPES[scene[0]] in text for scene, text in zip(scenes, texts, strict=True))

    def perfect(prompts, seeds, clip_skip, cfg_scale):
        first = seeds[0] - evaluate.SEED * 1000
        return list(world.draw(scenes[first : first + len(prompts)], np.random.default_rng(seeds[0])))

    row = evaluate.accuracy(evaluate.paint(perfect, clip_skip=1, n=40), clip_skip=1)
    assert (row["all"]["share"], row["n"]) == (1.0, 40)
    assert "1.000" in evaluate.table([row])


def test_a_table_of_losses_asks_once_and_with_the_same_noise_whatever_is_asked_together(tmp_path):
    network, shown = networks.network_of(networks.parts_of(1)), trained_with.shown(2)
    latents = [[network.latents(picture)] for picture in shown.pictures]

    def table(name):
        return loss_tables.Table(tmp_path / name, network, latents, shown.captions, shown.captions[::-1], (1, 2))

    one, other = table("one.npy"), table("other.npy")
    together = one.of(0, [2, 7], 1, [0, 1, 2])
    apart = np.concatenate([other.of(0, [stratum], 1, [0, 1, 2]) for stratum in (7, 2)], axis=1)
    assert np.allclose(together, apart[:, ::-1], rtol=1e-4)
    assert together[2].mean() > together[0].mean()  # the other picture's caption
    one.save()
    again = table("one.npy")
    again._network = None  # would fail if it were asked
    assert np.array_equal(again.of(0, [7], 1, [1]), together[[1]][:, [1]])
    assert again.predictions == 6
    same = loss_tables.Table(tmp_path / "same.npy", network, latents, shown.captions, shown.captions, (1, 2))
    assert np.array_equal(same.of(0, [7], 0, [0]), same.of(0, [7], 0, [2]))


def test_a_draw_from_a_table_is_decided_only_with_captions_that_say_something():
    def losses(captions_tell):
        rng = np.random.default_rng(5)
        spread = 0.1 * rng.normal(size=(40, 10, 2, 3)) + [0.0, 0.5, 0.5]
        return np.exp(np.concatenate([spread, spread + (0.5 if captions_tell else 0.0)], axis=-1))

    for captions_tell in (True, False):
        kept = losses(captions_tell)
        outcome = loss_tables.search(lambda p, strata, turn, c, kept=kept: kept[p, :, turn][np.ix_(strata, c)].T, 3, 32)
        assert (outcome.best, outcome.found, outcome.decided) == (0, True, captions_tell)
        assert outcome.pictures <= 16
    row = loss_tables.summary([outcome], [1, 2, 3], 32, 1)
    assert (row["right"], row["decided"], row["wrong"], row["before_control"]) == (1.0, {}, 0.0, 1.0)


def test_a_low_rank_update_changes_the_attention_only_and_by_a_low_rank(folder, losses, monkeypatch):
    monkeypatch.setattr(further_training, "BATCH", 4)
    start, kept = stages.the_unet(folder, 1)[0], {}
    before = {name: value.clone() for name, value in start.state_dict().items()}
    bank = unet.Bank(*stages.the_text_encoder(folder), 3, n=12)
    further_training.further(start, bank, [0, 2], True, kept.__setitem__)
    changed = {name for name, value in kept[2].items() if not torch.equal(value, before[name])}
    assert all(torch.allclose(value, before[name]) for name, value in kept[0].items())
    assert changed
    assert all(".attn" in name and name.endswith("weight") for name in changed)
    ranks = [torch.linalg.matrix_rank(kept[2][name] - before[name], rtol=1e-3) for name in changed]
    assert max(ranks) <= further_training.RANK
    assert all(torch.equal(value, before[name]) for name, value in start.state_dict().items())


def test_states_are_turned_to_the_cosine_that_was_asked_and_keep_their_length():
    own, other = torch.randn(2, 1, 77, 64, generator=torch.Generator().manual_seed(1))
    for cosine in (0.99, 0.8, 0.35):
        turned = trained_with_method.turned(own, other, cosine)
        assert torch.allclose(turned.norm(dim=-1), own.norm(dim=-1), rtol=1e-4)
        straight = torch.cosine_similarity(own, other, dim=-1)
        expected = straight.clamp(min=cosine)
        assert torch.allclose(torch.cosine_similarity(own, turned, dim=-1), expected, atol=1e-4)


def test_pictures_needed_grow_with_the_spread_and_are_none_where_there_is_no_difference():
    rng = np.random.default_rng(3)
    numbers = rng.normal(size=200)
    numbers = (numbers - numbers.mean()) / numbers.std(ddof=1)
    few, many = (trained_with_method.needed(1 + spread * numbers) for spread in (1.0, 3.0))
    assert 11 <= few < many < 9 * few
    assert trained_with_method.needed(numbers) == np.inf
    by_t = trained_with_method.needed_by_t(1 + numbers)
    assert few == pytest.approx(by_t, rel=0.2), "normal numbers need as many either way"


def test_every_picture_gets_a_caption_that_is_not_its_own():
    assert trained_with.next_ones(["a", "a", "b"]) == ["b", "b", "a"]
    assert trained_with.next_ones(["a", "a"]) == ["", ""]
