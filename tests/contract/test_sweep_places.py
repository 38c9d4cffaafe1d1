"""A sweep whose folder cannot be made. This test changes a setting for itself, so config.json is written."""

from __future__ import annotations

import pytest

from tests.contract.client import Refused


def test_a_grid_folder_that_cannot_be_written_to_is_said_before_any_sampling(client, tmp_path):
    taken = tmp_path / "file"
    taken.write_text("")
    settings = {"outdir_txt2img_grids": str(taken), "outdir_grids": ""}
    before = client.options()
    client.post("options", **settings)
    try:
        with pytest.raises(Refused) as caught:
            client.sweep({"clip_skip": [1]})
    finally:
        client.post("options", **{key: before[key] for key in settings})
    assert caught.value.status == 422
    assert caught.value.detail.startswith("Folder for grids: ")
    assert "Not a directory" in caught.value.detail
