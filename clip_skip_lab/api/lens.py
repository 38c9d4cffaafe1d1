"""`POST /clip-skip-lab/v1/lens`: what a prompt becomes in the loaded model's text encoders, layer by layer."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, HTTPException, Request

from ..errors import InvalidInput, encodable
from ..hosts import Host
from ..language import Text, translated
from ..lens.look import read_look
from . import add_routes
from .errors import hosts_error, language_asked
from .guard import Guard


def add_lens_route(app: FastAPI, host: Host, guard: Guard) -> None:
    """Adds the route."""

    def lens(body: dict[str, Any], request: Request) -> dict[str, Any]:
        look, language = read_look(body), language_asked(request)
        try:
            answer = host.lens(look)
        except InvalidInput:
            raise
        except Exception as error:  # of the host's own, as in a generation
            if error.args and isinstance(error.args[0], Text):  # see `Host.lens`
                raise HTTPException(503, error.args[0]) from error
            raise hosts_error(error) from error
        sentences = [encodable(translated(sentence, language)) for sentence in answer["sentences"]]
        return {**answer, "sentences": sentences}

    add_routes(app, guard.route_of_the_page(), {"POST /lens": lens})
