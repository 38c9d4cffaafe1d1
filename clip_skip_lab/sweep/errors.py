"""The one error that bad input raises: a sentence with the field, the value and what is allowed."""

from __future__ import annotations

import reprlib

_LENGTH = 200
_repr = reprlib.Repr()
_repr.maxlevel, _repr.maxlist, _repr.maxtuple, _repr.maxdict = 4, 20, 20, 20
_repr.maxstring = _repr.maxlong = _repr.maxother = _LENGTH


class InvalidInput(ValueError):
    """Something that the user or an API client gave cannot be used.

    The page shows `str(error)`; an HTTP answer has `status_code` and `detail`.

    Args:
        field: the name of the input as the user sees it, such as "Clip skip values".
        value: what was given.
        allowed: what may be given instead, a phrase that completes "allowed: …".
        problem: why the value cannot be used; left out where `allowed` says it all.
    """

    def __init__(self, field: str, value: object, allowed: str, problem: str = "cannot be used"):
        shown = _shown(value)
        self.field = field
        self.value = value
        self.allowed = allowed
        self.status_code = 422
        self.detail = f"{field}: {shown} {problem}; allowed: {allowed}."
        super().__init__(self.detail)


def _shown(value: object) -> str:
    """The value for the sentence: of a long or deep one the beginning, as it may be as large as a client likes."""
    if isinstance(value, str):
        # Half a surrogate pair, which JSON can hold, cannot be written into an answer.
        text = value[:_LENGTH].encode("utf-8", "backslashreplace").decode()
        return f'"{text}{"…" if len(value) > _LENGTH else ""}"'
    shown = _repr.repr(value)
    return f"{shown[:_LENGTH]}…" if len(shown) > _LENGTH else shown


def named_list(names: list[str], most: int = 12) -> str:
    """The names for use in `allowed`, cut to the first `most` with a count of the rest."""
    if not names:
        return "none (there are none here)"
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
