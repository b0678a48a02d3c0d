"""A JSON array of objects. Up to 64 MB: it has no line ends to read it by, and beyond that NDJSON does better."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import msgspec

from service.errors import Malformed, TooLarge
from service.returns.readers.block import BLOCK_BYTES, LONGEST_ROW, TypedBlock
from service.returns.readers.columns import Typing
from service.returns.readers.objects import Objects
from service.returns.readers.source import CHUNK, Source, Utf8Source, open_source, row_too_long

LONGEST_ARRAY: Final = 64 << 20
"""In bytes."""

_MOST_AT_ONCE: Final = 1_000_000
"""An array with more commas is walked element by element: slower, but no list of all its elements is made."""

_DO: Final = "Send a JSON array of objects, or NDJSON as application/x-ndjson."
_SPACE: Final = re.compile(r"[ \t\r\n]*")


def read_json(source: Source, typing: Typing, block_rows: int) -> Iterator[TypedBlock]:
    """The blocks of a JSON array. Rows are numbered by their place in it from 1."""
    if source.length > LONGEST_ARRAY:
        says = f"A JSON array may have at most {LONGEST_ARRAY >> 20} MB."
        raise TooLarge(says, "Send it as NDJSON (application/x-ndjson), one object a line.", code="array-too-large")
    elements = _elements(open_source(source))
    objects = Objects(typing)
    number = 0
    while texts := _some(elements, block_rows):
        yield objects.block(list(range(number + 1, number + len(texts) + 1)), texts)
        number += len(texts)


def _some(elements: Iterator[bytes], most: int) -> list[bytes]:
    """The next elements, so many that a block is full."""
    texts: list[bytes] = []
    size = 0
    for text in islice(elements, most):
        if len(text) > LONGEST_ROW:
            raise row_too_long()
        texts.append(text)
        size += len(text)
        if size >= BLOCK_BYTES:
            break
    return texts


def _elements(source: Utf8Source) -> Iterator[bytes]:
    """The text of each element. At once where that is safe, else by walking, which also finds where an error is."""
    content = b"".join(source.chunks())
    if content.count(b",") <= _MOST_AT_ONCE:
        try:
            return map(bytes, msgspec.json.decode(content, type=list[msgspec.Raw]))
        except msgspec.ValidationError:
            raise Malformed("The body is JSON, but not an array.", _DO, code="not-an-array") from None
        except RecursionError:
            raise _too_deep() from None
        except msgspec.DecodeError:
            # it may be one element alone that is wrong, a lone surrogate for example
            pass
    walked = _walked(content)
    return walked if content.count(b",") > _MOST_AT_ONCE else iter(list(walked))


def _walked(content: bytes) -> Iterator[bytes]:
    """The text of each element, found by the standard library's scanner."""
    scan = json.JSONDecoder(parse_constant=_refuse, parse_float=str, parse_int=str).raw_decode
    window = _Window(content)
    if window.peek() != "[":
        raise Malformed("The body is not a JSON array.", _DO, code="not-an-array")
    window.at += 1
    if window.peek() != "]":
        while True:
            window.peek()
            try:
                _, end = scan(window.text, window.at)
            except RecursionError:
                raise _too_deep() from None
            except json.JSONDecodeError as error:
                raise window.malformed(error.pos) from None
            except ValueError:
                raise Malformed("The body holds NaN or Infinity, which JSON has not.", _DO, code="not-json") from None
            yield window.text[window.at : end].encode("utf-8", "surrogateescape")
            window.at = end
            mark = window.peek()
            if mark != ",":
                break
            window.at += 1
        if mark != "]":
            raise window.malformed(window.at)
    window.at += 1
    if window.peek():
        raise window.malformed(window.at)


class _Window:
    """The part of a content that is looked at, as text: always longer than a row may be, unless the content ends.

    Bytes that are not UTF-8 stay what they are, and are found when their element is decoded.
    """

    def __init__(self, content: bytes) -> None:
        self._content, self._read, self._before = content, 0, 0
        self._decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
        self.text = ""
        self.at = 0

    def peek(self) -> str:
        """The next character that is not space, ``""`` at the end; there is a whole row behind it, if any follows."""
        while True:
            self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]  # it matches nothing, too
            if len(self.text) - self.at > LONGEST_ROW or self._read >= len(self._content):
                return self.text[self.at : self.at + 1]
            self._before += len(self.text[: self.at].encode("utf-8", "surrogateescape"))
            piece = self._content[self._read : self._read + 2 * CHUNK]
            self._read += len(piece)
            self.text = self.text[self.at :] + self._decode(piece, final=self._read >= len(self._content))
            self.at = 0

    def malformed(self, place: int) -> Malformed:
        """The error at a place of the text, which it names as a byte of the body."""
        byte = self._before + len(self.text[:place].encode("utf-8", "surrogateescape"))
        return Malformed(f"The body is not valid JSON: it cannot be read from byte {byte:,} on.", _DO, code="not-json")


def _too_deep() -> Malformed:
    return Malformed("The body is nested too deeply.", _DO, code="not-json")


def _refuse(_: str) -> Any:
    raise ValueError
