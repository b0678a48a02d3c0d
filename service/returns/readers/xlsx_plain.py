"""Rows of a sheet in the one form in which programs write them, cut into cells without parsing XML.

Nine rows in ten thousand are of another form, or none. What the XML parser would make of such a row is known
beforehand: the pattern has to cover all of it, and takes no entity, no comment and nothing that is not ASCII. Rows of
which that is not certain are left to the parser.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_TEXT: Final = rb"[^<&\x00-\x1f]*+"
_HEAD: Final = rb'<c r="([A-Z]{1,3})([1-9][0-9]{0,6})"((?: s="[0-9]{1,5}")?+(?: t="[a-zA-Z]{1,9}")?+)'
_TAIL: Final = rb"(?:/>|><v>(%b)</v></c>|><is><t(?: xml:space=\"preserve\")?+>(%b)</t></is></c>)" % (_TEXT, _TEXT)
_CELL: Final = re.compile(_HEAD + _TAIL)
_BARE: Final = re.sub(rb"\((?!\?)", b"(?:", _HEAD + _TAIL)
_ROW: Final = re.compile(
    rb'\s*+<row r="([1-9][0-9]{0,6})"((?: [A-Za-z0-9:.]{1,30}="[^"<&\x00-\x1f]*+")*+)>((?:%b)*+)' % _BARE
)
END: Final = b"</row>"
SHEET_DATA: Final = b"<sheetData>"

PlainCell = tuple[bytes, bytes, bytes, bytes, bytes]
"""Letters of the column, row, the attributes for style and type as they stand, value, text of its own."""


def plain_row(piece: bytes) -> tuple[bytes, Sequence[PlainCell]] | None:
    """The number and cells of a row without its end tag, None where it is not surely of the plain form."""
    if not piece.isascii():
        return None
    found = _ROW.fullmatch(piece)
    if found is None or b"hidden" in found[2]:
        return None
    return found[1], _CELL.findall(found[3])


def is_closed(piece: bytes) -> bool:
    """Whether a piece that ends with the end of a row surely leaves nothing open but elements."""
    return b"<!" not in piece and b"<?" not in piece
