"""The one error that bad input raises: a sentence with the field, the value and what is allowed."""

from __future__ import annotations

from reprlib import Repr

from .language import Text, translated


class InvalidInput(ValueError):
    """Something that the user or an API client gave cannot be used.

    The page shows it `in_language`; an HTTP answer has `status_code` and `detail`, in English.

    Args:
        field: the name of the input as the user sees it, such as "Clip skip values".
        value: what was given.
        allowed: what may be given instead, a phrase that completes "allowed: …".
        problem: why the value cannot be used; left out where `allowed` says it all.
    """

    def __init__(self, field: str, value: object, allowed: str, problem: str = Text("cannot be used")):
        self.field = field
        self.value = value
        self.allowed = allowed
        self.problem = problem
        self.status_code = 422
        self.sentence = Text(
            "{field}: {value} {problem}; allowed: {allowed}.",
            field=field,
            value=_shown(value),
            problem=problem,
            allowed=allowed,
        )
        self.detail = encodable(self.sentence)
        super().__init__(self.detail)

    def in_language(self, language: str) -> str:
        """The sentence for the page; field, problem and allowed are translated where they are a `Text`."""
        return encodable(translated(self.sentence, language))


_LENGTH = 200
_cut = Repr()
_cut.maxlevel, _cut.maxlist, _cut.maxtuple, _cut.maxdict = 4, 20, 20, 20
_cut.maxstring = _cut.maxlong = _cut.maxother = _LENGTH


def _shown(value: object) -> str:
    """The value for the sentence: of a long or deep one the beginning, as it may be as large as a client likes."""
    if isinstance(value, Text):
        return Text('"{text}"', text=value)
    if isinstance(value, str):
        return f'"{value[:_LENGTH]}{"…" if len(value) > _LENGTH else ""}"'
    try:
        shown = _cut.repr(value)
    except ValueError:  # a whole number of more digits than Python writes
        return Text("a number that is too long to be shown")
    return f"{shown[:_LENGTH]}…" if len(shown) > _LENGTH else shown


def encodable(text: str) -> str:
    """The text as it can be written in UTF-8: JSON can hold half of a pair of surrogates, which no answer can."""
    return text.encode("utf-8", "backslashreplace").decode()


def reason_of(error: BaseException) -> str:
    """What an error says went wrong, as a phrase for the middle of a sentence; a `Text` where it has one."""
    if error.args and isinstance(error.args[-1], Text):
        return error.args[-1]
    return " ".join(str(getattr(error, "strerror", None) or error or type(error).__name__).split()).rstrip(".")


COMMAS = ",，、"
"""What separates the values of a list: the comma, and what a Japanese keyboard types for it."""


def quoted(value: object) -> str:
    """A value as it stands in a list separated by commas: in quotes where it would be read as another without."""
    text = str(value)
    plain = text and text == text.strip() and not any(letter in text for letter in f'{COMMAS}"\r\n')
    return text if plain else '"' + text.replace('"', '""') + '"'


def named_list(names: list[str], most: int = 12) -> str:
    """The names for use in `allowed`, as they are typed, cut to the first `most` with a count of the rest."""
    if not names:
        return Text("none (there are none here)")
    first, rest = ", ".join(quoted(name) for name in names[:most]), len(names) - most
    return Text("{names} and {rest} more", names=first, rest=rest) if rest > 0 else first
