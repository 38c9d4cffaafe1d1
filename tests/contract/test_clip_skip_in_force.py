"""What is in force while a generation runs, and what is not touched by it. In the host's own process."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.helpers.client import gradient, mask
from tests.helpers.host_in_process import make

pytestmark = pytest.mark.usefixtures("host", "opts")


@pytest.fixture
def in_force(webui):
    from clip_skip_lab.sweep.layer_request import LayerRequest
    from clip_skip_lab.webui.layer_hooks import Chosen, _in_force

    def enter(*values, mixed=False):
        chosen = Chosen(webui.engine, [LayerRequest(value=value) for value in values], mixed=mixed)
        return chosen, _in_force(make(), chosen)

    return enter


def encode(host, text="a house"):
    return host.sd_model.get_learned_conditioning([text])


def test_a_direct_encoding_gets_the_layer_in_force_and_afterwards_the_hosts_own(host, in_force):
    plain = encode(host)
    _, block = in_force(5.5)
    with block:
        fine = encode(host)
    assert not plain.equal(fine)
    assert encode(host).equal(plain)


def test_after_an_error_the_hosts_own_methods_are_back(host, in_force):
    from modules import processing, sd_hijack_clip, sd_models

    owners = (sd_hijack_clip.FrozenCLIPEmbedderWithCustomWords, processing.StableDiffusionProcessing, sd_models)
    before = [dict(vars(owner)) for owner in owners]
    with pytest.raises(RuntimeError, match="met a wall"), in_force(5.5)[1]:
        raise RuntimeError("it met a wall")
    assert [dict(vars(owner)) for owner in owners] == before


def test_a_checkpoint_that_is_loaded_meanwhile_is_encoded_as_without_us(host, in_force):
    from modules import sd_models

    usual = sd_models.get_empty_cond(host.sd_model)
    for values in ((5.5,), (1.5, 5.5)):
        chosen, block = in_force(*values)
        with block:
            assert sd_models.get_empty_cond(host.sd_model).equal(usual)
        assert chosen.encoded_alone is False


def test_a_text_encoded_in_a_batch_of_several_clip_skips_is_noticed(host, in_force):
    chosen, block = in_force(1.5, 5.5)
    with block:
        encode(host)
    assert chosen.encoded_alone is True


def test_null_is_no_fault_where_the_host_needs_no_value():
    from clip_skip_lab.webui.checks import check_request

    request = make("Img2Img", init_images=[gradient()], mask=mask(), mask_blur_x=4, mask_blur_y=8)
    assert request.mask_blur is None
    check_request(request)
    request = make()
    request.enable_hr = request.hr_scale = None
    check_request(request)


def test_an_old_name_of_a_sampler_is_taken_as_the_host_takes_it():
    from clip_skip_lab.webui.checks import check_request

    check_request(make(sampler_name="DPM++ 2M Karras"))


def test_an_axis_cannot_switch_on_what_a_sweep_keeps_off():
    """As reForge's axis "Dynamic clip skip" would: the cells said that it was on, and it was not."""
    from clip_skip_lab.errors import InvalidInput
    from clip_skip_lab.webui.checks import check_lent_off

    engine = SimpleNamespace(lent_off=({"return_mask": False}, "It was off here."))
    on, plain = make(override_settings={"return_mask": True}), make()
    for trial, written in ((on, {}), (make(), {"return_mask": True})):
        with pytest.raises(InvalidInput, match=r": True would change clip skip .*; allowed: False\."):
            check_lent_off(engine, plain, trial, written)
    check_lent_off(engine, plain, make(override_settings={"return_mask": False}), {})
    check_lent_off(engine, on, on, {})  # the request's own is kept off, with a note
    check_lent_off(SimpleNamespace(lent_off=None), plain, on, {})


def test_an_option_with_a_list_that_takes_any_text_takes_another(monkeypatch):
    """reForge's formats of files are such a list: one that only Pillow knows was refused."""
    from modules import options, shared

    from clip_skip_lab.errors import InvalidInput
    from clip_skip_lab.webui.option_checks import check_option

    class DropdownEditable:
        pass

    info = options.OptionInfo("png", "File format for grids", DropdownEditable, {"choices": ("png", "jpg")})
    monkeypatch.setitem(shared.opts.data_labels, "grid_format", info)
    check_option("grid_format", "tiff")
    with pytest.raises(InvalidInput, match="is not text"):
        check_option("grid_format", 5)
