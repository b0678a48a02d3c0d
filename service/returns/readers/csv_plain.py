"""Lines of CSV in which no quotation mark stands, cut into columns at once, without a list for every row.

What ``csv.reader`` would make of such lines is known beforehand: every delimiter ends a cell, and every line a row.
Lines of which that is not certain are left to it.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from itertools import repeat

from service.contract.values import BLANKS


def plain_columns(lines: Sequence[str], delimiter: str, width: int) -> list[list[str]] | None:
    """The cells of whole lines by column, or None where a line may be anything but one row of ``width`` cells: with a
    quotation mark, too short or long, or blank. Each line but the last has its line end."""
    text = "".join(lines)
    if '"' in text or set(map(str.count, lines, repeat(delimiter))) != {width - 1}:
        return None
    if max(map(len, lines)) > csv.field_size_limit():
        return None
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    cells = text.replace("\n", delimiter).split(delimiter)
    if len(cells) > len(lines) * width:  # after the last line end stands nothing
        cells.pop()
    columns = [cells[place::width] for place in range(width)]
    for index, cell in enumerate(columns[0]):
        if not cell.strip(BLANKS) and not "".join(cells[index * width : (index + 1) * width]).strip(BLANKS):
            return None
    return columns
