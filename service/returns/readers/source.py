"""Where bytes come from, and what they are before anybody looks for rows: their encoding, and whether they are text."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from service.errors import Malformed, TooLarge, UnsupportedMedia
from service.returns.readers.block import LONGEST_ROW

CHUNK: Final = 1 << 20

ARCHIVE: Final = b"PK\x03\x04"
OLD_WORKBOOK: Final = b"\xd0\xcf\x11\xe0"
"""How a workbook begins (XLSX), and an old one or one with a password."""
SAVE_AGAIN: Final = (
    "In the spreadsheet program choose Save as, and as the type Excel Workbook (.xlsx), which LibreOffice calls "
    "Excel 2007–365, or CSV in UTF-8; without a password. Then send that file."
)
"""What to do with a sheet of another kind."""
_MARKED_UP: Final = b"<"
"""How a sheet begins that was saved as XML or as a web page, as some systems export it under the name of a workbook."""
_BEFORE: Final = codecs.BOM_UTF8 + b" \t\r\n"
_NOT_TEXT: Final = (
    (ARCHIVE, "a workbook (XLSX) or another archive"),
    (b"\x1f\x8b", "compressed (gzip)"),
    (b"%PDF", "a PDF"),
    (OLD_WORKBOOK, "an old workbook (XLS)"),
    (b"{\\rtf", "a text document (RTF)"),
)


class Source(Protocol):
    """Bytes that can be read from the start as often as needed, a piece at a time."""

    @property
    def length(self) -> int:
        """In bytes."""

    def chunks(self, size: int = CHUNK) -> Iterator[bytes]:
        """All bytes in order; every piece but the last has ``size``."""


class BytesSource:
    """Bytes that are in memory already."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    @property
    def length(self) -> int:
        return len(self._content)

    def chunks(self, size: int = CHUNK) -> Iterator[bytes]:
        for start in range(0, len(self._content), size):
            yield self._content[start : start + size]


class FileSource:
    """A file of the caller's own; it is only read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def length(self) -> int:
        return self._path.stat().st_size

    def chunks(self, size: int = CHUNK) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            while chunk := file.read(size):
                yield chunk


class Watched:
    """Another source, of which is known how far the reading that began last has come."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.read = 0
        """In bytes."""

    @property
    def length(self) -> int:
        return self._source.length

    def chunks(self, size: int = CHUNK) -> Iterator[bytes]:
        self.read = 0
        for chunk in self._source.chunks(size):
            self.read += len(chunk)
            yield chunk


class Utf8Source:
    """Another source without its byte order mark, and as UTF-8 where it was UTF-16.

    Bytes that are not UTF-8 pass unchanged: what they are is decided line by line, by who reads them.
    """

    def __init__(self, source: Source) -> None:
        head = next(iter(source.chunks(4096)), b"")
        _refuse_what_is_not_text(head)
        self._source, self.encoding, self._skip = source, *_encoding_of(head)

    @property
    def length(self) -> int:
        return self._source.length

    def chunks(self, size: int = CHUNK) -> Iterator[bytes]:
        skip = self._skip
        if self.encoding == "utf-8":
            for chunk in self._source.chunks(size):
                yield chunk[skip:] if skip else chunk
                skip = 0
            return
        decoder = codecs.getincrementaldecoder(self.encoding)("replace")
        for chunk in self._source.chunks(size):
            yield decoder.decode(chunk[skip:]).encode()
            skip = 0
        yield decoder.decode(b"", final=True).encode()

    def head(self, size: int = CHUNK) -> bytes:
        """The first bytes, at least ``size`` where there are so many."""
        head = b""
        for chunk in self.chunks(size):
            head += chunk
            if len(head) >= size:
                break
        return head


def open_source(source: Source) -> Utf8Source:
    """The source as text, or an error that concerns all of it: nothing there, or no text at all."""
    if source.length == 0:
        raise Malformed("Nothing was sent: the body is empty.", "Send the file again.", code="empty-upload")
    return Utf8Source(source)


def refuse_long_lines(source: Utf8Source) -> None:
    """No line may be longer than any row can be. One pass over the bytes, of which none is kept."""
    length = 0
    for chunk in source.chunks():
        first = _line_end(chunk)
        if first < 0:
            length += len(chunk)
        else:
            if length + first > LONGEST_ROW:
                break
            length = len(chunk) - 1 - max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
            if len(chunk) > LONGEST_ROW and max(map(len, chunk.splitlines())) > LONGEST_ROW:
                break
        if length > LONGEST_ROW:
            break
    else:
        return
    raise row_too_long()


def row_too_long() -> TooLarge:
    """The error for a row of more than a megabyte."""
    says = f"A row is longer than {LONGEST_ROW // 1024:,} KB, so this is not a file of rows."
    return TooLarge(says, "Send one record a line.", code="row-too-long")


def _line_end(chunk: bytes) -> int:
    ends = [place for place in (chunk.find(b"\n"), chunk.find(b"\r")) if place >= 0]
    return min(ends, default=-1)


def _refuse_what_is_not_text(head: bytes) -> None:
    if head.lstrip(_BEFORE).startswith(_MARKED_UP):
        raise UnsupportedMedia("The body is XML or a web page, and not the rows that its media type says.", SAVE_AGAIN)
    for mark, what in _NOT_TEXT:
        if head.startswith(mark):
            do = "Send CSV, NDJSON or a JSON array, not compressed."
            if mark == ARCHIVE:
                do = "Send a workbook with the media type of XLSX, and text not compressed."
            raise UnsupportedMedia(f"The body is {what}, not the text that its media type says.", do)


def _encoding_of(head: bytes) -> tuple[str, int]:
    """The encoding and how many bytes its mark takes. Text without a mark has hardly a NUL, UTF-16 has many."""
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8", 3
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if head.startswith(mark):
            return encoding, 2
    sample = head[: len(head) & ~1]
    for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        half = sample[start::2]
        if len(half) > 4 and half.count(0) > 0.8 * len(half):
            return encoding, 0
    if head.count(0) * 8 > len(head):
        says = "The body is not text: it cannot be decoded."
        raise UnsupportedMedia(says, "Save the file as UTF-8 and send it again.", code="undecodable")
    return "utf-8", 0
