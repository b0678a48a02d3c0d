"""Files as forces send them, in the sizes that the figures need."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import cycle
from typing import Final

from service.contract.model import Contract, Field, Part, PartName
from service.contract.values import read_cell
from service.criteria.vocabulary import Kind
from service.demo.facts import Row
from service.demo.sheet import write_csv
from service.demo.single import Sample, sample
from tests.support.returns import published

LIBRARY: Final = published().library
CONTRACT: Final[Contract] = LIBRARY.contracts["2025.1"]
CASE: Final = CONTRACT.parts[PartName.CASE]
DAY: Final = date(2026, 3, 3)
"""The day on which everything is measured: returns are for February 2026."""

_WRONG: Final = {
    "suspect_count": "two",
    "offence_code": "Q99",
    "nfa_date": "31/02/2014",
    "victim_count": "-1",
    "setting": "skool",
    "youngest_victim_age": "1e2",
    "reported_date": "2014-13",
    "stage": "",
}
"""What a person would write, and the reader must refuse: each holds its row."""


def rows_of(number: int, version: str = "2025.1") -> Sample:
    """So many synthetic cases of one force."""
    return sample(published().library, "kent", DAY, number=number, version=version)


def clean_csv(number: int) -> bytes:
    """Cases as a CSV file in which every row can be accepted."""
    made = rows_of(number)
    return write_csv(made.rows, made.fields)


def wrong_rows_of(number: int) -> Sample:
    """The same cases with one wrong cell in every row, of several kinds by turns."""
    made = rows_of(number)
    wrong = ({**row, field: cell} for row, (field, cell) in zip(made.rows, cycle(_WRONG.items()), strict=False))
    return Sample(made.fields, tuple(wrong))


def wrong_csv(number: int) -> bytes:
    """These as a CSV file."""
    made = wrong_rows_of(number)
    return write_csv(made.rows, made.fields)


def exact_csv(number: int, version: str = "2025.1") -> bytes:
    """Cases with every value exact, so that a checker that knows no ranges finds its types in every cell."""
    made = rows_of(number, version)
    part = LIBRARY.contracts[version].parts[PartName.CASE]
    return write_csv((_exact(row, part) for row in made.rows), made.fields)


def _exact(row: Row, part: Part) -> dict[str, str]:
    return {name: _EXACT[part.by_name[name].kind](part.by_name[name], row[name]) for name in row}


def _low(field: Field, text: str) -> str:
    value = read_cell(field, text).value
    return str(value[0]) if isinstance(value, tuple) else text


_EXACT: Final[dict[Kind, Callable[[Field, str], str]]] = {
    Kind.TEXT: lambda _, text: text,
    Kind.CODE: lambda _, text: text.partition("|")[0],
    Kind.CODES: lambda _, text: text,
    Kind.NUMBER: _low,
    Kind.DECIMAL: _low,
    Kind.DATE: _low,
}
