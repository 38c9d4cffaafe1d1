"""What the loaded model cannot do is refused before it generates, whoever asks: plan, panel or axis."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from clip_skip_lab.errors import InvalidInput
from clip_skip_lab.layers.selection import check_reachable
from clip_skip_lab.sweep.layer_request import LayerRequest
from tests.helpers.client import Refused

OF_SDXL = {"sdxl_clip_l_skip": "CLIP-L of SDXL", "sdxl_big_g_skip": "OpenCLIP bigG of SDXL"}


@pytest.mark.parametrize(("key", "encoder"), OF_SDXL.items())
def test_a_value_for_an_encoder_that_the_model_has_not_is_refused(client, unchanged, key, encoder):
    folders = client.sweep_folders()
    name = "SDXL CLIP-L skip" if "clip_l" in key else "SDXL bigG skip"
    asked = [
        lambda: client.sweep({"clip_skip": [1, 2], key: 3}),
        lambda: client.sweep({"clip_skip": [1, 2], "y": {"axis": name, "values": "3"}}),
        lambda: client.generate(alwayson_scripts={"clip skip lab": {"args": [{key: 3}]}}),
        lambda: client.sweep({"clip_skip": [1, 2]}, alwayson_scripts={"clip skip lab": {"args": [{key: 3}]}}),
    ]
    for ask in asked:
        with pytest.raises(Refused) as refused:
            ask()
        assert refused.value.status == 422
        assert f"because this model has no {encoder}" in refused.value.detail
    assert client.sweep_folders() == folders


@pytest.mark.parametrize(
    ("finer", "field"),
    [
        (LayerRequest(value=1.5), "Clip skip: 1.5"),
        (LayerRequest(value="avg 2-4"), 'Clip skip: "avg 2-4"'),
        (LayerRequest(negative=2), "Negative clip skip: 2"),
        (LayerRequest(every_model=True), "Apply on SD2 and SDXL too: True"),
        (LayerRequest(clip_l=2), "SDXL CLIP-L skip: 2"),
    ],
)
def test_on_an_encoder_of_an_unknown_kind_nothing_but_whole_values_can_be_asked(engine, finer, field):
    info = SimpleNamespace(name_for_extra="stranger")
    kinds = engine.described(SimpleNamespace(cond_stage_model=SimpleNamespace(), sd_checkpoint_info=info)).kinds
    with pytest.raises(InvalidInput, match="cannot be applied, because this model") as refused:
        check_reachable(finer, kinds)
    assert refused.value.detail.startswith(field)
    check_reachable(LayerRequest(), kinds)
    check_reachable(LayerRequest(value=2), kinds)
