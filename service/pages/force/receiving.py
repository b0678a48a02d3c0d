"""A form with a file, taken as it arrives: the file goes straight to disk, and never stands in memory whole.

Litestar reads such a form into files of its own before anything is known of it, and without a bound; here the bound is
that of the API's uploads, and the file is the same spool.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, TypeAlias

from litestar.exceptions import ClientException
from msgspec import Struct
from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser

from service.errors import Invalid, Malformed, UnsupportedMedia
from service.pages.force.forms import Typed
from service.pages.visit import AnyRequest
from service.returns.readers import SAVE_AGAIN, XLSX
from service.returns.readers.source import ARCHIVE, OLD_WORKBOOK
from service.returns.spool import Spool, spool, too_large

FILE: Final = "file"
_FORM: Final = "multipart/form-data"
_MOST_FIELDS: Final = 40
_LONGEST_FIELD: Final = 8_192
_AROUND: Final = 1 << 16
"""So many bytes may stand around the file: the other fields, and what separates them."""
_HEAD: Final = 4_096


Events: TypeAlias = AsyncIterator[MultipartSegment | bytes | None]
"""A part, its pieces, and None at its end; then the next part."""


class Received(Struct, frozen=True, kw_only=True):
    """The form: what was typed, and the file, if one was chosen. Whoever has it closes the file."""

    sent: Typed
    file: Spool | None


async def receive(request: AnyRequest, limit: int, longest: int = _LONGEST_FIELD) -> Received:
    """The form as it arrives, its file at most ``limit`` bytes, and each other field at most ``longest``.

    ``Malformed`` where it was cut short, ``TooLarge``, ``UnsupportedMedia``, ``Unavailable`` where the disk is full.
    """
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > limit + longest + _AROUND:
        raise too_large(limit)
    files: list[Spool] = []
    try:
        sent = await _parts(_events(request), files, limit, longest)
    except BaseException:
        for file in files:
            file.close()
        raise
    return Received(sent=sent, file=files[0] if files else None)


async def _parts(events: Events, files: list[Spool], limit: int, longest: int) -> Typed:
    """Take part after part: text into what was typed, the file into ``files``."""
    values: dict[str, list[str]] = {}
    async for event in events:
        if not isinstance(event, MultipartSegment):
            raise _cut_short()
        if event.name != FILE:
            values.setdefault(event.name or "", []).append(await _text(events, longest))
        elif files:
            raise Malformed("The form holds two files.", "Choose one file.")
        else:
            files.append(await spool(_content(events), limit))
            if not event.filename and not files[0].length:  # what a browser sends where none was chosen
                files.pop().close()
    return Typed(values)


def media_of(file: Spool) -> str:
    """What a file is, by how it begins: browsers and names tell too little. Rows as CSV unless it is JSON.

    ``Invalid`` for an empty one; ``UnsupportedMedia`` for an old workbook, with how to save it anew.
    """
    head = next(file.chunks(_HEAD), b"")
    if not head.strip():
        raise Invalid("The file is empty.", "Choose the file that holds your rows.")
    if head.startswith(OLD_WORKBOOK):
        raise UnsupportedMedia("This is an old workbook (XLS), or one with a password.", SAVE_AGAIN)
    if head.startswith(ARCHIVE):
        return XLSX
    begin = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return {b"[": "application/json", b"{": "application/x-ndjson"}.get(begin, "text/csv")


async def _events(request: AnyRequest) -> Events:
    """The parts of the form as they arrive."""
    media, options = request.content_type
    boundary = options.get("boundary", "")
    if media != _FORM or not boundary:
        raise UnsupportedMedia("This is not a form with a file.", "Open the page and send its form.")
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMedia("Compressed forms are not taken here.", "Open the page and send its form.")
    try:
        with PushMultipartParser(boundary, max_segment_count=_MOST_FIELDS) as parser:
            async for chunk in request.stream():
                if chunk:
                    for event in parser.parse(chunk):
                        yield event
    except ParserLimitReached:
        raise Malformed("The form is not one of these pages.", "Open the page and send its form.") from None
    except (MultipartError, ClientException):
        raise _cut_short() from None


async def _content(events: Events) -> AsyncIterator[bytes]:
    """The pieces of the part that has begun."""
    async for event in events:
        if event is None:
            return
        if isinstance(event, bytes | bytearray):
            yield bytes(event)


async def _text(events: Events, longest: int) -> str:
    """The part that has begun, as text."""
    found = bytearray()
    async for piece in _content(events):
        found += piece
        if len(found) > longest:
            raise Malformed("A field of the form is too long.", "Open the page and send its form.")
    try:
        words = found.decode()
    except UnicodeDecodeError:
        raise Malformed("The form cannot be read.", "Open the page and send its form.") from None
    if "\x00" in words:
        raise Malformed("The form holds a character that cannot be kept.", "Type the words in again.")
    return words


def _cut_short() -> Malformed:
    return Malformed(
        "The upload was cut short: not all of the file arrived.",
        "Nothing was stored; send it again.",
        code="upload-cut-short",
    )
