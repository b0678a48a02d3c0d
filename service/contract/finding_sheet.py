"""The sheet of findings with a column for answers, which is filled in and sent back. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from service.contract.findings import key_name
from service.contract.model import Contract
from service.contract.workbook import Column, Sheet, Workbook

ANSWER: Final = "answer"
FINDING: Final = "finding"
"""Columns of findings in files: the one for the answer, and the one by which the answer finds its finding."""

_TITLE: Final = "Findings"
_WIDTHS: Final = {"says": 60, "fix": 60, "answer": 60, "value": 24, "field": 24}
_NUMBERS: Final = frozenset({"row", "held"})


def shown_columns(contract: Contract) -> list[str]:
    """What is shown of a finding wherever it is checked."""
    return ["rule", "severity", "part", "row", key_name(contract), "field", "value", "says", "fix", "notice"]


class FindingSheet:
    """The findings in a workbook; where one sheet is full and ``may_go_on``, in another."""

    def __init__(self, book: Workbook, names: Sequence[str], *, may_go_on: bool = False) -> None:
        self._book, self._names, self._may_go_on = book, names, may_go_on
        self._sheets = 0
        self._sheet = self._next()

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Findings as they are shown."""
        for row in rows:
            if self._may_go_on and self._sheet.is_full:
                self._sheet = self._next()
            self._sheet.add([row.get(name) for name in self._names])

    def _next(self) -> Sheet:
        self._sheets += 1
        columns = [
            Column(name=name, width=_WIDTHS.get(name, 14), text=name not in _NUMBERS, wraps=name in _WIDTHS)
            for name in self._names
        ]
        title = _TITLE if self._sheets == 1 else f"{_TITLE} {self._sheets}"
        return self._book.sheet(title, columns, filters=True)
