"""How bad input is answered: with a sentence in the language that is asked for, in whatever route it was found."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute

from ..errors import InvalidInput, encodable, reason_of
from ..language import ENGLISH, language_of, translated

Answer = Callable[[Request], Coroutine[Any, Any, Response]]


class SentenceRoute(APIRoute):
    """A kind of route that answers `InvalidInput`, and what the server cannot read, with status 422 and a sentence."""

    def get_route_handler(self) -> Answer:
        """See FastAPI, "Custom Request and APIRoute class"."""
        answer = super().get_route_handler()

        async def answer_or_sentence(request: Request) -> Response:
            try:
                return await answer(request)
            except InvalidInput as error:
                raise HTTPException(error.status_code, error.in_language(language_asked(request))) from error
            except HTTPException as error:
                if isinstance(error.detail, str):
                    error.detail = encodable(translated(error.detail, language_asked(request)))
                raise
            except RequestValidationError as error:
                raise HTTPException(422, _sentence(error)) from error

        return answer_or_sentence


def language_asked(request: Request) -> str:
    """The language in which a person reads the answer: `lang` in the address, English without it."""
    return language_of(request.query_params.get("lang", ENGLISH))


def hosts_error(error: Exception) -> HTTPException:
    """What the host's own code raised while it worked for a route: status 500, with the error's kind and reason."""
    return HTTPException(500, f"{type(error).__name__}: {reason_of(error)}.")


def _sentence(error: RequestValidationError) -> str:
    """What the server found wrong before a route saw it: the routes read their parameters themselves, as texts, so
    that is a body which is no JSON object, or a parameter that is not there."""
    place, *names = error.errors()[0]["loc"]
    if place == "body":
        return 'The request needs a JSON object as its body, such as {"clip_skip": 2}.'
    return f'The request lacks "{names[0]}", or it cannot be read.'
