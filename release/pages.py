"""What a page of the docs holds: links, pictures, anchors and blocks of code, as GitHub shows Markdown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from urllib.parse import unquote, urlsplit

from .tree import Tree

PICTURES = (".png", ".webp", ".gif", ".jpg", ".jpeg", ".svg", ".avif")
SHORTEST_HOST = 2
"""Parts of a host's name that is reached from anywhere."""

_FENCE = re.compile(r"^( {0,3})(```+|~~~+)[ \t]*([\w+-]*)[^\n]*\n(.*?)^\s*\2[ \t]*$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?:(?<=\n\n)|\A)((?:(?: {4}|\t)[^\n]*\n?|\n(?= {4}|\t))+)")
_INLINE = re.compile(r"(`+)(.+?)\1", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_LINK = re.compile(r"\]\(\s*<?([^()\s<>]+(?:\([^()\s]*\)[^()\s<>]*)*)>?(?:\s+\"[^\"]*\"|\s+'[^']*')?\s*\)")
_REFERENCE = re.compile(r"^ {0,3}\[[^\]]+\]:\s*<?(\S+?)>?\s*$", re.MULTILINE)
_AUTOLINK = re.compile(r"<(https?://[^>\s]+)>|(?<![\w(\"'=<\[])(https?://[^\s<>)\]\"'、。」]+)")
_OWN_MACHINE = re.compile(r"https?://(?:127\.0\.0\.1|localhost)\b")
_ATTRIBUTE = re.compile(r"<(?:a|img|source|video)\b[^>]*?\b(?:href|src|srcset)=[\"']([^\"' ]+)", re.IGNORECASE)
_SHOWN = re.compile(r"!\[([^\]]*)\]\(\s*<?([^()\s<>]+)")
_IMG = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$", re.MULTILINE)
_NAMED = re.compile(r"<[^>]*\b(?:id|name)=[\"']([^\"']+)[\"']", re.IGNORECASE)


@dataclass(frozen=True)
class Block:
    """A block of code.

    language: what stands behind the fence; "" without any.
    """

    language: str
    text: str


def pages_of(tree: Tree) -> list[str]:
    """The pages that a reader meets: all Markdown at the top and in docs/."""
    return [name for name in tree.files if name.endswith(".md") and ("/" not in name or name.startswith("docs/"))]


def blocks_of(text: str) -> list[Block]:
    """The blocks of code of a page: fenced ones, and those that are indented by four blanks."""
    fenced = [Block(found[3].lower(), found[4]) for found in _FENCE.finditer(text)]
    rest = _FENCE.sub("\n", text)
    indented = [re.sub(r"^(?: {4}|\t)", "", found[1], flags=re.MULTILINE) for found in _INDENTED.finditer(rest)]
    return fenced + [Block("", block) for block in indented]


def inline_code_of(text: str) -> list[str]:
    """What stands between backticks in the sentences of a page; a line's end inside counts as a blank."""
    return [re.sub(r"\s+", " ", found[2]).strip() for found in _INLINE.finditer(_FENCE.sub("\n", text))]


def prose(text: str) -> str:
    """A page without its code and comments."""
    return _INLINE.sub(" ", _FENCE.sub("\n", _COMMENT.sub("", text)))


def links_of(text: str) -> list[str]:
    """All that a page links to or shows, in its order."""
    text = prose(text)
    found = [(m.start(), m[1]) for pattern in (_LINK, _REFERENCE, _ATTRIBUTE) for m in pattern.finditer(text)]
    found += [(m.start(), (m[1] or m[2]).rstrip(".,;:")) for m in _AUTOLINK.finditer(text)]
    return [unescape(target) for _, target in sorted(found) if not _OWN_MACHINE.match(target)]


def shown_in(text: str) -> list[tuple[str, str]]:
    """The pictures that a page shows, as (file, alt text)."""
    text = prose(text)
    found = [(m[2], m[1].strip()) for m in _SHOWN.finditer(text)]
    for tag in _IMG.findall(text):
        src, alt = re.search(r"\bsrc=[\"']([^\"']+)", tag), re.search(r"\balt=[\"']([^\"']*)", tag)
        found.append((src[1] if src else "", alt[1].strip() if alt else ""))
    return found


def anchors_of(text: str) -> set[str]:
    """What may stand behind `#` in a link to this page, by GitHub's rule: small letters, what is neither a letter, a
    digit, `_` nor `-` falls away, blanks become `-`, and the second of a name gets `-1`."""
    text = _FENCE.sub("\n", _COMMENT.sub("", text))
    anchors: set[str] = set(_NAMED.findall(text))
    counts: dict[str, int] = {}
    for heading in _HEADING.findall(text):
        heading = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        heading = re.sub(r"<[^>]+>", "", heading)
        heading = re.sub(r"(?<!\w)[*_]{1,3}(\S(?:.*?\S)?)[*_]{1,3}(?!\w)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        number = counts.get(slug, 0)
        counts[slug] = number + 1
        anchors.add(f"{slug}-{number}" if number else slug)
    return anchors


def is_external(link: str) -> bool:
    """Whether a link leads out of the repository."""
    return bool(re.match(r"(?i)[a-z][a-z0-9+.-]*:|//", link))


def problem_of_address(link: str) -> str:
    """Why an address cannot be right; "" where nothing speaks against it."""
    if link.lower().startswith("mailto:"):
        return ""
    try:
        parts = urlsplit(link)
        port = parts.port
    except ValueError:
        return "is not an address"
    host = parts.hostname or ""
    if parts.scheme != "https":
        return "should begin with https://"
    if len([part for part in host.split(".") if part]) < SHORTEST_HOST or not re.fullmatch(r"[\w.-]+", host):
        return "has no host that can be reached from anywhere"
    if port is not None or parts.username is not None:
        return "has a port or a name"
    return ""


def parted(link: str) -> tuple[str, str]:
    """A local link as (path, anchor), both as they are on disk."""
    path, _, anchor = link.partition("#")
    return unquote(path.partition("?")[0]), unquote(anchor)
