"""The rows of an example as files of every medium. Pure: the same rows give the same bytes, whoever makes them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from service.contract.model import Field, Part
from service.criteria.vocabulary import Kind
from service.kit.book import as_book

_WHOLE: Final = re.compile(r"0|-?[1-9][0-9]{0,14}")
_DECIMAL: Final = re.compile(r"(?!-0$)-?(?:0|[1-9][0-9]{0,9})(?:\.[0-9]?[1-9])?")

_encode: Final = msgspec.json.Encoder(decimal_format="number").encode

Values = Mapping[str, str]
Cell = str | int | Decimal | None


def content_of(part: Part, rows: Sequence[Values], ending: str) -> bytes:
    """A file of these rows. Columns stand in the part's order; what is no field comes last."""
    return _MAKERS[ending](part, rows)


def _columns(part: Part, rows: Sequence[Values]) -> list[str]:
    used = dict.fromkeys(name for row in rows for name in row) if rows else part.by_name
    fields = [field.name for field in part.fields if field.name in used]
    return [*fields, *(name for name in used if name not in part.by_name)]


def _csv(part: Part, rows: Sequence[Values]) -> bytes:
    columns = _columns(part, rows)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([row.get(name, "") for name in columns] for row in rows)
    return text.getvalue().encode()


def _objects(part: Part, rows: Sequence[Values]) -> list[bytes]:
    """One JSON object a row: exact numbers as numbers, nothing as null, and no key that the row does not have."""
    columns = _columns(part, rows)
    fields = part.by_name
    return [_encode({name: typed(fields.get(name), row[name]) for name in columns if name in row}) for row in rows]


def _json(part: Part, rows: Sequence[Values]) -> bytes:
    return b"[\n" + b",\n".join(_objects(part, rows)) + b"\n]\n"


def _ndjson(part: Part, rows: Sequence[Values]) -> bytes:
    return b"".join(line + b"\n" for line in _objects(part, rows))


def _xlsx(part: Part, rows: Sequence[Values]) -> bytes:
    columns = _columns(part, rows)
    fields = part.by_name
    return as_book(
        part.name, columns, ([typed(fields.get(name), row.get(name, "")) for name in columns] for row in rows)
    )


def typed(field: Field | None, text: str) -> Cell:
    """A value as a program has it: a number where the field is one and the text is exactly that number."""
    if not text:
        return None
    kind = None if field is None else field.kind
    if kind is Kind.NUMBER and _WHOLE.fullmatch(text):
        return int(text)
    return Decimal(text) if kind is Kind.DECIMAL and _DECIMAL.fullmatch(text) else text


_MAKERS: Final[Mapping[str, Callable[[Part, Sequence[Values]], bytes]]] = {
    "csv": _csv,
    "json": _json,
    "ndjson": _ndjson,
    "xlsx": _xlsx,
}


def as_text(document: Any) -> bytes:
    """A document beside the files, for people and programs."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
