"""Asking the weights, with the small models' own networks and no host."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

torch = pytest.importorskip("torch")

from clip_skip_lab.errors import InvalidInput  # noqa: E402
from clip_skip_lab.probe.losses import Losses, noised  # noqa: E402
from clip_skip_lab.probe.probing import probe  # noqa: E402
from clip_skip_lab.probe.question import Captioned, Question  # noqa: E402
from clip_skip_lab.probe.subjects import fitting  # noqa: E402
from tests.helpers.small_world import captioned  # noqa: E402
from training import networks  # noqa: E402

MODEL = {"name": "small", "hash": "0123456789"}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def parts():
    return {clip_skip: networks.parts_of(clip_skip) for clip_skip in (1, 2)}


@pytest.fixture(scope="module")
def pictures():
    return [
        Captioned(f"image {place}", said, lambda value, shown=shown: shown)
        for place, (shown, said) in enumerate(captioned(32))
    ]


def asked(network, pictures, clip_skips=(1, 2, 3, 12), **more):
    return probe(network, Question(clip_skips, **more), pictures, more.pop("watch", None), MODEL)


class Altered:
    """A network with something else in the place of one of its answers."""

    def __init__(self, network, **answers):
        self._network, self._answers = network, answers

    def __getattr__(self, name):
        return self._answers[name] if name in self._answers else getattr(self._network, name)


@pytest.mark.parametrize("clip_skip", [1, 2])
def test_both_small_models_name_the_clip_skip_that_they_were_trained_with(parts, pictures, clip_skip):
    found = asked(networks.network_of(parts[clip_skip]), pictures)
    assert (found.decided, found.clip_skip) == (True, clip_skip)
    assert found.pictures <= 32 and found.predictions < 4 * 10 * 32 / 3
    assert all(row.low > 0 for row in found.rows if row.clip_skip != clip_skip)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_network_of_random_weights_stays_undecided(parts, pictures, seed):
    torch.manual_seed(seed)
    untrained = networks.unet.unet_model().eval()
    found = asked(networks.network_of(parts[1], untrained), pictures)
    assert not found.decided
    assert "hardly predicts the noise at all" in found.sentences[0]


def test_captions_of_other_pictures_stay_undecided(parts, pictures):
    wrong = [replace(one, caption=other.caption) for one, other in zip(pictures, pictures[7:] + pictures, strict=False)]
    found = asked(networks.network_of(parts[1]), wrong)
    assert not found.decided
    assert "own captions do no better than those of other images" in found.sentences[0]


def test_pictures_are_opened_when_their_turn_comes(parts, pictures):
    opened = set()

    def counted(picture):
        return replace(picture, load=lambda value: opened.add(picture.name) or picture.load(value))

    found = asked(networks.network_of(parts[1]), [counted(picture) for picture in pictures])
    assert found.decided and len(opened) == found.pictures < 32


def test_the_same_picture_is_asked_once_and_told(parts, pictures):
    found = asked(networks.network_of(parts[1]), [*pictures[:3], pictures[1], pictures[0]])
    assert found.pictures == 3
    assert found.left_out == (
        "image 1 is left out: it is the same as image 1.",
        "image 0 is left out: it is the same as image 0.",
    )


def test_one_and_the_same_caption_is_compared_with_none(parts, pictures):
    alike = [replace(picture, caption="an image") for picture in pictures]
    assert not asked(networks.network_of(parts[1]), alike).decided


def test_losses_do_not_depend_on_how_many_fit_into_a_batch(parts, pictures):
    network = networks.network_of(parts[1])
    whole = asked(network, pictures[:12])
    batches = []

    def denoised(noisy, *more):
        batches.append(len(noisy))
        if len(noisy) > 3:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return network.denoised(noisy, *more)

    small = asked(Altered(network, denoised=denoised), pictures[:12])
    assert max(batches) > 3 and sum(size > 3 for size in batches) <= 4, "it does not try again what did not fit"
    assert [row.loss for row in small.rows] == pytest.approx([row.loss for row in whole.rows], rel=1e-4)
    assert small.predictions == whole.predictions


def test_memory_that_runs_out_for_one_picture_is_an_error(parts, pictures):
    def denoised(*args):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.cuda.OutOfMemoryError):
        asked(Altered(networks.network_of(parts[1]), denoised=denoised), pictures)


def test_a_network_that_gives_no_numbers_is_refused(parts, pictures):
    def denoised(noisy, *more):
        return noisy * float("nan")

    with pytest.raises(InvalidInput, match="gives NaN instead of numbers"):
        asked(Altered(networks.network_of(parts[1]), denoised=denoised), pictures)


def test_the_loss_of_a_v_prediction_is_that_of_v(parts, pictures):
    # A guess of the picture that is wrong by d is one of the noise that is wrong by d / sigma, and one of
    # v = alpha · noise − sqrt(1 − alpha²) · picture that is wrong by d / sqrt(1 − alpha²).
    network = networks.network_of(parts[1])
    latents = network.latents(fitting(pictures[0].load(1), 64))
    conditioning = network.conditionings("a", [Question((1, 2)).request(1)], 64, 64, True)
    asked_of = noised(latents, [2, 7], (1, 2), 1000)
    noise = Losses(network).of([latents], asked_of, conditioning)
    of_v = Losses(Altered(network, predicts_v=True)).of([latents], asked_of, conditioning)
    sigma = network.sigmas[asked_of.steps].double().numpy()
    assert of_v == pytest.approx(noise * (1 + sigma**2))


def test_an_interrupt_keeps_what_was_measured(parts, pictures):
    network, asked_for = networks.network_of(parts[1]), []

    class Interrupted(Altered):
        @property
        def interrupted(self):
            asked_for.append(True)
            return len(asked_for) > 20

    found = asked(Interrupted(network), pictures)
    assert found.interrupted and not found.decided and 0 < found.pictures < 32
    assert len(found.rows) == 4
    assert "It was interrupted; this is what was measured until then." in found.sentences


def test_the_time_that_it_may_take_is_kept(parts, pictures):
    found = asked(networks.network_of(parts[1]), pictures, most_seconds=0)
    assert (found.pictures, found.rows, found.sentences[0]) == (0, (), "Undecided: nothing was measured.")


def test_progress_names_what_is_left_and_how_alike_the_layers_are(parts, pictures):
    told = []
    probe(networks.network_of(parts[1]), Question((1, 2)), pictures[:12], told.append, MODEL)
    assert told[0].doing.startswith("Measured with ") and "have a cosine similarity of" in told[0].doing
    assert all(0 <= progress.share <= 1 for progress in told)


def test_the_same_seed_gives_the_same_rows_and_another_one_others(parts, pictures):
    network = networks.network_of(parts[2])
    one, same, other = (asked(network, pictures[:4], seed=seed) for seed in (3, 3, 4))
    assert one.rows == same.rows
    assert one.rows != other.rows


def test_pictures_that_the_model_drew_are_compared_each_under_its_own_value(parts, pictures):
    loaded = []

    def drawn_one(picture):
        def load(value):
            loaded.append(value)
            return picture.load(value)

        return replace(picture, load=load, drawn=True)

    drawn = [drawn_one(picture) for picture in pictures[:12]]
    found = asked(networks.network_of(parts[1]), drawn, clip_skips=(1, 2))
    assert found.drawn and set(loaded) == {1, 2}
    assert any("weaker evidence" in sentence for sentence in found.sentences)


@given(st.integers(1, 5000), st.integers(1, 5000), st.sampled_from([512, 768, 1024]))
@settings(max_examples=30, deadline=None)
def test_pictures_are_reduced_to_what_the_model_knows_and_never_enlarged(width, height, side):
    if width * height > 4_000_000:
        width = 4_000_000 // height or 1
    made = fitting(Image.new("L", (width, height)), side)
    assert made.mode == "RGB"
    assert made.width % 8 == made.height % 8 == 0
    assert made.width * made.height <= max(side**2 * 1.02, 8 * max(made.size))
    assert made.width <= max(8, width) and made.height <= max(8, height)


def test_time_steps_and_noise_are_the_same_on_every_device_and_for_every_value():
    like = torch.zeros(1, 4, 8, 8)
    one, same, other = (noised(like, [0, 5, 9], seed, 1000) for seed in ((1, 2, 0), (1, 2, 0), (1, 3, 0)))
    assert torch.equal(one.noise, same.noise) and torch.equal(one.steps, same.steps)
    assert not torch.equal(one.noise, other.noise)
    assert [int(step) // 100 for step in one.steps] == [0, 5, 9]
    assert np.all((one.steps.numpy() >= 20) & (one.steps.numpy() <= 980))
