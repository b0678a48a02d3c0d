"""Lines of CSV in which no quotation mark stands, cut into columns at once, without a list for every row.

What ``csv.reader`` would make of such lines is known beforehand: every delimiter ends a cell, and every line a row.
Lines of which that is not certain are left to it.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from itertools import repeat

from service.contract.values import BLANKS


def are_plain(lines: Sequence[str], delimiter: str, width: int) -> bool:
    """Whether whole lines are rows of ``width`` cells for certain: with no quotation mark, none too short or long, none
    blank. Each line but the last has its line end."""
    text = "".join(lines)
    if '"' in text or set(map(str.count, lines, repeat(delimiter))) != {width - 1}:
        return False
    if max(map(len, lines)) > csv.field_size_limit():
        return False
    blank = BLANKS + delimiter
    return all(line.strip(blank + "\r\n") for line in lines if line[0] in blank)


def plain_columns(lines: Sequence[str], delimiter: str, width: int) -> list[list[str]]:
    """The cells by column of lines that are plain."""
    text = "".join(lines)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    cells = text.replace("\n", delimiter).split(delimiter)
    if len(cells) > len(lines) * width:  # after the last line end stands nothing
        cells.pop()
    return [cells[place::width] for place in range(width)]
