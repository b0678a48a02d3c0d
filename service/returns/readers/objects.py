"""JSON objects, each with its text, become columns: the common part of NDJSON and a JSON array.

Strict where msgspec is not: a key twice in one object is known by counting its colons, and only objects where the count
tells are looked at closely. One bad object costs itself alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from itertools import chain, repeat
from operator import itemgetter
from typing import Any, Final

import msgspec

from service.contract.mapping import fold
from service.contract.values import Check
from service.returns.readers.alike import Alike, has_each_once
from service.returns.readers.block import MOST_COLUMNS, HeldRow, TypedBlock
from service.returns.readers.columns import ABSENT, JsonNumber, Typing, finish, shown_json
from service.returns.readers.heading import refuse_no_key, refuse_other_part

MOST_UNKNOWN_KEYS: Final = 50
"""An object with more keys that are no field is held as a whole instead of with a finding for each."""


class Objects:
    """Makes typed blocks of numbered JSON texts, and looks at the first of them for what concerns the whole file."""

    def __init__(self, typing: Typing) -> None:
        self._typing = typing
        self._contract, self._part = typing.contract, typing.part
        self._names = frozenset(typing.part.by_name)
        self._always = frozenset(field.name for field in typing.part.fields if typing.must_be_sent(field))
        self._decode = msgspec.json.Decoder(dict[str, Any], float_hook=JsonNumber).decode
        self._decode_plain = msgspec.json.Decoder(dict[str, str | int | None]).decode
        self._alike = Alike(tuple(typing.part.by_name), self._always)
        self._seen = False

    def block(self, rows: list[int], texts: list[bytes]) -> TypedBlock:
        """The block of some objects, at least one, each text with its row number."""
        read = self._alike.read(texts)
        if read is None:
            return self._careful(rows, texts)
        self._look_at_keys(read.columns)
        return finish(
            self._typing.block(
                rows,
                self._complete(read.columns, len(texts)),
                text_of=lambda index: text_of(texts[index]),
                is_plain=True,
                shapes=read.shapes,
            )
        )

    def _careful(self, rows: list[int], texts: list[bytes]) -> TypedBlock:
        """The same for objects of any kind."""
        unread: list[HeldRow] = []
        objects: list[dict[str, Any]]
        try:
            objects, is_plain = list(map(self._decode_plain, texts)), True
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
            (rows, texts, objects), is_plain = self._one_by_one(rows, texts, unread), False
        if self._has_doubtful(texts, objects):
            rows, texts, objects = self._without(rows, texts, objects, unread)
        keys, shapes = self._keys(objects)
        if objects:
            self._look_at_keys(keys)
        columns = self._columns(objects, keys, is_uniform=shapes is None)
        block = self._typing.block(
            rows,
            columns,
            text_of=lambda index: text_of(texts[index]),
            is_plain=is_plain,
            shapes=shapes,
            unread=unread,
        )
        self._tell_unknown(block, objects, keys)
        return finish(block)

    def _look_at_keys(self, keys: Collection[str]) -> None:
        """Refuse the whole file where the first objects are not those of this part."""
        if not self._seen:
            self._seen = True
            refuse_other_part({fold(name) for name in keys}, self._part, self._contract)
            refuse_no_key(keys, self._part)

    def _one_by_one(
        self, rows: list[int], texts: list[bytes], unread: list[HeldRow]
    ) -> tuple[list[int], list[bytes], list[dict[str, Any]]]:
        """What of a block can be decoded; the rest is held with the reason."""
        good: list[tuple[int, bytes, dict[str, Any]]] = []
        for row, text in zip(rows, texts, strict=True):
            try:
                good.append((row, text, self._decode(text)))
            except UnicodeDecodeError:
                unread.append(self._typing.unread(row, text_of(text), Check.ENCODING, "it is not UTF-8"))
            except (msgspec.DecodeError, RecursionError, ValueError) as error:
                unread.append(self._typing.unread(row, text_of(text), Check.SHAPE, reason(error, text)))
        return [row for row, _, _ in good], [text for _, text, _ in good], [item for _, _, item in good]

    def _has_doubtful(self, texts: list[bytes], objects: list[dict[str, Any]]) -> bool:
        """Whether any object may have a key twice, or too many: as many colons as keys are a proof that it has not."""
        sizes = list(map(len, objects))
        too_many = max(sizes, default=0) > MOST_UNKNOWN_KEYS + len(self._names)
        return too_many or [text.count(b":") for text in texts] != sizes

    def _without(
        self, rows: list[int], texts: list[bytes], objects: list[dict[str, Any]], unread: list[HeldRow]
    ) -> tuple[list[int], list[bytes], list[dict[str, Any]]]:
        """The rows of a block without those that have a key twice or too many keys."""
        good: list[tuple[int, bytes, dict[str, Any]]] = []
        for row, text, item in zip(rows, texts, objects, strict=True):
            why = self._trouble(text, item)
            if why is None:
                good.append((row, text, item))
            else:
                unread.append(self._typing.unread(row, text_of(text), Check.SHAPE, why, self._key_of(item, why)))
        unread.sort(key=lambda held: held.row)
        return [row for row, _, _ in good], [text for _, text, _ in good], [item for _, _, item in good]

    def _trouble(self, text: bytes, item: dict[str, Any]) -> str | None:
        unknown = len(item.keys() - self._names)
        if len(item) > MOST_COLUMNS or unknown > MOST_UNKNOWN_KEYS:
            return f"it has {unknown} keys that are no field of the contract"
        if has_each_once(text, len(item)):
            return None
        twice = key_twice(text)
        return f"the key '{twice[:80]}' stands in it twice" if twice is not None else None

    def _key_of(self, item: dict[str, Any], why: str) -> str | None:
        key = self._typing.key
        value = item.get(key.name) if key is not None else None
        return (
            self._typing.key_of(value) if isinstance(value, str) and key is not None and key.name not in why else None
        )

    def _keys(self, objects: list[dict[str, Any]]) -> tuple[tuple[str, ...], list[frozenset[str]] | None]:
        """The keys of a block, and the fields of each object where not all have the same."""
        orders = list(map(tuple, objects))
        shapes = {order: self._names.intersection(order) | self._always for order in dict.fromkeys(orders)}
        keys = tuple(dict.fromkeys(chain.from_iterable(shapes)))
        is_uniform = all(len(order) == len(keys) for order in shapes)
        return keys, None if is_uniform else list(map(shapes.__getitem__, orders))

    def _columns(
        self, objects: list[dict[str, Any]], keys: Collection[str], *, is_uniform: bool
    ) -> dict[str, Sequence[Any]]:
        """Raw values by field, with ``ABSENT`` where an object lacks a key that others have or that it must have."""
        columns: dict[str, Sequence[Any]] = {}
        for name in keys:
            if name in self._names:
                columns[name] = list(
                    map(itemgetter(name), objects)
                    if is_uniform
                    else map(dict.get, objects, repeat(name), repeat(ABSENT))
                )
        return self._complete(columns, len(objects))

    def _complete(self, columns: dict[str, Sequence[Any]], count: int) -> dict[str, Sequence[Any]]:
        """The columns, with those that nobody sends and that must be sent."""
        for name in self._always - columns.keys():
            columns[name] = [ABSENT] * count
        return columns

    def _tell_unknown(self, block: TypedBlock, objects: list[dict[str, Any]], keys: Collection[str]) -> None:
        unknown = [name for name in keys if name not in self._names]
        if not unknown:
            return
        if block.cells is not None:
            block.cells |= {name: [item.get(name) for item in objects] for name in unknown}
        for index, item in enumerate(objects):
            for name in item.keys() & unknown if len(unknown) > len(item) else unknown:
                value = item.get(name)
                if value is not None and value != "":
                    self._typing.add(block, Check.UNKNOWN_COLUMN, index, name, shown_json(value))


def text_of(raw: bytes) -> str:
    """The text of a row for a person, whatever its bytes are."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", "replace")


def key_twice(text: bytes) -> str | None:
    """The first key that stands twice in a JSON object, None where none does."""
    pairs: Any = json.loads(text, object_pairs_hook=list, parse_int=str, parse_float=str)
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            return str(name)
        seen.add(name)
    return None


def reason(error: Exception, text: bytes) -> str:
    """Why a text is not one JSON object, without any of its values."""
    if isinstance(error, msgspec.ValidationError):
        return "it is not an object"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if not isinstance(error, msgspec.DecodeError):
        return "a number in it is too long"
    try:
        json.loads(text, parse_constant=_refuse, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        words = str(error)
    else:
        return "half of a character stands in it (a lone surrogate)"
    if "trailing characters" in words:
        return "more than one value stands in it"
    place = re.search(r"byte (\d+)", words)
    return f"it is not valid JSON{f' at byte {place[1]}' if place else ': it ends too soon'}"


def _refuse(_: str) -> None:
    raise ValueError
