"""What the conformance kit is made of: examples of returns, each with exactly what must be found in it.

An example is data of a contract version; nothing here reads a file or runs anything. What must be found was written by
whoever wrote the example, never recorded from a program.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from service.contract.model import Contract, PartName
from service.returns.readers import XLSX
from service.scope.edition import Edition
from service.scope.verdict import Judgement

MEDIA: Final[Mapping[str, str]] = {
    "csv": "text/csv",
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "xlsx": XLSX,
}
"""The endings of the kit's files, and what is in them."""

HEADED: Final = ("csv", "xlsx")
"""Where a heading is the first row, so that the first record stands in row 2."""


class Find(Struct, frozen=True, order=True):
    """A finding that must be there: of a rule, at a field, or at the row as a whole."""

    rule: str
    field: str = ""


class Row(Struct, frozen=True, kw_only=True):
    """A row of an example, ``times`` over. ``{n}`` in a value stands for its number in the file, from 1."""

    values: Mapping[str, str]
    finds: tuple[Find, ...] = ()
    verdicts: Mapping[str, Judgement] = {}
    """What it counts as under a scope edition, where it is accepted."""
    times: int = 1


class Rows(Struct, frozen=True, kw_only=True, tag="rows"):
    """Rows that are the same in every medium. ``heading`` must be found in the row of a heading, where there is one."""

    rows: tuple[Row, ...]
    heading: tuple[Find, ...] = ()
    endings: tuple[str, ...] = tuple(MEDIA)


class Raw(Struct, frozen=True, kw_only=True, tag="raw"):
    """A file of one medium as it stands, because what is wrong with it is its form.

    ``finds`` are by the file's own row numbers; ``accepted`` the judgements of the rows that are taken; ``refused`` the
    code of what refuses it whole.
    """

    ending: str
    content: bytes
    received: int = 0
    finds: tuple[tuple[int, Find], ...] = ()
    accepted: tuple[Mapping[str, Judgement], ...] = ()
    refused: str | None = None


class Example(Struct, frozen=True, kw_only=True):
    """One file of one part. ``name`` has its folder: ``case/V220``.

    ``before``: rows that the return already holds. ``previous``: rows that were sealed in the period before, on which
    the return builds. ``compares``: it is about rules that compare rows, with those or with each other; of any other
    example they are not asked, because its rows are made alike.
    """

    name: str
    part: PartName
    about: str
    content: Rows | Raw
    before: tuple[Row, ...] = ()
    previous: tuple[Row, ...] = ()
    compares: bool = False


class Stock(Struct, frozen=True, kw_only=True):
    """All that a return holds: its rows by part, and the years that its case part covers (none: all of them)."""

    rows: Mapping[PartName, tuple[Row, ...]]
    years: tuple[str, ...] = ()


class WholeReturn(Struct, frozen=True, kw_only=True):
    """A return, on top of the one that was sealed ``before`` it, with what must be found in it as a whole.

    ``measures`` are what the rules of the whole return speak of, as (least, most); ``None`` is unknown.
    """

    name: str
    about: str
    before: Stock | None
    now: Stock
    finds: tuple[Find, ...]
    measures: Mapping[str, tuple[int, int] | None]


class Kit(Struct, frozen=True, kw_only=True, eq=False):
    """Every example of one contract version, those of the version that it extends among them."""

    contract: Contract
    editions: Mapping[str, Edition]
    clean: Mapping[tuple[PartName, str], Row]
    """Rows in which nothing is to be found, by part and name: what examples are made from."""
    examples: tuple[Example, ...]
    returns: tuple[WholeReturn, ...]
