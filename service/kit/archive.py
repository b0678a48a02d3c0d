"""The kit as one archive: every example in every medium with what must come of it, and a README for suppliers.

The same examples give the same archive. Its hash is over the names and contents of its files, before any compression:
it names the kit on every certificate.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping
from importlib.resources import files
from threading import Lock
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from msgspec import Struct

from service.contract.library import Library
from service.contract.model import PartName
from service.kit.book import EPOCH
from service.kit.content import as_text, content_of
from service.kit.expected import as_document, before_of, files_of
from service.kit.model import MEDIA, Example, Kit, Stock, WholeReturn
from service.kit.read import load_kit, numbered
from service.scope.edition import Edition

INDEX: Final = "kit.json"
_README: Final = "README.md"
_EXPECTED: Final = "expected.json"


class Archive(Struct, frozen=True):
    """A kit to be sent: ``hash`` names what is in it, ``content`` is the ZIP file."""

    hash: str
    content: bytes


_MAKING: Final = Lock()
_KEPT: Final[dict[tuple[Library, str], Archive]] = {}


def kept_archive(library: Library, editions: Mapping[str, Edition], version: str) -> Archive:
    """The archive of a version's kit, made once for each version of a library that is in use.

    Making it takes a second, so it is not for an event loop.
    """
    key = library, version
    with _MAKING:  # whoever asks meanwhile waits for it, and does not make it too
        if key not in _KEPT:
            _KEPT[key] = archive_of(load_kit(library, editions, version))
    return _KEPT[key]


def archive_of(kit: Kit) -> Archive:
    """The archive of a kit."""
    contents = contents_of(kit)
    name = hash_of(contents)
    return Archive(name, _zipped({**contents, INDEX: _index(kit, name)}))


def pack_hash(kit: Kit) -> str:
    """The hash that names a kit."""
    return hash_of(contents_of(kit))


def hash_of(contents: Mapping[str, bytes]) -> str:
    """SHA-256 in hex over lines of digest and name, in the order of the names."""
    lines = [f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(contents.items())]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def contents_of(kit: Kit) -> dict[str, bytes]:
    """Every file of the kit but its index, by name."""
    found = {_README: _readme(kit)}
    for example in kit.examples:
        found.update(_of_example(kit, example))
    for whole in kit.returns:
        found.update(_of_return(kit, whole))
    return found


def _of_example(kit: Kit, example: Example) -> Iterator[tuple[str, bytes]]:
    made = list(files_of(kit, example))
    for file in made:
        yield file.name, file.content
        before = before_of(kit, example, file.ending)
        if before is not None:
            yield f"{example.name}/before.{file.ending}", before
        if file.previous is not None:
            yield f"{example.name}/previous.{file.ending}", file.previous
    document = {
        **_head(kit, example.name, example.about),
        "part": example.part.value,
        "needs_before": bool(example.before),
        "needs_previous": bool(example.previous),
        "files": [as_document(kit, file) for file in made],
    }
    yield f"{example.name}/{_EXPECTED}", as_text(document)


def _of_return(kit: Kit, whole: WholeReturn) -> Iterator[tuple[str, bytes]]:
    stocks = {"before": whole.before, "now": whole.now}
    for when, stock in stocks.items():
        if stock is not None:
            yield from _of_stock(kit, f"{whole.name}/{when}", stock)
    document = {
        **_head(kit, whole.name, whole.about),
        "part": PartName.RETURN.value,
        **{when: _shown_stock(stock) for when, stock in stocks.items()},
        "measures": whole.measures,
        "findings": [
            {"rule": item.rule, "severity": kit.contract.rule[item.rule].severity.value, "field": item.field or None}
            for item in whole.finds
        ],
    }
    yield f"{whole.name}/{_EXPECTED}", as_text(document)


def _of_stock(kit: Kit, folder: str, stock: Stock) -> Iterator[tuple[str, bytes]]:
    for part, rows in stock.rows.items():
        values = [row.values for row in numbered(rows)]
        for ending in MEDIA:
            yield f"{folder}/{part}.{ending}", content_of(kit.contract.parts[part], values, ending)


def _shown_stock(stock: Stock | None) -> dict[str, Any] | None:
    if stock is None:
        return None
    return {"parts": [part.value for part in stock.rows], "case_years": stock.years or None}


def _head(kit: Kit, name: str, about: str) -> dict[str, Any]:
    return {"example": name, "about": about, "contract_version": kit.contract.version}


def _index(kit: Kit, name: str) -> bytes:
    """What the archive is, and every example in it."""
    examples = [
        {
            "example": example.name,
            "about": example.about,
            "expected": f"{example.name}/{_EXPECTED}",
            "files": [file.name for file in files_of(kit, example)],
        }
        for example in kit.examples
    ]
    examples += [
        {"example": whole.name, "about": whole.about, "expected": f"{whole.name}/{_EXPECTED}", "files": []}
        for whole in kit.returns
    ]
    document = {
        "kit": name,
        "contract_version": kit.contract.version,
        "contract": kit.contract.hash,
        "scopes": {edition.name: edition.hash for edition in kit.editions.values()},
        "media": MEDIA,
        "examples": examples,
    }
    return as_text(document)


def _readme(kit: Kit) -> bytes:
    words = (files("service.kit") / "supplier.md").read_text(encoding="utf-8")
    numbers = {"version": kit.contract.version, "examples": str(len(kit.examples)), "returns": str(len(kit.returns))}
    for name, value in numbers.items():
        words = words.replace(f"@{name}@", value)
    return words.encode()


def _zipped(contents: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with ZipFile(made, "w") as archive:
        for name in (_README, INDEX, *sorted(contents.keys() - {_README, INDEX})):
            entry = ZipInfo(name, EPOCH)
            entry.compress_type = ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, contents[name], compresslevel=6)
    return made.getvalue()
