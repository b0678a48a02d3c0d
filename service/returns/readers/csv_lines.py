"""The physical lines of a CSV file as text, kept until their rows have left, so that a row's text is the text sent."""

from __future__ import annotations

import io
from collections.abc import Iterator

from service.returns.readers.block import LONGEST_ROW
from service.returns.readers.source import Utf8Source

MIXED = "Some lines are not UTF-8; they were read as Windows-1252, as older spreadsheets save them."


class RowTooLong(Exception):
    """One record has gone on for longer than a row can be: a quotation mark is open."""


class Lines:
    """Hands out lines one by one, as ``csv.reader`` asks for them, and can start again from one that it has kept."""

    def __init__(self, source: Utf8Source) -> None:
        self._pieces = _decoded(source, self)
        self.kept: list[str] = []
        self.next = 0
        """Index in ``kept`` of the line to hand out next."""
        self.row_length = 0
        """Characters handed out since the row began."""
        self.is_mixed = False
        self.is_broken = source.encoding != "utf-8"
        """Whether U+FFFD may stand for what could not be decoded."""

    def __iter__(self) -> Iterator[str]:
        kept = self.kept
        while True:
            while self.next < len(kept):
                line = kept[self.next]
                self.next += 1
                self.row_length += len(line)
                if self.row_length > LONGEST_ROW:
                    raise RowTooLong
                yield line
            more = next(self._pieces, None)
            if more is None:
                return
            kept.extend(more)

    def ahead(self, count: int, size: int) -> list[str]:
        """The next lines, which stay to be handed out: at most ``count``, and not read for beyond ``size`` bytes."""
        while len(self.kept) - self.next < count and size > 0:
            more = next(self._pieces, None)
            if more is None:
                break
            self.kept.extend(more)
            size -= sum(map(len, more))
        return self.kept[self.next : self.next + count]

    def text(self, start: int, end: int) -> str:
        """Lines as sent, without the line end after the last."""
        return "".join(self.kept[start:end]).rstrip("\r\n")

    def leave(self, count: int) -> list[str]:
        """Take the first ``count`` lines away, for those whose rows have left."""
        gone = self.kept[:count]
        del self.kept[:count]
        self.next -= count
        return gone


def _decoded(source: Utf8Source, lines: Lines) -> Iterator[list[str]]:
    """Pieces of whole lines. A line that is not UTF-8 is read as cp1252; what is not even that shows as U+FFFD."""
    carry = b""
    for chunk in source.chunks():
        carry += chunk
        # a line end that is surely whole: a lone CR at the very end may still get its LF
        cut = carry.rfind(b"\n") + 1 or carry.rfind(b"\r", 0, len(carry) - 1) + 1
        if cut:
            yield _lines_of(carry[:cut], lines)
            carry = carry[cut:]
    if carry:
        yield _lines_of(carry, lines)


def _lines_of(piece: bytes, lines: Lines) -> list[str]:
    try:
        return io.StringIO(piece.decode(), newline="").readlines()
    except UnicodeDecodeError:
        lines.is_mixed = True
        found = [_line_of(line) for line in piece.splitlines(keepends=True)]
        lines.is_broken = lines.is_broken or any("\ufffd" in line for line in found)
        return found


def _line_of(line: bytes) -> str:
    for encoding in ("utf-8", "cp1252"):
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            continue
    return line.decode("utf-8", "replace")
