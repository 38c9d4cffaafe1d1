"""The one error that bad input raises: a sentence with the field, the value and what is allowed."""

from __future__ import annotations


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
        shown = f'"{value}"' if isinstance(value, str) else repr(value)
        if len(shown) > 200:
            shown = f"{shown[:200]}…"
        self.field = field
        self.value = value
        self.allowed = allowed
        self.problem = problem
        self.status_code = 422
        self.detail = encodable(f"{field}: {shown} {problem}; allowed: {allowed}.")
        super().__init__(self.detail)


def encodable(text: str) -> str:
    """The text as it can be written in UTF-8: JSON can hold half of a pair of surrogates, which no answer can."""
    return text.encode("utf-8", "backslashreplace").decode()


def named_list(names: list[str], most: int = 12) -> str:
    """The names for use in `allowed`, cut to the first `most` with a count of the rest."""
    if not names:
        return "none (there are none here)"
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
