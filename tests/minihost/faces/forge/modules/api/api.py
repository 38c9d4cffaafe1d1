"""The API's settings go through `sysinfo.set_config`; embeddings are read with a checkpoint only."""

from typing import Any

from modules import sysinfo
from modules.api.api import Api


def _set_config(self, req: dict[str, Any]):
    sysinfo.set_config(req)


def _refresh_embeddings(self):
    """Nothing."""


Api.set_config = _set_config
Api.refresh_embeddings = _refresh_embeddings
