"""NDJSON: one object a line. A file that was cut short is known by its length or digest, never guessed from its end."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from service.errors import Malformed, UnsupportedMedia
from service.returns.readers.block import BLOCK_BYTES, TypedBlock
from service.returns.readers.columns import Typing
from service.returns.readers.objects import Objects
from service.returns.readers.source import Source, Utf8Source, open_source, refuse_long_lines


def read_ndjson(source: Source, typing: Typing, block_rows: int) -> Iterator[TypedBlock]:
    """The blocks of an NDJSON file. Rows are numbered by line from 1; blank lines count, and are no rows."""
    text = open_source(source)
    if text.head(4096).lstrip()[:1] == b"[":
        says = "The body looks like a JSON array, and it was sent as NDJSON."
        raise UnsupportedMedia(says, "Send it as application/json.", code="content-differs")
    refuse_long_lines(text)
    objects = Objects(typing)
    rows: list[int] = []
    texts: list[bytes] = []
    size, found = 0, False
    for number, line in enumerate(_lines(text), 1):
        if not line or line.isspace():
            continue
        found = True
        rows.append(number)
        texts.append(line)
        size += len(line)
        if len(rows) >= block_rows or size >= BLOCK_BYTES:
            if typing.wants_next():
                yield objects.block(rows, texts)
            rows, texts, size = [], [], 0
    if rows and typing.wants_next():
        yield objects.block(rows, texts)
    if not found:
        raise Malformed("Nothing was sent: every line is blank.", "Send the file again.", code="empty-upload")


def _lines(source: Utf8Source) -> Iterator[bytes]:
    return chain.from_iterable(_pieces(source))


def _pieces(source: Utf8Source) -> Iterator[list[bytes]]:
    """Whole lines, a piece of the file at a time. Lines are known to be short enough to carry one over."""
    carry = b""
    for chunk in source.chunks():
        *lines, carry = (carry + chunk).split(b"\n")
        yield lines
    yield [carry]
