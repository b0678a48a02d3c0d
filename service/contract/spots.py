"""Where a character of a scalar stands in its document: quoted, folded over lines, or in a block. Pure.

YAML takes away indents, line ends and escapes, so a place inside the words is not one in the file until it is carried
back: both are read along together, blank for blank and character for character.
"""

from __future__ import annotations

from typing import Final

from service.contract.source import Place, Text

_LONG_ESCAPES: Final = {"x": 4, "u": 6, "U": 10}
_BLANK_ESCAPES: Final = frozenset("ntrvf_NLP \t\n\r")


def place_in(content: str, text: Text, offset: int) -> Place:
    """Where the character at ``offset`` of ``text.value`` stands in ``content``, the document that it was read from; of
    an offset behind the last character, the place after that one."""
    words = text.as_written
    at = offset + len(words) - len(words.lstrip())
    start, end = text.span
    spots = _spots(content[start:end], text.style, words)
    if not spots:
        return text.place
    spot = start + (spots[at] if at < len(spots) else spots[len(words.rstrip()) - 1] + 1)
    line = content.count("\n", 0, spot) + 1
    return Place(text.place.file, line, spot - content.rfind("\n", 0, spot))


def _spots(raw: str, style: str | None, words: str) -> list[int]:
    """For each character of the words its place in the raw text; a blank stands where blanks begin."""
    at = raw.find("\n") + 1 if style in ("|", ">") else 1 if style else 0
    found = []
    for letter in words:
        if letter.isspace():
            found.append(min(at, len(raw)))
        else:
            at = _past_blanks(raw, at, style)
            found.append(min(at, len(raw)))
            at += _width(raw, at, style)
    return found


def _past_blanks(raw: str, at: int, style: str | None) -> int:
    while at < len(raw) and (raw[at].isspace() or _is_escaped_blank(raw, at, style)):
        at += _width(raw, at, style)
    return at


def _is_escape(raw: str, at: int, style: str | None) -> bool:
    return style == '"' and raw[at] == "\\"


def _is_escaped_blank(raw: str, at: int, style: str | None) -> bool:
    if not _is_escape(raw, at, style):
        return False
    sign, width = raw[at + 1 : at + 2], _width(raw, at, style)
    return chr(int(raw[at + 2 : at + width], 16)).isspace() if sign in _LONG_ESCAPES else sign in _BLANK_ESCAPES


def _width(raw: str, at: int, style: str | None) -> int:
    """How many characters stand for the one that is written here."""
    if at < len(raw) and _is_escape(raw, at, style):
        return _LONG_ESCAPES.get(raw[at + 1 : at + 2], 2)
    return 2 if style == "'" and raw[at : at + 2] == "''" else 1
