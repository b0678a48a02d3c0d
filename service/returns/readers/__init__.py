"""From the bytes of an upload to typed columns, a block at a time: CSV, NDJSON, JSON arrays and workbooks.

``read`` is the way in. Nothing here knows of a database or of the return that the rows are for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from service.contract.mapping import FileMapping
from service.contract.model import Contract, Part
from service.contract.sheet import XLSX
from service.errors import UnsupportedMedia
from service.returns.readers.block import BLOCK_ROWS, HeldRow, Share, TypedBlock
from service.returns.readers.columns import Typing, Writer
from service.returns.readers.csv_file import read_csv
from service.returns.readers.json_file import read_json
from service.returns.readers.ndjson_file import read_ndjson
from service.returns.readers.otherwise import Written
from service.returns.readers.source import SAVE_AGAIN, BytesSource, FileSource, Source, Watched
from service.returns.readers.xlsx_file import read_xlsx

__all__ = [
    "MAPPED",
    "MEDIA",
    "OTHER_SHEETS",
    "SAVE_AGAIN",
    "SHARED",
    "XLSX",
    "BytesSource",
    "FileSource",
    "HeldRow",
    "Share",
    "Source",
    "TypedBlock",
    "Watched",
    "media_of_name",
    "read",
]

_READERS: Final[Mapping[str, Callable[[Source, Typing, int], Iterator[TypedBlock]]]] = {
    "text/csv": read_csv,
    "application/x-ndjson": read_ndjson,
    "application/json": read_json,
    XLSX: read_xlsx,
}

MEDIA: Final = tuple(_READERS)
"""The media types that can be read."""

MAPPED: Final = ("text/csv", XLSX)
"""Those that have columns under names, so that a mapping can say what they are."""

SHARED: Final = ("text/csv", "application/x-ndjson")
"""Those that several can read together: to split such a file into rows is little of the work."""

OTHER_SHEETS: Final = ("application/vnd.oasis.opendocument", "application/vnd.ms-excel")
"""How the media types begin of sheets that must be saved anew."""

_ENDINGS: Final[Mapping[str, str]] = {
    ".csv": "text/csv",
    ".txt": "text/csv",
    ".tsv": "text/csv",
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
    ".json": "application/json",
    ".xlsx": XLSX,
    # refused by what is in them, with what to save them as
    **dict.fromkeys((".ods", ".xls", ".xlsm", ".xlsb"), XLSX),
}


def read(
    source: Source,
    media: str,
    part: Part,
    contract: Contract,
    *,
    block_rows: int = BLOCK_ROWS,
    write: Writer | None = None,
    mapping: FileMapping | None = None,
    keep_cells: bool = False,
    share: Share | None = None,
    leaves: bool = False,
) -> Iterator[TypedBlock]:
    """The rows of an upload as typed blocks of at most ``block_rows``, the values as ``write`` makes them; of a file of
    the sender's own form, as its ``mapping`` translates it. ``keep_cells``: with what was sent beside it.
    ``share``: of a medium in ``SHARED``, only some of the blocks; and of any, without the notes of what was written
    otherwise, which are then made of what each block counted. ``leaves``: without what nobody touched in a sheet that
    says what it was when it was handed out, for where what is absent stays as it was.

    What concerns the whole file is a ``CaseReturnsError``, raised when the first block is asked for (only a JSON array
    of more than a million values is found to be malformed later, where it is).
    """
    reader = _READERS.get(media)
    if reader is None:
        raise UnsupportedMedia(f"'{media[:80]}' cannot be read here.", f"Send one of: {', '.join(MEDIA)}.")
    if mapping is not None and media not in MAPPED:
        raise UnsupportedMedia("A mapping is for a file with a heading and columns.", "Give it a file of CSV or XLSX.")
    typing = Typing(contract, part, write, mapping, keep_cells=keep_cells, share=share, leaves=leaves)
    blocks = reader(source, typing, block_rows)
    return _with_last_notes(blocks, part) if share is None else blocks


def _with_last_notes(blocks: Iterator[TypedBlock], part: Part) -> Iterator[TypedBlock]:
    """The blocks, of which the last has the notes that can only be written when all are read."""
    written = Written()
    last: TypedBlock | None = None
    for block in blocks:
        if last is not None:
            yield last
        last = block
        written.join(block.written)
    if last is not None:
        last.notes += written.notes(part.fields)
        yield last


def media_of_name(name: str) -> str | None:
    """The media type that a file's name suggests, None where it suggests none of them."""
    return next((media for ending, media in _ENDINGS.items() if name.lower().endswith(ending)), None)
